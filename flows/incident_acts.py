"""Incidents: the forms and the CLI both end in these functions."""

import json
from collections.abc import Sequence
from typing import Any

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.instants import to_minute, to_text
from tasks.kernel.labels import labelled
from tasks.monitoring.incidents.closing import (
    INCIDENT_NAMESPACE,
    Closing,
    find_incident,
    statement_to_sign,
)
from tasks.monitoring.incidents.closing import close_incident as record
from tasks.monitoring.incidents.judgement import judgement
from tasks.monitoring.incidents.rows import acts_of, incidents_of, tellings_of
from tasks.records.incident import Incident, IncidentAct, IncidentTelling

__all__ = [
    "INCIDENT_NAMESPACE",
    "Closing",
    "close",
    "closing_statement",
    "incident_now",
    "incidents_now",
    "signals_now",
]


def incidents_now(config: RetirementConfig, *, everything: bool = False) -> list[dict[str, Any]]:
    """Open incidents, or all of them, as JSON values, the latest first. Reads only."""
    with wiring.book().reading() as session:
        rows = incidents_of(session, config.id)
        acts, tellings = acts_of(session, config.id), tellings_of(session, config.id)
    shown = [row for row in reversed(rows) if everything or row.closed_at is None]
    return [_values(row, acts, tellings) for row in shown]


def incident_now(config: RetirementConfig, incident: str) -> dict[str, Any]:
    """One incident as JSON values. Reads only. Raises `NotFound`."""
    with wiring.book().reading() as session:
        row = find_incident(session, config.id, incident)
        return _values(row, acts_of(session, config.id), tellings_of(session, config.id))


def signals_now(config: RetirementConfig) -> dict[str, Any]:
    """Every signal and change of the mix, judged by the records, as JSON values. Reads only."""
    with wiring.book().reading() as session:
        return judgement(config, session)


def closing_statement(config: RetirementConfig, act: Closing) -> bytes:
    """The bytes that a person signs with `INCIDENT_NAMESPACE`.

    Raises:
        NotFound, DecisionRefused: see `tasks.monitoring.incidents.closing.statement_to_sign`.
    """
    return statement_to_sign(wiring.book(), config.id, act)


def close(config: RetirementConfig, person: str, act: Closing, signature: str) -> str:
    """Record a closing; returns a sentence for the person.

    Raises:
        NotFound, DecisionRefused, SignatureRefused: see `closing.close_incident`.
    """
    row = record(
        wiring.book(),
        wiring.signatures(config.access),
        model_id=config.id,
        act=act,
        person=person,
        signature=signature,
        now=wiring.clock().now(),
    )
    with wiring.book().reading() as session:
        incident = session.get_one(Incident, row.incident_id)
    said = f"{row.person} closed incident {incident.id[:12]} of {config.id} ({row.reason})"
    if incident.kind == "alarm":
        begins = "; its CUSUM begins anew with the next day"
        learns = "; what is usual is learnt anew from the next day on"
        said += learns if row.reason == "accepted" else begins
    return labelled(said, incident.simulated)


def _values(
    row: Incident, acts: Sequence[IncidentAct], tellings: Sequence[IncidentTelling]
) -> dict[str, Any]:
    act = next((act for act in acts if act.incident_id == row.id), None)
    return {
        "id": row.id,
        "model_id": row.model_id,
        "kind": row.kind,
        "subject": row.subject,
        "severity": row.severity,
        "state": "open" if row.closed_at is None else "closed",
        "summary": row.summary,
        "simulated": row.simulated,
        "raised_at": to_text(row.raised_at),
        "closed_at": to_text(row.closed_at) if row.closed_at else None,
        "closed_by": act.person if act else None,
        "reason": act.reason if act else None,
        "words": act.words if act else None,
        "evidence": json.loads(row.evidence),
        "told": [
            {
                "contact": one.contact,
                "channel": one.channel,
                "sent_at": to_text(one.sent_at) if one.sent_at else None,
                "outcome": _became(one),
                "receipt": one.receipt,
            }
            for one in tellings
            if one.incident_id == row.id
        ],
    }


def _became(one: IncidentTelling) -> str:
    if one.sent_at:
        return f"sent on {to_minute(one.sent_at)}"
    again = f"; again at {to_minute(one.again_at)}" if one.again_at else ""
    return (
        f"{one.outcome or 'not tried yet'}: {one.said}{again}"
        if one.said
        else (one.outcome or "not tried yet")
    )
