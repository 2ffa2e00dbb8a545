"""Rows of incidents: raised once, whoever looks how often; read by every part of monitoring."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

from sqlmodel import Session, col, select

from tasks.kernel.digests import canonical_json, stable_id
from tasks.records import Writing
from tasks.records.incident import Incident, IncidentAct, IncidentTelling

Kind = Literal["alarm", "same_model", "source", "drift"]
Severity = Literal["low", "high"]


def incident_id(model_id: str, kind: str, subject: str, began: date | str) -> str:
    """Id of an incident: the same finding with the same beginning is one incident."""
    return stable_id(model_id, kind, subject, str(began))


def raise_incident(
    writing: Writing,
    *,
    model_id: str,
    kind: Kind,
    subject: str,
    began: date | str,
    severity: Severity,
    summary: str,
    evidence: dict[str, Any],
    simulated: bool,
    now: datetime,
) -> Incident:
    """Open an incident, or give back the one that tells of this finding already.

    Safe to repeat: the first words stand, and one that a person closed stays closed. What goes on
    after it was closed needs a later `began` to be raised anew.

    Args:
        writing: the transaction, of a pass with its fence.
        model_id: the model.
        kind: what found it.
        subject: the signal, the run or the source.
        began: since when; a UTC day, or any text that is the same for the same finding.
        severity: `high` where people are to look today.
        summary: one sentence that a person can act on, without the SIMULATED label.
        evidence: JSON values: figures and digests that the sentence rests on.
        simulated: whether what it rests on is simulated.
        now: when it was found.
    """
    row_id = incident_id(model_id, kind, subject, began)
    before = writing.session.get(Incident, row_id)
    if before is not None:
        return before
    row = Incident(
        id=row_id,
        model_id=model_id,
        kind=kind,
        subject=subject,
        severity=severity,
        summary=summary,
        evidence=canonical_json({**evidence, "began": str(began)}).decode(),
        simulated=simulated,
        raised_at=now,
    )
    return writing.put(row, "monitoring.incident_raised")


def incidents_of(session: Session, model_id: str) -> Sequence[Incident]:
    """All incidents of a model, in the order in which they were raised."""
    return session.exec(
        select(Incident)
        .where(Incident.model_id == model_id)
        .order_by(col(Incident.raised_at), col(Incident.id))
    ).all()


def open_incidents(session: Session, model_id: str) -> Sequence[Incident]:
    """Incidents that nobody closed yet, in the order in which they were raised."""
    return [row for row in incidents_of(session, model_id) if row.closed_at is None]


def latest_incident(session: Session, model_id: str, kind: Kind, subject: str) -> Incident | None:
    """The incident raised last about a subject, open or closed."""
    return session.exec(
        select(Incident)
        .where(Incident.model_id == model_id, Incident.kind == kind, Incident.subject == subject)
        .order_by(col(Incident.raised_at).desc(), col(Incident.id).desc())
    ).first()


def tellings_of(session: Session, model_id: str) -> Sequence[IncidentTelling]:
    """All messages about a model's incidents, in the order in which they were intended."""
    return session.exec(
        select(IncidentTelling)
        .where(IncidentTelling.model_id == model_id)
        .order_by(
            col(IncidentTelling.intended_at),
            col(IncidentTelling.incident_id),
            col(IncidentTelling.contact),
        )
    ).all()


def acts_of(session: Session, model_id: str) -> Sequence[IncidentAct]:
    """All closings of a model's incidents, in order of receipt."""
    return session.exec(
        select(IncidentAct)
        .where(IncidentAct.model_id == model_id)
        .order_by(col(IncidentAct.received_at), col(IncidentAct.id))
    ).all()
