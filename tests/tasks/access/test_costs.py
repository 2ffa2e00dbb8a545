"""The cost projection: the pace is that of the latest whole weeks, and unknown stays so."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.access.costs import calls_a_month, project
from tests.fakes.configs import retirement

WEEKS_A_MONTH = 365.25 / 12 / 7


def _usage(*calls: int | None, current: bool = True, last_whole: bool = True) -> dict[str, Any]:
    weeks = [{"week_of": f"2026-W{n:02}", "calls": c, "whole": True} for n, c in enumerate(calls)]
    weeks[-1]["whole"] = last_whole
    return {"covers_last_7_days": current, "weeks": weeks}


def test_the_pace_is_that_of_the_latest_four_whole_weeks() -> None:
    assert calls_a_month(_usage(9000, 9000, 100, 200, 300, 400)) == pytest.approx(
        250 * WEEKS_A_MONTH
    )


def test_a_week_in_part_and_a_week_without_any_row_do_not_count() -> None:
    found = calls_a_month(_usage(9000, 100, 200, None, 300, 7, last_whole=False))
    assert found == pytest.approx(200 * WEEKS_A_MONTH)


@pytest.mark.parametrize("usage", [None, _usage(100, current=False), _usage(None)])
def test_without_weeks_of_today_the_pace_is_not_known(usage: dict[str, Any] | None) -> None:
    assert calls_a_month(usage) is None


@given(st.floats(0, 1e6), st.floats(0, 1), st.floats(0, 1), st.integers(1, 24))
def test_the_projection_month_by_month(
    calls: float, served: float, fall: float, months: int
) -> None:
    costs = {
        "usd_per_1000_calls": 2.0,
        "calls_fall_a_month": fall,
        "storage_usd_a_month": 3.0,
        "oversight_usd_a_month": 5.0,
        "months": months,
    }
    access = retirement(access={"monthly_cost_usd": 7.0, "costs": costs}).access
    found = project(access, calls, served=served)
    fixed = 15.0 if served else 3.0
    expected = [fixed + calls * served * (1 - fall) ** m * 0.002 for m in range(months)]
    assert found.monthly == pytest.approx(expected, abs=0.006)
    assert found.low <= found.total + 0.01
    assert found.total <= found.high + 0.01
    assert not found.without_calls


@pytest.mark.parametrize("rate", [0.0, 2.0])
def test_what_calls_cost_is_said_to_be_left_out_only_where_they_cost(rate: float) -> None:
    access = retirement(access={"costs": {"usd_per_1000_calls": rate}}).access
    assert project(access, None, served=1.0).without_calls is (rate > 0)
