"""CUSUM charts of daily figures by log-likelihood ratio. Pure.

S = max(0, S + log-likelihood ratio of the day), and an alarm where S reaches the threshold. Source:
E. S. Page, Biometrika 41 (1954), 100-115; for counted shares M. R. Reynolds & Z. G. Stoumbos,
J. Qual. Technol. 31 (1999), 87-108. Numbers a day may differ: each day weighs by its own.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol


class Chart(Protocol):
    """What a day adds to a CUSUM."""

    def step(self, value: float, of: float) -> float:
        """The day's log-likelihood ratio, changed against as it was."""
        ...


@dataclass(frozen=True, slots=True)
class ShareChart:
    """Hits among counted ones: a binomial share, or a mean of scores in 0..1.

    For scores a hit may be a fraction: among variables in 0..1 of one mean the coin has the largest
    exponential moments (W. Hoeffding, JASA 58, 1963), so no false alarm is more frequent by that.

    Attributes:
        before: the share as it was.
        after: the share that is to be found.
        dispersion: by which numbers are divided; see `dispersion.py`.
    """

    before: float
    after: float
    dispersion: float = 1.0

    def step(self, value: float, of: float) -> float:
        """See `Chart`."""
        hit = math.log(self.after / self.before)
        miss = math.log((1 - self.after) / (1 - self.before))
        return (value * hit + (of - value) * miss) / self.dispersion


@dataclass(frozen=True, slots=True)
class CountChart:
    """Events in proportion to a day's exposure: a Poisson count, such as tickets a call.

    Attributes:
        before: events by unit of exposure as it was.
        after: that which is to be found.
        dispersion: by which numbers are divided.
    """

    before: float
    after: float
    dispersion: float = 1.0

    def step(self, value: float, of: float) -> float:
        """See `Chart`; `of` is the exposure."""
        told = value * math.log(self.after / self.before) - of * (self.after - self.before)
        return told / self.dispersion


@dataclass(frozen=True, slots=True)
class AmountChart:
    """An amount a day whose logarithm is near normal, such as cost. `of` is not used.

    Attributes:
        log_mean: mean of the natural logarithm as it was.
        log_sd: its standard deviation; never 0.
        log_shift: what is to be found, such as log 2 for a doubling.
    """

    log_mean: float
    log_sd: float
    log_shift: float

    def step(self, value: float, of: float) -> float:
        """See `Chart`. An amount of 0 or less counts as far below."""
        if value <= 0:
            return -math.inf
        away = math.log(value) - self.log_mean - self.log_shift / 2
        return self.log_shift / self.log_sd**2 * away


@dataclass(frozen=True, slots=True)
class Figure:
    """One day's figure: hits of how many, events by exposure, or an amount."""

    day: date
    value: float
    of: float = 1.0


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where a CUSUM reached its threshold.

    Attributes:
        day: the day on which it did.
        onset: the day after S was last 0: the most likely first day of the change.
        level: S on that day.
    """

    day: date
    onset: date
    level: float


@dataclass(frozen=True, slots=True)
class Path:
    """A CUSUM along its days.

    Attributes:
        levels: (day, S) of each day with a figure, until the end, also beyond a crossing.
        crossing: the first; None while there is none.
    """

    levels: tuple[tuple[date, float], ...]
    crossing: Crossing | None

    @property
    def level(self) -> float:
        """S now; 0 before the first day."""
        return self.levels[-1][1] if self.levels else 0.0


def run(chart: Chart, figures: Sequence[Figure], threshold: float) -> Path:
    """Follow a chart along days in order, from S = 0; days without a figure leave S as it is."""
    levels: list[tuple[date, float]] = []
    crossing, onset, level = None, None, 0.0
    for figure in figures:
        was, level = level, max(0.0, level + chart.step(figure.value, figure.of))
        if level > 0 and (was <= 0 or onset is None):
            onset = figure.day
        levels.append((figure.day, level))
        if crossing is None and level >= threshold:
            crossing = Crossing(figure.day, onset or figure.day, level)
    return Path(tuple(levels), crossing)


def ordered(figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """By day, days of no exposure left out."""
    return tuple(sorted((f for f in figures if f.of > 0), key=lambda figure: figure.day))
