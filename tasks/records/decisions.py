"""Which access decision stands: packets, who approved them, and until when a decision holds.

Access decides by these, and others tell of them.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from tasks.records.access import Approval, Packet

FEWEST_APPROVALS = 2


def latest_packet(session: Session, model_id: str) -> Packet | None:
    """The packet proposed last."""
    return session.exec(
        select(Packet).where(Packet.model_id == model_id).order_by(col(Packet.proposed_at).desc())
    ).first()


def approvals_of(session: Session, packet: Packet) -> Sequence[Approval]:
    """The approvals of one packet, in order of receipt."""
    return session.exec(
        select(Approval)
        .where(Approval.packet_digest == packet.digest)
        .order_by(col(Approval.received_at))
    ).all()


def needed(packet: Packet) -> int:
    """How many approvals the packet needs: what it says itself, and never fewer than two."""
    return max(FEWEST_APPROVALS, int(json.loads(packet.body)["approvals_needed"]))


def is_decided(session: Session, packet: Packet) -> bool:
    """Whether enough people signed."""
    return len(approvals_of(session, packet)) >= needed(packet)


def revisit_at(session: Session, packet: Packet) -> datetime | None:
    """When a decided packet is to be decided again: its term after the deciding signature."""
    approvals = approvals_of(session, packet)
    if len(approvals) < needed(packet):
        return None
    decided_at = approvals[needed(packet) - 1].received_at
    return decided_at + timedelta(days=int(json.loads(packet.body)["term_days"]))


def standing(session: Session, model_id: str, now: datetime) -> Packet | None:
    """The decided packet whose term runs, the latest of them; None while there is none.

    A later packet may lie open beside it: what was decided holds until it is decided anew.
    """
    return next(all_standing(session, model_id, now), None)


def all_decided(session: Session, model_id: str) -> Iterator[Packet]:
    """The decided packets, latest first, also those whose term is over."""
    packets = session.exec(
        select(Packet).where(Packet.model_id == model_id).order_by(col(Packet.proposed_at).desc())
    )
    return (packet for packet in packets if is_decided(session, packet))


def all_standing(session: Session, model_id: str, now: datetime) -> Iterator[Packet]:
    """The decided packets whose term runs, latest first."""
    packets = session.exec(
        select(Packet).where(Packet.model_id == model_id).order_by(col(Packet.proposed_at).desc())
    )
    for packet in packets:
        revisit = revisit_at(session, packet)
        if revisit is not None and now < revisit:
            yield packet
