"""Changes of the traffic mix: who calls, now against a baseline. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
import numpy.typing as npt

FEWEST_ARRANGEMENTS = 40  # fewer can hardly give a p-value of 1 in 20
MOST_ARRANGEMENTS = 4_000
SEED = 20261102
_MOVERS = 3

Week = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Mover:
    """A group whose share of the calls changed: its shares before and now."""

    group: str
    before: float
    now: float


@dataclass(frozen=True, slots=True)
class MixChange:
    """How far two mixes lie apart.

    Attributes:
        total_variation: share of the calls that moved from one group to another, 0..1.
        jensen_shannon: divergence in bits, 0..1 (J. Lin, IEEE Trans. Inf. Theory 37, 1991).
        p_value: of the permutation of weeks; None where there are too few weeks for one.
        movers: the groups that moved most.
        weeks: how many weeks of baseline, and of now.
    """

    total_variation: float
    jensen_shannon: float
    p_value: float | None
    movers: tuple[Mover, ...]
    weeks: tuple[int, int]

    def changed(self, alpha: float = 0.05) -> bool:
        """Whether the mix is said to have changed."""
        return self.p_value is not None and self.p_value <= alpha


def mix_change(before: Sequence[Week], now: Sequence[Week]) -> MixChange | None:
    """Compare the pooled weeks before with the pooled weeks now.

    Calls of one caller hang together, so single calls are no fair unit of a test: whole weeks are
    exchanged between before and now, all ways or 4,000 drawn ones, and the share of arrangements
    whose divergence is at least as large is the p-value (R. A. Fisher, 1935; the arrangement at
    hand is counted, B. Phipson & G. K. Smyth, 2010). It assumes that weeks could have come in any
    order: a slow drift that always was is found as a change too.

    Args:
        before: calls of each week by group; weeks without calls are passed over.
        now: likewise.

    Returns:
        None where either has no calls at all.
    """
    weeks = [week for week in (*before, *now) if sum(week.values()) > 0]
    first = sum(1 for week in before if sum(week.values()) > 0)
    if not 0 < first < len(weeks):
        return None
    names = sorted({name for week in weeks for name in week})
    counts = np.array([[week.get(name, 0) for name in names] for week in weeks], dtype=float)
    here = np.zeros((1, len(weeks)), dtype=bool)
    here[0, first:] = True
    old, new = _shares(counts, ~here)[0], _shares(counts, here)[0]
    distance = float(np.abs(new - old).sum() / 2)
    order = np.argsort(-np.abs(new - old), kind="stable")[:_MOVERS]
    movers = tuple(Mover(names[i], float(old[i]), float(new[i])) for i in order if old[i] != new[i])
    return MixChange(
        total_variation=distance,
        jensen_shannon=float(_divergence(old[None, :], new[None, :])[0]),
        p_value=_p_value(counts, len(weeks) - first),
        movers=movers,
        weeks=(first, len(weeks) - first),
    )


def _p_value(counts: npt.NDArray[np.float64], late: int) -> float | None:
    number = len(counts)
    ways = math.comb(number, late)
    if ways < FEWEST_ARRANGEMENTS:
        return None
    found = _arrangements(number, late, ways)
    values = _divergence(_shares(counts, ~found), _shares(counts, found))
    here = np.zeros((1, number), dtype=bool)
    here[0, number - late :] = True
    seen = _divergence(_shares(counts, ~here), _shares(counts, here))[0]
    as_large = int((values >= seen - 1e-12).sum())
    if ways <= MOST_ARRANGEMENTS:
        return as_large / ways
    return (as_large + 1) / (len(found) + 1)


def _arrangements(number: int, late: int, ways: int) -> npt.NDArray[np.bool_]:
    """Which weeks count as now, an arrangement a row: all of them, or many drawn ones."""
    if ways <= MOST_ARRANGEMENTS:
        rows = np.array(list(islice(combinations(range(number), late), ways)))
    else:
        rng = np.random.default_rng(SEED)
        rows = np.argsort(rng.random((MOST_ARRANGEMENTS - 1, number)), axis=1)[:, :late]
    found = np.zeros((len(rows), number), dtype=bool)
    np.put_along_axis(found, rows, True, axis=1)
    return found


def _shares(
    counts: npt.NDArray[np.float64], chosen: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Shares of the groups over the chosen weeks, an arrangement a row."""
    sums = chosen.astype(float) @ counts
    found: npt.NDArray[np.float64] = sums / sums.sum(axis=1, keepdims=True)
    return found


def _divergence(
    one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Jensen-Shannon divergence in bits, a pair a row."""
    middle = (one + other) / 2
    parts = np.zeros(len(one))
    for side in (one, other):
        ratio = np.divide(side, middle, out=np.ones_like(side), where=side > 0)
        parts += (side * np.log2(ratio)).sum(axis=1) / 2
    return np.maximum(parts, 0.0)
