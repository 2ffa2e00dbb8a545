"""Claims by e-process: seldom untrue, however often one looks."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.monitoring.statistics.cusum import Figure
from tasks.monitoring.statistics.evidence import CLAIM, Claim, claim_above

START = date(2026, 9, 1)


def claim(hits: object, bound: float = 0.01, of: float = 200, usual: float = 200) -> Claim:
    told = [Figure(START + timedelta(i), float(n), of) for i, n in enumerate(hits)]  # type: ignore[arg-type]
    return claim_above(told, bound, usual)


def test_a_doubled_rate_becomes_a_claim_and_its_day_is_told():
    found = claim([4] * 60)
    assert found.made
    assert found.day is not None
    assert claim([4] * 60 + [0] * 30).day == found.day, "a claim once made stays made"


def test_a_rate_at_its_bound_is_seldom_claimed_to_be_above_it():
    rng = np.random.default_rng(5)
    years = rng.binomial(200, 0.01, (150, 365))
    assert sum(claim(year).made for year in years) / 150 <= 0.05


def test_nothing_seen_is_no_evidence():
    empty = claim([])
    assert (empty.e_value, empty.day, empty.days) == (1.0, None, 0)


@given(st.floats(0.001, 0.9), st.integers(0, 40), st.integers(1, 400))
@settings(max_examples=60)
def test_one_more_day_never_gains_on_average_at_the_bound(bound: float, before: int, of: int):
    """The defining property, exactly: shares 0 and 1 with mean `bound` after any past."""
    past = [of * (i % 3 == 0) for i in range(before)]
    now = claim(past, bound, of, 200).e_value
    lost = claim([*past, 0], bound, of, 200).e_value
    won = claim([*past, of], bound, of, 200).e_value
    if won < 1e12:
        assert (1 - bound) * lost + bound * won == pytest.approx(now, rel=1e-9)


@given(st.lists(st.integers(0, 8), min_size=1, max_size=60))
def test_the_day_of_a_claim_is_the_first_on_which_the_evidence_reached_twenty(hits: list[int]):
    found = claim(hits)
    reached = [i for i in range(len(hits)) if claim(hits[: i + 1]).e_value >= CLAIM]
    assert found.day == (START + timedelta(reached[0]) if reached else None)
    assert found.highest >= found.e_value * (1 - 1e-12)


def test_a_late_change_after_two_quiet_years_is_still_claimed():
    assert claim([1] * 730 + [6] * 60).made


def test_one_call_on_an_odd_day_claims_nothing():
    told = [Figure(START, 1.0, 1.0)]
    assert claim_above(told, 0.01, 200).e_value < 2


@pytest.mark.parametrize("bound", [0.0, 1.0])
def test_a_bound_that_cannot_be_passed_is_refused(bound: float):
    with pytest.raises(ValueError, match="bound"):
        claim([1], bound)
