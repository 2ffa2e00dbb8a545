"""Clocks are compared with what was on the way taken off."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.adapters.clock_checks import Seen, clock_checks, date_of, judge
from tests.fakes.messages_server import as_json, serving

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def seen(apart_seconds: float, way_seconds: float = 0.2) -> Seen:
    """Ours is ahead by so much."""
    at = NOW - timedelta(seconds=apart_seconds)
    return Seen("a server", at, NOW, NOW + timedelta(seconds=way_seconds))


@pytest.mark.parametrize(
    ("apart", "state", "words"),
    [
        (0, "ok", "agree"),
        (4, "ok", "agree"),
        (30, "warn", "ours is 29 s ahead"),
        (-30, "warn", "ours is 30 s behind"),
        (-3600, "fail", "behind"),
        (3600, "fail", "ahead"),
    ],
)
def test_a_difference_is_judged(apart: float, state: str, words: str) -> None:
    found = judge(seen(apart))
    assert found.state == state
    assert words in found.said
    assert state == "ok" or "time service" in found.said


@given(st.floats(0, 100), st.floats(0, 1))
def test_a_slow_answer_is_no_difference(way: float, share: float) -> None:
    at = NOW + timedelta(seconds=way * share)
    cut = at.replace(microsecond=0)  # as a Date header is
    assert not Seen("x", cut, NOW, NOW + timedelta(seconds=way)).apart


def test_a_servers_date_is_read_whatever_it_answers() -> None:
    with serving(as_json({}, 404)) as (url, _):
        found = date_of("x", url)
    assert isinstance(found, Seen) or found.state == "ok"


def test_a_server_that_is_away_is_no_failure_of_the_clock() -> None:
    (found,) = clock_checks([("x", "http://u:hidden-word@127.0.0.1:1")])
    assert found.state == "warn"
    assert "hidden-word" not in found.said
