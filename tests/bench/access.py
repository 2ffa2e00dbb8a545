"""Access: a fleet's exact allocation against the greedy one that people use."""

import random
from itertools import pairwise

from tasks.access.portfolio import allocate
from tasks.access.tiers import Contender, Tier, hull
from tests.bench.harness import Figure, best, report

MODELS = 200
BUDGETS = (0.15, 0.35, 0.7)  # as shares of what the dearest tiers cost
SEEDS = (1, 2, 3)


def main() -> None:
    fleets = [fleet(seed) for seed in SEEDS]
    cases = [(one, _budget(one, share)) for one in fleets for share in BUDGETS]
    allocate(*cases[0])  # imports
    figures = []
    slowest, worst = 0.0, 1.0
    greedy_seconds = 0.0
    for contenders, budget in cases:
        exact = best(lambda c=contenders, b=budget: allocate(c, b))  # type: ignore[misc]
        found = allocate(contenders, budget)
        assert found.gap == 0, "proven optimal"
        slowest = max(slowest, exact)
        greedy_seconds += best(lambda c=contenders, b=budget: greedy(c, b))  # type: ignore[misc]
        worst = min(worst, greedy(contenders, budget) / found.value)
    figures.append(
        Figure(
            f"{MODELS} models x 4 tiers, the slowest of {len(cases)}",
            slowest,
            "s",
            "greedy by worth a dollar",
            slowest / (greedy_seconds / len(cases)),
        )
    )
    figures.append(
        Figure("greedy reaches, at worst, of the optimum", worst * 100, "%", "exact", worst)
    )
    report(figures)


def fleet(seed: int) -> list[Contender]:
    """Models whose tiers cost and are worth more and more; one in ten has a single tier."""
    rng = random.Random(seed)
    found = []
    for number in range(MODELS):
        need, research, safety = rng.random(), rng.random(), rng.random()
        served = rng.randint(5_000, 500_000) / 100
        tiers = (
            Tier("hard_retire", round(0.2 * safety, 6), rng.choice((0.0, 5.0, 12.5))),
            Tier("research_only", round(0.2 * safety + 0.25 * research, 6), round(served * 0.7, 2)),
            Tier("limited_pilot", round(0.15 * safety + 0.25 * research + 0.12 * need, 6), served),
            Tier("keep_everything", round(0.25 * research + 0.25 * need, 6), served * 1.4),
        )
        kept = tiers[:1] if rng.random() < 0.1 else tiers
        found.append(Contender(f"model-{number:03}", rng.random(), kept))
    return found


def greedy(contenders: list[Contender], budget: float) -> float:
    """Worth reached by steps along each model's hull, best worth a dollar first, while they fit."""
    hulls = [hull(one.tiers) for one in contenders]
    value = sum(tiers[0].value for tiers in hulls)
    left = budget - sum(tiers[0].usd_a_month for tiers in hulls)
    steps = sorted(
        ((b.value - a.value) / max(b.usd_a_month - a.usd_a_month, 1e-9), index, place)
        for index, tiers in enumerate(hulls)
        for place, (a, b) in enumerate(pairwise(tiers))
    )
    at = [0] * len(hulls)
    for _, index, place in reversed(steps):
        low, high = hulls[index][place], hulls[index][place + 1]
        cost = high.usd_a_month - low.usd_a_month
        if at[index] == place and cost <= left:
            at[index], left, value = place + 1, left - cost, value + high.value - low.value
    return value


def _budget(contenders: list[Contender], share: float) -> float:
    return round(share * sum(max(t.usd_a_month for t in one.tiers) for one in contenders), 2)


if __name__ == "__main__":
    main()
