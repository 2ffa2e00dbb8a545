"""Sources that stay late, empty or unusable. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks.kernel.instants import to_minute
from tasks.monitoring.sources.rows import EMPTY, LATE, UNUSABLE, Reading
from tasks.records.monitoring import SourceReading

_BAD = (LATE, EMPTY, UNUSABLE)


@dataclass(frozen=True, slots=True)
class StaleSource:
    """A source that told nothing new for too long.

    Attributes:
        source: its name.
        state: how it was read last.
        began: UTC day from which on nothing is known of it.
        summary: a sentence.
        simulated: whether it is of a simulation.
    """

    source: str
    state: str
    began: str
    summary: str
    simulated: bool


def stale_sources(
    rows: Mapping[str, Sequence[SourceReading]],
    readings: Mapping[str, Reading],
    days: int,
    now: datetime,
) -> tuple[StaleSource, ...]:
    """Sources whose readings have been late, empty or unusable for at least so many days.

    Args:
        rows: every reading of each source, oldest first.
        readings: the latest of each source, parsed.
        days: after how many it is an incident.
        now: the time.
    """
    found = []
    for name, reading in sorted(readings.items()):
        since = bad_since(rows[name])
        if since is None or now - since < timedelta(days=days):
            continue
        covered = reading.covers[1] if reading.covers else None
        began = covered + timedelta(days=1) if covered else since.date()
        why = "; ".join(one.says for one in reading.findings)
        told = f"{name} has been {reading.state} since {to_minute(since)}"
        told += f", and tells nothing after {covered}" if covered else ""
        found.append(
            StaleSource(
                name,
                reading.state,
                began.isoformat(),
                f"{told}{f': {why}' if why else ''}",
                reading.simulated,
            )
        )
    return tuple(found)


def bad_since(rows: Iterable[SourceReading]) -> datetime | None:
    """When a source's readings turned bad; None while the latest is good."""
    since = None
    for row in rows:
        if row.state not in _BAD:
            since = None
        elif since is None:
            since = row.read_at
    return since
