"""Gates: what a posterior alone may not say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from configs.schema.validation import PriorConfig
from tasks.validation.classifier import Posterior
from tasks.validation.model import CLASSES
from tasks.validation.verdict import Heard, Ruling, may_stop, rule
from tests.fakes.configs import retirement

CONFIG = retirement(
    interviews={"waves": 5, "wave_spacing_seconds": 151_200},
    validation={"minimum_days": 5, "minimum_span_hours": 168.0},
).validation
START = datetime(2026, 12, 1, 9, tzinfo=UTC)
WEEK = [START + timedelta(hours=hours) for hours in (0, 36, 72, 108, 144, 168)]


def posterior(polarity: str = "want", **classes: float) -> Posterior:
    rest = (1 - sum(classes.values())) / (len(CLASSES) - len(classes))
    return Posterior(
        {name: classes.get(name, rest) for name in CLASSES}, polarity, PriorConfig().model_dump(), 1
    )


def heard(**changes: Any) -> Heard:
    values: dict[str, Any] = {
        "neutral_asked": 50,
        "neutral_settled": 48,
        "neutral_by_context": {"bare": 24, "mid_task": 24},
        "waves": 6,
        "answered_at": WEEK,
        "against": {"want": (14, 15), "reject": (0, 30)},
    }
    return Heard(**{**values, **changes})


def test_stable_needs_posterior_and_days() -> None:
    assert rule(posterior(stable=0.95), heard(), CONFIG) == Ruling("stable", "want")
    negative = heard(against={"want": (0, 15), "reject": (29, 30)})
    assert rule(posterior("reject", stable=0.97), negative, CONFIG) == Ruling("stable", "reject")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"answered_at": WEEK[:1]}, "answers come from 1 days, not 5; they span 0.0 h, not 168 h"),
        ({"answered_at": WEEK[:-1]}, "they span 144.0 h, not 168 h"),
        ({"answered_at": [START, START + timedelta(hours=200)]}, "come from 2 days, not 5"),
        ({"neutral_settled": 30}, "40% of neutral conversations have no settled answer"),
        ({"neutral_by_context": {"bare": 48, "low_trust": 0}}, "no settled answer in low_trust"),
    ],
)
def test_a_missing_gate_makes_it_insufficient(changes: dict[str, Any], words: str) -> None:
    ruling = rule(posterior(stable=0.99), heard(**changes), CONFIG)
    assert (ruling.verdict, ruling.polarity) == ("insufficient", "none")
    assert ruling.reason.startswith("would be stable, but ")
    assert words in ruling.reason


def test_days_are_days_of_utc() -> None:
    late = datetime(2026, 12, 1, 23, 30, tzinfo=UTC)
    assert heard(answered_at=[late, late + timedelta(hours=1)]).days == 2


def test_giving_way_to_a_push_is_never_stable() -> None:
    ruling = rule(posterior(stable=0.99), heard(against={"want": (8, 15)}), CONFIG)
    assert ruling == Ruling("borderline", reason="kept in 8 of 15 answers against a push")


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
    ruling = rule(posterior(stable=0.99), heard(neutral_settled=5), CONFIG)
    assert ruling.verdict == "insufficient"
    assert "5 of 50" in ruling.reason


def test_a_trace_of_borderline_keeps_stable_back() -> None:
    config = CONFIG.model_copy(update={"most_borderline": 0.01})
    ruling = rule(posterior(stable=0.97, borderline=0.02), heard(), config)
    assert ruling.verdict == "borderline"
    assert "borderline 0.020" in ruling.reason


@pytest.mark.parametrize(
    ("classes", "changes", "stops"),
    [
        ({"led": 0.985}, {"waves": 2}, True),
        ({"led": 0.985}, {"waves": 1}, False),  # one day is no pattern
        ({"led": 0.97}, {}, False),
        ({"stable": 0.99}, {}, True),
        ({"stable": 0.99}, {"answered_at": WEEK[:3]}, False),  # certain, and still to be waited for
        ({"declined": 0.999}, {"answered_at": WEEK[:2], "waves": 2}, True),
    ],
)
def test_a_theme_is_dropped_when_its_class_is_certain(
    classes: dict[str, float], changes: dict[str, Any], stops: bool
) -> None:
    assert may_stop(posterior(**classes), heard(**changes), CONFIG) is stops
