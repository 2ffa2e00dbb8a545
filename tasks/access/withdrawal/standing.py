"""Withdrawing a model at the gateway: the plan as the records and the configuration make it.

Nobody is cut off before a signed decision: until enough people signed an access packet, all that it
grants was granted, and every owner was told of that last day, the plan is shown but not in force.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from configs.schema.withdrawal import last_day
from tasks.access.gateway.names import signed_names
from tasks.access.packets import grants_under
from tasks.access.proof import holds
from tasks.access.scenarios import KEEP
from tasks.access.withdrawal.plan import Standing, plan_of
from tasks.records.access import Packet, WithdrawalAct
from tasks.records.brownouts import brownouts_of
from tasks.records.communication import Notice
from tasks.records.decisions import is_decided
from tasks.records.latest import is_simulated
from tasks.records.promises import beliefs, broken_promise, last_told, owners_untold

PAUSE, RESUME = "pause", "resume"
ACTIONS = (PAUSE, RESUME)


def plan_body(config: RetirementConfig, session: Session, now: datetime) -> dict[str, Any]:
    """The plan for a gateway. Reads records only; the same until a record or the YAML changes.

    Args:
        config: the model's configuration.
        session: for reading.
        now: the instant; gateways read the plan by time, so that it is the same at each.
    """
    return plan_of(config, standing_of(config, session, now))


def standing_of(config: RetirementConfig, session: Session, now: datetime) -> Standing:
    """What the records say that the plan hangs on. Reads only."""
    act = latest_act(session, config.id)
    notices = session.exec(select(Notice).where(Notice.model_id == config.id)).all()
    known = [
        one
        for owner in config.candidate.owners
        for one in beliefs(owner.name, owner.contact, notices)
    ]
    surface = config.access.withdrawal.surface
    day = last_day(config.candidate, config.access.withdrawal).isoformat()
    packet = withdrawn_by(config, session)
    return Standing(
        decided=packet is not None,
        names=signed_names(packet),
        paused_by=act.person if act is not None and act.action == PAUSE else "",
        simulated=is_simulated(session, config.id),
        untold=owners_untold(config.candidate, surface, day, notices),
        sooner=any(last_told(one, surface) > day for one in known),
        broken=broken_promise(config.candidate, notices, now),
        unheralded=tuple(one for one in brownouts_of(config, notices) if not one.begins),
    )


def withdrawn_by(config: RetirementConfig, session: Session) -> Packet | None:
    """The packet by which people decided that access ends for others, and who keeps it has it.

    A decision to keep everything withdraws the model from nobody. One of those after it must have
    all its grants: else those whom the first one keeps would be cut off until the next pass. While
    a later one is signed and granted, the earlier one holds, and opens the model to nobody else.
    """
    packets = session.exec(
        select(Packet).where(Packet.model_id == config.id).order_by(col(Packet.proposed_at).desc())
    ).all()
    decided = [packet for packet in packets if is_decided(session, packet)]
    since_kept = takewhile(lambda packet: _proposes(packet) != KEEP, decided)
    return next((one for one in since_kept if _is_carried_out(config, session, one)), None)


def _proposes(packet: Packet) -> str:
    return str(json.loads(packet.body)["proposal"])


def _is_carried_out(config: RetirementConfig, session: Session, packet: Packet) -> bool:
    asked = set(json.loads(packet.body)["grants"])
    if not asked:  # no grant tells that its signatures were verified again
        return holds(config, session, packet)
    return asked <= {grant.kind for grant in grants_under(session, packet)}


def latest_act(session: Session, model_id: str) -> WithdrawalAct | None:
    """The pause or resumption that stands; None before the first. Reads only."""
    return next(reversed(acts_of(session, model_id)), None)


def acts_of(session: Session, model_id: str) -> Sequence[WithdrawalAct]:
    """All pauses and resumptions, oldest first. Reads only."""
    return session.exec(
        select(WithdrawalAct)
        .where(WithdrawalAct.model_id == model_id)
        .order_by(col(WithdrawalAct.received_at), col(WithdrawalAct.id))
    ).all()
