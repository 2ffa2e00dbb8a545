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


@dataclass(frozen=True, slots=True)
class CostLine:
    """One way's cost over the months: SVG points in a box of 100 by 100, and a style by place.

    `style` tells lines apart without colour: `solid`, `dashed` or `dotted`.
    """

    name: str
    points: str
    style: str


@dataclass(frozen=True, slots=True)
class CostPlot:
    """Lines on one scale from 0 to `highest` USD over `months`."""

    lines: tuple[CostLine, ...]
    highest: float
    months: int


def cost_plot(ways: Sequence[tuple[str, Sequence[float]]]) -> CostPlot:
    """Monthly costs, a line a way, on one scale that begins at 0.

    Args:
        ways: name, and USD month by month; equally many months each.
    """
    months = max(len(monthly) for _, monthly in ways)
    highest = max((usd for _, monthly in ways for usd in monthly), default=0.0) or 1.0
    styles = ("dotted", "solid", "dashed")
    lines = tuple(
        CostLine(
            name,
            " ".join(
                f"{100 * month / max(1, months - 1):.2f},{100 - 96 * usd / highest:.2f}"
                for month, usd in enumerate(
                    monthly if len(monthly) > 1 else [*monthly, *monthly][:2]
                )
            ),
            styles[place % len(styles)],
        )
        for place, (name, monthly) in enumerate(ways)
    )
    return CostPlot(lines, highest, months)


@dataclass(frozen=True, slots=True)
class Spark:
    """A sparkline in a box of 100 by 20: one path a run of weeks that have data.

    Attributes:
        paths: SVG path data; weeks without data leave a gap between them.
        dots: weeks that stand alone: x and y.
        says: the same in words.
    """

    paths: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    says: str


def spark(weeks: Sequence[tuple[str, int | None]]) -> Spark | None:
    """Calls by week as a line; None where no week has data.

    Args:
        weeks: the week's first day, and its calls; None where there is no data.
    """
    known = [(week, calls) for week, calls in weeks if calls is not None]
    if not known:
        return None
    highest = max(calls for _, calls in known) or 1
    step = 100 / max(1, len(weeks) - 1)
    runs: list[list[tuple[float, float]]] = [[]]
    for place, (_, calls) in enumerate(weeks):
        if calls is None:
            runs.append([])
        else:
            runs[-1].append((round(place * step, 2), round(19 - 18 * calls / highest, 2)))
    gaps = len(weeks) - len(known)
    are = "week is" if gaps == 1 else "weeks are"
    missing = f"; {gaps} {are} not covered whole" if gaps else ""
    return Spark(
        paths=tuple(_path(run) for run in runs if len(run) > 1),
        dots=tuple(run[0] for run in runs if len(run) == 1),
        says=f"{len(weeks)} weeks; calls a week from {known[0][1]:,} to {known[-1][1]:,}, at most "
        f"{highest:,}{missing}",
    )


def _path(run: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in run)
