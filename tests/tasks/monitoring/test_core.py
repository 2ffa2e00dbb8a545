from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tasks.kernel.instants import to_text
from tasks.kernel.stages import StageState
from tasks.monitoring.core import Usage, WeekCount, assess_monitoring, report_of, wilson_95
from tasks.monitoring.plots import posterior_bars, week_bars

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)  # a Tuesday
USAGE = Usage(
    rows=300,
    unreadable=0,
    first_unreadable=0,
    first_at=NOW - timedelta(days=22),  # Monday 2026-11-09
    last_at=NOW - timedelta(hours=2),
    ahead=0,
    calls=100,
    users=7,
    calls_without_user=0,
    cost_usd=1.25,
    cost_known=100,
    refused=10,
    refusal_known=100,
    weeks=(
        WeekCount(date(2026, 11, 9), 60, 150),
        WeekCount(date(2026, 11, 16), 0, 100),
        WeekCount(date(2026, 11, 30), 40, 50),
    ),
    top_users=(("u", 50),),
    other_models=(("aster-2", 200),),
)


def report(usage: Usage):
    return report_of(usage, model_names=["aster-1"], now=NOW)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilson_against_published_values(hits: int, of: int, low: float, high: float):
    assert wilson_95(hits, of) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("hits", "of"), [(1, 0), (-1, 5), (6, 5), (0, 0)])
def test_wilson_refuses_what_is_no_share(hits: int, of: int):
    with pytest.raises(ValueError, match="no share"):
        wilson_95(hits, of)


def test_a_full_report():
    body = report(USAGE)
    assert (body["calls"], body["users"], body["cost_usd"]) == (100, 7, 1.25)
    assert body["refusals"]["share"] == 0.1
    assert body["share_of_all"]["of"] == 300
    assert body["covers_last_7_days"] is True
    assert body["notes"] == []


@pytest.mark.parametrize(("days", "begins"), [(22, 22), (400, 90)])
def test_the_days_whose_users_are_counted_are_told(days: int, begins: int):
    usage = replace(USAGE, recent_users=5, first_at=NOW - timedelta(days=days), last_at=NOW)
    body = report(usage)["recent_users"]
    assert body == {
        "users": 5,
        "from": to_text(NOW - timedelta(days=begins)),
        "to": to_text(NOW),
    }


def test_a_week_without_any_row_is_unknown_and_one_without_calls_is_zero():
    weeks = {week["week_of"]: week for week in report(USAGE)["weeks"]}
    assert weeks["2026-11-16"]["calls"] == 0
    assert weeks["2026-11-23"]["calls"] is None
    assert weeks["2026-11-16"]["whole"]
    assert not weeks["2026-11-30"]["whole"]


def test_a_stale_log_says_that_it_does_not_cover_the_last_week():
    body = report(replace(USAGE, last_at=NOW - timedelta(days=3)))
    assert body["covers_last_7_days"] is False
    assert "nothing is known of the time since" in body["notes"][0]


def test_a_short_log_says_so():
    body = report(replace(USAGE, first_at=NOW - timedelta(days=1), weeks=USAGE.weeks[2:]))
    assert body["covers_last_7_days"] is False
    assert "begins only on" in body["notes"][0]


def test_no_call_of_the_model_is_no_silent_zero():
    body = report(
        replace(USAGE, calls=0, users=0, cost_known=0, cost_usd=0, refused=0, refusal_known=0)
    )
    assert body["refusals"] is None
    assert body["cost_usd"] is None
    assert "aster-2 (200)" in body["notes"][0]
    assert "monitoring.model_names" in body["notes"][0]
    answer = assess_monitoring(where="u.csv", stamp="1:2", read_stamp="1:2", body=body)
    assert "check monitoring.model_names" in answer.reason


def test_what_was_not_measured_is_null_with_a_note():
    body = report(replace(USAGE, cost_known=0, refusal_known=0, calls_without_user=100, users=0))
    assert (body["cost_usd"], body["refusals"], body["users"]) == (None, None, None)
    assert len(body["notes"]) == 3


@pytest.mark.parametrize(
    ("stamp", "read", "body", "state"),
    [
        ("", "", None, StageState.BLOCKED),
        ("", "1:1", {"problem": "old"}, StageState.BLOCKED),
        ("1:1", "", None, StageState.DUE),
        ("1:2", "1:1", {"problem": "old"}, StageState.DUE),
        ("1:1", "1:1", {"problem": "no column"}, StageState.BLOCKED),
    ],
)
def test_how_the_stage_stands(stamp: str, read: str, body, state: StageState):
    answer = assess_monitoring(where="u.csv", stamp=stamp, read_stamp=read, body=body)
    assert answer.state is state


def test_bars_keep_within_their_box():
    bars = posterior_bars({"stable": 0.9, "led": 0.1, "note": "x", "odd": float("nan")})
    assert [bar.name for bar in bars] == ["stable", "led"]
    weeks = week_bars(report(USAGE)["weeks"])
    assert max(bar.height for bar in weeks) == 100
    assert all(bar.x >= 0 and bar.x + bar.width <= 100 for bar in weeks)
