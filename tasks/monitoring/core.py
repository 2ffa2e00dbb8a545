"""From counted rows to a usage report, and how the stage stands. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tasks.kernel.instants import to_minute, to_text
from tasks.kernel.stages import Assessment, blocked, done, due

Z_95 = 1.959963984540054
WINDOW = timedelta(days=7)
SLACK = timedelta(days=1)  # exports are made once a day
RECENT = timedelta(days=90)  # whose users an access decision counts


@dataclass(frozen=True, slots=True)
class WeekCount:
    """Rows of one week; `monday` is its first day, `all_calls` counts every model."""

    monday: date
    calls: int
    all_calls: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What one reading of a usage log counted. Instants are UTC.

    Attributes:
        rows: readable rows, of any model.
        unreadable: rows that could not be read; `first_unreadable` is a line number, or 0.
        first_at: earliest instant of any row; None when no row is readable.
        last_at: latest instant that does not lie more than a day ahead of the clock.
        ahead: rows whose instant lies further ahead; they count as calls, not as coverage.
        calls: rows of the model.
        users: distinct non-empty users of the model; `calls_without_user` have none.
        recent_users: those of them within `RECENT` of `last_at`; None when only nameless calls are.
        cost_usd: sum over `cost_known` calls whose cost is a number.
        refused: refused calls among the `refusal_known` ones that say either way.
        weeks: in order; weeks without any row are absent.
        top_users: user and calls, most first.
        other_models: names and calls of other models, most first, a few.
    """

    rows: int
    unreadable: int
    first_unreadable: int
    first_at: datetime | None
    last_at: datetime | None
    ahead: int
    calls: int
    users: int
    calls_without_user: int
    cost_usd: float
    cost_known: int
    refused: int
    refusal_known: int
    weeks: tuple[WeekCount, ...]
    top_users: tuple[tuple[str, int], ...]
    other_models: tuple[tuple[str, int], ...]
    recent_users: int | None = None


def wilson_95(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share.

    Source: E. B. Wilson, JASA 22 (1927), 209-212.

    Raises:
        ValueError: `of` is not positive, or `hits` is not among them.
    """
    if not 0 <= hits <= of or of <= 0:
        raise ValueError(f"{hits} of {of} is no share")
    return wilson(hits, of)


def wilson(hits: float, of: float) -> tuple[float, float]:
    """`wilson_95` for numbers that need not be whole; `of` is positive."""
    share, z2 = hits / of, Z_95**2
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z_95 / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    low = 0.0 if hits <= 0 else max(0.0, centre - half)
    high = 1.0 if hits >= of else min(1.0, centre + half)
    return low, high


def report_of(usage: Usage, *, model_names: Sequence[str], now: datetime) -> dict[str, Any]:
    """The report's body, as JSON values; what was not measured is null and has a note."""
    assert usage.first_at is not None, "a log without a readable row is refused before"
    last = usage.last_at or usage.first_at
    covers = usage.first_at <= now - WINDOW and last >= now - SLACK
    return {
        "made_at": to_text(now),
        "models": list(model_names),
        "covers": {"from": to_text(usage.first_at), "to": to_text(last)},
        "covers_last_7_days": covers,
        "calls": usage.calls,
        "all_calls": usage.rows,
        "share_of_all": _rate(usage.calls, usage.rows),
        "users": usage.users if usage.calls > usage.calls_without_user or not usage.calls else None,
        "recent_users": {
            "users": usage.recent_users,
            "from": to_text(max(usage.first_at, last - RECENT)),
            "to": to_text(last),
        },
        "cost_usd": round(usage.cost_usd, 6) if usage.cost_known else None,
        "cost_known_calls": usage.cost_known,
        "refusals": _rate(usage.refused, usage.refusal_known),
        "weeks": _weeks(usage, last),
        "top_users": [{"user": user, "calls": calls} for user, calls in usage.top_users],
        "notes": _notes(usage, last, model_names, now),
    }


def _rate(hits: int, of: int) -> dict[str, Any] | None:
    if of == 0:
        return None
    low, high = wilson_95(hits, of)
    return {
        "hits": hits,
        "of": of,
        "share": round(hits / of, 6),
        "low": round(low, 6),
        "high": round(high, 6),
    }


def _weeks(usage: Usage, last: datetime) -> list[dict[str, Any]]:
    """Every week from first to last; one without any row at all is unknown, not zero."""
    counts = {week.monday: week for week in usage.weeks}
    assert usage.first_at is not None
    monday = usage.first_at.date() - timedelta(days=usage.first_at.weekday())
    series = []
    while monday <= last.date():
        week = counts.get(monday)
        start = datetime(monday.year, monday.month, monday.day, tzinfo=UTC)
        whole = usage.first_at < start + SLACK and last >= start + WINDOW - SLACK
        series.append(
            {
                "week_of": monday.isoformat(),
                "calls": week.calls if week else None,
                "all_calls": week.all_calls if week else None,
                "whole": whole,
            }
        )
        monday += WINDOW
    return series


def _notes(usage: Usage, last: datetime, names: Sequence[str], now: datetime) -> list[str]:
    assert usage.first_at is not None
    notes = []
    if last < now - SLACK:
        notes.append(
            f"The log ends on {to_minute(last)}: it does not cover the last 7 days, and nothing "
            "is known of the time since."
        )
    elif usage.first_at > now - WINDOW:
        notes.append(
            f"The log begins only on {to_minute(usage.first_at)}: it does not cover the last "
            "7 days."
        )
    if usage.calls == 0:
        others = ", ".join(f"{name} ({calls})" for name, calls in usage.other_models)
        notes.append(
            f"No row names {' or '.join(names)}; the log's models are {others}. Check "
            "monitoring.model_names before reading this as no use."
        )
    if usage.unreadable:
        line = f"; the first is line {usage.first_unreadable}" if usage.first_unreadable else ""
        notes.append(f"Not readable and not counted: {usage.unreadable} rows{line}.")
    if usage.ahead:
        notes.append(f"{usage.ahead} rows lie more than a day ahead of our clock.")
    for known, what in ((usage.cost_known, "cost"), (usage.refusal_known, "refusal flag")):
        if known < usage.calls:
            notes.append(f"{usage.calls - known} of {usage.calls} calls carry no {what}.")
    if usage.calls_without_user:
        notes.append(f"{usage.calls_without_user} of {usage.calls} calls name no user.")
    return notes


def assess_monitoring(
    *, where: str, stamp: str, read_stamp: str, body: dict[str, Any] | None
) -> Assessment:
    """How the stage stands.

    Args:
        where: the usage log's path.
        stamp: its present stamp; empty when there is no such file.
        read_stamp: the stamp at the latest reading; empty when it was never read.
        body: the latest report's body.
    """
    if not stamp:
        return blocked(f"the usage log {where} is missing; export it there")
    if body is None or stamp != read_stamp:
        return due(f"the usage log {where} is to be read")
    if problem := body.get("problem"):
        return blocked(str(problem))
    until = body["covers"]["to"][:10]
    reason = f"{body['calls']:,} calls in the usage log, which ends on {until}"
    if body["calls"] == 0:
        reason += "; check monitoring.model_names before reading this as no use"
    return done(reason)
