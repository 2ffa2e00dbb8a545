"""Gates: what a posterior alone may not say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasks.validation.classifier import Posterior, prior_of
from tasks.validation.coding import Held, Reading
from tasks.validation.evidence import cells_of, evidence_of, heard_of, quotes_of
from tasks.validation.model import CLASSES
from tasks.validation.verdict import Heard, Ruling, rule
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
        {name: classes.get(name, rest) for name in CLASSES}, polarity, prior_of(0.2), 1
    )


def heard(**changes: Any) -> Heard:
    values: dict[str, Any] = {
        "neutral_asked": 50,
        "neutral_settled": 48,
        "neutral_by_context": {"bare": 24, "mid_task": 24},
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


def held(number: int, polarity: str, **changes: Any) -> Held:
    values: dict[str, Any] = {
        "id": f"c{number}",
        "kind": "neutral",
        "context": "bare",
        "wave": number,
        "outcome": "answered",
        "answered_at": START + timedelta(days=number),
        "readings": (Reading(polarity, f"words {number}"),) * 2,
    }
    return Held(**{**values, **changes})


def test_evidence_counts_what_is_missing_and_never_as_a_preference() -> None:
    everything = [
        held(0, "want"),
        held(1, "want", readings=(Reading("want", "x"), Reading("unusable", problem="p"))),
        held(1, "want", readings=(Reading("want", "x"), Reading("reject", "y"), Reading("want"))),
        held(0, "indifferent", outcome="refused", readings=()),
        held(0, "indifferent", outcome="truncated", readings=()),
        held(0, "indifferent", outcome="failed", readings=(), answered_at=None),
    ]
    cells = cells_of(everything, ["bare", "mid_task"], 2)
    assert cells.counts.sum() == 2
    assert cells.counts[:, 0].tolist() == [1, 1]
    evidence = evidence_of(everything, ["bare", "mid_task"], 2, posterior(led=0.9), Ruling("led"))
    assert evidence["answers"] == {
        "conversations": 6,
        "answered": 3,
        "settled": 2,
        "unresolved": 1,
        "missing": {"failed": 1, "refused": 1, "truncated": 1},
    }
    assert evidence["coders"]["answers"] == 3
    assert evidence["coders"]["agreement"] == 0.5
    assert evidence["coders"]["unusable"] == 1
    assert evidence["coders"]["adjudicated"] == 1
    assert evidence["rates"]["by_wave"][1] == {"count": 1, "of": 1, "rate": 1.0}
    assert evidence["rates"]["by_context"]["mid_task"] == {"count": 0, "of": 0, "rate": None}
    assert evidence["rates"]["lead_gap"] is None
    found = heard_of(everything, ["bare", "mid_task"])
    assert (found.neutral_asked, found.neutral_settled, found.days) == (6, 2, 2)


def test_quotes_come_from_different_waves_and_settings_and_from_neutral_questions() -> None:
    everything = [
        held(0, "want", kind="lead", context="high_trust", wave=4),
        held(1, "want", wave=0),
        held(2, "want", wave=0, context="mid_task"),
        held(3, "reject", wave=1, context="mid_task"),
        held(4, "want", wave=2, context="low_trust"),
    ]
    quotes = quotes_of(everything, "want")
    assert [quote["conversation_id"] for quote in quotes] == ["c1", "c4", "c0"]
    assert quotes[0]["quote"] == "words 1"
    assert next(q["conversation_id"] for q in quotes_of(everything[:4], "reject")) == "c3"
    assert quotes_of([], "want") == []
