"""Whether a decision holds, by its signatures alone; no row of ours is believed."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.core import APPROVAL_NAMESPACE, approval_statement, packet_digest
from tasks.access.knock_outs import barred_kinds
from tasks.access.packets import grants_under, open_grounds
from tasks.kernel.errors import AuditBroken, KeyRevoked, SignatureRefused
from tasks.records.access import Approval, Packet
from tasks.records.decisions import all_standing, approvals_of, is_decided, needed


def signed_body(model_id: str, packet: Packet) -> dict[str, Any]:
    """What people signed, as JSON values.

    Raises:
        AuditBroken: the packet was altered since, or is another model's.
    """
    body: dict[str, Any] = json.loads(packet.body)
    if packet_digest(body) != packet.digest or body["model_id"] != model_id:
        raise AuditBroken(f"{model_id}: packet {packet.digest[:12]} is not the one that was signed")
    return body


def prove(config: RetirementConfig, packet: Packet, approvals: Sequence[Approval]) -> None:
    """Prove from signatures alone that enough different people approved this very packet.

    Raises:
        SignatureRefused: a recorded signature does not hold, or its key was revoked since.
        AuditBroken: the packet or an approval was altered, or too few different people signed.
    """
    body, name = signed_body(config.id, packet), f"{config.id}: packet {packet.digest[:12]}"
    signers: set[str] = set()
    for approval in approvals:
        signer = wiring.signatures(config.access).verify(
            approval_statement(config.id, packet.digest),
            approval.signature,
            namespace=APPROVAL_NAMESPACE,
            person=approval.person,
            at=approval.received_at,
        )
        proposes = approval.person.casefold() == str(body["proposer"]).casefold()
        if signer.fingerprint != approval.fingerprint or proposes:
            raise AuditBroken(f"{config.id}: the approval by {approval.person!r} was altered")
        signers.add(signer.fingerprint)
    people = {approval.person for approval in approvals}
    if min(len(signers), len(people)) < needed(packet):
        raise AuditBroken(f"{name} lacks the signatures of {needed(packet)} different people")


def holds(config: RetirementConfig, session: Session, packet: Packet) -> bool:
    """Whether enough people's signatures under a packet verify now. Reads only."""
    try:
        prove(config, packet, approvals_of(session, packet))
    except (SignatureRefused, AuditBroken):
        return False
    return True


def is_void(config: RetirementConfig, session: Session, packet: Packet, now: datetime) -> bool:
    """Whether a decided packet may not be acted on any more, so that access is decided anew.

    That is so where, before anything was granted, a key under it was revoked, or something knocked
    out what it asks for. What was granted stands; it is ended by revoking the grant.
    """
    if not is_decided(session, packet) or grants_under(session, packet):
        return False
    grounds, _ = open_grounds(config, session, now)
    asked = json.loads(packet.body)["grants"]
    if any(barred_kinds(one, asked) for one in grounds.knock_outs):
        return True
    try:
        prove(config, packet, approvals_of(session, packet))
    except KeyRevoked:
        return True
    except (SignatureRefused, AuditBroken):
        return False  # tampered with: people have to look before anything is proposed anew
    return False


def in_force(config: RetirementConfig, session: Session, now: datetime) -> Packet | None:
    """The decision that holds now: the latest that is not void; None while there is none."""
    packets = all_standing(session, config.id, now)
    return next((one for one in packets if not is_void(config, session, one, now)), None)
