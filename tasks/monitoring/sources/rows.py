"""What the sources tell of a model, as its records hold it: one latest reading a source.

A day that no source covers is absent, and a figure that a source can't tell is None: neither is
ever zero.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from sqlmodel import Session, col, select

from tasks.records.monitoring import SourceReading

WHOLE, LATE, EMPTY, PARTIAL, UNUSABLE = "whole", "late", "empty", "partial", "unusable"


@dataclass(frozen=True, slots=True)
class Day:
    """What one source tells of one UTC day; None for what it can't tell.

    Attributes:
        calls: calls of the model that day, every row, whatever became of it.
        tokens_in: tokens read.
        tokens_out: tokens written.
        cost_usd: sum over the calls whose cost is known, in USD.
        cost_known: calls whose cost is known; None where a cost belongs to no single call.
        refused: calls that were refused, of `refused_of` calls that tell whether they were.
        unsafe: calls flagged as unsafe, of `unsafe_of` calls that tell whether they were.
        scores: answers to a survey; `score_sum` is the sum of their scores, each in 0..1, and
            `score_squares` that of their squares.
        tickets: support tickets opened.
        incidents: incidents, `severe` of them of high severity.
        part: whether the day is there in part, since it or the source ends within it: its shares
            may be read, its counts are too low.
    """

    day: date
    calls: int | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    cost_known: int | None = None
    refused: int | None = None
    refused_of: int | None = None
    unsafe: int | None = None
    unsafe_of: int | None = None
    scores: int | None = None
    score_sum: float | None = None
    score_squares: float | None = None
    tickets: int | None = None
    incidents: int | None = None
    severe: int | None = None
    part: bool = False

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """From the JSON of a reading; fields that a later version added are left out."""
        known = {name: values[name] for name in cls.__slots__ if name in values}
        return cls(**{**known, "day": date.fromisoformat(values["day"])})


@dataclass(frozen=True, slots=True)
class Mix:
    """How the calls of one week part among groups.

    Attributes:
        week_of: its Monday, UTC.
        by: `owner`, `surface` or `name` of the model.
        groups: calls of each; the empty name holds those that belong to none.
    """

    week_of: date
    by: str
    groups: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something odd about a source: a code for programs, a sentence for people."""

    code: str
    says: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One state of one source, parsed.

    Attributes:
        source: its name in the configuration.
        kind: usage, survey, tickets, incidents, anthropic_usage or anthropic_cost.
        state: whole, late, empty, partial or unusable, when it was read.
        covers: first and last UTC day that it covers; None when it covers none.
        days: by day, only those that it covers.
        mix: by week, then by what it parts.
        totals: sums over all its days, and counts of rows that were not used.
        findings: what is odd about it.
        sha256: of each file or answer that was read.
        simulated: whether it is of a simulation.
    """

    source: str
    kind: str
    state: str
    covers: tuple[date, date] | None
    days: tuple[Day, ...]
    mix: tuple[Mix, ...]
    totals: Mapping[str, Any]
    findings: tuple[Finding, ...]
    sha256: tuple[str, ...]
    simulated: bool

    @property
    def usable(self) -> bool:
        """Whether its days may be shown; those of a late or partial one may, with its findings."""
        return self.state not in (UNUSABLE, EMPTY)

    @classmethod
    def of(cls, row: SourceReading) -> Self:
        """Parse a row."""
        body = json.loads(row.body)
        covers = body.get("covers")
        return cls(
            source=row.source,
            kind=row.kind,
            state=row.state,
            covers=covers
            and (date.fromisoformat(covers["from"]), date.fromisoformat(covers["to"])),
            days=tuple(Day.of(one) for one in body.get("days", ())),
            mix=tuple(
                Mix(date.fromisoformat(one["week_of"]), one["by"], one["groups"])
                for one in body.get("mix", ())
            ),
            totals=body.get("totals", {}),
            findings=tuple(Finding(one["code"], one["says"]) for one in body.get("findings", ())),
            sha256=tuple(body.get("sha256", ())),
            simulated=row.simulated,
        )


def latest_readings(session: Session, model_id: str) -> dict[str, SourceReading]:
    """The latest reading of each source of a model, by the source's name."""
    rows = session.exec(
        select(SourceReading)
        .where(SourceReading.model_id == model_id)
        .order_by(col(SourceReading.read_at), col(SourceReading.id))
    )
    return {row.source: row for row in rows}


def latest_usable_readings(session: Session, model_id: str) -> dict[str, SourceReading]:
    """The latest reading of each source that could be used: what was known of one that broke."""
    rows = session.exec(
        select(SourceReading)
        .where(
            SourceReading.model_id == model_id,
            col(SourceReading.state).not_in((UNUSABLE, EMPTY)),
        )
        .order_by(col(SourceReading.read_at), col(SourceReading.id))
    )
    return {row.source: row for row in rows}


def parsed_readings(session: Session, model_id: str) -> dict[str, Reading]:
    """As `latest_readings`, parsed."""
    return {name: Reading.of(row) for name, row in latest_readings(session, model_id).items()}
