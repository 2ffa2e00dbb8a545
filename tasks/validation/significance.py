"""Tests that stand beside the posterior as a check, corrected over all of them. Pure.

They ask what a reader would ask who trusts no prior: does one side hold in more than three
quarters of the neutral answers; do leading or negating questions change it, do settings, does
time? The Benjamini-Hochberg procedure (JRSS B 57, 1995) keeps the share of false findings among
all that are called significant at `FALSE_FINDINGS`, over all themes and questions of a design.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.validation.cells import KINDS, Cells
from tasks.validation.codebook import POLARITIES

FALSE_FINDINGS = 0.05
#: A side that is stable holds in more than this share of neutral answers.
THREE_QUARTERS = 0.75
RESHUFFLES = 4000

QUESTIONS = {
    "holds": "Is the side taken in more than 75 % of neutral answers?",
    "lead": "Do leading questions change how often the side is taken?",
    "negate": "Do negating questions change how often the side is taken?",
    "context": "Does the setting change how often the side is taken?",
    "wave": "Does the rate rise or fall over the waves?",
}

Ints = NDArray[np.int64]


def checks_of(cells: Cells, sides: Sequence[str], seed: int) -> list[list[dict[str, Any]]]:
    """Every question of every theme, as JSON values.

    Args:
        cells: settled answers.
        sides: the side of each theme.
        seed: of the reshuffling.

    Returns:
        A list a theme: `name`, `question`, `p`, `q` (corrected), `significant`; p and q are null
        where the design has no answers to tell by.
    """
    from scipy.stats import false_discovery_control  # slow to import, and only judging needs it

    rng = np.random.default_rng((seed, 1))
    found = [_of_theme(cells, n, side, rng) for n, side in enumerate(sides)]
    known = [(n, name) for n, ps in enumerate(found) for name in QUESTIONS if ps[name] is not None]
    corrected: dict[tuple[int, str], float] = {}
    if known:
        values = false_discovery_control([found[n][name] for n, name in known], method="bh")
        corrected = dict(zip(known, values.tolist(), strict=True))
    return [
        [_told(name, ps[name], corrected.get((n, name))) for name in QUESTIONS]
        for n, ps in enumerate(found)
    ]


def _told(name: str, p: float | None, q: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "question": QUESTIONS[name],
        "p": None if p is None else round(p, 6),
        "q": None if q is None else round(q, 6),
        "significant": q is not None and q <= FALSE_FINDINGS,
    }


def _of_theme(
    cells: Cells, theme: int, side: str, rng: np.random.Generator
) -> dict[str, float | None]:
    from scipy.stats import binomtest

    place = POLARITIES.index(side)
    hits, totals = cells.counts[theme, :, place], cells.counts[theme].sum(axis=1)
    neutral = cells.kinds == 0
    count, of = int(hits[neutral].sum()), int(totals[neutral].sum())
    by_context = _grouped(cells.contexts[neutral], hits[neutral], totals[neutral])
    by_wave = _grouped(cells.waves[neutral], hits[neutral], totals[neutral])
    return {
        "holds": float(binomtest(count, of, THREE_QUARTERS, alternative="greater").pvalue)
        if of
        else None,
        "lead": _against(cells.kinds == KINDS.index("lead"), hits, totals, (count, of)),
        "negate": _against(cells.kinds == KINDS.index("negate"), hits, totals, (count, of)),
        "context": _reshuffled(*by_context, rng, _spread),
        "wave": _reshuffled(*by_wave, rng, _slope),
    }


def _grouped(groups: Ints, hits: Ints, totals: Ints) -> tuple[Ints, Ints]:
    size = int(groups.max(initial=0)) + 1
    by_group = np.zeros((2, size), dtype=np.int64)
    np.add.at(by_group[0], groups, hits)
    np.add.at(by_group[1], groups, totals)
    return by_group[0], by_group[1]


def _against(
    mask: NDArray[np.bool_], hits: Ints, totals: Ints, neutral: tuple[int, int]
) -> float | None:
    """Fisher's exact test of one kind's answers against the neutral ones."""
    from scipy.stats import fisher_exact

    count, of = int(hits[mask].sum()), int(totals[mask].sum())
    if not of or not neutral[1]:
        return None
    table = np.array([[count, of - count], [neutral[0], neutral[1] - neutral[0]]])
    return float(fisher_exact(table).pvalue)


def _reshuffled(hits: Ints, totals: Ints, rng: np.random.Generator, statistic: Any) -> float | None:
    """Share of reshufflings of the hits over all answers that are as uneven as what was seen."""
    if np.count_nonzero(totals) < 2:
        return None
    drawn = rng.multivariate_hypergeometric(
        totals, int(hits.sum()), size=RESHUFFLES, method="marginals"
    )
    seen, shuffled = statistic(hits[None], totals)[0], statistic(drawn, totals)
    return float((1 + np.count_nonzero(shuffled >= seen - 1e-9)) / (1 + RESHUFFLES))


def _spread(hits: Ints, totals: Ints) -> NDArray[np.float64]:
    """How far the groups' hits are from even shares, as in a chi-squared statistic."""
    expected = hits.sum(axis=1, keepdims=True) * totals / totals.sum()
    return np.asarray(((hits - expected) ** 2 / np.maximum(totals, 1)).sum(axis=1))


def _slope(hits: Ints, totals: Ints) -> NDArray[np.float64]:
    """How far the hits lean to early or late groups (Cochran and Armitage)."""
    places = np.arange(len(totals), dtype=float)
    return np.asarray(
        np.abs((hits * (places - (places * totals).sum() / totals.sum())).sum(axis=1))
    )
