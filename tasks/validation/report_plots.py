"""Geometry of the report's plots, for inline SVG in user units. Pure.

Every plot is a column of rows: a label, an axis from 0 to 1, and the number in words. All are
`WIDTH` wide, so that they stand beside one another on a desk and below one another on a phone.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from tasks.validation.report_words import estimate, percent, plain

WIDTH = 326
ROW_HEIGHT = 24
AXIS_FROM = 140.0
AXIS_WIDTH = 92.0
SHOWN_FROM = 0.001  # a class below this share is named without a bar


@dataclass(frozen=True, slots=True)
class Bar:
    """One class of a posterior: its share from 0 to 1, in words and in user units."""

    name: str
    share: float
    said: str
    y: int
    width: float


@dataclass(frozen=True, slots=True)
class Dot:
    """One rate with its interval; `x`, `left` and `right` are None where nothing was settled."""

    name: str
    said: str
    interval: str
    y: int
    x: float | None
    left: float | None
    right: float | None


@dataclass(frozen=True, slots=True)
class Rates:
    """A column of rates that belong together.

    Attributes:
        id: for the page's ids.
        title: what the rows are told apart by.
        rows: from top to bottom.
    """

    id: str
    title: str
    rows: tuple[Dot, ...]

    @property
    def height(self) -> int:
        """Of the rows, without the axis's own line."""
        return len(self.rows) * ROW_HEIGHT


def posterior_bars(posterior: Mapping[str, Any]) -> tuple[Bar, ...]:
    """Bars of a posterior, most probable first; what is no share of one is left out."""
    shares = {str(name): float(value) for name, value in posterior.items() if _is_share(value)}
    ordered = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(
        Bar(plain(name), share, estimate(share), row * ROW_HEIGHT, round(share * AXIS_WIDTH, 2))
        for row, (name, share) in enumerate(ordered)
    )


def rates(name: str, title: str, found: Iterable[tuple[str, Mapping[str, Any]]]) -> Rates:
    """One column.

    Args:
        name: for the page's ids.
        title: what the rows are told apart by.
        found: (label, `{"count", "of", "rate", "low", "high"}`) of each row; the interval may be
            missing, and the rate is None where nothing was settled; `asked` is False where it is
            known that nothing was asked.
    """
    rows = tuple(_dot(label, rate, place) for place, (label, rate) in enumerate(found))
    return Rates(name, title, rows)


def _dot(label: str, rate: Mapping[str, Any], place: int) -> Dot:
    y, share = place * ROW_HEIGHT, rate.get("rate")
    if not rate["of"] or not _is_share(share):
        said = "not asked" if rate.get("asked") is False else "nothing settled"
        return Dot(label, said, "", y, None, None, None)
    low, high = rate.get("low"), rate.get("high")
    said = f"{rate['count']} of {rate['of']}"
    if not (_is_share(low) and _is_share(high)):
        return Dot(label, said, "", y, _along(share), None, None)
    interval = f"{percent(low)} to {percent(high)}"
    return Dot(label, said, interval, y, _along(share), _along(low), _along(high))


def _along(share: float) -> float:
    return round(AXIS_FROM + share * AXIS_WIDTH, 2)


def _is_share(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and math.isfinite(value) and 0 <= value <= 1
