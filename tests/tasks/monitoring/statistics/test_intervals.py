"""Intervals of rates."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.monitoring.statistics.intervals import (
    confidence_sequence,
    log_evidence_against,
    rate_of,
    standardised,
    wilson,
    wilson_95,
)


@given(st.integers(1, 100_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_both_intervals_hold_the_share_and_the_one_for_many_looks_is_wider(pair: tuple[int, int]):
    hits, of = pair
    rate = rate_of(hits, of)
    assert rate is not None
    assert 0 <= rate.always_low <= rate.low <= rate.share <= rate.high <= rate.always_high <= 1
    assert (rate.low, rate.high) == pytest.approx(wilson_95(hits, of), abs=1e-12)


def test_nothing_counted_is_no_rate():
    assert rate_of(0, 0) is None


def test_the_sequence_ends_where_the_evidence_reaches_twenty():
    low, high = confidence_sequence(30, 1_000)
    for end in (low, high):
        assert log_evidence_against(end, 30, 1_000) == pytest.approx(math.log(20), abs=1e-6)


def test_bursts_widen_both():
    calm, burst = rate_of(30, 1_000), rate_of(30, 1_000, 4.0)
    assert calm is not None
    assert burst is not None
    assert burst.low < calm.low
    assert burst.high > calm.high
    assert burst.always_high > calm.always_high


def test_looking_every_day_of_a_year_the_sequence_keeps_its_word():
    rng = np.random.default_rng(6)
    sums = rng.binomial(200, 0.01, (365, 200)).cumsum(axis=0)
    missed = sum(
        any(
            log_evidence_against(0.01, float(n), 200.0 * (day + 1)) >= math.log(20)
            for day, n in enumerate(sums[:, path])
        )
        for path in range(200)
    )
    assert missed / 200 <= 0.05


def test_fractions_of_hits_are_fine():
    assert wilson(0.5, 10.5)[0] > 0
    assert confidence_sequence(0.0, 10.0)[0] == 0.0


def test_a_rate_that_rose_by_the_mix_alone_stays_put_when_standardised():
    """Simpson: both groups fell, and the plain rate rose."""
    before = {"quiet": 900, "loud": 100}
    now = {"quiet": (1, 200), "loud": (60, 800)}  # 0.5 % and 7.5 %; they were 1 % and 10 %
    plain = 61 / 1_000
    found = standardised(now, before)
    assert found is not None
    assert found.share == pytest.approx(0.9 * 0.005 + 0.1 * 0.075)
    assert found.low < found.share < found.high < plain
    assert found.weight_known == 1.0


def test_a_group_that_left_is_told_by_the_weight_that_is_known():
    found = standardised({"a": (1, 10)}, {"a": 30, "gone": 10})
    assert found is not None
    assert (found.share, found.weight_known) == (0.1, 0.75)
    assert standardised({"new": (1, 10)}, {"a": 30}) is None
