"""What the records tell of a period. Reads only."""

import json
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks.kernel.instants import start_of
from tasks.monitoring.audit_view import latest_audit
from tasks.monitoring.retrospective.rules import Closed, Happened, Settings
from tasks.records.application import Application, ApplicationEvent
from tasks.records.communication import Notice
from tasks.records.essay import Draft
from tasks.records.incident import Incident, IncidentAct
from tasks.records.preservation import PreservationEvent

_FIXITY = "fixity check"
_ANSWERS = ("accepted", "declined", "asked")
_MONTH = timedelta(days=30)


def settings_of(config: RetirementConfig) -> Settings:
    """The values in force that rules look at."""
    alarms = config.monitoring.alarms
    return Settings(
        fixity_interval_hours=config.preservation.fixity_interval_hours,
        every_weeks=config.essays.cadence.every_weeks,
        answer_within_days=config.access.applications.answer_within_days,
        yearly_false_alarms=alarms.yearly_false_alarms if alarms is not None else None,
        late_after_days={
            source.name: (place, source.late_after_days)
            for place, source in enumerate(config.monitoring.sources)
        },
    )


def happened(
    config: RetirementConfig, session: Session, since: datetime, until: datetime
) -> Happened:
    """What was recorded from one instant to another; of the latest audit, whenever it was made."""
    model = config.id
    audit = latest_audit(session, model)
    body = json.loads(audit.body) if audit is not None else {}
    last = min(surface.retires_on for surface in config.candidate.surfaces)
    near = audit is not None and audit.made_at >= start_of(last) - _MONTH
    owners = [o["name"] for o in body.get("owners", ()) if o["state"] == "in_use"]
    return Happened(
        damaged=_damaged(session, model, since, until),
        slots=_slots(session, model, since, until),
        answer_days=_answer_days(session, model, since, until),
        closed=_closed(session, model, since, until),
        still_used=tuple(owners) if near else (),
        audit=audit.id if audit is not None else "",
        unknown_callers=int(body.get("unknown_callers_in_all", 0)),
        refused_notices=_refused(session, model, since, until),
    )


def _damaged(session: Session, model: str, since: datetime, until: datetime) -> tuple[str, ...]:
    rows = session.exec(
        select(PreservationEvent)
        .where(
            PreservationEvent.model_id == model,
            PreservationEvent.kind == _FIXITY,
            PreservationEvent.outcome == "failure",
        )
        .order_by(col(PreservationEvent.at), col(PreservationEvent.id))
    )
    return tuple(row.id for row in rows if since < row.at <= until)


def _slots(
    session: Session, model: str, since: datetime, until: datetime
) -> tuple[tuple[str, str], ...]:
    rows = session.exec(select(Draft).where(Draft.model_id == model).order_by(col(Draft.number)))
    return tuple(
        (row.slot_id, row.outcome)
        for row in rows
        if since < row.opens_at <= until and row.outcome != "asked"
    )


def _answer_days(
    session: Session, model: str, since: datetime, until: datetime
) -> tuple[tuple[str, float], ...]:
    received = {
        row.id: row.received_at
        for row in session.exec(select(Application).where(Application.model_id == model))
    }
    events = session.exec(
        select(ApplicationEvent)
        .where(ApplicationEvent.model_id == model, col(ApplicationEvent.kind).in_(_ANSWERS))
        .order_by(col(ApplicationEvent.at), col(ApplicationEvent.id))
    )
    first: dict[str, datetime] = {}
    for event in events:
        first.setdefault(event.application_id, event.at)
    return tuple(
        (name, (at - received[name]) / timedelta(days=1))
        for name, at in first.items()
        if name in received and since < at <= until
    )


def _closed(session: Session, model: str, since: datetime, until: datetime) -> tuple[Closed, ...]:
    incidents = {
        row.id: row for row in session.exec(select(Incident).where(Incident.model_id == model))
    }
    acts = session.exec(
        select(IncidentAct)
        .where(IncidentAct.model_id == model, IncidentAct.action == "close")
        .order_by(col(IncidentAct.received_at), col(IncidentAct.id))
    )
    return tuple(
        Closed(row.id, row.kind, row.subject, act.reason)
        for act in acts
        if since < act.received_at <= until and (row := incidents.get(act.incident_id)) is not None
    )


def _refused(
    session: Session, model: str, since: datetime, until: datetime
) -> tuple[tuple[str, str], ...]:
    rows = session.exec(
        select(Notice)
        .where(Notice.model_id == model, Notice.outcome == "refused")
        .order_by(col(Notice.owner), col(Notice.intended_at))
    )
    found = {row.owner: row.said for row in rows if since < row.intended_at <= until}
    return tuple(found.items())
