"""Disagreement tells the coders' error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.validation.misreading import SHARED, misread_share, settled_error


@given(st.floats(0.0, 0.35))
def test_what_was_planted_comes_back(share: float) -> None:
    agreement = (1 - share) ** 2 + share**2 / 5
    compared = 10**9
    assert misread_share(round(agreement * compared), compared, 0.08) == pytest.approx(
        share, abs=1e-4
    )


@given(st.floats(0.01, 0.3))
def test_without_answers_what_was_held_stays(prior: float) -> None:
    assert misread_share(0, 0, prior) == pytest.approx(prior, abs=1e-9)


def test_coders_who_never_agree_have_an_error_that_can_be_reckoned_with() -> None:
    assert 0.4 < misread_share(0, 1000, 0.08) < 1


@pytest.mark.parametrize("share", [0.03, 0.1, 0.25])
def test_settled_errors_are_as_in_a_simulation(share: float) -> None:
    rng = np.random.default_rng(1)
    wrong = rng.random((3, 400_000)) < share
    read = np.where(wrong, rng.integers(1, 6, wrong.shape), 0)
    first, second, third = read
    settled = np.where(
        first == second, first, np.where((third == first) | (third == second), third, -1)
    )
    seen = (settled > 0).sum() / (settled >= 0).sum()
    expected = (settled_error(share) - SHARED * share) / (1 - SHARED)
    assert seen == pytest.approx(expected, rel=0.05, abs=2e-4)
