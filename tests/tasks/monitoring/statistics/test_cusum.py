"""CUSUM charts of daily figures."""

import math
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.monitoring.statistics.cusum import (
    AmountChart,
    CountChart,
    Figure,
    ShareChart,
    ordered,
    run,
)

START = date(2026, 9, 1)
CHART = ShareChart(0.01, 0.02)


def figures(*hits: float, of: float = 200) -> list[Figure]:
    return [Figure(START + timedelta(i), n, of) for i, n in enumerate(hits)]


def test_a_day_adds_the_log_likelihood_ratio_of_its_own_numbers():
    expected = 5 * math.log(2) + 195 * math.log(0.98 / 0.99)
    assert CHART.step(5, 200) == pytest.approx(expected)
    assert CHART.step(5, 200) > CHART.step(5, 400), "five of more calls tell less of a rise"


def test_a_quiet_day_never_takes_it_below_nothing_and_a_run_of_bad_days_crosses():
    path = run(CHART, figures(0, 0, 0, 6, 6, 6), 5.0)
    levels = [level for _, level in path.levels]
    assert levels[:3] == [0, 0, 0]
    assert path.crossing is not None
    assert (path.crossing.day, path.crossing.onset) == (date(2026, 9, 6), date(2026, 9, 4))
    assert path.crossing.level == pytest.approx(path.level)


def test_the_first_crossing_stands_whatever_comes_after():
    path = run(CHART, figures(9, 9, 9, 0, 0, 0, 0, 0, 0), 5.0)
    assert path.crossing is not None
    assert path.crossing.day == date(2026, 9, 2)
    assert path.level < 5


def test_a_day_without_figures_leaves_it_where_it_was():
    days = figures(6, 6, 6)
    gap = [days[0], Figure(days[2].day + timedelta(20), 6, 200)]
    assert run(CHART, gap, 99).level == pytest.approx(run(CHART, days[:2], 99).level)
    assert ordered([Figure(START, 0, 0), *days]) == tuple(days), "no calls: no figure"


def test_nothing_is_no_path():
    path = run(CHART, [], 5.0)
    assert (path.level, path.crossing) == (0.0, None)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(0, 59))
def test_one_more_hit_never_lowers_a_level(hits: list[int], place: int):
    place %= len(hits)
    more = [n + (i == place) for i, n in enumerate(hits)]
    before, after = run(CHART, figures(*hits), 5.0), run(CHART, figures(*more), 5.0)
    pairs = zip(before.levels, after.levels, strict=True)
    assert all(high >= low - 1e-9 for (_, low), (_, high) in pairs)
    if before.crossing is not None:
        assert after.crossing is not None
        assert after.crossing.day <= before.crossing.day


@given(st.floats(1.2, 10), st.floats(0.001, 0.4))
def test_on_average_a_chart_falls_before_the_change_and_rises_after_it(factor: float, share: float):
    chart = ShareChart(share, min(share * factor, (1 + share) / 2))
    assert chart.step(1000 * chart.before, 1000) < 0 < chart.step(1000 * chart.after, 1000)
    counts = CountChart(share, share * factor)
    assert counts.step(1000 * share, 1000) < 0 < counts.step(1000 * share * factor, 1000)
    amounts = AmountChart(0.0, share, math.log(factor))
    assert amounts.step(1.0, 1) < 0 < amounts.step(factor, 1)


def test_bursts_make_each_day_count_for_less():
    assert ShareChart(0.01, 0.02, 4.0).step(6, 200) == pytest.approx(CHART.step(6, 200) / 4)


def test_a_day_of_no_cost_at_all_begins_anew():
    chart = AmountChart(0.0, 0.3, math.log(2))
    assert run(chart, [Figure(START, 2.5), Figure(START + timedelta(1), 0.0)], 99).level == 0
