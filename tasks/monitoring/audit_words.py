"""An audit's figures as people read them, and the geometry of its plots. Pure."""

from collections.abc import Mapping
from typing import Any

from tasks.monitoring.plots import week_bars

_MEASURES = {"calls": "calls", "tokens": "tokens", "cost": "USD", "": "rows"}
_TRENDS = {
    "rising": "rising",
    "falling": "falling",
    "steady": "steady",
    "new": "new: none in the 30 days before",
    "stopped": "stopped: none in the last 30 days",
    "none": "none in the last 60 days",
    "not_known": "not known: the exports do not cover 60 days",
}
_STATES = {
    "in_use": "in use",
    "unused_in_window": "not used in the window",
    "not_known": "not known",
}


def state(name: str) -> str:
    """A state in words."""
    return _STATES[name]


def trend(name: str) -> str:
    """A trend in words."""
    return _TRENDS[name]


def number(value: float | None, unit: str = "") -> str:
    """`1,234 calls`; what no export tells is `not told`."""
    if value is None:
        return "not told"
    text = f"{value:,.2f}" if unit == "USD" else f"{round(value):,}"
    return f"{text} {unit}".strip()


def amount(figures: Mapping[str, Any]) -> str:
    """How much, in the measure that the exports tell best."""
    measure = figures["measure"]
    if not measure:
        return number(figures["rows"], "rows")
    if measure == "tokens":
        told = [figures["tokens_in"] or 0, figures["tokens_out"] or 0]
        return number(sum(told), "tokens")
    key = {"calls": "calls", "cost": "cost_usd"}[measure]
    return number(figures[key], _MEASURES[measure])


def recent(figures: Mapping[str, Any], days: int) -> str:
    """How much in the last 7 or 30 days."""
    return number(figures[f"last_{days}_days"], _MEASURES[figures["measure"]])


def day(instant: str | None) -> str:
    """The day of an instant, or that there was none."""
    return instant[:10] if instant else "none seen"


def minute(instant: str | None) -> str:
    """`2026-12-02 09:30 UTC`; the day alone where an export tells no more, or the day begins."""
    if not instant or instant[11:] == "00:00:00.000000Z":
        return day(instant)
    return f"{instant[:16].replace('T', ' ')} UTC"


def left(days: int) -> str:
    """How far away a date is."""
    if days < 0:
        return f"{-days} days ago"
    return "today" if days == 0 else f"in {days} days"


def plot(weeks: list[dict[str, Any]], measure: str) -> dict[str, Any]:
    """Bars of a weekly series in a box 100 wide and high, and the highest week."""
    key = {"cost": "cost_usd", "": "calls"}.get(measure, measure)
    series = [
        {
            "week_of": week["week_of"],
            "calls": (week[key] or 0) if week["known"] else None,
            "whole": week["whole"],
        }
        for week in weeks
    ]
    highest = max(series, key=lambda one: one["calls"] or 0)
    return {
        "bars": week_bars(series),
        "highest": highest,
        "unit": _MEASURES[measure],
        "gaps": sum(one["calls"] is None for one in series),
        "any": bool(highest["calls"]),
    }
