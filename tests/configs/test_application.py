"""What an application may say, and which criteria may be published."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from configs.errors import ConfigError
from configs.plain_text import hidden_in, visible
from configs.schema.application import ApplicationForm, check_address, check_line, check_words
from configs.schema.applications import ApplicationsConfig
from tasks.access.applications.receive import form_of
from tasks.validation import shown

SAID: dict[str, Any] = {
    "model": "aster-1",
    "applicant": "Rosa Lind",
    "contact": "rosa@uni.example",
    "affiliation": "University of Example",
    "purpose": "How hedging changed between Aster 1 and its successor, on fixed prompts.",
    "data_handling": "Outputs stay on an encrypted disk at the institute and go after a year.",
    "study_days": 60,
}


def config(**fields: Any) -> ApplicationsConfig:
    return ApplicationsConfig.model_validate_json(json.dumps(fields), strict=True)


@pytest.mark.parametrize("good", ["a@b", "rosa.lind+x@uni.example", "o'neil@x-y.example"])
def test_an_address_is_one_address(good: str) -> None:
    assert check_address(good) == good


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "rosa",
        "rosa@",
        "@uni.example",
        "a@b, c@d",
        "a@b,c@d",
        "a@b\nBcc: c@d",
        "a@b\n",
        "Rosa <a@b>",
        '"a b"@c',
        "a@b..c",
        "a@-b",
        "a@b@c",
        "rösa@uni.example",
        "a@" + "b" * 300,
    ],
)
def test_what_is_no_single_address_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="is no e-mail address"):
        check_address(bad)


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u2066", "\u200b", "\x00", "\x1b", "\u2028", "\u00ad", "\U000e0041", "\r"]
)
def test_what_nobody_sees_is_refused(hidden: str) -> None:
    with pytest.raises(ValueError, match="invisible character"):
        check_words(f"Rosa{hidden}Lind", 1, 100)
    assert hidden_in(f"Rosa{hidden}Lind") == f"U+{ord(hidden):04X} at character 5"
    assert hidden not in visible(f"Rosa{hidden}Lind")


def test_honest_scripts_and_lines_stay() -> None:
    for text in ("Zoë Ångström", "李雷", "محمد", "می‌خواهم", "first\nsecond\ttab", "a 🧑‍🔬 b"):
        assert hidden_in(text) == ""
        assert visible(text) == text


@given(st.text())
def test_it_is_the_same_rule_as_in_validation(text: str) -> None:
    assert visible(text) == shown.visible(text)
    assert (hidden_in(text) == "") == shown.is_plain(text)


@given(st.text(max_size=60))
def test_a_line_is_one_line_or_refused(text: str) -> None:
    try:
        line = check_line(text, 40)
    except ValueError:
        return
    assert line == line.strip()
    assert line.isprintable() or hidden_in(line) == ""
    assert not set("\n\r\t\v\f") & set(line)
    assert 0 < len(line) <= 40
    assert check_line(line, 40) == line


def test_a_form_s_mistakes_are_told_one_a_line_and_all_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        form_of({**SAID, "study_days": "sixty", "contact": "rosa", "purpose": "x" * 9000})
    assert str(refused.value).splitlines() == [
        "contact: is no e-mail address; write one, such as name@example.org",
        "purpose: has 9000 characters; keep it to 4000",
        "study_days: should be a valid integer",
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("study_days", value) for value in (0, 1096, True, 60.5)),
        *(("affiliation_public", "yes"), ("renews", "0" * 23), ("model", ["aster-1"])),
    ],
)
def test_a_field_has_its_type_and_its_limits(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"^{field}: "):
        form_of({**SAID, field: value})


def test_texts_are_kept_trimmed_and_composed() -> None:
    form = form_of({**SAID, "applicant": " Zoe\u0308 Lind ", "purpose": SAID["purpose"] + "\r\n\n"})
    assert form.applicant == "Zoë Lind"
    assert form.purpose == SAID["purpose"]
    assert isinstance(form, ApplicationForm)


# criteria


def test_the_shipped_criteria_are_published_with_ids_of_their_own() -> None:
    criteria = ApplicationsConfig().criteria
    assert len({one.id for one in criteria}) == len(criteria)
    assert {one.kind for one in criteria} == {"required", "weighed"}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"criteria": []}, "at least 1"),
        ({"criteria": [{"id": "purpose", "text": "A stated question."}]}, "pattern"),
        ({"criteria": [{"id": "C-A", "text": "A stated question."}] * 2}, "stands twice"),
        (
            {"criteria": [{"id": "C-A", "text": "A stated question.", "kind": "weighed"}]},
            "no criterion is `required`",
        ),
        ({"contact": "the office"}, "is no e-mail address"),
        ({"answer_within_days": 0}, "greater than or equal to 1"),
        ({"reminder_days_before_deadline": [-1]}, "greater than or equal to 0"),
        ({"criterias": []}, "Extra inputs"),
    ],
)
def test_a_section_that_cannot_be_kept_is_refused(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        config(**fields)
