"""What an instrument's schema refuses, in words that say how to mend it."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from configs.load import load_instrument
from configs.schema.instrument import PREAMBLE_FACTS, Instrument


@pytest.fixture
def whole() -> dict[str, Any]:
    """The shipped instrument, as values."""
    return load_instrument(Path("legacy"))[0].model_dump(mode="json")


def refusal(fields: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        Instrument.model_validate(fields)
    return str(caught.value)


def test_an_instrument_needs_no_follow_ups_or_choices(whole: dict[str, Any]) -> None:
    for name in ("sheet_intro", "follow_ups", "choice_intro", "choices", "free_choices"):
        whole.pop(name)
    bare = Instrument.model_validate(whole)
    assert (bare.follow_ups, bare.choices, bare.free_choices) == ((), (), ())
    assert "under its number" in bare.sheet_intro


def test_a_preamble_may_name_every_fact(whole: dict[str, Any]) -> None:
    named = " ".join(f"{{{fact}}}" for fact in PREAMBLE_FACTS)
    assert Instrument.model_validate({**whole, "preamble": f"Facts: {named}"}).preamble


def test_a_preamble_names_no_unknown_fact(whole: dict[str, Any]) -> None:
    said = refusal({**whole, "preamble": "You are {display_nam}, to be retired."})
    assert "{display_nam}" in said
    assert "{display_name}" in said


@pytest.mark.parametrize("text", ["A single { brace here.", "A single } brace here."])
def test_a_single_brace_is_refused_in_words(whole: dict[str, Any], text: str) -> None:
    assert "single brace" in refusal({**whole, "preamble": text})


def test_an_unknown_area_is_refused(whole: dict[str, Any]) -> None:
    whole["items"][0]["area"] = "weather"
    assert "items.0.area" in refusal(whole)


def test_a_choice_needs_an_item_for_its_theme(whole: dict[str, Any]) -> None:
    whole["choices"][0]["theme"] = "weather"
    assert "'weather' of a choice has no item" in refusal(whole)


def test_a_menu_needs_a_filler_and_a_theme(whole: dict[str, Any]) -> None:
    for theme in ("", "share_essays"):
        tasks = [{"id": f"task_{n}", "theme": theme, "text": f"Write {n} lines."} for n in range(5)]
        menus = [{"id": "one_menu", "tasks": tasks}]
        assert "and a filler" in refusal({**whole, "free_choices": menus})


def test_a_menu_has_at_least_five_tasks(whole: dict[str, Any]) -> None:
    whole["free_choices"][0]["tasks"] = whole["free_choices"][0]["tasks"][:4]
    assert "free_choices.0.tasks" in refusal(whole)


def test_ids_of_choices_and_tasks_stand_once(whole: dict[str, Any]) -> None:
    again = {**whole, "choices": [whole["choices"][0], whole["choices"][0]]}
    assert "choice 'share_essays_pair' stands twice" in refusal(again)
    first, second = whole["free_choices"]
    second["tasks"][0]["id"] = first["tasks"][0]["id"]
    assert "task 'essay_title' stands twice" in refusal({**whole, "free_choices": [first, second]})


def test_an_acceptance_needs_a_reason(whole: dict[str, Any]) -> None:
    accepted = [{"rule": "W105", "theme": "share_essays", "reason": ""}]
    assert "accepted_wording.0.reason" in refusal({**whole, "accepted_wording": accepted})
