"""Tiers of access for many models under one budget, chosen exactly. Pure.

Each model gets one tier. The sum of what the tiers are worth is as high as the budget allows: a
multiple-choice knapsack, solved to proven optimality by HiGHS through scipy.

Source: H. Kellerer, U. Pferschy, D. Pisinger, Knapsack Problems, 2004, ch. 11.
"""

import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from tasks.kernel.errors import DecisionRefused

_CENTS = 100
_MILLIONTHS = 1_000_000  # of the worth of a tier: finer differences are not told apart
_SLACK = 1e-3
_MOST_SECONDS = 20.0  # fleets whose worth is nearly proportional to cost can take minutes to prove


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier that a model could have: what it is worth (no unit), and USD a month."""

    id: str
    value: float
    usd_a_month: float


@dataclass(frozen=True, slots=True)
class Contender:
    """A model, with its own score and the tiers that nothing knocks out."""

    model_id: str
    score: float
    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Upgrade:
    """One model's step to another tier, and what it brings for its cost."""

    model_id: str
    from_tier: str
    to_tier: str
    extra_value: float
    extra_usd: float


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The allocation.

    Attributes:
        tiers: model id -> tier.
        value: sum of the tiers' worth.
        usd_a_month: what they cost.
        budget_usd: what was allowed.
        gap: how far the best bound lies above `value`, as a share; 0 is proven optimal.
        marginal_value_per_usd: what one more dollar would be worth if tiers could be had in part
            (the budget's shadow price in the linear relaxation); 0 when the budget is no limit.
        next_upgrade: of the steps that the budget leaves out, the one that brings most for a
            dollar; None when every model has its best tier.
    """

    tiers: dict[str, str]
    value: float
    usd_a_month: float
    budget_usd: float
    gap: float
    marginal_value_per_usd: float
    next_upgrade: Upgrade | None


def allocate(contenders: Sequence[Contender], budget_usd: float) -> Portfolio:
    """Choose a tier a model.

    Args:
        contenders: the models; each has at least one tier.
        budget_usd: most that all tiers together may cost a month.

    Raises:
        DecisionRefused: the budget is no amount, or not even every model's cheapest tier fits.
    """
    if not math.isfinite(budget_usd) or budget_usd < 0:
        raise DecisionRefused(f"a budget of {budget_usd} is no amount; name USD a month")
    budget_usd = math.floor(budget_usd * _CENTS + _SLACK) / _CENTS  # never a part of a cent more
    cheapest = [min(_cents(tier.usd_a_month) for tier in one.tiers) for one in contenders]
    least = sum(cheapest) / _CENTS
    if sum(cheapest) > _cents(budget_usd):
        raise DecisionRefused(
            f"a budget of {budget_usd:,.2f} USD a month is below {least:,.2f}, which the cheapest "
            "tier of every model costs together; raise --budget"
        )
    if not contenders:
        return Portfolio({}, 0.0, 0.0, budget_usd, 0.0, 0.0, None)
    places, gap = _solve(contenders, budget_usd)
    chosen = [one.tiers[place] for one, place in zip(contenders, places, strict=True)]
    spent = sum(tier.usd_a_month for tier in chosen)
    return Portfolio(
        tiers={one.model_id: tier.id for one, tier in zip(contenders, chosen, strict=True)},
        value=round(sum(tier.value for tier in chosen), 6),
        usd_a_month=round(spent, 2),
        budget_usd=budget_usd,
        gap=gap,
        marginal_value_per_usd=_shadow_price(contenders, budget_usd),
        next_upgrade=_next_upgrade(contenders, chosen, budget_usd - spent),
    )


def _cents(usd: float) -> int:
    """Whole cents, so that sums of money are exact."""
    return round(usd * _CENTS)


def _solve(contenders: Sequence[Contender], budget_usd: float) -> tuple[list[int], float]:
    """Each model's place among its tiers, and the proven gap."""
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    kept = _worth_a_look(contenders, budget_usd)
    tiers = [
        (row, place, contenders[row].tiers[place])
        for row, places in enumerate(kept)
        for place in places
    ]
    # whole numbers: two allocations differ by at least one, so a bound less than one above is proof
    values = np.array([round(tier.value * _MILLIONTHS) for _, _, tier in tiers])
    cents = np.array([_cents(tier.usd_a_month) for _, _, tier in tiers], dtype=float)
    rows, columns = [row for row, _, _ in tiers], range(len(tiers))
    one_tier = csr_array((np.ones(len(tiers)), (rows, columns)))
    with _stdout_to_stderr():
        found = milp(
            -values.astype(float),
            integrality=np.ones(len(tiers), dtype=np.int64),
            bounds=Bounds(0, 1),
            constraints=[
                LinearConstraint(one_tier, 1, 1),
                LinearConstraint(cents[np.newaxis, :], -math.inf, _cents(budget_usd)),
            ],
            options={"mip_rel_gap": 0.0, "time_limit": _MOST_SECONDS},
        )
    if found.x is None:  # nothing in time: what fits by hand, with the bound that is known
        return _fallback(contenders, budget_usd, found.mip_dual_bound)
    taken = [tiers[column] for column in columns if found.x[column] > 0.5]
    worth = sum(round(tier.value * _MILLIONTHS) for _, _, tier in taken)
    above = -float(found.mip_dual_bound) - worth
    gap = 0.0 if above < 1 - _SLACK else above / max(worth, 1)
    return [place for _, place, _ in taken], gap


def _fallback(
    contenders: Sequence[Contender], budget_usd: float, bound: float | None
) -> tuple[list[int], float]:
    places = _greedy(contenders, budget_usd)
    chosen = (one.tiers[place] for one, place in zip(contenders, places, strict=True))
    worth = sum(round(tier.value * _MILLIONTHS) for tier in chosen)
    best = math.inf if bound is None else -float(bound)
    return places, max(0.0, best - worth) / max(worth, 1)


def _worth_a_look(contenders: Sequence[Contender], budget_usd: float) -> list[list[int]]:
    """Places of the tiers that can be part of a best allocation, by model.

    At the budget's shadow price, no allocation is worth more than the sum of every model's best
    worth less price, plus the budget's. A tier that would pull this bound below an allocation that
    is known to fit can be in no better one (Lagrangian bound; Kellerer et al., 11.2).
    """
    price = _shadow_price(contenders, budget_usd)
    fits = _greedy(contenders, budget_usd)
    least = sum(one.tiers[place].value for one, place in zip(contenders, fits, strict=True))
    net = [[tier.value - price * tier.usd_a_month for tier in one.tiers] for one in contenders]
    bound = sum(max(row) for row in net) + price * budget_usd
    return [
        [
            place
            for place, value in enumerate(row)
            if place == fits[index] or bound - (max(row) - value) >= least - 1 / _MILLIONTHS
        ]
        for index, row in enumerate(net)
    ]


def _greedy(contenders: Sequence[Contender], budget_usd: float) -> list[int]:
    """An allocation that fits: steps along each model's hull, steepest first, while money lasts."""
    at = [one.tiers.index(hull(one.tiers)[0]) for one in contenders]
    left = _cents(budget_usd) - sum(
        _cents(one.tiers[place].usd_a_month) for one, place in zip(contenders, at, strict=True)
    )
    steps = [
        (_slope(a, b), index, a, b)
        for index, one in enumerate(contenders)
        for a, b in pairwise(hull(one.tiers))
    ]
    for _, index, low, high in sorted(steps, key=lambda step: -step[0]):
        tiers = contenders[index].tiers
        cost = _cents(high.usd_a_month) - _cents(low.usd_a_month)
        if tiers[at[index]] == low and cost <= left:
            at[index], left = tiers.index(high), left - cost
    return at


@contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """HiGHS of scipy 1.17 prints lines of its own to the process's standard output."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def hull(tiers: Sequence[Tier]) -> tuple[Tier, ...]:
    """The tiers that a mix of two others never beats, from cheap to dear (the upper hull)."""
    kept: list[Tier] = []
    for tier in sorted(tiers, key=lambda t: (t.usd_a_month, -t.value)):
        if kept and tier.value <= kept[-1].value:
            continue
        while len(kept) > 1 and _slope(kept[-2], kept[-1]) <= _slope(kept[-1], tier):
            kept.pop()
        kept.append(tier)
    return tuple(kept)


def _slope(cheap: Tier, dear: Tier) -> float:
    rise, run = dear.value - cheap.value, dear.usd_a_month - cheap.usd_a_month
    return rise / run if run > 0 else math.inf


def _shadow_price(contenders: Sequence[Contender], budget_usd: float) -> float:
    """Worth of one more dollar in the linear relaxation.

    Steps along each model's hull, taken from steep to flat, are the relaxation's optimum; the step
    in which the money runs out gives the price.
    """
    hulls = [hull(one.tiers) for one in contenders]
    left = budget_usd - sum(tiers[0].usd_a_month for tiers in hulls)
    steps = sorted(
        ((_slope(a, b), b.usd_a_month - a.usd_a_month) for h in hulls for a, b in pairwise(h)),
        reverse=True,
    )
    for slope, cost in steps:
        if _cents(cost) > _cents(left):
            return round(slope, 9)
        left -= cost
    return 0.0


def _next_upgrade(
    contenders: Sequence[Contender], chosen: Sequence[Tier], left: float
) -> Upgrade | None:
    """Of the steps that the budget leaves out, the one that brings most for a dollar."""
    found = [
        (
            (tier.value - now.value) / (tier.usd_a_month - now.usd_a_month),
            Upgrade(
                one.model_id,
                now.id,
                tier.id,
                round(tier.value - now.value, 6),
                round(tier.usd_a_month - now.usd_a_month, 2),
            ),
        )
        for one, now in zip(contenders, chosen, strict=True)
        for tier in one.tiers
        if tier.value > now.value and _cents(tier.usd_a_month - now.usd_a_month) > _cents(left)
    ]
    best = max(found, key=lambda pair: (pair[0], pair[1].model_id), default=None)
    return best[1] if best else None


def frontier(contenders: Sequence[Contender]) -> tuple[tuple[float, float], ...]:
    """Budget and worth in the linear relaxation, from the cheapest to the best tiers, to plot."""
    hulls = [hull(one.tiers) for one in contenders]
    if not hulls:
        return ()
    cost = sum(tiers[0].usd_a_month for tiers in hulls)
    value = sum(tiers[0].value for tiers in hulls)
    line = [(cost, value)]
    steps = sorted(
        (
            (_slope(a, b), b.usd_a_month - a.usd_a_month, b.value - a.value)
            for h in hulls
            for a, b in pairwise(h)
        ),
        reverse=True,
    )
    for _, extra, worth in steps:
        cost, value = cost + extra, value + worth
        line.append((cost, value))
    return tuple((round(c, 2), round(v, 6)) for c, v in line)
