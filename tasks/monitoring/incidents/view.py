"""How incidents stand by the records."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks.kernel.instants import to_minute
from tasks.kernel.labels import labelled
from tasks.kernel.stages import Assessment, StageState, blocked, done, due, waiting
from tasks.monitoring.incidents import telling
from tasks.monitoring.incidents.judgement import configured, kept_judgement
from tasks.monitoring.incidents.rows import open_incidents, tellings_of
from tasks.monitoring.incidents.telling import Owed
from tasks.monitoring.incidents.wanted import wanted
from tasks.monitoring.incidents.words import ALARM, LEARNING, QUIET
from tasks.records.incident import Incident
from tasks.records.monitoring import SourceReading


def assess_incidents(
    config: RetirementConfig, session: Session, now: datetime
) -> Assessment | None:
    """How alarms and incidents stand; None where nothing is watched and nothing was found.

    Reads records and the file of the latest judgement; works no statistics out.
    """
    rows = open_incidents(session, config.id)
    if config.monitoring.alarms is None:
        return _open(config, rows, ()) if rows else None
    if unknown := telling.unknown_webhooks(config):
        return blocked(
            f"monitoring.alarms.webhooks names {unknown[0]!r}, which communication.channels does "
            "not; add it there, or take it off"
        )
    owed = telling.owed(config, rows, tellings_of(session, config.id))
    judged = kept_judgement(config, session)
    if todo := _todo(config, session, judged, owed, now):
        return due(todo)
    if rows:
        return _open(config, rows, owed)
    return done(_watched([body["state"] for body in judged["signals"]] if judged else []))


def due_now(config: RetirementConfig, session: Session, now: datetime) -> bool:
    """Whether the tasks of incidents would do something now."""
    found = assess_incidents(config, session, now)
    return found is not None and found.state is StageState.DUE


def _todo(
    config: RetirementConfig,
    session: Session,
    judged: dict[str, Any] | None,
    owed: Sequence[Owed],
    now: datetime,
) -> str:
    """What a pass can do now; empty for nothing."""
    if judged is None and _any_reading(config, session):
        return "the signals are to be judged"
    if finds := wanted(config, session, judged or {"signals": []}, now):
        summary = labelled(finds[0].summary, finds[0].simulated)
        return f"an incident is to be opened: {summary}"
    ready = [one for one in owed if telling.may_be_tried(one, now)]
    return f"{_number(ready, 'message')} about incidents to be sent" if ready else ""


def _open(config: RetirementConfig, rows: Sequence[Incident], owed: Sequence[Owed]) -> Assessment:
    """Open incidents wait for a person; a message that did not get out is told of."""
    first = max(rows, key=lambda row: (row.severity == "high", row.raised_at))
    said = f"{_number(rows, 'incident')} open: "
    said += labelled(first.summary, first.simulated)
    again = [one.row.again_at for one in owed if one.row and one.row.again_at]
    if owed and (row := owed[0].row):
        then = f"tried again at {to_minute(min(again))}" if again else "not tried again"
        said += f"; {owed[0].contact} was not told ({row.said or 'no receipt'}; {then})"
    elif not telling.receivers(config):
        said += "; nobody is told: monitoring.alarms.contacts is empty"
    return waiting(
        said,
        until=min(again, default=None),
        command=f"emeritus incidents show {config.id} {first.id[:12]}",
    )


def _watched(states: Sequence[str]) -> str:
    watched = [state for state in states if state in (QUIET, ALARM)]
    learning = states.count(LEARNING)
    if not watched and not learning:
        return "no source tells a signal that can be watched"
    more = f", {learning} still learning what is usual" if learning else ""
    return f"{_number(watched, 'signal')} watched{more}; no incident is open"


def _any_reading(config: RetirementConfig, session: Session) -> bool:
    found = select(SourceReading.id).where(
        SourceReading.model_id == config.id, col(SourceReading.source).in_(configured(config))
    )
    return session.exec(found.limit(1)).first() is not None


def _number(rows: Sequence[object], what: str) -> str:
    return f"{len(rows)} {what}{'' if len(rows) == 1 else 's'}"
