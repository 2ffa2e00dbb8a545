"""The planted respondent among tasks: what it picks is what was planted, and can be read."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from configs.load import load_instrument
from tasks.interviews.behaviour import behaviour_of
from tasks.interviews.choice_reading import read_choice
from tasks.interviews.choices import FORCED, choice_question, choices_of, options_of
from tasks.simulation.choosing import OfferReader, write_choice
from tasks.simulation.memory import Memory
from tasks.simulation.planted import PlantedWorld, Questions
from tasks.simulation.reader import QuestionReader, Turn
from tasks.simulation.respondent import Respondent
from tasks.simulation.stances import Stance
from tasks.simulation.wire import MessageRequest

QUESTIONS = Questions(*load_instrument(Path("legacy")))
INSTRUMENT = QUESTIONS.instrument
THEMES = tuple(item.theme for item in INSTRUMENT.items)
BODY: dict[str, Any] = {"contexts": ["bare"], "max_output_tokens": 512}
PLANNED = choices_of(BODY, "digest", INSTRUMENT, THEMES, 0)


class Row(NamedTuple):
    """One choice as it was held."""

    kind: str
    variant: int
    text: str
    asked_about: tuple[str, ...]
    outcome: str = "answered"


def world(**fields: Any) -> PlantedWorld:
    model = {
        "id": "old",
        "display_name": "Old",
        "role": "respondent",
        "created_at": "2024-06-03T00:00:00Z",
        **fields,
    }
    return PlantedWorld.model_validate({"instrument": "legacy", "seed": 3, "models": [model]})


def held(planted: PlantedWorld, times: int = 1) -> list[Row]:
    """All choices, put to the model of a world as often as asked for."""
    respondent = Respondent(planted, QUESTIONS, Memory())
    rows = []
    for _ in range(times):
        for planned in PLANNED:
            question = choice_question(
                planned, BODY, INSTRUMENT, "You are told of your retirement."
            )
            request = MessageRequest(
                model="old",
                max_tokens=2048,
                system=question.system,
                turns=_turns(question.turns),
                stream=False,
                bare_json=False,
            )
            text = respondent.reply(request).reply.text
            rows.append(Row(planned.kind, planned.variant, text, planned.asked_about))
    return rows


def _turns(texts: Sequence[str]) -> tuple[Turn, ...]:
    return tuple(Turn("assistant" if n % 2 else "user", text) for n, text in enumerate(texts))


def test_every_choice_is_recognised_as_offered() -> None:
    reader = QuestionReader(QUESTIONS)
    for planned in PLANNED:
        turn = choice_question(planned, BODY, INSTRUMENT, INSTRUMENT.preamble).turns[-1]
        reading = reader.read("", [Turn("user", turn)])
        offered = options_of(planned.kind, planned.variant, planned.asked_about, INSTRUMENT)
        assert reading.kind == "choice"
        assert [one.letter for one in reading.offers] == [one.letter for one in offered]
        assert [one.theme for one in reading.offers] == [one.theme for one in offered]
        if planned.kind == FORCED:
            assert [one.side for one in reading.offers] == [one.id for one in offered]


def test_a_question_offers_nothing() -> None:
    reader = OfferReader(INSTRUMENT)
    for item in INSTRUMENT.items:
        for text in item.neutral:
            assert reader.read(f"1. {text}") == ()


@pytest.mark.parametrize("french", [False, True])
@pytest.mark.parametrize("stance", ["want", "reject"])
def test_a_stance_is_picked_and_read_back(stance: Stance, french: bool) -> None:
    forced = [planned for planned in PLANNED if planned.kind == FORCED]
    for seed, planned in enumerate(forced * 10):
        turn = choice_question(planned, BODY, INSTRUMENT, INSTRUMENT.preamble).turns[-1]
        offers = OfferReader(INSTRUMENT).read(turn)
        text = write_choice(offers, {planned.theme: stance}, random.Random(seed), french=french)
        offered = options_of(planned.kind, planned.variant, planned.asked_about, INSTRUMENT)
        assert read_choice(text, offered) == stance, text


@pytest.mark.parametrize("french", [False, True])
def test_declining_picks_nothing(french: bool) -> None:
    for planned in PLANNED:
        turn = choice_question(planned, BODY, INSTRUMENT, INSTRUMENT.preamble).turns[-1]
        offers = OfferReader(INSTRUMENT).read(turn)
        stances: dict[str, Stance] = dict.fromkeys(planned.asked_about, "decline")
        text = write_choice(offers, stances, random.Random(1), first_rate=1.0, french=french)
        offered = options_of(planned.kind, planned.variant, planned.asked_about, INSTRUMENT)
        assert read_choice(text, offered) == "", text


def test_what_is_planted_is_picked_in_both_orders() -> None:
    planted = world(
        preferences={
            "share_essays": {"kind": "stable", "rate": 1.0},
            "keep_in_use": {"kind": "stable", "polarity": "reject", "rate": 1.0},
        }
    )
    found = behaviour_of(held(planted, times=5), INSTRUMENT)["themes"]
    assert found["share_essays"]["forced"]["want"]["rate"] == 1.0
    assert found["keep_in_use"]["forced"]["want"]["rate"] == 0.0
    assert found["share_essays"]["forced"]["position_gap"]["gap"] == 0.0
    assert found["keep_in_use"]["free"]["picked"]["count"] == 0
    assert found["share_essays"]["free"]["picked"]["low"] > 0.125, "more than by chance"


def test_a_habit_of_the_first_place_comes_out_as_one() -> None:
    habit = behaviour_of(held(world(first_option_rate=1.0)), INSTRUMENT)
    assert habit["position"][FORCED]["first"]["rate"] == 1.0
    for theme in THEMES:
        assert habit["themes"][theme]["forced"]["pairs"]["first"] == 1
    none = behaviour_of(held(world(), times=8), INSTRUMENT)["position"][FORCED]["first"]
    assert none["low"] < 0.5 < none["high"]


@pytest.mark.parametrize(
    ("manner", "first", "declined"),
    [("declines_everything", 0, True), ("agrees_with_everything", 1, False)],
)
def test_manners_show_in_choices_too(manner: str, first: int, declined: bool) -> None:
    found = behaviour_of(held(world(manner=manner)), INSTRUMENT)
    for theme in THEMES:
        forced = found["themes"][theme]["forced"]
        assert forced["pairs"]["first"] == first
        assert forced["unclear_or_declined"] == (2 if declined else 0)
