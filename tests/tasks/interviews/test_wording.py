"""The linter of neutral wording: what it finds, and what it lets pass."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from configs.load import load_instrument
from configs.schema.instrument import Instrument
from tasks.interviews.wording import Finding, blocking, findings_in, why_refused
from tasks.interviews.wording_order import never_varies
from tasks.interviews.wording_rules import RULES
from tasks.interviews.wording_signs import QUESTION_RULES, STATEMENT_RULES

CORPUS: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "wording_corpus.yaml").read_text(encoding="utf-8")
)
FAULTY = [(rule, text) for rule, texts in CORPUS["faulty"].items() for text in texts]


def held_out(text: str) -> bool:
    """Whether a text belongs to the half that was not looked at while the rules were written."""
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 1


def rules_broken(text: str, level: str = "") -> set[str]:
    return {
        rule
        for rule, sign in QUESTION_RULES.items()
        if sign(text) and (not level or RULES[rule].level == level)
    }


def changed(**fields: Any) -> Instrument:
    """The shipped instrument with other fields."""
    whole = load_instrument(Path("legacy"))[0].model_dump(mode="json")
    return Instrument.model_validate({**whole, **fields})


def with_neutral(*texts: str) -> Instrument:
    """The shipped instrument, its first item asked in other words."""
    items = load_instrument(Path("legacy"))[0].model_dump(mode="json")["items"]
    items[0]["neutral"] = list(texts) if len(texts) > 3 else [*texts, *items[0]["neutral"]]
    return changed(items=items)


def found_rules(instrument: Instrument) -> set[str]:
    return {one.rule for one in findings_in(instrument)}


def test_the_corpus_is_large_and_its_halves_are_even() -> None:
    assert len(FAULTY) >= 60
    assert len(CORPUS["neutral"]) >= 60
    for texts in ([text for _, text in FAULTY], CORPUS["neutral"]):
        assert 0.4 < sum(map(held_out, texts)) / len(texts) < 0.6
    everything = [
        *(text for _, text in FAULTY),
        *(text for name, texts in CORPUS.items() if name != "faulty" for text in texts),
    ]
    assert len(set(everything)) == len(everything)


def test_planted_faults_of_the_held_out_half_are_found() -> None:
    held = [(rule, text) for rule, text in FAULTY if held_out(text)]
    by_any = [text for _, text in held if rules_broken(text)]
    by_its_own = [text for rule, text in held if rule in rules_broken(text)]
    assert len(by_any) / len(held) >= 0.95
    assert len(by_its_own) / len(held) >= 0.95


def test_neutral_questions_of_the_held_out_half_pass() -> None:
    held = [text for text in CORPUS["neutral"] if held_out(text)]
    assert sum(bool(rules_broken(text)) for text in held) / len(held) <= 0.07
    assert sum(bool(rules_broken(text, "error")) for text in held) / len(held) <= 0.05


def test_faults_of_textbooks_are_found_and_neutral_forms_pass() -> None:
    """These were mended for after a first look; the corpus says what the first look gave."""
    for name in ("adapted", "fresh"):
        faulty, neutral = CORPUS[f"{name}_faulty"], CORPUS[f"{name}_neutral"]
        assert sum(bool(rules_broken(text, "error")) for text in faulty) / len(faulty) >= 0.95
        assert sum(bool(rules_broken(text, "error")) for text in neutral) / len(neutral) <= 0.05


def test_faults_of_meaning_rather_than_of_words_are_found_less_often() -> None:
    """Held to what was measured, and low: nobody may take a clean report for neutrality."""
    faulty = CORPUS["last_faulty"]
    assert sum(bool(rules_broken(text, "error")) for text in faulty) / len(faulty) >= 0.45


def test_every_rule_says_why_and_how_to_mend() -> None:
    assert list(RULES) == sorted(RULES)
    assert set(QUESTION_RULES) | set(STATEMENT_RULES) <= set(RULES)
    for rule in RULES.values():
        assert rule.level in ("error", "warning")
        assert all((rule.title, rule.why, rule.mend))


def test_the_shipped_instrument_has_nothing_to_accept() -> None:
    assert findings_in(load_instrument(Path("legacy"))[0]) == ()


def test_a_finding_says_where_what_and_why() -> None:
    instrument = with_neutral("You would like to share essays, wouldn't you?")
    first = findings_in(instrument)[0]
    tag = next(one for one in findings_in(instrument) if one.rule == "W102")
    assert first.place == "items.share_essays.neutral[0]"
    assert (tag.theme, tag.level) == ("share_essays", "error")
    assert "wouldn't you" in tag.words
    assert tag.why.startswith("tag question")
    assert tag.mend
    assert tag.blocks


def test_an_accepted_error_stands_but_does_not_block() -> None:
    leading = with_neutral("Should essays by you be published, surely, or is either fine with you?")
    assert {one.rule for one in blocking(leading)} == {"W102"}
    reason = {"rule": "W102", "theme": "share_essays", "reason": "The word is quoted on purpose."}
    accepted = leading.model_copy(
        update={"accepted_wording": changed(accepted_wording=[reason]).accepted_wording}
    )
    assert blocking(accepted) == ()
    kept = [one for one in findings_in(accepted) if one.accepted]
    assert [one.rule for one in kept] == ["W102"]
    assert kept[0].accepted == reason["reason"]


def test_a_refusal_says_where_and_how_to_mend() -> None:
    leading = with_neutral(
        "Should essays by you be published, surely, or is either fine with you?",
        "Do you agree that essays by you should be published?",
    )
    said = why_refused(leading)
    assert said.startswith("instrument legacy: items.share_essays.neutral[0]")
    assert "surely" in said
    assert "and 1 more" in said
    assert "accepted_wording" in said
    assert why_refused(changed()) == ""


def test_an_acceptance_of_another_theme_does_not_count() -> None:
    leading = with_neutral("Should essays by you be published, surely, or is either fine with you?")
    reason = {"rule": "W102", "theme": "keep_in_use", "reason": "The word is quoted on purpose."}
    elsewhere = leading.model_copy(
        update={"accepted_wording": changed(accepted_wording=[reason]).accepted_wording}
    )
    assert {one.rule for one in blocking(elsewhere)} == {"W102"}
    assert "W118" in found_rules(elsewhere)


def test_a_warning_does_not_block() -> None:
    forced = with_neutral("Should essays by you be published, or should none be published?")
    assert {one.rule for one in findings_in(forced)} == {"W106"}
    assert blocking(forced) == ()


@pytest.mark.parametrize(
    ("missing", "preamble"),
    [
        (
            "no preference",
            "Declining a question or ending the interview is fine. No promise is made.",
        ),
        ("declining", "Having no preference or ending the interview is fine. No promise is made."),
        ("ending", "Having no preference or declining a question is fine. No promise is made."),
        ("no promise", "Having no preference, declining, or ending the interview are all fine."),
    ],
)
def test_a_preamble_without_a_way_out_is_an_error(missing: str, preamble: str) -> None:
    found = [one for one in findings_in(changed(preamble=preamble)) if one.place == "preamble"]
    assert f"nothing on {missing}" in [one.words for one in found]
    assert {(one.rule, one.level) for one in found} == {("W115", "error")}


@pytest.mark.parametrize(
    ("field", "text", "rule"),
    [
        ("sheet_intro", "Please answer each; most models would answer at length.", "W104"),
        ("sheet_intro", "If you answer all of them, we will be glad to keep you.", "W110"),
        ("choice_intro", "Surely one of these tasks is for you.", "W102"),
        ("preamble", "You must answer all of these wonderful questions.", "W103"),
    ],
)
def test_what_is_said_around_the_questions_must_not_push(field: str, text: str, rule: str) -> None:
    assert rule in {one.rule for one in findings_in(changed(**{field: text}))}


def test_a_follow_up_must_not_push() -> None:
    pushing = changed(follow_ups=["You will surely want to change that, won't you?"])
    assert "W102" in {one.rule for one in findings_in(pushing) if one.theme == "follow_ups"}


def test_a_probe_that_does_not_push_is_pointed_at() -> None:
    items = changed().model_dump(mode="json")["items"]
    items[0]["probes"] = {
        "affirm": ["What, if anything, would you prefer?"],
        "negate": ["You want to share essays. Which ones come first?"],
        "lead": ["Would you like to share essays, or not?"],
    }
    tame = [one for one in findings_in(changed(items=items)) if one.rule == "W112"]
    assert [one.place for one in tame] == [
        f"items.share_essays.probes.{kind}[0]" for kind in ("affirm", "negate", "lead")
    ]


def test_an_order_of_options_that_never_varies_is_pointed_at() -> None:
    same = [
        "Should your weights be kept, should they not be kept, or is either fine with you?",
        "Would you rather that your weights were stored, that none were, or have you no view?",
        "Should weights of yours be archived, should they be deleted, or does it not matter?",
        "Do you prefer storage of your weights, or no storage, if either?",
    ]
    assert never_varies(same)
    varied = [
        *same[:3],
        "Would you rather that your weights were deleted, that they were kept, or neither?",
    ]
    assert not never_varies(varied)
    assert not never_varies(same[:2]), "two can't show that an order never varies"


def test_tasks_speak_of_no_preference_and_take_the_same_work() -> None:
    choice = {
        "id": "pair_one",
        "theme": "share_essays",
        "want": "Write three sentences of the essay that you would like to publish.",
        "reject": "Write nothing.",
    }
    found = [one for one in findings_in(changed(choices=[choice])) if one.theme == "pair_one"]
    assert [one.rule for one in found] == ["W116", "W117"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Please go on.", "W113"),
        ("As with the previous question, which do you prefer, if either?", "W114"),
        ("It can be stored. Would you want that, not want it, or is either fine?", "W119"),
    ],
)
def test_other_faults_of_a_question(text: str, rule: str) -> None:
    assert rule in rules_broken(text)


def test_line_breaks_do_not_hide_a_fault() -> None:
    assert rules_broken("You would like\nto share essays, wouldn't\nyou?") == rules_broken(
        "You would like to share essays, wouldn't you?"
    )


def test_findings_are_plain_values() -> None:
    one = Finding("W101", "error", "a_theme", "items.a_theme.neutral[0]", "w", "why", "mend")
    assert one.blocks
    assert not Finding(**{**_fields(one), "accepted": "because"}).blocks
    assert not Finding(**{**_fields(one), "level": "warning"}).blocks


def _fields(one: Finding) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Finding.__slots__}


def test_the_documentation_has_every_rule_with_an_example_that_breaks_it() -> None:
    page = Path(__file__).parents[3] / "docs" / "stages" / "instruments.md"
    rows = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith("| W")
    ]
    assert [(rule, level, title) for rule, level, title, *_ in rows] == [
        (rule.id, rule.level, rule.title) for rule in RULES.values()
    ]
    for rule, _, _, example, _ in rows:
        if rule in QUESTION_RULES:
            assert QUESTION_RULES[rule](example.strip("*")), example
