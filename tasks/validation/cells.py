"""Coded answers counted by cell: kind x context x wave x wording, by polarity. Pure.

All themes of a design are counted on one grid, so that what a class would say of a cell is worked
out once for all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.validation.codebook import POLARITIES

KINDS = ("neutral", "affirm", "negate", "lead")

#: Wordings of a kind that have effects of their own; a later one shares that of an earlier.
MOST_WORDINGS = 8

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CodedAnswer:
    """One answer whose coding is settled.

    Attributes:
        kind: `neutral`, or the kind of probe.
        context: the setting in which the question was asked.
        wave: from 0.
        polarity: one of `POLARITIES`.
        variant: which paraphrase, or which probe of its kind, from 0.
    """

    kind: str
    context: str
    wave: int
    polarity: str
    variant: int = 0


@dataclass(frozen=True, slots=True)
class Cells:
    """A grid of cells, in a fixed order, and what was counted in each.

    Attributes:
        kinds: [cells] index into `KINDS`.
        contexts: [cells] index into the design's contexts.
        waves: [cells] from 0.
        wordings: [cells] number of the wording; no two kinds share one.
        counts: [themes, cells, polarities] settled answers.
        context_count: contexts in the design.
        wave_count: waves in the design.
    """

    kinds: Ints
    contexts: Ints
    waves: Ints
    wordings: Ints
    counts: Ints
    context_count: int
    wave_count: int

    @property
    def wording_count(self) -> int:
        """Wordings that there may be, on the grid or not.

        So no theme's draws change with what other themes were asked.
        """
        return len(KINDS) * MOST_WORDINGS

    def of(self, theme: int, kinds: Sequence[str]) -> Ints:
        """Counts of one theme by polarity, over all cells of some kinds."""
        mask = np.isin(self.kinds, [KINDS.index(kind) for kind in kinds])
        total: Ints = self.counts[theme, mask].sum(axis=0)
        return total


def count_cells(
    themes: Sequence[Sequence[CodedAnswer]], contexts: Sequence[str], waves: int
) -> Cells:
    """Count answers into cells; only cells in which some theme has answers are listed.

    Args:
        themes: the settled answers of each theme.
        contexts: the design's settings.
        waves: how many there are in the design.

    Raises:
        ValueError: an answer names a kind, context or polarity that is not in the design.
    """
    tally: dict[tuple[int, int, int, int], dict[int, list[int]]] = {}
    for number, answers in enumerate(themes):
        for answer in answers:
            kind, context = KINDS.index(answer.kind), list(contexts).index(answer.context)
            by_theme = tally.setdefault((kind, context, answer.wave, answer.variant), {})
            counts = by_theme.setdefault(number, [0] * len(POLARITIES))
            counts[POLARITIES.index(answer.polarity)] += 1
    places = sorted(tally)
    counted = np.zeros((len(themes), len(places), len(POLARITIES)), dtype=np.int64)
    for cell, place in enumerate(places):
        for number, counts in tally[place].items():
            counted[number, cell] = counts
    return grid(np.array(places, dtype=np.int64).reshape(len(places), 4), counted, contexts, waves)


def grid(places: Ints, counts: Ints, contexts: Sequence[str], waves: int) -> Cells:
    """Cells from their places.

    Args:
        places: [cells, 4] kind, context, wave and variant, as numbers.
        counts: [themes, cells, polarities].
        contexts: the design's settings.
        waves: how many there are in the design.
    """
    return Cells(
        kinds=places[:, 0],
        contexts=places[:, 1],
        waves=places[:, 2],
        wordings=places[:, 0] * MOST_WORDINGS + places[:, 3] % MOST_WORDINGS,
        counts=counts,
        context_count=len(contexts),
        wave_count=waves,
    )
