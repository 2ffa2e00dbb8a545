"""The fleet page's contents: a row a model, totals, and the dates ahead. Pure."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from configs.schema import RetirementConfig
from tasks.monitoring.dossier.decided import decided_packet
from tasks.monitoring.dossier.holdings import Dossier
from tasks.monitoring.dossier.observed import observed_of
from tasks.monitoring.dossier.timeline import timeline_of
from tasks.monitoring.plots import Spark, spark
from tasks.monitoring.words import day, in_words, moment

DATES_AHEAD = 30  # dates that the page lists; more are counted
_WEEKS = 26  # weeks of a sparkline
_WORST = ("blocked", "due", "waiting", "done")
_DAYS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Held:
    """One model: its configuration in force, its rows, and where its dossier stands."""

    config: RetirementConfig
    held: Dossier
    link: str


@dataclass(frozen=True, slots=True)
class Row:
    """A model's row. What is not known is None, or says so."""

    model_id: str
    display_name: str
    simulated: bool
    link: str
    state: str
    stage: str
    waits_for: str
    next_at: str
    last_day: str
    decision: str
    open_incidents: int
    copies: str
    damaged: bool
    calls: int | None
    calls_of: str
    usage: Spark | None
    cost_usd: float | None
    cost_of: str
    as_of: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """A planned date of one model."""

    at: str
    model_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Fleet:
    """The page's values; `unread` names models whose recorded configuration can't be read."""

    rows: tuple[Row, ...]
    unread: tuple[str, ...]
    simulated: tuple[str, ...]
    as_of: str
    totals: tuple[tuple[str, str], ...]
    ahead: tuple[Ahead, ...]
    more_ahead: int
    audit_entries: int
    audit_head: str
    audit_problems: tuple[str, ...]


def fleet_of(models: Sequence[Held], now: datetime, unread: Sequence[str] = ()) -> Fleet:
    """The page's values, models by id.

    Args:
        models: in any order.
        now: stands for the time of the last recorded change while there is none.
        unread: ids of models that can't be shown, and stop no other.
    """
    ordered = sorted(models, key=lambda one: one.config.id)
    as_of = max((one.held.as_of for one in ordered if one.held.as_of), default=now)
    rows = tuple(_row(one) for one in ordered)
    ahead = _ahead(ordered, as_of)
    audit = ordered[0].held.audit if ordered else None
    return Fleet(
        rows=rows,
        unread=tuple(sorted(unread)),
        simulated=tuple(row.display_name for row in rows if row.simulated),
        as_of=moment(as_of),
        totals=_totals(rows),
        ahead=ahead[:DATES_AHEAD],
        more_ahead=len(ahead[DATES_AHEAD:]),
        audit_entries=audit.entries if audit else 0,
        audit_head=audit.head if audit else "",
        audit_problems=audit.problems if audit else (),
    )


def _row(one: Held) -> Row:
    held, config = one.held, one.config
    stage, state, reason, until = _standing(held)
    packet = decided_packet(held)
    calls, calls_of, weeks = _usage(held)
    cost, cost_of = _cost(held)
    verified = sum(replica.state == "verified" for replica in held.replicas)
    return Row(
        model_id=config.id,
        display_name=config.display_name,
        simulated=held.simulated,
        link=one.link,
        state=state,
        stage=stage,
        waits_for=in_words(reason, held.labels),
        next_at=until,
        last_day=day(max(surface.retires_on for surface in config.candidate.surfaces)),
        decision=_decision(held) if packet is None else _proposal(packet.body),
        open_incidents=sum(row.closed_at is None for row in held.incidents),
        copies=f"{verified} of {len(held.replicas)}" if held.replicas else "none yet",
        damaged=any(replica.state == "damaged" for replica in held.replicas),
        calls=calls,
        calls_of=calls_of,
        usage=spark(weeks),
        cost_usd=cost,
        cost_of=cost_of,
        as_of=moment(held.as_of) if held.as_of else "nothing recorded",
    )


def _standing(held: Dossier) -> tuple[str, str, str, str]:
    """The worst stage with its reason, and the next date of any stage."""
    if held.closing is not None:
        at = moment(held.closing.closed_at)
        return "", "closed", f"closed {at} by {held.closing.people}", ""
    if not held.statuses:
        return "", "unknown", "no pass has recorded how it stands", ""
    ranked = {name: place for place, name in enumerate(_WORST)}
    worst = min(held.statuses, key=lambda row: (ranked.get(row.state, len(_WORST)), row.stage))
    untils = [row.until for row in held.statuses if row.until is not None]
    until = moment(min(untils)) if untils else ""
    reason = worst.reason if worst.state != "done" else "nothing now"
    return worst.stage, worst.state, reason, until


def _proposal(body: str) -> str:
    return str(json.loads(body)["proposal"]).replace("_", " ")


def _decision(held: Dossier) -> str:
    return "proposed, not signed" if held.packets else "not decided yet"


def _usage(held: Dossier) -> tuple[int | None, str, list[tuple[str, int | None]]]:
    """Calls, what they are of, and the last weeks: of sources of figures, or of the usage log."""
    days: dict[str, int] = {}
    for source in observed_of(held.readings):
        told = {str(row["day"]): int(row["calls"]) for row in source.days if "calls" in row}
        if len(told) > len(days):  # sources may tell of the same calls: they are never added
            days, name = told, source.source
    if days:
        first, last = min(days), max(days)
        said = f"{name}, {day(date.fromisoformat(first))} to {day(date.fromisoformat(last))}"
        return sum(days.values()), said, _weeks(days)
    if held.report is None:
        return None, "not measured", []
    report = json.loads(held.report.body)
    covers = report["covers"]
    ends = [day(date.fromisoformat(covers[end][:10])) for end in ("from", "to")]
    weeks = [
        (week["week_of"], week["calls"] if week["whole"] else None) for week in report["weeks"]
    ]
    return int(report["calls"]), f"usage log, {ends[0]} to {ends[1]}", weeks[-_WEEKS:]


def _weeks(days: dict[str, int]) -> list[tuple[str, int | None]]:
    """Weeks from Monday; one that is not covered whole has no data, so that no fall is drawn."""
    told: dict[date, list[int]] = defaultdict(list)
    for text, calls in days.items():
        of = date.fromisoformat(text)
        told[of - timedelta(days=of.weekday())].append(calls)
    monday, weeks = min(told), []
    while monday <= max(told):
        calls_told = told.get(monday, [])
        whole = len(calls_told) == _DAYS.days
        weeks.append((monday.isoformat(), sum(calls_told) if whole else None))
        monday += _DAYS
    return weeks[-_WEEKS:]


def _cost(held: Dossier) -> tuple[float | None, str]:
    """Measured cost: the source that tells most days, else the usage log; never both."""
    best: list[float] = []
    name = ""
    for source in observed_of(held.readings):
        told = [float(row["cost_usd"]) for row in source.days if "cost_usd" in row]
        if len(told) > len(best):
            best, name = told, source.source
    if best:
        return sum(best), f"{name}, {len(best)} days"
    report = json.loads(held.report.body) if held.report else {}
    if report.get("cost_usd") is None:
        return None, "not measured"
    return float(report["cost_usd"]), "usage log"


def _ahead(models: Sequence[Held], as_of: datetime) -> tuple[Ahead, ...]:
    found = [
        (entry.at, one.config.id, in_words(entry.text, one.held.labels))
        for one in models
        for entry in timeline_of(one.config, one.held, as_of)
        if entry.planned
    ]
    return tuple(
        Ahead(day(at) if not at.hour + at.minute else moment(at), model, text)
        for at, model, text in sorted(found)
    )


def _totals(rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    """What can be added up, with how many models it leaves out."""
    costs = [row.cost_usd for row in rows if row.cost_usd is not None]
    calls = [row.calls for row in rows if row.calls is not None]
    count: dict[str, Any] = {state: sum(row.state == state for row in rows) for state in _WORST}
    states = ", ".join(f"{number} {state}" for state, number in count.items() if number)
    return (
        ("Models", f"{len(rows)}" + (f": {states}" if states else "")),
        ("Open incidents", f"{sum(row.open_incidents for row in rows)}"),
        ("With damaged copies", f"{sum(row.damaged for row in rows)}"),
        ("Calls counted", _sum(calls, len(rows), "")),
        ("Cost measured", _sum(costs, len(rows), " USD")),
    )


def _sum(known: Sequence[float | int], of: int, unit: str) -> str:
    if not known:
        return "not measured"
    digits = 2 if unit else 0
    missing = of - len(known)
    left = f"; {missing} {'model is' if missing == 1 else 'models are'} not measured"
    return f"{sum(known):,.{digits}f}{unit}" + (left if missing else "")
