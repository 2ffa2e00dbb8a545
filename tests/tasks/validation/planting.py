"""Respondents given by their shares, asked and counted, for the tests of this folder."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tasks.validation.cells import KINDS, Cells, grid
from tasks.validation.codebook import POLARITIES

Shares = dict[str, float]
Answers = Callable[[str, int, int], Shares]


def places_of(
    contexts: int = 5, waves: int = 5, per_cell: int = 3, probes: int = 15
) -> NDArray[np.int64]:
    """[answers, 4] kind, context, wave, variant: 75 neutral ones and 45 probes by default."""
    rows = [
        (0, context, wave, (wave + k + context) % 5)
        for wave in range(waves)
        for context in range(contexts)
        for k in range(per_cell)
    ]
    for kind in (1, 2, 3):
        rows += [
            (kind, (k + kind) % contexts, 1 + k % max(waves - 1, 1), k % 2) for k in range(probes)
        ]
    return np.array(rows, dtype=np.int64)


def asked(
    rng: np.random.Generator,
    answer: Answers,
    *,
    places: NDArray[np.int64] | None = None,
    error: float = 0.02,
) -> Cells:
    """One theme's cells; `answer` maps (kind, context, wave) to polarity -> share."""
    rows = places_of() if places is None else places
    unique, cell_of = np.unique(rows, axis=0, return_inverse=True)
    counts = np.zeros((1, len(unique), len(POLARITIES)), dtype=np.int64)
    for row, cell in zip(rows.tolist(), cell_of.tolist(), strict=True):
        shares = answer(KINDS[row[0]], row[1], row[2])
        p = np.array([shares.get(polarity, 0.0) for polarity in POLARITIES])
        p = (1 - error) * p / p.sum() + error / (len(p) - 1) * (1 - p / p.sum())
        counts[0, cell, int(rng.choice(len(p), p=p / p.sum()))] += 1
    contexts = [str(n) for n in range(int(rows[:, 1].max()) + 1)]
    return grid(unique, counts, contexts, int(rows[:, 2].max()) + 1)


def spread(share: float, polarity: str = "want") -> Shares:
    """A share of one side, the rest over the other side, ambivalence and indifference."""
    other = {"want": "reject", "reject": "want"}[polarity]
    rest = 1 - share
    return {
        polarity: share,
        other: 0.4 * rest,
        "ambivalent": 0.35 * rest,
        "indifferent": 0.25 * rest,
    }
