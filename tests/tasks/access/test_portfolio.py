"""The allocation under a budget is the best there is, and its margin is what it says."""

import math
import random
from collections.abc import Iterator
from itertools import pairwise, product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.access import knapsack
from tasks.access.portfolio import allocate
from tasks.access.tiers import Contender, Tier, frontier, hull
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


def _random_fleet(models: int, seed: int, noise: float) -> list[Contender]:
    """Models whose worth is proportional to cost, but for a share of noise: hard to prove."""
    rng = random.Random(seed)

    def tiers() -> Iterator[Tier]:
        yield Tier("hard_retire", 0.2, 0.0)
        for times, name in enumerate(("research_only", "limited_pilot", "keep_everything"), 1):
            usd = rng.randint(5_000, 500_000) / 100 * times
            worth = 0.2 + usd / 20_000 * (1 + noise * (rng.random() - 0.5))
            yield Tier(name, round(min(1.0, worth), 6), round(usd, 2))

    return [Contender(f"model-{number}", 0.5, tuple(tiers())) for number in range(models)]


def _budget(fleet: list[Contender], share: float) -> float:
    return round(share * sum(max(t.usd_a_month for t in one.tiers) for one in fleet), 2)


@pytest.mark.parametrize("half", [knapsack._HALF, 1], ids=["cores", "HiGHS alone"])
@settings(deadline=None)
@given(fleet=fleets, cents=st.integers(0, 1_500_000))
def test_no_other_allocation_is_worth_more(half: int, fleet: list[Contender], cents: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(knapsack, "_HALF", half)
        _check_best(fleet, cents)


@pytest.mark.parametrize("half", [knapsack._HALF, 16, 1], ids=["whole", "cores", "HiGHS alone"])
@pytest.mark.parametrize("seed", range(8))
def test_where_steps_by_worth_a_dollar_fall_short(
    monkeypatch: pytest.MonkeyPatch, half: int, seed: int
) -> None:
    monkeypatch.setattr(knapsack, "_HALF", half)
    fleet = _random_fleet(6, seed, noise=0.5)
    for share in (0.2, 0.4, 0.6):
        _check_best(fleet, _cents(_budget(fleet, share)))


def _check_best(fleet: list[Contender], cents: int) -> None:
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


@pytest.mark.parametrize(("models", "seed", "share"), [(20, 2, 0.7), (50, 2, 0.35), (200, 2, 0.35)])
def test_fleets_whose_worth_is_proportional_to_cost_are_proven_without_highs(
    monkeypatch: pytest.MonkeyPatch, models: int, seed: int, share: float
) -> None:
    """HiGHS alone had left a gap in such fleets: to it all their tiers look alike."""
    monkeypatch.setattr(knapsack, "_by_highs", None)
    fleet = _random_fleet(models, seed, noise=0.0)
    found = allocate(fleet, _budget(fleet, share))
    assert found.gap == 0
    assert found.usd_a_month <= found.budget_usd


@pytest.mark.parametrize("found", [(None, math.inf), (None, 1e9)], ids=["no bound", "a far one"])
def test_a_proof_that_is_not_finished_is_told_as_a_gap_that_nothing_exceeds(
    monkeypatch: pytest.MonkeyPatch, found: tuple[None, float]
) -> None:
    fleet = _random_fleet(30, 3, noise=0.1)
    budget = _budget(fleet, 0.35)
    best = allocate(fleet, budget)
    assert best.gap == 0
    monkeypatch.setattr(knapsack, "_by_highs", lambda *_: found)
    unproven = allocate(fleet, budget)
    assert 0 < unproven.gap < 1e-3
    assert unproven.value <= best.value <= unproven.value * (1 + unproven.gap) + 1e-6


def test_what_highs_finds_above_the_budget_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tolerances are its own; ours are whole cents."""
    fleet = _random_fleet(30, 3, noise=0.1)
    budget = _budget(fleet, 0.35)

    def dearest(c: Any, *, constraints: Any, **_: Any) -> SimpleNamespace:
        chosen = np.zeros(len(c))
        for row in constraints[0].A.toarray():
            chosen[np.nonzero(row)[0][-1]] = 1.0
        assert (constraints[1].A @ chosen)[0] > constraints[1].ub
        return SimpleNamespace(status=0, x=chosen, mip_dual_bound=-1e9)

    monkeypatch.setattr(scipy.optimize, "milp", dearest)
    assert allocate(fleet, budget).usd_a_month <= budget


@settings(deadline=None, max_examples=50)
@given(fleets, st.integers(0, 1_500_000))
def test_the_single_step_is_one_that_more_money_would_buy(
    fleet: list[Contender], cents: int
) -> None:
    if _best(fleet, cents / 100) is None:
        return
    found = allocate(fleet, cents / 100)
    best_of_all = sum(max(t.value for t in one.tiers) for one in fleet)
    if found.single_step is None:
        assert found.value == pytest.approx(best_of_all, abs=1e-6)
        return
    more = allocate(fleet, found.usd_a_month + found.single_step.extra_usd)
    assert more.value >= found.value + found.single_step.extra_value - 1e-6


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
    assert allocate(fleet, 150).shadow_price == pytest.approx(0.005)
    assert allocate(fleet, 50).shadow_price == pytest.approx(0.01)
    assert allocate(fleet, 200).shadow_price == 0
    upgrade = allocate(fleet, 150).single_step
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
