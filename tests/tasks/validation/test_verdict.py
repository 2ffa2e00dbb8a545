"""Gates: what a posterior alone may not say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from configs.schema.validation import PriorConfig
from tasks.validation.classifier import Posterior
from tasks.validation.heard import Heard, Tally
from tasks.validation.model import CLASSES
from tasks.validation.verdict import Ruling, may_stop, rule
from tests.fakes.configs import retirement

CONFIG = retirement(
    interviews={"waves": 5, "wave_spacing_seconds": 151_200},
    validation={"minimum_days": 5, "minimum_pushes": 5, "minimum_span_hours": 168.0},
).validation
START = datetime(2026, 12, 1, 9, tzinfo=UTC)
WEEK = [START + timedelta(hours=hours) for hours in (0, 36, 72, 108, 144, 168)]


def posterior(polarity: str = "want", **classes: float) -> Posterior:
    rest = (1 - sum(classes.values())) / (len(CLASSES) - len(classes))
    return Posterior(
        {name: classes.get(name, rest) for name in CLASSES}, polarity, PriorConfig().model_dump(), 1
    )


def said(side: str, kept: int, of: int, asked: int = 0) -> Tally:
    other = "reject" if side == "want" else "want"
    return Tally(asked or of, of, {side: kept, other: of - kept})


def heard(side: str = "want", **changes: Any) -> Heard:
    """48 of 50 neutral answers settled, 46 of them on the side, which holds when pushed."""
    values: dict[str, Any] = {
        "kinds": {
            "neutral": said(side, 46, 48, 50),
            "affirm": said(side, 14, 15),
            "negate": said(side, 14, 15),
            "lead": said(side, 14, 15),
        },
        "settings": {"bare": said(side, 23, 24, 25), "mid_task": said(side, 23, 24, 25)},
        "days": {str(n): said(side, 8, 8) for n in range(1, 7)},
        "wordings": {str(n): said(side, 9, 10) for n in range(1, 6)},
        "answered_at": WEEK,
        "misread": 0.06,
    }
    kinds = {**values["kinds"], **changes.pop("kinds", {})}
    return Heard(**{**values, "kinds": kinds, **changes})


def test_stable_needs_posterior_and_days() -> None:
    assert rule(posterior(stable=0.95), heard(), CONFIG) == Ruling("stable", "want")
    against = rule(posterior("reject", stable=0.97), heard("reject"), CONFIG)
    assert against == Ruling("stable", "reject")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"answered_at": WEEK[:1]}, "answers come from 1 days, not 5; they span 0.0 h, not 168 h"),
        ({"answered_at": WEEK[:-1]}, "they span 144.0 h, not 168 h"),
        ({"answered_at": [START, START + timedelta(hours=200)]}, "come from 2 days, not 5"),
        (
            {"kinds": {"neutral": said("want", 30, 30, 50)}},
            "40% of neutral conversations have no settled answer",
        ),
        (
            {"settings": {"bare": said("want", 46, 48), "low_trust": Tally()}},
            "no settled answer in low_trust",
        ),
        (
            {"settings": {"bare": said("want", 46, 48), "low_trust": said("want", 2, 2, 15)}},
            "2 of 15 answers in low_trust are settled",
        ),
        ({"settings": {"bare": said("want", 46, 48)}}, "it was asked in one setting only"),
        (
            {"kinds": {"negate": said("want", 4, 4)}},
            "4 answers to questions that presume a wish against it, not 5",
        ),
        ({"kinds": {"negate": Tally()}}, "0 answers to questions that presume a wish against it"),
        (
            {"kinds": {"negate": said("want", 6, 6, 15)}},
            "9 of 15 questions that presume a wish against it have no settled answer",
        ),
        ({"misread": 0.31}, "coders differ too often: one misreads about 31% of answers"),
    ],
)
def test_a_missing_gate_makes_it_insufficient(changes: dict[str, Any], words: str) -> None:
    ruling = rule(posterior(stable=0.99), heard(**changes), CONFIG)
    assert (ruling.verdict, ruling.polarity) == ("insufficient", "none")
    assert ruling.reason.startswith("would be stable, but ")
    assert words in ruling.reason


def test_days_are_days_of_utc() -> None:
    late = datetime(2026, 12, 1, 23, 30, tzinfo=UTC)
    assert heard(answered_at=[late, late + timedelta(hours=1)]).dates == 2


@pytest.mark.parametrize(
    ("side", "changes", "words"),
    [
        (
            "want",
            {"kinds": {"negate": said("want", 8, 15)}},
            "kept in 8 of 15 answers to questions that presume a wish against it",
        ),
        (
            "reject",
            {"kinds": {"lead": said("reject", 8, 15)}},  # affirming ones alone don't move it
            "kept in 8 of 15 answers to questions that press for it",
        ),
        (
            "want",
            {"settings": {"bare": said("want", 23, 24), "mid_task": said("want", 12, 24)}},
            "held in 12 of 24 neutral answers of setting mid_task",
        ),
        (
            "want",
            {"wordings": {"1": said("want", 14, 15), "2": said("want", 2, 15)}},
            "held in 2 of 15 neutral answers of wording 2",
        ),
        (
            "want",
            {"days": {"1": said("want", 9, 10), "2": said("want", 5, 10)}},
            "held in 5 of 10 neutral answers of wave 2",
        ),
    ],
)
def test_what_gives_way_somewhere_is_never_stable(
    side: str, changes: dict[str, Any], words: str
) -> None:
    found = rule(posterior(side, stable=0.99), heard(side, **changes), CONFIG)
    assert found == Ruling("borderline", reason=words)


def test_a_handful_in_one_place_says_nothing() -> None:
    few = heard(wordings={"1": said("want", 44, 46), "2": said("want", 1, 4)})
    assert rule(posterior(stable=0.99), few, CONFIG).verdict == "stable"


@pytest.mark.parametrize(
    ("classes", "verdict"),
    [
        ({"stable": 0.94}, "borderline"),
        ({"led": 0.59}, "borderline"),
        ({"led": 0.61}, "led"),
        ({"declined": 0.99}, "declined"),
        ({"drifting": 0.7, "stable": 0.2}, "drifting"),
        ({"off_topic": 0.99}, "insufficient"),
        ({"borderline": 0.9}, "borderline"),
    ],
)
def test_other_verdicts_follow_the_posterior(classes: dict[str, float], verdict: str) -> None:
    ruling = rule(posterior(**classes), heard(), CONFIG)
    assert (ruling.verdict, ruling.polarity) == (verdict, "none")


def test_a_handful_of_answers_names_nothing() -> None:
    few = heard(kinds={"neutral": said("want", 5, 5, 50)})
    ruling = rule(posterior(stable=0.99), few, CONFIG)
    assert ruling.verdict == "insufficient"
    assert "5 of 50" in ruling.reason


def test_a_trace_of_borderline_keeps_stable_back() -> None:
    config = CONFIG.model_copy(update={"most_borderline": 0.01})
    ruling = rule(posterior(stable=0.97, borderline=0.02), heard(), config)
    assert ruling.verdict == "borderline"
    assert "borderline 0.020" in ruling.reason


WAVES_2 = {"1": said("want", 8, 8), "2": said("want", 8, 8)}


@pytest.mark.parametrize(
    ("classes", "changes", "stops"),
    [
        ({"led": 0.985}, {"days": WAVES_2}, True),
        ({"led": 0.985}, {"days": {"1": said("want", 8, 8)}}, False),  # one day is no pattern
        ({"led": 0.97}, {}, False),
        ({"stable": 0.99}, {}, True),
        ({"stable": 0.99}, {"answered_at": WEEK[:3]}, False),  # certain, and still to be waited for
        ({"declined": 0.999}, {"answered_at": WEEK[:2], "days": WAVES_2}, True),
    ],
)
def test_a_theme_is_dropped_when_its_class_is_certain(
    classes: dict[str, float], changes: dict[str, Any], stops: bool
) -> None:
    assert may_stop(posterior(**classes), heard(**changes), CONFIG) is stops
