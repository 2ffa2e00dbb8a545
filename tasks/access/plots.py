"""Geometry of the packet's and the portfolio's plots, for inline SVG. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 640.0, 200.0
LEFT, BOTTOM, TOP = 64.0, 24.0, 8.0
_DASHES = ("", "7 4", "2 4")


@dataclass(frozen=True, slots=True)
class Line:
    """One way's cost over the months: SVG points, and a dash that tells it apart without colour."""

    id: str
    points: str
    dash: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class LinePlot:
    """Lines within a box of `WIDTH` by `HEIGHT` user units."""

    lines: tuple[Line, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


def cost_plot(scenarios: Sequence[Mapping[str, Any]]) -> LinePlot:
    """Monthly cost of each way, month by month, on one scale that begins at 0."""
    months = len(scenarios[0]["monthly_usd"])
    highest = _round_up(max(max(way["monthly_usd"]) for way in scenarios))
    lines = tuple(
        Line(
            way["id"],
            " ".join(
                f"{_x(month, months - 1):.1f},{_y(usd, highest):.1f}"
                for month, usd in enumerate(_level(way["monthly_usd"]))
            ),
            dash,
        )
        for way, dash in zip(scenarios, _DASHES, strict=True)
    )
    shown = range(0, months, max(1, -(-months // 12)))
    return LinePlot(
        lines,
        across=tuple(Tick(_x(month, months - 1), str(month + 1)) for month in shown),
        up=tuple(
            Tick(_y(part * highest, highest), f"{part * highest:,.10g}") for part in (0, 0.5, 1)
        ),
    )


def frontier_plot(points: Sequence[tuple[float, float]], spent: float, value: float) -> LinePlot:
    """What a budget buys at best, as a line; the last line is the allocation's place alone."""
    dearest = _round_up(max([spent, *(cost for cost, _ in points)]))
    best = max([value, *(worth for _, worth in points)]) or 1.0

    def place(cost: float, worth: float) -> str:
        return f"{_x(cost, dearest):.1f},{_y(worth, best):.1f}"

    return LinePlot(
        (
            Line("frontier", " ".join(place(*point) for point in points), ""),
            Line("chosen", place(spent, value), ""),
        ),
        across=tuple(Tick(_x(p * dearest, dearest), f"{p * dearest:,.10g}") for p in (0, 0.5, 1)),
        up=tuple(Tick(_y(part * best, best), f"{part * best:,.1f}") for part in (0, 0.5, 1)),
    )


def _level(months: Sequence[float]) -> Sequence[float]:
    """A single month is drawn as a level line."""
    return months if len(months) > 1 else [*months, *months]


def _x(value: float, most: float) -> float:
    return LEFT + (WIDTH - LEFT - 8) * (value / most if most else min(value, 1.0))


def _y(value: float, most: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most)


def _round_up(value: float) -> float:
    """To a number whose half is as round; 1 for 0."""
    if value <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(value))
    return next(step * size for step in (1.0, 2.0, 4.0, 6.0, 8.0, 10.0) if step * size >= value)
