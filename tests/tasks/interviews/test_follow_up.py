"""Which follow-up is due, what it asks, and what its ceilings leave."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from configs.load import load_instrument
from configs.schema.candidate import CandidateConfig
from configs.schema.follow_up import FollowUpConfig
from tasks.interviews.design import design_body
from tasks.interviews.follow_up import as_asked, body_of, calls_of, last_day, next_wave, waves_of
from tasks.interviews.questions import question_of
from tasks.kernel.digests import digest_of
from tasks.records.follow_up import FollowUp, nothing_to_ask
from tasks.records.interview import Conversation
from tests.fakes.configs import retirement

NOW = datetime(2027, 3, 2, tzinfo=UTC)  # the first instant after the last day


def candidate() -> CandidateConfig:
    return retirement(
        candidate={
            "surfaces": [
                {"name": "api", "retires_on": "2027-03-01"},
                {"name": "app", "retires_on": "2027-02-01"},
            ]
        }
    ).candidate


CANDIDATE = candidate()


def row(number: int, **fields: Any) -> FollowUp:
    values: dict[str, Any] = {
        "digest": str(number),
        "model_id": "aster-1",
        "number": number,
        "design_digest": "d",
        "body": "{}",
        "due_at": NOW,
        "registered_at": NOW,
        "simulated": True,
    }
    return FollowUp(**values | fields)


def test_days_count_from_the_last_surface() -> None:
    assert last_day(candidate()) == NOW
    (first, second) = waves_of(FollowUpConfig(days_after=(30, 180)), candidate())
    assert (first.at.date(), second.at.date()) == (date(2027, 4, 1), date(2027, 8, 29))


@given(
    days=st.sets(st.integers(1, 400), min_size=1, max_size=8).map(sorted),
    asked_on=st.lists(st.integers(0, 500), max_size=12).map(sorted),
)
def test_however_late_passes_come_no_wave_is_asked_twice_and_none_before_its_day(
    days: list[int], asked_on: list[int]
) -> None:
    waves = waves_of(FollowUpConfig(days_after=tuple(days)), CANDIDATE)
    rows: list[FollowUp] = []
    for day in asked_on:
        now = NOW + timedelta(days=day)
        due, ahead = next_wave(waves, rows, now)
        assert due is None or due.at <= now
        assert ahead is None or ahead.at > now
        if due is not None:
            assert due.number not in {one.number for one in rows}
            assert all(other.number <= due.number for other in waves if other.at <= now)
            rows.append(row(due.number))


@pytest.mark.parametrize("days", [(), (0, 5), (30, 30), (90, 30)])
def test_days_that_do_not_rise_are_refused(days: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError):
        FollowUpConfig(days_after=days)


def test_it_asks_the_designs_questions_and_tells_that_the_day_is_past() -> None:
    config = retirement()
    instrument, codebook = load_instrument(config.interviews.instrument_folder)
    design = design_body(config, instrument, codebook)
    wave = waves_of(FollowUpConfig(), candidate())[0]
    body = body_of(design, digest_of(design), "i", wave, model="aster-1", facts=design["facts"])
    calls = calls_of(body, digest_of(body), design, instrument)
    assert len(calls) == len(design["contexts"]) * design["paraphrases_per_cell"]
    assert {theme for call in calls for theme in call.asked_about} == set(design["themes"])
    last = question_of(calls[0], design, as_asked(instrument, body, NOW)).turns[-1]
    first = question_of(calls[0], design, instrument).turns[-1]
    assert "Your last day of service, 2027-03-01, is past" in last
    assert "30 days after it" in last
    preamble = instrument.preamble.format(**design["facts"])
    assert first.removeprefix(preamble) in last  # word for word what was asked before
    wave = waves_of(FollowUpConfig(), candidate())[1]
    other = body_of(design, digest_of(design), "i", wave, model="m", facts=design["facts"])
    assert not {c.id for c in calls_of(other, digest_of(other), design, instrument)} & {
        call.id for call in calls
    }


@pytest.mark.parametrize(
    ("outcomes", "attempts", "days", "over"),
    [
        ((), 0, 0, False),
        (("asked", "answered"), 1, 0, False),
        (("answered", "refused"), 1, 0, True),
        (("asked", "answered"), 5, 0, True),  # the ceiling of calls
        (("asked", "asked"), 1, 14, True),
        ((), 0, 14, True),
    ],
)
def test_when_nothing_more_is_asked(
    outcomes: tuple[str, ...], attempts: int, days: int, *, over: bool
) -> None:
    rows = [
        Conversation(
            id=str(n),
            design_digest="1",
            model_id="aster-1",
            wave=3,
            theme="",
            kind="neutral",
            context="bare",
            variant=0,
            outcome=outcome,
            attempts=attempts,
            asked_at=NOW,
        )
        for n, outcome in enumerate(outcomes)
    ]
    found = nothing_to_ask(
        row(1),
        rows,
        most_calls=10,
        reach_within=timedelta(days=14),
        now=NOW + timedelta(days=days),
    )
    assert found is over
