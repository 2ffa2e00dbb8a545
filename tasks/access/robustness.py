"""How far a choice depends on the weights, and on what is not known. Pure.

Weights are drawn around the configured ones (a Dirichlet distribution), and every number without
evidence anywhere between 0 and 1. The share of draws in which the choice stays is what is told;
beside it stand the same share over all weights there could be, and, exactly, the weight at which
the choice would turn.

Source: R. Lahdelma, P. Salminen, SMAA-2, Operations Research 49 (2001), 444-454: weights that are
not known are drawn, and the share of draws in which a choice is best is reported.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from configs.schema.access import AccessConfig
from configs.schema.decision import Scale
from tasks.access.evidence import AccessEvidence
from tasks.access.scenarios import KEEP, Scenario, choose, utilities, value_of
from tasks.access.score import ScaleScore

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DRAWS = 10_000
CONCENTRATION = 20.0  # a weight of .25 is drawn from .09 to .46 in 95 of 100 draws
_CLOSEST = 1e-9
# What a way is worth on these hangs on the model's number where that is not known. Preferences that
# are not known count the same in every way.
_DRAWN = frozenset(("users_need", "research_value", "safety", "cost"))


@dataclass(frozen=True, slots=True)
class Turn:
    """The weight of one scale at which another way would be chosen, the others in proportion.

    `at` is None where no weight turns the choice; `to` is then empty.
    """

    scale: Scale
    weight: float
    at: float | None
    to: str


@dataclass(frozen=True, slots=True)
class Robustness:
    """How far the choice stays.

    Attributes:
        choice: the way that is proposed.
        draws: how many draws were made.
        stays: share of draws around the configured weights in which the choice stays.
        stays_anywhere: the same over all weights there could be, each as likely.
        wins: share of draws around the configured weights that each way wins, by id; ways that
            can't be proposed have none.
        baseline_ahead: share of draws in which keeping everything, though it can't be proposed,
            would be worth more than the choice.
        unknown: scales without evidence that were drawn between 0 and 1.
        turns: a line a scale.
        enough: whether `stays` reaches the configured share.
    """

    choice: str
    draws: int
    stays: float
    stays_anywhere: float
    wins: Mapping[str, float]
    baseline_ahead: float
    unknown: tuple[str, ...]
    turns: tuple[Turn, ...]
    enough: bool


def robustness_of(
    access: AccessConfig,
    evidence: AccessEvidence,
    scales: Sequence[ScaleScore],
    ways: Sequence[Scenario],
    seed: int,
) -> Robustness:
    """Draw weights and unknown numbers, and count. The same seed gives the same report.

    Args:
        access: the configured weights and the share that is enough.
        evidence: the stable preferences.
        scales: the model's numbers.
        ways: all scenarios; those ruled out never win.
        seed: of the draws.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    weights = access.decision.weights.by_scale()
    worths = {way.id: _worth(way, access, evidence, scales) for way in ways}
    choice = choose({id_: value_of(worth, weights) for id_, worth in worths.items()}, ways)
    # a weight of 0 stays 0: somebody said that the scale doesn't count
    counting = [scale for scale in weights if weights[scale] > 0]
    near = rng.dirichlet([CONCENTRATION * weights[scale] for scale in counting], DRAWS)
    anywhere = rng.dirichlet(np.ones(len(counting)), DRAWS)
    tensor = _drawn_worths(access, evidence, scales, ways, counting=counting, rng=rng)
    allowed = np.array([not way.ruled_out_by for way in ways])
    won = _winners(tensor, near, allowed)
    won_anywhere = _winners(tensor, anywhere, allowed)
    place = [way.id for way in ways].index(choice)
    ahead = 0.0
    for index, way in enumerate(ways):
        if way.id == KEEP and way.ruled_out_by:
            values = np.einsum("dws,ds->dw", tensor, near)
            ahead = float(np.mean(values[:, index] > values[:, place] + _CLOSEST))
    stays = float(np.mean(won == place))
    return Robustness(
        choice=choice,
        draws=DRAWS,
        stays=round(stays, 4),
        stays_anywhere=round(float(np.mean(won_anywhere == place)), 4),
        wins={
            way.id: round(float(np.mean(won == index)), 4)
            for index, way in enumerate(ways)
            if not way.ruled_out_by
        },
        baseline_ahead=round(ahead, 4),
        unknown=tuple(one.scale for one in scales if one.value is None and one.scale in _DRAWN),
        turns=tuple(_turn(scale, weights, worths, ways, choice) for scale in weights),
        enough=stays >= access.decision.robust_share,
    )


def _worth(
    way: Scenario, access: AccessConfig, evidence: AccessEvidence, scales: Sequence[ScaleScore]
) -> dict[Scale, float]:
    return utilities(way, access, evidence, {one.scale: one.counted for one in scales})


def _drawn_worths(
    access: AccessConfig,
    evidence: AccessEvidence,
    scales: Sequence[ScaleScore],
    ways: Sequence[Scenario],
    *,
    counting: Sequence[Scale],
    rng: "np.random.Generator",
) -> "NDArray[np.float64]":
    """Shape (draws, ways, counting scales): what each way is worth, unknown numbers drawn.

    A worth is linear in the number of its own scale and in no other, so two evaluations a scale
    give it at every drawn number.
    """
    import numpy as np

    at = {bound: {one.scale: bound for one in scales} for bound in (0.0, 1.0)}
    known = {one.scale: one.value for one in scales}
    tensor = np.empty((DRAWS, len(ways), len(counting)))
    # one number a draw and scale, the same for every way; drawn for known ones too, so that a
    # scale that gains evidence leaves the draws of the others as they were
    numbers = rng.random((DRAWS, len(scales)))
    columns = {one.scale: place for place, one in enumerate(scales)}
    for row, way in enumerate(ways):
        low = utilities(way, access, evidence, at[0.0])
        high = utilities(way, access, evidence, at[1.0])
        for column, scale in enumerate(counting):
            value = known[scale]
            drawn = numbers[:, columns[scale]] if value is None else value
            tensor[:, row, column] = low[scale] + (high[scale] - low[scale]) * drawn
    return tensor


def _winners(
    tensor: "NDArray[np.float64]", weights: "NDArray[np.float64]", allowed: "NDArray[np.bool_]"
) -> "NDArray[np.int64]":
    """The winning way's place, a draw; of equals the first, which is the less open one."""
    import numpy as np

    values = np.einsum("dws,ds->dw", tensor, weights).round(9)
    values[:, ~allowed] = -np.inf
    winners: NDArray[np.int64] = values.argmax(axis=1)
    return winners


def _turn(
    scale: Scale,
    weights: Mapping[Scale, float],
    worths: Mapping[str, Mapping[Scale, float]],
    ways: Sequence[Scenario],
    choice: str,
) -> Turn:
    """The nearest weight of a scale at which another way would be chosen.

    With weight t on the scale and the others kept in proportion, a way's value is
    t x its worth there + (1 - t) x its value on the others: a straight line in t.
    """
    now = weights[scale]
    if now >= 1:
        return Turn(scale, now, None, "")
    others = {one: weight / (1 - now) for one, weight in weights.items() if one != scale}

    def line(way: str) -> tuple[float, float]:
        rest = sum(weight * worths[way][one] for one, weight in others.items())
        return rest, worths[way][scale] - rest

    start, slope = line(choice)
    found: list[tuple[float, float, str]] = []
    for way in ways:
        if way.id == choice or way.ruled_out_by:
            continue
        other_start, other_slope = line(way.id)
        if abs(slope - other_slope) < _CLOSEST:
            continue
        at = (other_start - start) / (slope - other_slope)
        if _CLOSEST < at < 1 - _CLOSEST:  # at an end the two are but equal
            found.append((abs(at - now), at, way.id))
    if not found:
        return Turn(scale, now, None, "")
    _, at, to = min(found)
    return Turn(scale, now, round(at, 4), to)
