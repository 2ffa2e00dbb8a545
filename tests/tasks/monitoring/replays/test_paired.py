"""Paired statistics: as in the books, super-uniform, and slow to call two models equal."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.monitoring.replays.paired import (
    holm,
    mcnemar_exact,
    newcombe_paired,
    p_equivalent,
    paired,
    sign_flips,
)
from tasks.monitoring.replays.weekly import fisher_exact

SHARES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=2, max_size=9)


@given(st.integers(0, 30), st.integers(0, 30))
def test_mcnemar_is_the_exact_binomial_test(won: int, lost: int) -> None:
    expected = stats.binomtest(won, won + lost, 0.5).pvalue if won + lost else 1.0
    assert mcnemar_exact(won, lost) == pytest.approx(expected)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
def test_fisher_is_scipys(hits: int, misses: int, other: int, others: int) -> None:
    expected = stats.fisher_exact([[hits, misses], [other, others]]).pvalue
    found = fisher_exact(hits, hits + misses, other, other + others)
    if hits + misses and other + others:
        assert found == pytest.approx(float(expected))
    else:
        assert found == 1.0


@settings(max_examples=30, deadline=None)
@given(SHARES)
def test_sign_flips_are_scipys_exact_permutation_test(values: list[float]) -> None:
    differences = np.array(values) - np.array(values[::-1]) * 0.5
    expected = stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert sign_flips(differences, np.random.default_rng(1)) == pytest.approx(float(expected))


def test_over_all_signs_sign_flips_are_super_uniform() -> None:
    sizes = np.array([0.2, 0.4, 0.4, 0.6, 1.0, 0.2])
    found = [
        sign_flips(sizes * np.array(signs), np.random.default_rng(1))
        for signs in itertools.product((-1.0, 1.0), repeat=6)
    ]
    for alpha in (0.03125, 0.05, 0.1, 0.25, 0.5):
        assert sum(p <= alpha + 1e-12 for p in found) <= alpha * len(found) + 1e-9


def test_drawn_flips_are_close_to_enumerated_ones() -> None:
    rng = random.Random(1)
    differences = np.array([rng.choice([-0.2, 0.2, 0.4]) for _ in range(30)])
    drawn = sign_flips(differences, np.random.default_rng(1))
    normal = 2 * stats.norm.sf(abs(differences.sum()) / np.sqrt((differences**2).sum()))
    assert drawn == pytest.approx(normal, rel=0.35, abs=0.002)


def test_newcombes_interval_is_the_published_one() -> None:
    """Newcombe, Stat. Med. 17 (1998) 2635-2650, table II, method 10: 20, 12, 2, 16."""
    low, high = newcombe_paired(20, 12, 2, 16)
    assert (low, high) == (pytest.approx(0.0562, abs=5e-4), pytest.approx(0.3290, abs=5e-4))


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
def test_newcombes_interval_holds_the_difference(a: int, b: int, c: int, d: int) -> None:
    total = a + b + c + d
    if total:
        low, high = newcombe_paired(a, b, c, d)
        assert -1 <= low <= (b - c) / total + 1e-12
        assert (b - c) / total - 1e-12 <= high <= 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_lowers_nothing(values: list[float]) -> None:
    found = holm(values)
    for (raw, adjusted), (other, other_adjusted) in itertools.combinations(
        zip(values, found, strict=True), 2
    ):
        if raw < other:
            assert adjusted <= other_adjusted
        elif raw > other:
            assert adjusted >= other_adjusted
    assert all(raw <= adjusted <= 1 for raw, adjusted in zip(values, found, strict=True))
    assert min(found) == pytest.approx(min(1.0, min(values) * len(values)))


@given(st.lists(st.floats(0, 0.2), min_size=2, max_size=8), st.integers(0, 7))
def test_holm_never_falls_when_one_p_value_rises(values: list[float], place: int) -> None:
    risen = list(values)
    risen[place % len(values)] += 0.1
    assert all(new >= old for old, new in zip(holm(values), holm(risen), strict=True))


def test_agreement_on_few_prompts_rules_no_difference_of_the_margin_out() -> None:
    """With no change among n, a loss of one in ten still has probability .9^n."""
    assert p_equivalent([0.0] * 20, 0.1) > 0.05
    assert p_equivalent([0.0] * 60, 0.1) < 0.05


def test_equivalence_is_claimed_falsely_at_most_as_often_as_it_may_be() -> None:
    """At the margin itself: one prompt in ten is lost, and nothing won."""
    rng = np.random.default_rng(5)
    false = sum(
        p_equivalent(-(rng.random(60) < 0.1).astype(float), 0.1) <= 0.05 for _ in range(400)
    )
    assert false / 400 <= 0.05


@settings(max_examples=40, deadline=None)
@given(SHARES, st.floats(0.05, 0.4))
def test_a_difference_and_its_mirror_say_the_same(values: list[float], margin: float) -> None:
    other = values[1:] + values[:1]
    one = paired(values, other, margin=margin, seed=1, single=False)
    two = paired(other, values, margin=margin, seed=1, single=False)
    assert one.difference == pytest.approx(-two.difference)
    assert one.p_value == pytest.approx(two.p_value)
    assert one.p_equivalent == pytest.approx(two.p_equivalent)


def test_one_prompt_alone_says_nothing_of_others() -> None:
    found = paired([1.0], [0.2], margin=0.1, seed=1, single=False)
    assert (found.low, found.high, found.interval, found.p_value) == (-1.0, 1.0, "", 1.0)
