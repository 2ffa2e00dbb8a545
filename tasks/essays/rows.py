"""Slots as the records hold them. Reads only."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from tasks.essays.slot_record import SlotRecord
from tasks.records.essay import Draft, Publication, ReaderReport, Redraft, Review

_Row = TypeVar("_Row", Publication, ReaderReport, Redraft, Review)


def slot_record(session: Session, draft: Draft, at: datetime) -> SlotRecord:
    """All rows of a draft's slot, looked at at an instant."""
    return _records(session, [draft], at)[0]


def slots_of(session: Session, model_id: str, at: datetime) -> tuple[SlotRecord, ...]:
    """All slots of a model that have a row, in order."""
    drafts = session.exec(
        select(Draft).where(Draft.model_id == model_id).order_by(col(Draft.number))
    ).all()
    return _records(session, drafts, at)


def _records(session: Session, drafts: Sequence[Draft], at: datetime) -> tuple[SlotRecord, ...]:
    """The slots of drafts, by one query a table whatever their number."""
    ids = [draft.slot_id for draft in drafts]
    redrafts = _by_slot(session, Redraft, ids, col(Redraft.number))
    reviews = _by_slot(session, Review, ids, col(Review.received_at), col(Review.id))
    reports = _by_slot(session, ReaderReport, ids, col(ReaderReport.received_at))
    public = _by_slot(session, Publication, ids, col(Publication.slot_id))
    return tuple(
        SlotRecord(
            draft,
            at,
            redrafts=tuple(redrafts[draft.slot_id]),
            reviews=tuple(reviews[draft.slot_id]),
            publication=next(iter(public[draft.slot_id]), None),
            reports=tuple(reports[draft.slot_id]),
        )
        for draft in drafts
    )


def _by_slot(
    session: Session, table: type[_Row], ids: Sequence[str], *order: Any
) -> dict[str, list[_Row]]:
    found: dict[str, list[_Row]] = defaultdict(list)
    slot: Any = table.slot_id
    for row in session.exec(select(table).where(slot.in_(ids)).order_by(*order)):
        found[row.slot_id].append(row)
    return found
