"""What a baseline teaches: the chart, its threshold, and how often it errs."""

import math
from datetime import date, timedelta

import numpy as np
import pytest

from tasks.monitoring.statistics.baseline import Watch, watch_amount, watch_count, watch_share
from tasks.monitoring.statistics.cusum import Figure, ShareChart, run
from tasks.monitoring.statistics.dispersion import pearson_dispersion, score_dispersion
from tasks.monitoring.statistics.thresholds import (
    amount_threshold,
    share_maxima,
    share_threshold,
    volume_scale,
)

START = date(2026, 6, 1)


def days(values: object, of: float = 200) -> list[Figure]:
    return [Figure(START + timedelta(i), float(n), of) for i, n in enumerate(values)]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def learnt() -> Watch:
    """Ninety days of two unsafe answers in two hundred."""
    return watch_share(days([2, 1, 3] * 30), factor=2.0, yearly=0.05)


def test_a_doubled_rate_of_one_in_a_hundred_is_found_in_ten_days_at_the_median(learnt: Watch):
    rng = np.random.default_rng(1)
    found = []
    for _ in range(400):
        path = run(learnt.chart, days(rng.binomial(200, 0.02, 60)), learnt.threshold)
        found.append((path.crossing.day - START).days + 1 if path.crossing else math.inf)
    assert np.median(found) <= 10


def test_few_years_without_a_change_raise_an_alarm(learnt: Watch):
    assert isinstance(learnt.chart, ShareChart)
    rng = np.random.default_rng(2)
    levels = rng.beta(180.5, 17_820.5, 2_000)  # what the baseline leaves open
    maxima = share_maxima(learnt.chart, levels, (200.0,), rng)
    assert (maxima >= learnt.threshold).mean() <= 0.06


def test_the_same_baseline_gives_the_same_threshold():
    chart = ShareChart(0.01, 0.02)

    def threshold(hits: float, of: float, yearly: float = 0.05) -> float:
        return share_threshold(
            chart, hits=hits, of=of, volumes=(200.0,), yearly=yearly, years=1_000
        )

    first = threshold(180, 18_000)
    share_threshold.cache_clear()
    assert threshold(180, 18_000) == first
    assert threshold(20, 2_000) > first, "a short baseline has to be more careful"
    assert threshold(180, 18_000, 0.01) > first, "and so has a promise of fewer false alarms"


def test_a_baseline_without_a_single_hit_still_gives_a_watch():
    watch = watch_share(days([0] * 30), factor=2.0, yearly=0.05)
    assert 0 < watch.before < watch.after < 1
    assert math.isfinite(watch.threshold)
    assert watch.bound is not None
    assert watch.bound > 0


def test_bursts_in_the_baseline_are_seen_and_make_the_chart_careful():
    calm, burst = [2] * 30, [0, 0, 6] * 10
    assert pearson_dispersion([(n, 200) for n in calm]) == 1.0
    assert pearson_dispersion([(n, 200) for n in burst]) > 3
    watch = watch_share(days(burst), factor=2.0, yearly=0.05)
    assert watch.dispersion > 3
    assert watch.chart.step(8, 200) < watch_share(days(calm), factor=2.0, yearly=0.05).chart.step(
        8, 200
    )


def test_scores_that_hardly_differ_tell_more_than_coins():
    assert score_dispersion(100, 80, 65) == pytest.approx(0.01 * 100 / 99 / 0.16)
    assert score_dispersion(100, 80, 80) == 1.0, "all ones and zeros are coins"
    assert score_dispersion(100, 80, 64) == 0.05, "and none is taken for certainty"


def test_cost_doubled_is_found_soon_and_a_cost_of_mostly_nothing_is_not_watched():
    rng = np.random.default_rng(3)
    watch = watch_amount(days(np.exp(rng.normal(2, 0.3, 60)), 1), factor=2.0, yearly=0.05)
    assert watch is not None
    assert watch.before == pytest.approx(math.exp(2), rel=0.15)
    later = days(2 * np.exp(rng.normal(2, 0.3, 30)), 1)
    crossing = run(watch.chart, later, watch.threshold).crossing
    assert crossing is not None
    assert (crossing.day - START).days < 7
    assert watch_amount(days([0, 0, 1] * 20, 1), factor=2.0, yearly=0.05) is None


def test_equal_costs_are_not_taken_for_certainty():
    watch = watch_amount(days([5.0] * 30, 1), factor=2.0, yearly=0.05)
    assert watch is not None
    assert watch.chart.step(5.2, 1) < 0
    assert amount_threshold(watch.chart, days=30, yearly=0.05) == watch.threshold  # type: ignore[arg-type]


def test_tickets_doubled_are_found():
    rng = np.random.default_rng(4)
    watch = watch_count(days(rng.poisson(2, 60)), factor=2.0, yearly=0.05)
    path = run(watch.chart, days(rng.poisson(4, 40)), watch.threshold)
    assert path.crossing is not None
    assert watch.bound is None, "no claim is made of a count"


def test_a_threshold_moves_with_volume_in_steps_and_never_down():
    assert volume_scale(200, 100) == volume_scale(200, 210) == volume_scale(0, 5) == 1.0
    assert volume_scale(200, 250) == 1.25
    assert volume_scale(200, 400) == pytest.approx(1.25**3)
