"""Readings of sources as plain values: days that a source told of, and nothing else. Pure.

A day that a source doesn't cover is absent, and a figure that it can't tell is absent from its
day; neither is ever zero.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tasks.records.monitoring import SourceReading

UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Observed:
    """One source as it was last read.

    Attributes:
        source: its name in the configuration.
        kind: what it tells of.
        state: `whole`, `late`, `empty`, `partial` or `unusable`.
        basis: digest of what was read and of how.
        read_at: when.
        first: first UTC day covered; None where it covers none.
        last: last UTC day covered.
        days: a mapping a day, with `day` and whatever figures the source can tell.
        findings: what is odd about it, a sentence each.
        simulated: whether it tells of a simulation.
    """

    source: str
    kind: str
    state: str
    basis: str
    read_at: datetime
    first: date | None
    last: date | None
    days: tuple[dict[str, Any], ...]
    findings: tuple[str, ...]
    simulated: bool

    def within(self, first: date | None, last: date | None) -> tuple[dict[str, Any], ...]:
        """Its days from a day to a day, both included; None leaves an end open."""
        return tuple(
            row
            for row in self.days
            if (first is None or row["day"] >= first.isoformat())
            and (last is None or row["day"] <= last.isoformat())
        )


def observed_of(readings: Iterable[SourceReading]) -> tuple[Observed, ...]:
    """Each reading as values, in the order given."""
    return tuple(_observed(row) for row in readings)


def _observed(row: SourceReading) -> Observed:
    body = json.loads(row.body) if row.body else {}
    covers = body.get("covers") or {}
    return Observed(
        source=row.source,
        kind=row.kind,
        state=row.state,
        basis=row.basis,
        read_at=row.read_at,
        first=_day(covers.get("from")),
        last=_day(covers.get("to")),
        days=tuple(sorted(body.get("days", ()), key=lambda one: str(one["day"]))),
        findings=tuple(str(one["says"]) for one in body.get("findings", ())),
        simulated=row.simulated,
    )


def _day(text: object) -> date | None:
    return date.fromisoformat(str(text)[:10]) if text else None
