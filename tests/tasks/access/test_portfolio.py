"""The allocation under a budget is the best there is, and its margin is what it says."""

from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.access.portfolio import Contender, Tier, allocate, frontier, hull
from tasks.kernel.errors import DecisionRefused

tiers = st.lists(
    st.tuples(st.integers(0, 100), st.integers(0, 500_000)), min_size=1, max_size=4
).map(
    lambda found: tuple(
        Tier(f"tier-{i}", value / 100, cents / 100) for i, (value, cents) in enumerate(found)
    )
)
fleets = st.lists(tiers, min_size=1, max_size=5).map(
    lambda found: [Contender(f"model-{i}", 0.5, one) for i, one in enumerate(found)]
)


def _cents(usd: float) -> int:
    return round(usd * 100)


def _best(fleet: list[Contender], budget: float) -> float | None:
    """By trying every allocation."""
    worths = [
        sum(tier.value for tier in chosen)
        for chosen in product(*(one.tiers for one in fleet))
        if sum(_cents(tier.usd_a_month) for tier in chosen) <= _cents(budget)
    ]
    return max(worths, default=None)


@settings(deadline=None)
@given(fleets, st.integers(0, 1_500_000))
def test_no_other_allocation_is_worth_more(fleet: list[Contender], cents: int) -> None:
    budget = cents / 100
    best = _best(fleet, budget)
    if best is None:
        with pytest.raises(DecisionRefused, match="raise --budget"):
            allocate(fleet, budget)
        return
    found = allocate(fleet, budget)
    assert found.value == pytest.approx(best, abs=1e-6)
    assert found.gap == 0
    by_id = {one.model_id: {t.id: t for t in one.tiers} for one in fleet}
    spent = sum(_cents(by_id[model][tier].usd_a_month) for model, tier in found.tiers.items())
    assert spent <= cents
    assert _cents(found.usd_a_month) == spent


@settings(deadline=None, max_examples=50)
@given(fleets, st.integers(0, 1_500_000))
def test_the_next_upgrade_is_one_that_more_money_would_buy(
    fleet: list[Contender], cents: int
) -> None:
    if _best(fleet, cents / 100) is None:
        return
    found = allocate(fleet, cents / 100)
    best_of_all = sum(max(t.value for t in one.tiers) for one in fleet)
    if found.next_upgrade is None:
        assert found.value == pytest.approx(best_of_all, abs=1e-6)
        return
    more = allocate(fleet, found.usd_a_month + found.next_upgrade.extra_usd)
    assert more.value >= found.value + found.next_upgrade.extra_value - 1e-6


def test_a_model_that_has_one_tier_keeps_it() -> None:
    held = Contender("held", 0.9, (Tier("keep_everything", 0.2, 900.0),))
    other = Contender("other", 0.1, (Tier("retire", 0.1, 0.0), Tier("pilot", 0.9, 200.0)))
    assert allocate([held, other], 1000).tiers == {"held": "keep_everything", "other": "retire"}
    assert allocate([held, other], 1100).tiers["other"] == "pilot"


def test_the_marginal_dollar_is_the_worth_of_the_step_that_the_money_runs_out_in() -> None:
    fleet = [
        Contender("a", 0.5, (Tier("off", 0.0, 0.0), Tier("on", 1.0, 100.0))),
        Contender("b", 0.5, (Tier("off", 0.0, 0.0), Tier("on", 0.5, 100.0))),
    ]
    assert allocate(fleet, 150).marginal_value_per_usd == pytest.approx(0.005)
    assert allocate(fleet, 50).marginal_value_per_usd == pytest.approx(0.01)
    assert allocate(fleet, 200).marginal_value_per_usd == 0
    upgrade = allocate(fleet, 150).next_upgrade
    assert upgrade is not None
    assert (upgrade.model_id, upgrade.extra_usd, upgrade.extra_value) == ("b", 100.0, 0.5)


def test_an_empty_fleet_is_no_error() -> None:
    assert allocate([], 100).tiers == {}
    assert frontier([]) == ()


@given(tiers)
def test_the_hull_is_concave_and_no_tier_lies_above_it(found: tuple[Tier, ...]) -> None:
    kept = hull(found)
    assert kept[-1].value == max(t.value for t in found)
    costs = [t.usd_a_month for t in kept]
    assert costs == sorted(costs)
    assert [t.value for t in kept] == sorted(t.value for t in kept)
    for tier in found:
        inside = [
            (a, b) for a, b in pairwise(kept) if a.usd_a_month <= tier.usd_a_month <= b.usd_a_month
        ]
        for low, high in inside:
            run = high.usd_a_month - low.usd_a_month
            part = (tier.usd_a_month - low.usd_a_month) / run if run else 1.0
            assert tier.value <= low.value + part * (high.value - low.value) + 1e-9


@given(fleets)
def test_the_frontier_rises_and_flattens(fleet: list[Contender]) -> None:
    points = frontier(fleet)
    slopes = [(v2 - v1) / (c2 - c1) for (c1, v1), (c2, v2) in pairwise(points) if c2 - c1 > 0.5]
    assert all(a >= b - 1e-4 for a, b in pairwise(slopes))
    assert points[-1][1] == pytest.approx(sum(max(t.value for t in m.tiers) for m in fleet))
