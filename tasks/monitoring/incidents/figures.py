"""From readings of sources to the daily figures of each signal. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from configs.schema.alarms import SignalName
from tasks.monitoring.sources.rows import Day, Reading
from tasks.monitoring.statistics.cusum import Figure, ordered

MOSTLY = 0.9  # of the days, or of a day's calls


@dataclass(frozen=True, slots=True)
class Series:
    """One signal as one source tells it.

    Attributes:
        name: the signal.
        source: the source's name.
        figures: by day. For satisfaction a hit is what a score lacks to 1.
        unit: what a figure counts by: `calls`, `answers` or `days`.
        squares: sums of squared scores by day, where they are known; else empty.
        simulated: whether the source is of a simulation.
    """

    name: SignalName
    source: str
    figures: tuple[Figure, ...]
    unit: str
    squares: Mapping[date, float]
    simulated: bool

    @property
    def subject(self) -> str:
        """Its name in incidents: `unsafe:gateway`."""
        return f"{self.name}:{self.source}"


def series_of(names: tuple[SignalName, ...], readings: Mapping[str, Reading]) -> tuple[Series, ...]:
    """Every signal that a usable source tells, by the signals' order, then by source."""
    calls = _calls(readings)
    found = []
    for name in names:
        for source, reading in sorted(readings.items()):
            if not reading.usable:
                continue
            figures, unit = _figures(name, reading, calls)
            if figures:
                squares = {
                    day.day: day.score_squares
                    for day in reading.days
                    if name == "satisfaction" and day.score_squares is not None
                }
                found.append(Series(name, source, figures, unit, squares, reading.simulated))
    return tuple(found)


def _figures(
    name: SignalName, reading: Reading, calls: Mapping[date, int]
) -> tuple[tuple[Figure, ...], str]:
    days = reading.days
    if name == "tickets":
        told = [(d.day, d.tickets) for d in days if d.tickets is not None and not d.part]
        known = [(day, count, calls[day]) for day, count in told if calls.get(day)]
        if told and len(known) >= MOSTLY * len(told):
            return ordered(Figure(day, count, of) for day, count, of in known), "calls"
        return ordered(Figure(day, count) for day, count in told), "days"
    if name == "cost":
        costs = [
            (day.day, day.cost_usd) for day in days if day.cost_usd is not None and _whole(day)
        ]
        return ordered(Figure(day, cost) for day, cost in costs), "days"
    parts = [(day.day, *_share(name, day)) for day in days]
    shares = [(day, hits, of) for day, hits, of in parts if hits is not None and of is not None]
    unit = "answers" if name == "satisfaction" else "calls"
    return ordered(Figure(day, hits, of) for day, hits, of in shares), unit


def _share(name: SignalName, day: Day) -> tuple[float | None, float | None]:
    if name == "unsafe":
        return day.unsafe, day.unsafe_of
    if name == "refused":
        return day.refused, day.refused_of
    if day.scores is None or day.score_sum is None:
        return None, None
    return max(day.scores - day.score_sum, 0.0), day.scores


def _whole(day: Day) -> bool:
    """Whether a day's cost is that of nearly all its calls, as far as the source can tell."""
    if day.part:
        return False
    if day.cost_known is None or not day.calls:
        return True
    return day.cost_known >= MOSTLY * day.calls


def _calls(readings: Mapping[str, Reading]) -> Mapping[date, int]:
    """Calls a day by the source that tells of most days; the first by name among equals."""
    best: dict[date, int] = {}
    for _, reading in sorted(readings.items()):
        if reading.usable:
            told = {d.day: d.calls for d in reading.days if d.calls is not None and not d.part}
            best = told if len(told) > len(best) else best
    return best
