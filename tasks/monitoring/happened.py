"""What happened to a model's packages and replicas, in the order in which it was recorded."""

from sqlalchemy import func
from sqlmodel import Session, col, select

from tasks.records.audit import AuditEntry
from tasks.records.preservation import PreservationEvent


def preservation_events(session: Session, model_id: str) -> tuple[PreservationEvent, ...]:
    """A model's events, oldest first. Reads only.

    Events of one transaction bear one instant; the audit chain tells which was recorded first.
    """
    told = (
        select(col(AuditEntry.row_key), func.min(AuditEntry.seq).label("seq"))
        .where(
            AuditEntry.model_id == model_id,
            AuditEntry.row_table == PreservationEvent.__tablename__,
        )
        .group_by(col(AuditEntry.row_key))
        .subquery()
    )
    found = session.exec(
        select(PreservationEvent)
        .join(told, told.c.row_key == PreservationEvent.id, isouter=True)
        .where(PreservationEvent.model_id == model_id)
        .order_by(col(PreservationEvent.at), told.c.seq, col(PreservationEvent.id))
    )
    return tuple(found)
