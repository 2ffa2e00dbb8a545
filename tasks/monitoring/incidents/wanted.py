"""Which incidents the records call for that are not there yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from configs.schema import RetirementConfig
from tasks.monitoring.incidents.judgement import stale_now
from tasks.monitoring.incidents.rows import (
    Kind,
    Severity,
    incident_id,
    latest_incident,
    raise_incident,
)
from tasks.monitoring.incidents.words import ALARM
from tasks.records import Writing
from tasks.records.incident import Incident

_URGENT = ("unsafe",)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An incident that is to be opened; see `rows.raise_incident`."""

    kind: Kind
    subject: str
    began: str
    severity: Severity
    summary: str
    evidence: dict[str, Any]
    simulated: bool


def wanted(
    config: RetirementConfig, session: Session, judged: dict[str, Any], now: datetime
) -> tuple[Wanted, ...]:
    """What crossed its bound and has no incident: alarms first, then sources.

    A signal or source with an open incident opens no other one.
    """
    alarms = [_alarm(body) for body in judged["signals"] if body["state"] == ALARM]
    sources = [
        Wanted(
            "source",
            one.source,
            one.began,
            "low",
            one.summary,
            {"state": one.state},
            one.simulated,
        )
        for one in stale_now(config, session, now)
    ]
    return tuple(one for one in (*alarms, *sources) if _is_new(session, config.id, one))


def raise_all(
    writing: Writing, model_id: str, finds: Sequence[Wanted], now: datetime
) -> tuple[Incident, ...]:
    """Open them, looked at again within the transaction."""
    return tuple(
        raise_incident(
            writing,
            model_id=model_id,
            kind=one.kind,
            subject=one.subject,
            began=one.began,
            severity=one.severity,
            summary=one.summary,
            evidence=one.evidence,
            simulated=one.simulated,
            now=now,
        )
        for one in finds
        if _is_new(writing.session, model_id, one)
    )


def _is_new(session: Session, model_id: str, one: Wanted) -> bool:
    latest = latest_incident(session, model_id, one.kind, one.subject)
    if latest is None:
        return True
    if latest.closed_at is None:
        return False
    row_id = incident_id(model_id, one.kind, one.subject, one.began)
    return session.get(Incident, row_id) is None


def _alarm(body: dict[str, Any]) -> Wanted:
    evidence = {
        key: body[key] for key in ("baseline", "rate", "mean", "chart", "crossing", "claim")
    }
    return Wanted(
        "alarm",
        body["subject"],
        body["crossing"]["day"],
        "high" if body["name"] in _URGENT else "low",
        body["says"],
        {**evidence, "mix_changed": body["mix_changed"]},
        body["simulated"],
    )
