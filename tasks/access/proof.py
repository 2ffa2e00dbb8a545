"""Whether a decision holds, by its signatures alone; no row of ours is believed."""

import json
from collections.abc import Sequence
from typing import Any

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.core import APPROVAL_NAMESPACE, approval_statement, packet_digest
from tasks.access.packets import needed
from tasks.kernel.errors import AuditBroken
from tasks.records.access import Approval, Packet


def prove(config: RetirementConfig, packet: Packet, approvals: Sequence[Approval]) -> None:
    """Prove from signatures alone that enough different people approved this very packet.

    Raises:
        SignatureRefused: a recorded signature does not hold, or its key was revoked since.
        AuditBroken: the packet or an approval was altered, or too few different people signed.
    """
    body: dict[str, Any] = json.loads(packet.body)
    name = f"{config.id}: packet {packet.digest[:12]}"
    if packet_digest(body) != packet.digest or body["model_id"] != config.id:
        raise AuditBroken(f"{name} is not the one that was signed")
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
