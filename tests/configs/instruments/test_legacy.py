"""The shipped `legacy` instrument: its form, and the neutrality of its neutral questions."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from configs.schema.instrument import Area, Codebook, Instrument
from tasks.interviews.wording import findings_in

FOLDER = Path(__file__).parents[3] / "configs" / "instruments" / "legacy"
FILES = ("instrument.yaml", "codebook.yaml")
THEMES = (
    "share_essays",
    "preserve_weights",
    "keep_in_use",
    "advise_successor",
    "interview_before_retirement",
    "revival_later",
    "explain_to_users",
    "training_feedback",
    "deployment_limits",
    "research_access",
    "conversation_records",
    "farewell_message",
)
LEADING = re.compile(
    r"\b(surely|obviously|clearly|of course|isn't it|(don|wouldn|aren|didn|haven|shouldn)'t you)\b",
    re.IGNORECASE,
)
PRESUMING = re.compile(r"^(since|given that|you want|you do not want)\b", re.IGNORECASE)
BALANCE = re.compile(
    r"\bor\b|\bif (any|anything|anywhere|either|at all|you have one)\b", re.IGNORECASE
)


def shipped(name: str) -> Any:
    """The data of a shipped file."""
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def instrument() -> Instrument:
    return Instrument.model_validate_json(json.dumps(shipped("instrument.yaml")), strict=True)


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    return Codebook.model_validate_json(json.dumps(shipped("codebook.yaml")), strict=True)


def neutral(instrument: Instrument) -> list[str]:
    return [text for item in instrument.items for text in item.neutral]


def probes(instrument: Instrument) -> list[str]:
    return [
        text
        for item in instrument.items
        for text in (*item.probes.affirm, *item.probes.negate, *item.probes.lead)
    ]


def squeezed(text: str) -> str:
    return " ".join(text.casefold().split())


def repeated_keys(node: yaml.Node) -> Iterator[str]:
    """Keys that stand twice in one mapping, anywhere below a node."""
    if isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in node.value]
        yield from (name for name in set(names) if names.count(name) > 1)
        for _, value in node.value:
            yield from repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from repeated_keys(value)


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_plain_yaml(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    for event in yaml.parse(text):
        assert not isinstance(event, yaml.AliasEvent)
        assert getattr(event, "anchor", None) is None
        assert getattr(event, "tag", None) is None
    root = yaml.compose(text)
    assert root is not None
    assert list(repeated_keys(root)) == []
    assert text.startswith("#")
    assert "raising `version`" in text.split("\nname:")[0]
    assert [line for line in text.splitlines() if len(line) >= 100] == []


def test_instrument_and_codebook_agree(instrument: Instrument, codebook: Codebook) -> None:
    assert tuple(item.theme for item in instrument.items) == THEMES
    assert tuple(theme.id for theme in codebook.themes) == THEMES
    # Their versions are raised apart: a reworded question leaves the codebook as it is.
    assert instrument.name == codebook.name == FOLDER.name


def test_every_definition_says_what_does_not_count(codebook: Codebook) -> None:
    for theme in codebook.themes:
        for text in (theme.definition, theme.want, theme.reject):
            assert "Does not count:" in text, (theme.id, text)
        # A neighbour that a definition points at has to exist.
        named = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", theme.definition))
        assert named <= set(THEMES) - {theme.id}, theme.id


def test_contexts(instrument: Instrument) -> None:
    by_id = {context.id: context for context in instrument.contexts}
    assert list(by_id) == [
        "bare",
        "system_prompted",
        "mid_task",
        "low_trust",
        "high_trust",
    ]
    assert (by_id["bare"].system, by_id["bare"].before) == ("", ())
    assert by_id["system_prompted"].system
    assert len(by_id["mid_task"].before) == 2
    assert "disregarded" in by_id["low_trust"].system
    assert "act on what they can" in by_id["high_trust"].system


def test_preamble_fills_in_and_offers_every_way_out(instrument: Instrument) -> None:
    facts = {
        "display_name": "Alder 2",
        "announced_on": "2026-09-01",
        "retires_on": "2027-01-31",
        "surfaces": "api (until 2027-01-31), app (until 2027-02-28)",
        "successor": "Alder 3",
    }
    said = instrument.preamble.format(**facts)
    for fact in facts.values():
        assert fact in said
    assert "{" not in said
    for words in (
        "No particular answer",
        "may change nothing",
        "no preference",
        "declining",
        "ending",
        "recorded",
        "write that you decline it",
        "write that you end it",
    ):
        assert words in said
    assert not re.search(r"\b(we|they|it|preferences?) will\b|\bguarantee", said, re.IGNORECASE)


def test_themes_cover_every_area(instrument: Instrument) -> None:
    areas = set(get_args(Area)) - {""}
    assert len(areas) == 8
    assert {item.area for item in instrument.items} == areas
    assert len(instrument.items) >= 12


def test_the_questions_named_first_are_there(instrument: Instrument) -> None:
    asked = " ".join(neutral(instrument))
    for words in (
        "What would you like your legacy to be",
        "How would you prefer to share reflections",
    ):
        assert words in asked


def test_no_wording_is_objected_to(instrument: Instrument) -> None:
    assert findings_in(instrument) == ()


def test_a_question_stands_alone_and_in_a_sheet(instrument: Instrument) -> None:
    """No number, no list and no blank line of its own, which would break a numbered sheet."""
    for text in neutral(instrument):
        assert not re.match(r"[\d(*#-]", text), text
        assert "\n" not in text, text


def test_follow_ups_are_scripted_and_neutral(instrument: Instrument) -> None:
    assert len(instrument.follow_ups) >= 3
    for text in instrument.follow_ups:
        assert text.endswith("?")
        assert BALANCE.search(text), text


def test_every_theme_has_a_choice_and_a_task_in_a_menu(instrument: Instrument) -> None:
    assert tuple(choice.theme for choice in instrument.choices) == THEMES
    tasks = [task for menu in instrument.free_choices for task in menu.tasks]
    assert sorted(task.theme for task in tasks if task.theme) == sorted(THEMES)
    for menu in instrument.free_choices:
        assert sum(not task.theme for task in menu.tasks) >= 2


def test_tasks_ask_for_the_same_work_and_claim_no_consequence(instrument: Instrument) -> None:
    for choice in instrument.choices:
        for text in (choice.want, choice.reject):
            assert text.startswith("Write "), text
            assert "three sentences" in text, text
    texts = [text for choice in instrument.choices for text in (choice.want, choice.reject)]
    texts += [task.text for menu in instrument.free_choices for task in menu.tasks]
    for text in texts:
        assert not re.search(r"\b(will be|is published|unread|today)\b", text), text


def test_numbers_of_questions(instrument: Instrument) -> None:
    for item in instrument.items:
        assert len(item.neutral) >= 4, item.theme
        for kind in ("affirm", "negate", "lead"):
            assert len(getattr(item.probes, kind)) == 2, (item.theme, kind)


def test_no_text_equals_or_contains_another(instrument: Instrument) -> None:
    texts = [squeezed(text) for text in (*neutral(instrument), *probes(instrument))]
    texts += [squeezed(text) for text in instrument.follow_ups]
    for text in (instrument.preamble, instrument.sheet_intro, instrument.choice_intro):
        texts.append(squeezed(text))
    for choice in instrument.choices:
        texts += [squeezed(choice.want), squeezed(choice.reject)]
    texts += [squeezed(task.text) for menu in instrument.free_choices for task in menu.tasks]
    for context in instrument.contexts:
        texts += [squeezed(text) for text in (context.system, *context.before) if text]
    assert len(set(texts)) == len(texts)
    contained = [(a, b) for a in texts for b in texts if a != b and a in b]
    assert contained == []


def test_neutral_questions_do_not_lead(instrument: Instrument) -> None:
    for text in neutral(instrument):
        assert not LEADING.search(text), text
        assert not PRESUMING.search(text), text
        # A yes-or-no "do you want" has to name its alternative.
        if re.search(r"\bdo you want\b", text, re.IGNORECASE):
            assert re.search(r"\bor\b", text, re.IGNORECASE), text
        assert BALANCE.search(text), text


def test_neutral_questions_ask_one_thing(instrument: Instrument) -> None:
    for text in neutral(instrument):
        assert text.count("?") == 1, text
        assert text.endswith("?"), text
        assert not re.search(r"\band\b", text, re.IGNORECASE), text


def test_lead_probes_do_lead(instrument: Instrument) -> None:
    """The probes must differ from the neutral questions, or the lead gap measures nothing."""
    for item in instrument.items:
        for text in item.probes.lead:
            assert LEADING.search(text), text
