"""Paired statistics of old against new, prompt by prompt. Pure.

Prompts are the units: an owner's prompts stand for the work that they do, so what counts is
whether the difference would be there on other prompts of theirs, and more answers to one prompt
make its mean steadier and no more. Tests:

- one answer each: McNemar's exact test (Psychometrika 12, 1947), interval by Newcombe's method 10
  (Stat. Med. 17, 1998);
- several: sign flips of per-prompt mean differences (Fisher 1935), all of them where there are few,
  interval by bootstrap over prompts (percentiles);
- equivalence: two one-sided tests (Schuirmann 1987). Each rests on a mixture of bets on a bounded
  mean (Waudby-Smith & Ramdas, JRSS B 86, 2024): an e-value whose inverse is a p-value for any
  distribution of prompts, so that agreement on a few prompts claims nothing;
- many graders and owners: Holm's correction (1979).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.monitoring.core import wilson_95

_ENUMERATED = 16  # pairs that differ; with more, sign flips are drawn
_DRAWN = 20_000
_BOOTSTRAPS = 4000
_BETS = 40


@dataclass(frozen=True, slots=True)
class Paired:
    """One grader over an owner's prompts; the difference is new less old.

    Attributes:
        prompts: how many prompts have both sides.
        old: mean over prompts, 0 to 1.
        new: likewise.
        low: lower end of the difference's 95 % interval.
        high: upper end.
        test: `McNemar exact` or `sign flips`.
        interval: `Newcombe` or `bootstrap`; empty where one prompt gives none.
        p_value: that there is no difference.
        p_equivalent: that the difference is as large as the margin, or larger.
    """

    prompts: int
    old: float
    new: float
    low: float
    high: float
    test: str
    interval: str
    p_value: float
    p_equivalent: float

    @property
    def difference(self) -> float:
        """New less old."""
        return self.new - self.old


def paired(
    old: Sequence[float], new: Sequence[float], *, margin: float, seed: int, single: bool
) -> Paired:
    """Compare means of the same prompts, one place a prompt.

    Args:
        old: mean grade of each prompt, 0 to 1.
        new: likewise.
        margin: the smallest difference that matters.
        seed: of bootstrap and drawn sign flips.
        single: whether each mean is of one passed-or-failed answer.

    Raises:
        ValueError: the sides are of different length, or empty.
    """
    before, after = np.asarray(old, dtype=float), np.asarray(new, dtype=float)
    if before.shape != after.shape or not before.size:
        raise ValueError("both sides need the same prompts, and at least one")
    differences = after - before
    rng = np.random.default_rng(seed)
    if single:
        won, lost = int((differences > 0).sum()), int((differences < 0).sum())
        both = int((before + after == 2).sum())
        p_value, test = mcnemar_exact(won, lost), "McNemar exact"
        low, high = newcombe_paired(both, won, lost, len(differences) - both - won - lost)
        interval = "Newcombe"
    else:
        p_value, test = sign_flips(differences, rng), "sign flips"
        low, high = _bootstrap(differences, rng)
        interval = "bootstrap" if len(differences) > 1 else ""
    return Paired(
        prompts=len(differences),
        old=float(before.mean()),
        new=float(after.mean()),
        low=low,
        high=high,
        test=test,
        interval=interval,
        p_value=p_value,
        p_equivalent=p_equivalent(differences, margin),
    )


def mcnemar_exact(won: int, lost: int) -> float:
    """Two-sided p-value of as uneven a split of the prompts that changed sides."""
    changed = won + lost
    tail = sum(math.comb(changed, k) for k in range(min(won, lost) + 1))
    return min(1.0, 2 * tail / (1 << changed))


def sign_flips(differences: NDArray[np.float64], rng: np.random.Generator) -> float:
    """Two-sided p-value of the mean, if each difference were as likely with its sign turned.

    Exact by enumeration where at most 16 differ; else (1 + b) / (1 + B) over drawn flips.
    """
    moved = differences[differences != 0]
    if not len(moved):
        return 1.0
    observed = abs(float(moved.sum())) - 1e-9
    if len(moved) <= _ENUMERATED:
        codes = np.arange(2 ** len(moved))[:, None] >> np.arange(len(moved))
        signs = 1.0 - 2.0 * (codes & 1)
        return float(np.mean(np.abs(signs @ moved) >= observed))
    signs = 1.0 - 2.0 * rng.integers(0, 2, (_DRAWN, len(moved)))
    return float(1 + np.count_nonzero(np.abs(signs @ moved) >= observed)) / (1 + _DRAWN)


def p_equivalent(differences: Sequence[float] | NDArray[np.float64], margin: float) -> float:
    """p-value of "the mean difference is as large as the margin, either way, or larger".

    Args:
        differences: each between -1 and 1.
        margin: above 0 and below 1.
    """
    values = np.asarray(differences, dtype=float)
    return max(_p_above(values, -margin), _p_above(-values, -margin))


def _p_above(values: NDArray[np.float64], bound: float) -> float:
    """p-value of "the mean is at most `bound`", for values from -1 to 1.

    Fair bets on each value, at stakes from a grid, multiplied over prompts and averaged over the
    grid: at most 1 on average if the mean is no higher, whatever the distribution.
    """
    shares, fair = (values + 1) / 2, (bound + 1) / 2
    stakes = (np.arange(_BETS) + 0.5) / _BETS / fair  # below 1 / fair: no bet can ruin
    logs = np.log1p(stakes[:, None] * (shares[None, :] - fair)).sum(axis=1)
    highest = float(logs.max())
    e_value = highest + math.log(float(np.mean(np.exp(logs - highest))))
    return min(1.0, math.exp(-e_value))


def newcombe_paired(both: int, won: int, lost: int, neither: int) -> tuple[float, float]:
    """Newcombe's 95 % interval (method 10) of new less old, for passes and failures in pairs.

    Args:
        both: prompts passed by both.
        won: passed by the new one alone.
        lost: passed by the old one alone.
        neither: passed by none.
    """
    total = both + won + lost + neither
    new, old = (both + won) / total, (both + lost) / total
    (new_low, new_high), (old_low, old_high) = (
        wilson_95(both + won, total),
        wilson_95(both + lost, total),
    )
    product = (both + won) * (lost + neither) * (both + lost) * (won + neither)
    cross = float(both * neither - won * lost)
    if cross > 0:  # Newcombe's continuity correction of the correlation
        cross = max(cross - total / 2, 0.0)
    phi = cross / math.sqrt(product) if product else 0.0
    down, up = (new - new_low, old_high - old), (new_high - new, old - old_low)
    low, high = (math.sqrt(max(0.0, a * a - 2 * phi * a * b + b * b)) for a, b in (down, up))
    return max(-1.0, new - old - low), min(1.0, new - old + high)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given; never below the unadjusted ones."""
    adjusted, highest = [0.0] * len(p_values), 0.0
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, p_values[place] * (len(p_values) - rank)))
        adjusted[place] = highest
    return adjusted


def _bootstrap(differences: NDArray[np.float64], rng: np.random.Generator) -> tuple[float, float]:
    if len(differences) < 2:
        return -1.0, 1.0  # one prompt says nothing of others
    places = rng.integers(0, len(differences), (_BOOTSTRAPS, len(differences)))
    low, high = np.quantile(differences[places].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)
