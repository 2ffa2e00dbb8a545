"""Figures of sources over a span of days, each with its window, digest and query. Pure."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tasks.monitoring.dossier.observed import UNUSABLE, Observed
from tasks.monitoring.scoreboard.core import Finding, Ground, Source, rate
from tasks.monitoring.words import day
from tasks.records.monitoring import Report


@dataclass(frozen=True, slots=True)
class Span:
    """Days from one to another, both included; None leaves an end open."""

    first: date | None
    last: date | None
    says: str


def before(last_day: date) -> Span:
    """Up to the last day of service, with it: everybody still had access."""
    return Span(None, last_day, "before service ended")


def after(last_day: date) -> Span:
    """From the day after the last day of service on."""
    return Span(last_day + timedelta(days=1), None, f"after {day(last_day)}")


def shares(
    sources: Iterable[Observed], span: Span, hits: str, of: str, what: str
) -> tuple[Finding, ...]:
    """A rate a source: `hits` among `of`, over the days that tell both."""
    found = []
    for source in sources:
        days = [row for row in _days(source, span) if hits in row and of in row]
        looked = sum(int(row[of]) for row in days)
        if looked > 0:
            counted = sum(int(row[hits]) for row in days)
            query = f"sum({hits}) / sum({of})"
            found.append(rate(counted, looked, what, _source(source, days, query)))
    return tuple(found)


def sums(
    sources: Iterable[Observed], span: Span, figure: str, unit: str, what: str
) -> tuple[Finding, ...]:
    """A sum a source over the days that tell it. A complete count has no interval."""
    found = []
    for source in sources:
        days = [row for row in _days(source, span) if figure in row]
        if days:
            total = float(sum(row[figure] for row in days))
            digits = 2 if unit == "usd" else 0
            mean = total / len(days)
            said = (
                f"{total:,.{digits}f} {what} on {len(days):,} covered days "
                f"({mean:,.{digits or 1}f} a day)"
            )
            source_ = _source(source, days, f"sum({figure})")
            found.append(Finding(Ground.MEASURED, said, total, unit=unit, source=source_))
    return tuple(found)


def of_log(report: Report | None, last_day: date, figure: str) -> tuple[Finding, ...]:
    """What the usage log tells of the time up to the last day of service; nothing of later ones.

    A log that reaches beyond that day mixes both times, and is left out: it has no days.

    Args:
        report: the latest that read its log.
        last_day: last day of service.
        figure: `calls`, `cost_usd` or `refusals`.
    """
    body = json.loads(report.body) if report is not None else {}
    if report is None or date.fromisoformat(body["covers"]["to"][:10]) > last_day:
        return ()
    first, last = (date.fromisoformat(body["covers"][end][:10]) for end in ("from", "to"))
    window = f"{day(first)} to {day(last)}"
    source = Source("the usage log", f"{figure} of the usage report", report.source_sha256, window)
    value = body.get(figure)
    if value is None:
        return ()
    if figure == "refusals":
        what = "of the calls were refused, before service ended"
        return (rate(int(value["hits"]), int(value["of"]), what, source),)
    unit, digits = ("usd", 2) if figure == "cost_usd" else ("calls", 0)
    what = "USD for calls" if unit == "usd" else "calls"
    said = f"{value:,.{digits}f} {what} in the log"
    if unit == "usd" and body["cost_known_calls"] < body["calls"]:
        said += f", of {body['cost_known_calls']:,} of {body['calls']:,} calls"
    return (Finding(Ground.MEASURED, said, float(value), unit=unit, source=source),)


def why_none(sources: Sequence[Observed], span: Span, what: str) -> str:
    """Why a span has no figure: no source, none that could be read, or none that covers it."""
    if not sources:
        return f"no source of figures is configured, or none was read yet, that tells {what}"
    usable = [one for one in sources if one.state != UNUSABLE]
    if not usable:
        return f"no source could be read: {', '.join(one.source for one in sources)}"
    if not any(_days(one, span) for one in usable):
        return f"no source covers a day {span.says}"
    return f"no source tells {what} of a day {span.says}"


def _days(source: Observed, span: Span) -> tuple[dict[str, Any], ...]:
    return source.within(span.first, span.last)


def _source(source: Observed, days: Sequence[dict[str, Any]], query: str) -> Source:
    first, last = str(days[0]["day"]), str(days[-1]["day"])
    window = f"{day(date.fromisoformat(first))} to {day(date.fromisoformat(last))}"
    asked = f"{query} over {len(days)} days from {first} to {last}"
    state = "" if source.state == "whole" else f" ({source.state})"
    return Source(f"{source.source}{state}", asked, sha256=source.basis, window=window)
