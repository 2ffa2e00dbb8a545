"""Geometry of the dossier's plots, for inline SVG. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BAR_WIDTH = 90.0
ROW_HEIGHT = 24


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a posterior plot: `share` from 0 to 1, in user units `y` and `width`."""

    name: str
    share: float
    y: int
    width: float


@dataclass(frozen=True, slots=True)
class WeekBar:
    """One bar of the usage plot in a box 100 high; `calls` is None where there is no data."""

    week_of: str
    calls: int | None
    whole: bool
    x: float
    width: float
    height: float


def posterior_bars(posterior: Mapping[str, Any]) -> tuple[Bar, ...]:
    """Bars of a posterior, most probable first; what is no share of one is left out."""
    shares = {
        str(name): float(value)
        for name, value in posterior.items()
        if isinstance(value, int | float) and math.isfinite(value) and 0 <= value <= 1
    }
    ordered = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(
        Bar(name.replace("_", " "), share, row * ROW_HEIGHT, round(share * BAR_WIDTH, 2))
        for row, (name, share) in enumerate(ordered)
    )


def week_bars(weeks: Sequence[Mapping[str, Any]]) -> tuple[WeekBar, ...]:
    """Bars of a weekly series over a box 100 wide and high; the highest week fills it."""
    highest = max((week["calls"] or 0 for week in weeks), default=0) or 1
    step = 100 / max(1, len(weeks))
    return tuple(
        WeekBar(
            week_of=week["week_of"],
            calls=week["calls"],
            whole=week["whole"],
            x=round(place * step, 3),
            width=round(step * 0.8, 3),
            height=round(100 * (week["calls"] or 0) / highest, 2),
        )
        for place, week in enumerate(weeks)
    )
