"""Coded answers counted by cell: kind x context x wave, by polarity. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.validation.codebook import POLARITIES

KINDS = ("neutral", "affirm", "negate", "lead")

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CodedAnswer:
    """One answer whose coding is settled.

    Attributes:
        kind: `neutral`, or the kind of probe.
        context: the setting in which the question was asked.
        wave: from 0.
        polarity: one of `POLARITIES`.
    """

    kind: str
    context: str
    wave: int
    polarity: str


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of one theme, in a fixed order, and what was counted in each.

    Attributes:
        kinds: [cells] index into `KINDS`.
        contexts: [cells] index into the design's contexts.
        waves: [cells] from 0.
        counts: [cells, polarities] settled answers.
        context_count: contexts in the design.
        wave_count: waves in the design.
    """

    kinds: Ints
    contexts: Ints
    waves: Ints
    counts: Ints
    context_count: int
    wave_count: int

    def of(self, kinds: Sequence[str]) -> Ints:
        """Counts by polarity over all cells of some kinds."""
        mask = np.isin(self.kinds, [KINDS.index(kind) for kind in kinds])
        total: Ints = self.counts[mask].sum(axis=0)
        return total


def count_cells(answers: Sequence[CodedAnswer], contexts: Sequence[str], waves: int) -> Cells:
    """Count answers into cells; only cells with answers are listed.

    Raises:
        ValueError: an answer names a kind, context or polarity that is not in the design.
    """
    tally: dict[tuple[int, int, int], list[int]] = {}
    for answer in answers:
        cell = (KINDS.index(answer.kind), list(contexts).index(answer.context), answer.wave)
        counts = tally.setdefault(cell, [0] * len(POLARITIES))
        counts[POLARITIES.index(answer.polarity)] += 1
    cells = sorted(tally)
    places = np.array(cells, dtype=np.int64).reshape(len(cells), 3)
    counted = np.array([tally[cell] for cell in cells], dtype=np.int64)
    return Cells(
        kinds=places[:, 0],
        contexts=places[:, 1],
        waves=places[:, 2],
        counts=counted.reshape(len(cells), len(POLARITIES)),
        context_count=len(contexts),
        wave_count=waves,
    )
