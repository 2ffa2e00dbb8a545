"""Tiers of access that a model could have, and what money buys along them. Pure.

Source: H. Kellerer, U. Pferschy, D. Pisinger, Knapsack Problems, 2004, ch. 11.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_CENTS = 100
_MILLIONTHS = 1_000_000


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier that a model could have: what it is worth (no unit), and USD a month."""

    id: str
    value: float
    usd_a_month: float

    @property
    def cents(self) -> int:
        """Its cost in whole cents, so that sums of money are exact."""
        return cents_of(self.usd_a_month)

    @property
    def millionths(self) -> int:
        """Its worth in millionths; finer differences are not told apart."""
        return round(self.value * _MILLIONTHS)


@dataclass(frozen=True, slots=True)
class Contender:
    """A model, with its own score and the tiers that nothing knocks out."""

    model_id: str
    score: float
    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """From one tier of a model's hull to the next: `per_usd` is infinite where it costs nothing."""

    per_usd: float
    model: int
    low: Tier
    high: Tier


def cents_of(usd: float) -> int:
    """Whole cents."""
    return round(usd * _CENTS)


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


def steps(contenders: Sequence[Contender]) -> list[Step]:
    """Every step along every model's hull, those that bring most for a dollar first.

    Taken in this order while money lasts, with a part of the last one, they are the best that could
    be had if tiers came in parts (the linear relaxation).
    """
    found = [
        Step(_slope(low, high), index, low, high)
        for index, one in enumerate(contenders)
        for low, high in pairwise(hull(one.tiers))
    ]
    return sorted(found, key=lambda step: -step.per_usd)


def shadow_price(contenders: Sequence[Contender], budget_usd: float) -> float:
    """Worth of one more dollar if tiers came in parts; 0 where the budget is no limit."""
    left = cents_of(budget_usd) - sum(hull(one.tiers)[0].cents for one in contenders)
    for step in steps(contenders):
        cost = step.high.cents - step.low.cents
        if cost > left:
            return step.per_usd
        left -= cost
    return 0.0


def frontier(contenders: Sequence[Contender]) -> tuple[tuple[float, float], ...]:
    """Budget and worth if tiers came in parts, from the cheapest to the best tiers, to plot."""
    if not contenders:
        return ()
    cheapest = [hull(one.tiers)[0] for one in contenders]
    cost = sum(tier.usd_a_month for tier in cheapest)
    value = sum(tier.value for tier in cheapest)
    line = [(cost, value)]
    for step in steps(contenders):
        cost += step.high.usd_a_month - step.low.usd_a_month
        value += step.high.value - step.low.value
        line.append((cost, value))
    return tuple((round(c, 2), round(v, 6)) for c, v in line)


def _slope(cheap: Tier, dear: Tier) -> float:
    rise, run = dear.value - cheap.value, dear.usd_a_month - cheap.usd_a_month
    return rise / run if run > 0 else math.inf
