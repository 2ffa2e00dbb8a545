"""Offering published essays to channels beside the site, each once."""

from collections.abc import Sequence

from sqlmodel import Session, select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.essays.packet import packet_of
from tasks.essays.slot_record import PUBLIC, SlotRecord, Standing
from tasks.kernel.errors import EmeritusError
from tasks.records import Fence
from tasks.records.essay import EssayDelivery

ESSAY, WITHDRAWAL = "essay", "withdrawal"


def undelivered(
    config: RetirementConfig, session: Session, slots: Sequence[SlotRecord]
) -> tuple[tuple[str, str], ...]:
    """(slot id, target's name) of what a channel is still to get. Reads only."""
    if not config.essays.targets:
        return ()
    rows = session.exec(select(EssayDelivery).where(EssayDelivery.model_id == config.id))
    got = {(row.slot_id, row.target, row.kind) for row in rows if row.delivered_at is not None}
    found = []
    for slot in slots:
        kind = _kind(slot)
        for target in config.essays.targets:
            key = (slot.draft.slot_id, target.name)
            if kind == ESSAY and (*key, ESSAY) not in got:
                found.append(key)
            if kind == WITHDRAWAL and (*key, ESSAY) in got and (*key, WITHDRAWAL) not in got:
                found.append(key)
    return tuple(found)


def deliver(config: RetirementConfig, fence: Fence, slot: SlotRecord, name: str) -> None:
    """Offer one essay, or its withdrawal, to one channel. Safe to repeat.

    The intent is recorded first; a channel that got it before a kill is asked for it, not sent it
    again.

    Raises:
        EmeritusError: the channel refuses, or can't be reached; why is recorded.
    """
    kind = _kind(slot)
    target = wiring.essay_target(next(t for t in config.essays.targets if t.name == name))
    _record(config, fence, slot, name, kind)
    try:
        receipt = target.offer(packet_of(config, slot))
    except EmeritusError as error:
        _record(config, fence, slot, name, kind, problem=str(error))
        raise
    _record(config, fence, slot, name, kind, receipt=receipt.said)


def _kind(slot: SlotRecord) -> str:
    if slot.standing in PUBLIC:
        return ESSAY
    return WITHDRAWAL if slot.standing is Standing.WITHDRAWN else ""


def _record(
    config: RetirementConfig,
    fence: Fence,
    slot: SlotRecord,
    name: str,
    kind: str,
    *,
    receipt: str = "",
    problem: str = "",
) -> None:
    now, key = wiring.clock().now(), (slot.draft.slot_id, name, kind)
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get(EssayDelivery, key)
        if row is None:
            row = EssayDelivery(
                slot_id=slot.draft.slot_id,
                target=name,
                kind=kind,
                model_id=config.id,
                sha256=slot.current.sha256,
                intended_at=now,
            )
        elif not receipt and row.problem == problem:
            return  # nothing new to tell: a channel that is away is not told of at each pass
        row.problem, row.receipt = problem, receipt
        row.delivered_at = now if receipt else None
        writing.put(row, f"essays.{'delivered' if receipt else 'offered'}")
