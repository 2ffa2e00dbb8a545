"""One tier a model under a budget: as good an allocation as can be found, and its gap. Pure.

A multiple-choice knapsack in whole cents and millionths of worth. First steps along the hulls while
money lasts; then, over and over, the best choice for a few models at a time, the others held; then
HiGHS (through scipy) over the tiers that a bound does not rule out. Whenever the allocation reaches
the bound it is proven, and the rest is left undone. Fleets whose worth is nearly proportional to
cost are hard for HiGHS alone: all their tiers look alike to it.

Source: H. Kellerer, U. Pferschy, D. Pisinger, Knapsack Problems, 2004, ch. 11: the bound by
Lagrangian relaxation (11.2), and the core. E. Horowitz, S. Sahni, J. ACM 21 (1974), 277-292: the
two halves.
"""

import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.access.tiers import Contender, hull, shadow_price, steps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SLACK = 1e-3  # of a millionth, for what sums of floating numbers leave
_MOST_SECONDS = 10.0  # for HiGHS; what is not proven then is told as the gap
_HALF = 20_000  # choices in a half of a core: seven models of four tiers
_ROUNDS = 30


@dataclass(frozen=True, slots=True)
class _Problem:
    """The fleet in whole numbers.

    Attributes:
        worths: by model, its tiers' worth in millionths.
        cents: by model, its tiers' cost.
        budget: cents.
        regrets: by model, how much of the bound each tier gives up (millionths).
        bound: no allocation is worth more than this (millionths): the sum of every model's best
            worth less price, plus the budget's, at the budget's shadow price.
    """

    worths: tuple[tuple[int, ...], ...]
    cents: tuple[tuple[int, ...], ...]
    budget: int
    regrets: tuple[tuple[float, ...], ...]
    bound: float

    def worth_of(self, places: Sequence[int]) -> int:
        """Of an allocation, in millionths."""
        return sum(row[place] for row, place in zip(self.worths, places, strict=True))

    def cost_of(self, places: Sequence[int]) -> int:
        """Of an allocation, in cents."""
        return sum(row[place] for row, place in zip(self.cents, places, strict=True))

    def reached(self, worth: float) -> bool:
        """Whether nothing is worth more: whole numbers differ by one at least."""
        return self.bound < worth + 1 - _SLACK


def solve(contenders: Sequence[Contender], budget_cents: int) -> tuple[list[int], float]:
    """Each model's place among its tiers, and the gap that is left; 0 is proven optimal.

    Args:
        contenders: the models; their cheapest tiers fit.
        budget_cents: most that all tiers together may cost.
    """
    problem = _problem(contenders, budget_cents)
    places = _greedy(contenders, budget_cents)
    if problem.reached(problem.worth_of(places)):
        return places, 0.0
    places, proven = _improved(problem, places)
    if proven:
        return places, 0.0
    return _proven(problem, places)


def _problem(contenders: Sequence[Contender], budget: int) -> _Problem:
    price = shadow_price(contenders, budget / 100) * 10_000  # millionths a cent
    net = [[tier.millionths - price * tier.cents for tier in one.tiers] for one in contenders]
    return _Problem(
        worths=tuple(tuple(tier.millionths for tier in one.tiers) for one in contenders),
        cents=tuple(tuple(tier.cents for tier in one.tiers) for one in contenders),
        budget=budget,
        regrets=tuple(tuple(max(row) - value for value in row) for row in net),
        bound=math.fsum(map(max, net)) + price * budget,
    )


def _greedy(contenders: Sequence[Contender], budget: int) -> list[int]:
    """Steps along each model's hull, those that bring most for a dollar first, while they fit."""
    at = [one.tiers.index(hull(one.tiers)[0]) for one in contenders]
    left = budget - sum(one.tiers[place].cents for one, place in zip(contenders, at, strict=True))
    for step in steps(contenders):
        tiers = contenders[step.model].tiers
        cost = step.high.cents - step.low.cents
        if tiers[at[step.model]] == step.low and cost <= left:
            at[step.model], left = tiers.index(step.high), left - cost
    return at


def _improved(problem: _Problem, places: list[int]) -> tuple[list[int], bool]:
    """A better allocation, core by core; and whether it is proven to be the best."""
    import numpy as np

    near = sorted(
        (sorted(row)[1], model) for model, row in enumerate(problem.regrets) if len(row) > 1
    )
    order = [model for _, model in near]  # those first whose second-best tier is nearly as good
    rng = np.random.default_rng(0)  # the same fleet gives the same allocation
    for round_ in range(_ROUNDS):
        core = _halves(problem, order)
        places = _best_within(problem, places, *core)
        whole = sum(map(len, core)) == len(near)
        if whole or problem.reached(problem.worth_of(places)):
            return places, True
        pool = [model for _, model in near][: None if round_ % 2 else 3 * sum(map(len, core))]
        order = [int(model) for model in rng.permutation(pool)]
    return places, False


def _halves(problem: _Problem, order: Sequence[int]) -> tuple[list[int], list[int]]:
    """The first models of an order in two halves, as many as can be tried together."""
    halves: tuple[list[int], list[int]] = ([], [])
    sizes = [1, 1]
    for model in order:
        side = sizes.index(min(sizes))
        if sizes[side] * len(problem.worths[model]) > _HALF:
            break
        halves[side].append(model)
        sizes[side] *= len(problem.worths[model])
    return halves


def _best_within(
    problem: _Problem, places: list[int], one: Sequence[int], other: Sequence[int]
) -> list[int]:
    """The best choice for the models of both halves, the others held: every one is tried."""
    import numpy as np

    held = {*one, *other}
    rest = [place if model not in held else 0 for model, place in enumerate(places)]
    left = problem.budget - sum(
        row[place]
        for model, (row, place) in enumerate(zip(problem.cents, rest, strict=True))
        if model not in held
    )
    worth, cents = _choices(problem, one)
    other_worth, other_cents = _choices(problem, other)
    by_cost = np.argsort(other_cents, kind="stable")
    best = np.maximum.accumulate(other_worth[by_cost])
    # the last choice of the other half that still fits, and the best of those up to it
    last = np.searchsorted(other_cents[by_cost], left - cents, side="right") - 1
    total = np.where(last >= 0, worth + best[last], -1)
    found = int(total.argmax())
    mate = int(by_cost[int(other_worth[by_cost][: last[found] + 1].argmax())])
    for number, half in ((found, one), (mate, other)):
        left = number
        for model in reversed(half):
            left, rest[model] = divmod(left, len(problem.worths[model]))
    return rest if problem.worth_of(rest) > problem.worth_of(places) else places


def _choices(
    problem: _Problem, half: Sequence[int]
) -> tuple["NDArray[np.int64]", "NDArray[np.int64]"]:
    """Worth and cost of every choice for some models; its number counts the last model fastest."""
    import numpy as np

    worth, cents = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    for model in half:
        worth = np.add.outer(worth, np.array(problem.worths[model], dtype=np.int64)).ravel()
        cents = np.add.outer(cents, np.array(problem.cents[model], dtype=np.int64)).ravel()
    return worth, cents


def _proven(problem: _Problem, places: list[int]) -> tuple[list[int], float]:
    """HiGHS over the tiers that something better could hold; the better of the two, and the gap."""
    worth = problem.worth_of(places)
    kept = [
        (model, place)
        for model, row in enumerate(problem.regrets)
        for place, regret in enumerate(row)
        if not problem.reached(worth + regret)
    ]
    if len({model for model, _ in kept}) < len(places):
        return places, 0.0  # a model is left without a tier: nothing is better
    found, bound = _by_highs(problem, kept)
    if found is None and bound is None:
        return places, 0.0
    if found is not None and problem.worth_of(found) > worth:
        places, worth = found, problem.worth_of(found)
    above = min(problem.bound, math.inf if bound is None else bound) - worth
    return places, 0.0 if above < 1 - _SLACK else above / max(worth, 1)


def _by_highs(
    problem: _Problem, kept: Sequence[tuple[int, int]]
) -> tuple[list[int] | None, float | None]:
    """What HiGHS finds, or None, and its bound; None for both where none of it fits."""
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    ones = (np.ones(len(kept)), ([model for model, _ in kept], range(len(kept))))
    cents = np.array([float(problem.cents[model][place]) for model, place in kept])
    with _stdout_to_stderr():
        found = milp(
            np.array([-float(problem.worths[model][place]) for model, place in kept]),
            integrality=np.ones(len(kept), dtype=np.int64),
            bounds=Bounds(0, 1),
            constraints=[
                LinearConstraint(csr_array(ones), 1, 1),
                LinearConstraint(cents[np.newaxis, :], -math.inf, problem.budget),
            ],
            options={"mip_rel_gap": 0.0, "time_limit": _MOST_SECONDS},
        )
    if found.status == 2:  # infeasible: what fits is not better than what is known
        return None, None
    bound = math.inf if found.mip_dual_bound is None else -float(found.mip_dual_bound)
    if found.x is None:
        return None, bound
    places = [0] * len(problem.worths)
    for (model, place), taken in zip(kept, found.x, strict=True):
        if taken > 0.5:
            places[model] = place
    return (places if problem.cost_of(places) <= problem.budget else None), bound


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
