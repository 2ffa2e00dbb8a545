"""A person's act: approving a packet. The Prefect form and the CLI both end here."""

import json
from datetime import datetime

from tasks.access.core import APPROVAL_NAMESPACE, approval_statement
from tasks.access.view import approvals_of, is_decided, latest_packet
from tasks.kernel.digests import stable_id
from tasks.kernel.errors import DecisionRefused, NotFound
from tasks.kernel.instants import to_minute
from tasks.ports.signatures import SignatureVerifier
from tasks.records import Book
from tasks.records.access import Approval, Packet


def open_packet(book: Book, model_id: str, now: datetime) -> Packet:
    """The packet that can be signed now.

    Raises:
        NotFound: there is none.
        DecisionRefused: it expired, or is decided.
    """
    with book.reading() as session:
        packet = latest_packet(session, model_id)
        if packet is None:
            raise NotFound(
                f"{model_id}: no access packet yet; a pass proposes one when the verdicts are there"
            )
        if is_decided(session, packet):
            raise DecisionRefused(
                f"{model_id}: packet {packet.digest[:12]} is decided already; nothing is to sign"
            )
    if packet.expires_at <= now:
        raise DecisionRefused(
            f"{model_id}: packet {packet.digest[:12]} expired on {to_minute(packet.expires_at)}; "
            "run a pass to propose a new one"
        )
    return packet


def approve(
    book: Book,
    verifier: SignatureVerifier,
    *,
    model_id: str,
    person: str,
    signature: str,
    now: datetime,
) -> tuple[Approval, int]:
    """Record one person's approval of the open packet.

    Safe to repeat: the same person's approval of the same packet is recorded once.

    Args:
        book: the records.
        verifier: knows who may sign.
        model_id: the model.
        person: name in the list of allowed signers.
        signature: armoured SSH signature of `approval_statement`.
        now: time of receipt by our clock.

    Returns:
        The approval, and how many the packet has now.

    Raises:
        NotFound, DecisionRefused: there is nothing to sign, or not by this person.
        SignatureRefused: the signature does not count, and why.
    """
    packet = open_packet(book, model_id, now)
    if person.casefold() == str(json.loads(packet.body)["proposer"]).casefold():
        raise DecisionRefused(f"{person!r} proposed this packet; two other people must approve it")
    signer = verifier.verify(
        approval_statement(model_id, packet.digest),
        signature,
        namespace=APPROVAL_NAMESPACE,
        person=person,
        at=now,
    )
    with book.writing(now, actor=person) as writing:
        writing.session.get_one(Packet, packet.digest, with_for_update=True)  # one act at a time
        latest = latest_packet(writing.session, model_id)
        if latest is None or latest.digest != packet.digest:
            raise DecisionRefused(
                f"{model_id}: the packet changed while it was signed; read and sign the new one"
            )
        approvals = approvals_of(writing.session, packet)
        for approval in approvals:
            if approval.person == person:
                return approval, len(approvals)
            if approval.fingerprint == signer.fingerprint:
                raise DecisionRefused(
                    f"{person!r} signed with the key that {approval.person!r} signed with; "
                    "two people need two keys"
                )
        row = Approval(
            id=stable_id(packet.digest, person),
            model_id=model_id,
            packet_digest=packet.digest,
            person=person,
            fingerprint=signer.fingerprint,
            signature=signature,
            received_at=now,
        )
        return writing.put(row, "access.approved"), len(approvals) + 1
