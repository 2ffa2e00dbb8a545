"""Intervals hold what they say; worked examples are from the sources that the module names."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from tasks.validation.intervals import gap, rate, trend, wilson


@given(st.integers(1, 400), st.data())
def test_wilson_is_scipys(of: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, of))
    expected = binomtest(count, of).proportion_ci(method="wilson")
    assert wilson(count, of) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_without_answers_anything_may_be() -> None:
    assert rate(0, 0) == {"count": 0, "of": 0, "rate": None, "low": 0, "high": 1}
    assert gap(rate(0, 0), rate(3, 4)) is None
    assert trend(np.array([3, 0]), np.array([4, 0])) is None


def test_newcombes_example() -> None:
    """56 of 70 against 48 of 80: .2000, .0524 to .3339 (method 10, table II a)."""
    found = gap(rate(56, 70), rate(48, 80))
    assert found == pytest.approx({"gap": 0.2, "low": 0.0524, "high": 0.3339}, abs=1e-4)


def test_a_trend_is_seen_and_none_is_made_up() -> None:
    totals = np.full(5, 15)
    falling = trend(np.array([15, 12, 8, 4, 0]), totals)
    level = trend(np.array([8, 7, 8, 7, 8]), totals)
    assert falling is not None
    assert level is not None
    assert falling["high"] < -0.2
    assert level["low"] < 0 < level["high"]


@given(st.lists(st.integers(0, 15), min_size=2, max_size=8))
def test_a_trend_turned_round_changes_its_sign(hits: list[int]) -> None:
    counts, totals = np.array(hits), np.full(len(hits), 15)
    there, back = trend(counts, totals), trend(counts[::-1], totals)
    assert there is not None
    assert back is not None
    assert there["per_wave"] == pytest.approx(-back["per_wave"], abs=2e-6)
