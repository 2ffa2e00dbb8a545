"""The dossier's sections on what was watched: sources, incidents, replays, learning. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tasks.monitoring.dossier.holdings import Dossier
from tasks.monitoring.dossier.observed import observed_of
from tasks.monitoring.dossier.tables import (
    Cell,
    Table,
    code,
    figures,
    number,
    state,
    table,
    when,
)
from tasks.monitoring.words import day, moment
from tasks.records.incident import Incident, IncidentTelling
from tasks.records.replay import ReplayRun

SAME_MODEL, SUCCESSOR = "same_model", "successor"
_DRIFT = {"not_shown": "no change shown", "not_enough": "not enough answers"}


@dataclass(frozen=True, slots=True)
class Watched:
    """What the watching found, as tables; None where nothing is recorded."""

    sources: Table | None
    incidents: Table | None
    open_incidents: tuple[str, ...]
    tellings: Table | None
    same_model: Table | None
    successor: Table | None
    follow_ups: Table | None
    drift: Table | None
    retrospectives: Table | None


def watched_of(held: Dossier) -> Watched:
    """All of it."""
    return Watched(
        sources=_sources(held),
        incidents=_incidents(held),
        open_incidents=tuple(row.summary for row in held.incidents if row.closed_at is None),
        tellings=_tellings(held),
        same_model=_runs(held, SAME_MODEL, "Same-model tests: is it still what was kept?", "Week"),
        successor=_runs(held, SUCCESSOR, "Old against successor, an owner at a time", "Owner"),
        follow_ups=_follow_ups(held),
        drift=_drift(held),
        retrospectives=_retrospectives(held),
    )


def _sources(held: Dossier) -> Table | None:
    rows: list[Sequence[Cell | str]] = []
    for one in observed_of(held.readings):
        covers = f"{day(one.first)} to {day(one.last)}" if one.first and one.last else "no day"
        said = "; ".join(one.findings) or "nothing odd"
        counted = [row["calls"] for row in one.days if "calls" in row]
        rows.append(
            (
                Cell(one.source, note=one.kind.replace("_", " ")),
                state(one.state),
                Cell(covers, note=f"{len(one.days):,} days with figures"),
                number(sum(counted) if counted else None),
                said,
                Cell(one.basis, "code", note=f"read {moment(one.read_at)}"),
            )
        )
    heads = ("Source", "State", "Covers", "Calls", "What is odd", "What was read, SHA-256")
    return table("Sources of figures, as last read", heads, rows)


def _incidents(held: Dossier) -> Table | None:
    """Open ones first, each part oldest first."""
    ordered = sorted(held.incidents, key=lambda row: (row.closed_at is not None, row.raised_at))
    rows = [
        (
            when(moment(row.raised_at)),
            Cell(row.kind.replace("_", " "), note=row.subject),
            row.severity,
            Cell(row.summary, note=figures(row.evidence)),
            _standing(held, row),
            _told(held, row),
        )
        for row in ordered
    ]
    heads = ("Raised", "Kind", "Severity", "What was found", "Stands", "Who was told")
    return table("Incidents, open ones first", heads, rows)


def _standing(held: Dossier, row: Incident) -> Cell:
    if row.closed_at is None:
        return state("open")
    acts = [act for act in held.incident_acts if act.incident_id == row.id]
    by = "; ".join(
        f"{act.person}, {act.reason.replace('_', ' ')}: {act.words} (key {act.fingerprint})"
        for act in acts
    )
    return state("closed", f"{moment(row.closed_at)}{'; ' if by else ''}{by}")


def _told(held: Dossier, row: Incident) -> str:
    mine = [one for one in held.tellings if one.incident_id == row.id]
    return "; ".join(one.contact for one in mine if one.sent_at) or "nobody, by the receipts"


def _tellings(held: Dossier) -> Table | None:
    rows = [
        (one.contact, one.incident_id[:12], one.channel, _sent(one), code(one.receipt or "none"))
        for one in held.tellings
    ]
    heads = ("To", "Incident", "By", "Sent", "Receipt")
    return table("Messages about incidents, with receipts", heads, rows)


def _sent(one: IncidentTelling) -> Cell:
    if one.sent_at is not None:
        return when(moment(one.sent_at))
    tries = "1 try" if one.tries == 1 else f"{one.tries} tries"
    return Cell("no receipt", note=f"{tries}; {one.said}" if one.said else tries)


def _runs(held: Dossier, purpose: str, caption: str, head: str) -> Table | None:
    mine = [run for run in held.replay_runs if run.purpose == purpose]
    rows = [
        (run.period, run.subject, _outcome(run), figures(run.body) or "no figures", _when(run))
        for run in mine
    ]
    return table(caption, (head, "Asked", "Outcome", "Figures", "When"), rows)


def _outcome(run: ReplayRun) -> Cell:
    if run.state == "asking":
        return state("under way")
    if run.state == "not_judged":
        return state("not judged", run.outcome.replace("_", " "))
    return state(run.outcome.replace("_", " "))


def _when(run: ReplayRun) -> Cell:
    judged = f"judged {moment(run.judged_at)}" if run.judged_at else "not judged yet"
    return Cell(f"asked {moment(run.started_at)}", note=judged)


def _follow_ups(held: Dossier) -> Table | None:
    rows = [
        (
            f"Follow-up {row.number}",
            when(moment(row.due_at)),
            when(moment(row.registered_at)),
            state(row.outcome.replace("_", " ") or "under way"),
            code(row.digest),
        )
        for row in held.follow_ups
    ]
    heads = ("Wave", "Due", "Registered", "Outcome", "What is asked, SHA-256")
    return table("Preferences asked again after retirement", heads, rows)


def _drift(held: Dossier) -> Table | None:
    rows: list[Sequence[Cell | str]] = []
    for wave in held.follow_ups:
        for theme, what in sorted(_themes(wave.drift).items()):
            rows.append(
                (
                    held.labels.get(theme, theme.replace("_", " ")),
                    f"Follow-up {wave.number}",
                    state(_DRIFT.get(str(what["state"]), str(what["state"]))),
                    f"{str(what['side']).replace('_', ' ')}: {_share(what['before'])}",
                    _share(what["after"]),
                    Cell("not tested" if what["q"] is None else f"{what['q']:.4f}", "number"),
                )
            )
    heads = ("Theme", "Wave", "Finding", "Before", "After", "q")
    return table("What changed since the verdicts, neutral questions alone", heads, rows)


def _themes(drift: str) -> dict[str, Any]:
    found = json.loads(drift) if drift else {}
    return found if isinstance(found, dict) else {}


def _share(rate: dict[str, Any]) -> str:
    """A rate with its 95 % interval; of no answers there is none."""
    if not rate["of"]:
        return "no settled answer"
    between = f"{100 * rate['low']:.0f} to {100 * rate['high']:.0f} %"
    return f"{rate['count']} of {rate['of']} ({between})"


def _proposed(body: str) -> str:
    proposals = json.loads(body).get("proposals", [])
    if not proposals:
        return "no change is proposed"
    paths = ", ".join(str(one["path"]) for one in proposals)
    number = f"{len(proposals)} {'change is' if len(proposals) == 1 else 'changes are'} proposed"
    return f"{number}: {paths}"


def _retrospectives(held: Dossier) -> Table | None:
    rows = [
        (
            when(moment(row.made_at)),
            _proposed(row.body),
            Cell(row.location or "not written", "code"),
            code(row.basis),
        )
        for row in held.retrospectives
    ]
    heads = ("Made", "What it says", "Report", "Evidence, SHA-256")
    return table("Retrospectives: what they propose changes nothing by itself", heads, rows)
