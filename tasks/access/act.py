"""A person's act: approving a packet. The Prefect form, the CLI and a committed file end here."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks.access.core import APPROVAL_NAMESPACE, approval_statement
from tasks.access.packets import open_grounds
from tasks.access.signature_files import SignatureFile, signature_files
from tasks.kernel.digests import stable_id
from tasks.kernel.errors import DecisionRefused, NotFound, SignatureRefused
from tasks.kernel.instants import to_minute
from tasks.ports.signatures import SignatureVerifier, Signer
from tasks.records import Book
from tasks.records.access import Approval, Packet
from tasks.records.decisions import approvals_of, is_decided, latest_packet

_SIGNED_BEFORE = 100  # how many other packets a refused signature is compared with


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A committed signature that does not count, and why."""

    file: SignatureFile
    why: str


def open_packet(session: Session, config: RetirementConfig, now: datetime) -> Packet:
    """The packet that can be signed now.

    Raises:
        NotFound: there is none.
        DecisionRefused: it expired, is decided, or what it rests on changed.
    """
    packet = latest_packet(session, config.id)
    if packet is None:
        raise NotFound(
            f"{config.id}: no access packet yet; a pass proposes one when the verdicts are there"
        )
    name = f"{config.id}: packet {packet.digest[:12]}"
    if is_decided(session, packet):
        raise DecisionRefused(f"{name} is decided already; nothing is to sign")
    if packet.expires_at <= now:
        raise DecisionRefused(
            f"{name} expired on {to_minute(packet.expires_at)}; run a pass to propose a new one"
        )
    grounds, basis = open_grounds(config, session, now)
    if grounds.barring:
        first = grounds.barring[0]
        raise DecisionRefused(f"{config.id}: {first.id}: {first.why}; nothing is decided")
    if packet.basis != basis:
        raise DecisionRefused(
            f"{name} is out of date: what it rests on changed since; run a pass, then read and "
            "sign the new one"
        )
    return packet


def approve(
    config: RetirementConfig,
    book: Book,
    verifier: SignatureVerifier,
    *,
    person: str,
    signature: str,
    now: datetime,
) -> tuple[Approval, int]:
    """Record one person's approval of the open packet.

    Safe to repeat: the same person's approval of the same packet is recorded once.

    Args:
        config: whose packet.
        book: the records.
        verifier: knows who may sign.
        person: name in the list of allowed signers.
        signature: armoured SSH signature of `approval_statement`.
        now: time of receipt by our clock.

    Returns:
        The approval, and how many the packet has now.

    Raises:
        NotFound, DecisionRefused: there is nothing to sign, or not by this person.
        SignatureRefused: the signature does not count, and why.
    """
    with book.reading() as session:
        if again := _approved_before(session, config.id, person, signature):
            return again
        packet = open_packet(session, config, now)
        approvals = approvals_of(session, packet)
        signer = _signer(
            session, verifier, packet, approvals, person=person, signature=signature, now=now
        )
    with book.writing(now, actor=person) as writing:
        writing.session.get_one(Packet, packet.digest, with_for_update=True)  # one act at a time
        approvals = approvals_of(writing.session, packet)
        for approval in approvals:
            if approval.person == person:
                return approval, len(approvals)
        # looked at again: all of it may have changed while the signature was checked
        if open_packet(writing.session, config, now).digest != packet.digest:
            raise DecisionRefused(
                f"{config.id}: the packet changed while it was signed; read and sign the new one"
            )
        _refuse_second_name(approvals, signer)
        row = Approval(
            id=stable_id(packet.digest, person),
            model_id=config.id,
            packet_digest=packet.digest,
            person=person,
            fingerprint=signer.fingerprint,
            signature=signature,
            received_at=now,
        )
        return writing.put(row, "access.approved"), len(approvals) + 1


def _approved_before(
    session: Session, model_id: str, person: str, signature: str
) -> tuple[Approval, int] | None:
    """The very same approval of the latest packet, handed in again; also after it decided."""
    packet = latest_packet(session, model_id)
    approvals = approvals_of(session, packet) if packet is not None else ()
    found = [a for a in approvals if (a.person, a.signature) == (person, signature)]
    return (found[0], len(approvals)) if found else None


def check_files(
    config: RetirementConfig, session: Session, verifier: SignatureVerifier, now: datetime
) -> tuple[tuple[SignatureFile, ...], tuple[RefusedFile, ...]]:
    """Committed signatures for the open packet: those to be taken in, and those refused.

    Files of people whose approval is recorded are passed over. Reads only.

    Raises:
        ConfigError: the list of allowed signers can't be used.
    """
    packet = latest_packet(session, config.id)
    if packet is None:
        return (), ()
    approvals = approvals_of(session, packet)
    known = {approval.person for approval in approvals}
    fresh, refused = [], []
    for file in signature_files(config, packet.digest):
        if file.person in known:
            continue
        try:
            _signer(
                session,
                verifier,
                packet,
                approvals,
                person=file.person,
                signature=file.signature,
                now=now,
            )
        except (DecisionRefused, SignatureRefused) as error:
            refused.append(RefusedFile(file, str(error)))
        else:
            fresh.append(file)
    return tuple(fresh), tuple(refused)


def _signer(
    session: Session,
    verifier: SignatureVerifier,
    packet: Packet,
    approvals: Sequence[Approval],
    *,
    person: str,
    signature: str,
    now: datetime,
) -> Signer:
    if person.casefold() == str(json.loads(packet.body)["proposer"]).casefold():
        raise DecisionRefused(f"{person!r} proposed this packet; two other people must approve it")
    statement = approval_statement(packet.model_id, packet.digest)
    try:
        signer = verifier.verify(
            statement, signature, namespace=APPROVAL_NAMESPACE, person=person, at=now
        )
    except SignatureRefused:
        if verifier.covers(statement, signature, namespace=APPROVAL_NAMESPACE):
            raise  # it is under this packet, and does not count for another reason
        if other := _signed_instead(session, verifier, packet, signature):
            raise SignatureRefused(
                f"the signature is under another packet, {other.digest[:12]} of {other.model_id}, "
                f"proposed on {to_minute(other.proposed_at)}; read and sign {packet.digest[:12]}"
            ) from None
        raise
    _refuse_second_name([a for a in approvals if a.person != person], signer)
    return signer


def _signed_instead(
    session: Session, verifier: SignatureVerifier, packet: Packet, signature: str
) -> Packet | None:
    """The packet that a refused signature was made under, if it is one of the latest."""
    others = session.exec(
        select(Packet)
        .where(Packet.digest != packet.digest)
        .order_by(col(Packet.proposed_at).desc())
        .limit(_SIGNED_BEFORE)
    )
    for other in others:
        statement = approval_statement(other.model_id, other.digest)
        if verifier.covers(statement, signature, namespace=APPROVAL_NAMESPACE):
            return other
    return None


def _refuse_second_name(approvals: Sequence[Approval], signer: Signer) -> None:
    for approval in approvals:
        if approval.fingerprint == signer.fingerprint:
            raise DecisionRefused(
                f"{signer.person!r} signed with the key that {approval.person!r} signed with; "
                "two people need two keys"
            )
