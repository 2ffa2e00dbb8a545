"""Are today's answers drawn as the frozen ones were? A kernel two-sample test by permutation. Pure.

The statistic is a maximum mean discrepancy (Gretton et al., "A kernel two-sample test", JMLR 13,
2012) between frozen and fresh answers, in a few kernels at once (Schrab et al., "MMD aggregated
two-sample test", JMLR 24, 2023): what is said, and the shape of the text, each once as a change
that all prompts share and once prompt by prompt; and how unlike its fellows an answer is (its
nearest neighbours among all answers to the prompt), which is what shows a few answers of another
model among many. Directions are weighted by the inverse of how much answers vary along them anyhow
(Hagrass et al., "Spectral regularized kernel two-sample tests", Ann. Statist. 52, 2024). Weights,
scales and neighbours come from the pooled answers, blind to which of them are fresh.

If nothing changed, frozen and fresh answers to one prompt are exchangeable, whatever the prompts:
so labels are permuted within prompts, every kernel's value is put on the scale of its own
permutations, and the sum of the squares of those above their mean is compared with its
permutations: it grows with one kernel that sees much and with many that see a little. The p-value
(1 + b) / (1 + B) is valid: at most a share `alpha` of runs is at or below `alpha`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.monitoring.replays.answer_features import CONTENT, Floats

KERNELS = (
    "content, all prompts",
    "content, by prompt",
    "shape, all prompts",
    "shape, by prompt",
    "unlike its fellows",
    "unlike its fellows, weighted",
)
FEWEST = 4  # answers to a prompt, on each side; with fewer the prompt tells too little
_RIDGE = 0.3  # of the mean variance; keeps directions of next to no variance from counting most
_NEAREST = 10  # of the answers to a prompt, one part in so many are an answer's neighbours
_AT_ONCE = 250  # permutations held in memory at a time


@dataclass(frozen=True, slots=True)
class PromptChange:
    """How far one prompt's answers moved.

    Attributes:
        prompt: its id.
        excess: its part of the discrepancy, in standard deviations of its permutations.
        p_value: its own, one of many; not corrected.
        fresh_example: place of the fresh answer that is most on the new side.
        frozen_example: place of the frozen answer that is most on the old side.
    """

    prompt: str
    excess: float
    p_value: float
    fresh_example: int
    frozen_example: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the test found.

    Attributes:
        p_value: over all kernels together.
        kernels: each kernel's value in standard deviations of its permutations, by its name.
        prompts: those compared, the one that moved most first.
        frozen: answers on the frozen side.
        fresh: answers on the fresh side.
        permutations: how many were drawn.
    """

    p_value: float
    kernels: Mapping[str, float]
    prompts: tuple[PromptChange, ...]
    frozen: int
    fresh: int
    permutations: int


@dataclass(frozen=True, slots=True)
class Pooled:
    """One prompt's answers, frozen ones first, whitened and centred; float32.

    Attributes:
        columns: content, shape and two of unlikeness side by side.
        frozen: how many of the rows are frozen ones.
    """

    columns: Floats
    frozen: int

    @property
    def fresh(self) -> int:
        """How many of the rows are fresh ones."""
        return len(self.columns) - self.frozen


def compare(
    frozen: Mapping[str, Floats],
    fresh: Mapping[str, Floats],
    *,
    permutations: int,
    seed: int,
) -> Comparison:
    """Compare fresh answers with frozen ones.

    Args:
        frozen: a row an answer, as `vectors_of` makes them, by prompt.
        fresh: likewise. Prompts with fewer than `FEWEST` answers on a side are left out.
        permutations: how many to draw; the p-value's step is one part in one more than these.
        seed: of the permutations; the same seed and answers give the same p-value.

    Raises:
        ValueError: no prompt has enough answers on both sides.
    """
    names = comparable(
        {name: len(rows) for name, rows in frozen.items()},
        {name: len(rows) for name, rows in fresh.items()},
    )
    if not names:
        raise ValueError("no prompt has enough answers on both sides")
    pooled = _pooled([frozen[name] for name in names], [fresh[name] for name in names])
    values, parts = _permuted(pooled, permutations, np.random.default_rng(seed))
    scaled = _standardised(values)
    together = np.square(np.clip(scaled, 0.0, None)).sum(axis=1)
    changes = [
        _change(name, one, column)
        for name, one, column in zip(names, pooled, _standardised(parts).T, strict=True)
    ]
    return Comparison(
        p_value=p_value_of(together),
        kernels=dict(zip(KERNELS, (float(value) for value in scaled[0]), strict=True)),
        prompts=tuple(sorted(changes, key=lambda change: (-change.excess, change.prompt))),
        frozen=sum(one.frozen for one in pooled),
        fresh=sum(one.fresh for one in pooled),
        permutations=permutations,
    )


def comparable(frozen: Mapping[str, int], fresh: Mapping[str, int]) -> tuple[str, ...]:
    """The prompts, sorted, that have enough answers on both sides."""
    return tuple(sorted(n for n in frozen if min(frozen[n], fresh.get(n, 0)) >= FEWEST))


def p_value_of(values: NDArray[np.floating]) -> float:
    """(1 + b) / (1 + B): the first value is the observed one, the rest are permuted ones.

    Of equal values each counts as as large, so that ties make it larger, never smaller.
    """
    observed = values[0] - 1e-6 * max(1.0, abs(float(values[0])))  # float32 sums, in other orders
    return float(1 + np.count_nonzero(values[1:] >= observed)) / len(values)


def _pooled(frozen: Sequence[Floats], fresh: Sequence[Floats]) -> list[Pooled]:
    """Whiten over all prompts together, blind to which answers are fresh."""
    stacks = [np.concatenate([old, new]) for old, new in zip(frozen, fresh, strict=True)]
    centred = [rows - rows.mean(axis=0) for rows in stacks]
    together = np.concatenate(centred)
    white = np.concatenate(
        [_whitened(together[:, :CONTENT], _RIDGE), _whitened(together[:, CONTENT:], 0.01)], axis=1
    )
    found, start = [], 0
    for old, rows in zip(frozen, stacks, strict=True):
        own = white[start : start + len(rows)]
        start += len(rows)
        unlike = [_unlikeness(rows[:, :CONTENT]), _unlikeness(own[:, :CONTENT])]
        found.append(Pooled(np.concatenate([own, np.stack(unlike, axis=1)], axis=1), len(old)))
    return found


def _whitened(rows: Floats, ridge: float) -> Floats:
    """Rows with each principal direction divided by its deviation; faint ones by a bit more."""
    scale = rows.std(axis=0)
    rows = (rows / np.where(scale > 1e-9, scale, 1.0)).astype(np.float32)
    variances, directions = np.linalg.eigh(rows.T @ rows / max(1, len(rows) - 1))
    variances = np.clip(variances, 0.0, None)
    weights = 1 / np.sqrt(variances + ridge * max(float(variances.mean()), 1e-9))
    found: Floats = (rows @ (directions * weights)).astype(np.float32)
    return found


def _unlikeness(rows: Floats) -> Floats:
    """How far each answer is from the nearest of its fellows: Savage scores, centred, spread one.

    They grow towards the top of the ranking, where a few answers of another model would stand.
    """
    lengths = np.square(rows).sum(axis=1)
    likeness = 2 * rows @ rows.T - lengths[:, None] - lengths[None, :]  # less the squared distance
    np.fill_diagonal(likeness, -np.inf)
    nearest = max(1, len(rows) // _NEAREST)
    close = np.partition(likeness, -nearest, axis=1)[:, -nearest:].mean(axis=1)
    ranks = _mid_ranks(-close, float(lengths.max()))
    scores = -np.log(1 - (ranks - 0.5) / len(close))
    spread = scores - scores.mean()
    found: Floats = (spread / max(float(spread.std()), 1e-9)).astype(np.float32)
    return found


def _mid_ranks(values: Floats, size: float) -> NDArray[np.float64]:
    """Ranks, equal ones shared: by place in the list, frozen answers would come before fresh ones.

    Args:
        values: what is ranked.
        size: of the numbers that they are differences of. Values that differ by no more than those
            were rounded are equal: of answers that are all the same, only that would be ranked.
    """
    rounded = np.round(values / max(size, float(np.abs(values).max()), 1e-9), 5)
    _, places, counts = np.unique(rounded, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    found: NDArray[np.float64] = (last - (counts - 1) / 2)[places]
    return found


def _permuted(
    pooled: Sequence[Pooled], permutations: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values of each kernel, and of each prompt, for the observed labels and then permuted ones."""
    values, parts = [], []
    for start in range(0, permutations + 1, _AT_ONCE):
        count = min(_AT_ONCE, permutations + 1 - start)
        shared, by_prompt = None, []
        for one in pooled:
            labels = _labels(one, count, rng, observed_first=start == 0)
            moved = labels @ one.columns * np.sqrt(len(one.columns) / (one.frozen * one.fresh))
            shared = moved if shared is None else shared + moved
            by_prompt.append(_squares(moved))
        assert shared is not None
        each = np.stack(
            by_prompt, axis=1
        )  # permutation, prompt, (content, shape, unlikeness twice)
        together, apart = _squares(shared), each.sum(axis=1)
        values.append(
            np.stack(
                [*(one[:, k] for k in (0, 1) for one in (together, apart)), *together[:, 2:].T],
                axis=1,
            )
        )
        parts.append(each[:, :, 0])
    return np.concatenate(values), np.concatenate(parts)


def _labels(one: Pooled, count: int, rng: np.random.Generator, *, observed_first: bool) -> Floats:
    """Rows of 0 and 1, 1 where an answer counts as fresh."""
    places = np.argpartition(
        rng.random((count, len(one.columns)), dtype=np.float32), one.fresh - 1, axis=1
    )[:, : one.fresh]
    labels = np.zeros((count, len(one.columns)), dtype=np.float32)
    np.put_along_axis(labels, places, 1.0, axis=1)
    if observed_first:
        labels[0] = np.arange(len(one.columns)) >= one.frozen
    return labels


def _squares(moved: Floats) -> NDArray[np.float64]:
    """Squared lengths of the parts of rows: content, shape, and each unlikeness."""
    squared = np.square(moved, dtype=np.float64)
    bounds = (0, CONTENT, moved.shape[1] - 2, moved.shape[1] - 1)
    found: NDArray[np.float64] = np.add.reduceat(squared, bounds, axis=1)
    return found


def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns on the scale of their own rows, observed and permuted alike, so still exact.

    A squared length of few dimensions has a longer tail than one of many; its cube root is close to
    normal whatever they are (Wilson & Hilferty, PNAS 17, 1931), so that no kernel drowns another.
    """
    values = np.cbrt(values)
    middle, spread = values.mean(axis=0), values.std(axis=0)
    varies = spread > 1e-6 * np.maximum(1.0, np.abs(middle))  # else it is rounding alone
    found: NDArray[np.float64] = np.where(
        varies, (values - middle) / np.where(varies, spread, 1.0), 0.0
    )
    return found


def _change(name: str, one: Pooled, column: NDArray[np.float64]) -> PromptChange:
    """A prompt's part, with the two answers that show it best."""
    content = one.columns[:, :CONTENT]
    old, new = content[: one.frozen], content[one.frozen :]
    direction = new.mean(axis=0) - old.mean(axis=0)
    return PromptChange(
        prompt=name,
        excess=float(column[0]),
        p_value=p_value_of(column),
        fresh_example=int(np.argmax(new @ direction)),
        frozen_example=int(np.argmin(old @ direction)),
    )
