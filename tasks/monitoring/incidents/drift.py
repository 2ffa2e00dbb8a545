"""Follow-ups that found a change of preferences, and have no incident yet. Reads only."""

import json
from datetime import datetime

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks.kernel.stages import Assessment, due
from tasks.monitoring.incidents.rows import incident_id
from tasks.records.follow_up import FollowUp
from tasks.records.incident import Incident


def changed_themes(row: FollowUp) -> tuple[str, ...]:
    """Themes of which a follow-up's comparison says that they changed."""
    if row.outcome != "compared":
        return ()
    drift = json.loads(row.drift)
    return tuple(sorted(theme for theme, one in drift.items() if one["state"] == "changed"))


def untold(session: Session, model_id: str) -> tuple[FollowUp, ...]:
    """Follow-ups that found a change and have no incident, in order. Reads only."""
    rows = session.exec(
        select(FollowUp).where(FollowUp.model_id == model_id).order_by(col(FollowUp.number))
    )
    return tuple(
        row for row in rows if changed_themes(row) and session.get(Incident, _id(row)) is None
    )


def assess_drift(config: RetirementConfig, session: Session, now: datetime) -> Assessment | None:
    """`due` when a change of preferences is to be opened as an incident; None otherwise."""
    rows = untold(session, config.id)
    return due(f"follow-up {rows[0].number} found a change of preferences") if rows else None


def _id(row: FollowUp) -> str:
    return incident_id(row.model_id, "drift", subject_of(row), row.digest)


def subject_of(row: FollowUp) -> str:
    """What an incident of a follow-up is about."""
    return f"follow-up {row.number}"
