"""Tiers of access for many models under one budget. Pure.

Each model gets one tier, so that the sum of what the tiers are worth is as high as the budget
allows (`knapsack.py`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.access.knapsack import solve
from tasks.access.tiers import Contender, Tier, shadow_price
from tasks.kernel.errors import DecisionRefused

_SLACK = 1e-3  # of a cent


@dataclass(frozen=True, slots=True)
class SingleStep:
    """One model's step to another tier, every other model as it is, and what it brings."""

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
        gap: no allocation is worth more than `value` by a larger share; 0 is proven optimal.
        shadow_price: what one more dollar would be worth if tiers came in parts; whole tiers can
            bring more or less. 0 where the budget is no limit.
        single_step: of the steps of one model, all others as they are, that the money left does not
            pay, the one that brings most for a dollar. With more money the best allocation may be
            quite another. None when every model has its best tier.
    """

    tiers: dict[str, str]
    value: float
    usd_a_month: float
    budget_usd: float
    gap: float
    shadow_price: float
    single_step: SingleStep | None


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
    cents = math.floor(budget_usd * 100 + _SLACK)  # never a part of a cent more
    budget_usd = cents / 100
    least = sum(min(tier.cents for tier in one.tiers) for one in contenders)
    if least > cents:
        raise DecisionRefused(
            f"a budget of {budget_usd:,.2f} USD a month is below {least / 100:,.2f}, which the "
            "cheapest tier of every model costs together; raise --budget"
        )
    if not contenders:
        return Portfolio({}, 0.0, 0.0, budget_usd, 0.0, 0.0, None)
    places, gap = solve(contenders, cents)
    chosen = [one.tiers[place] for one, place in zip(contenders, places, strict=True)]
    spent = sum(tier.cents for tier in chosen)
    return Portfolio(
        tiers={one.model_id: tier.id for one, tier in zip(contenders, chosen, strict=True)},
        value=round(sum(tier.value for tier in chosen), 6),
        usd_a_month=spent / 100,
        budget_usd=budget_usd,
        gap=gap,
        shadow_price=round(shadow_price(contenders, budget_usd), 9),
        single_step=_single_step(contenders, chosen, cents - spent),
    )


def _single_step(
    contenders: Sequence[Contender], chosen: Sequence[Tier], cents_left: int
) -> SingleStep | None:
    found = [
        (
            (tier.value - now.value) / (tier.usd_a_month - now.usd_a_month),
            SingleStep(
                one.model_id,
                now.id,
                tier.id,
                round(tier.value - now.value, 6),
                round(tier.usd_a_month - now.usd_a_month, 2),
            ),
        )
        for one, now in zip(contenders, chosen, strict=True)
        for tier in one.tiers
        if tier.value > now.value and tier.cents - now.cents > cents_left
    ]
    best = max(found, key=lambda pair: (pair[0], pair[1].model_id), default=None)
    return best[1] if best else None
