"""A person's act: lifting a legal hold. The form and the CLI end here.

A file can be changed by whoever may push to it, so a file alone lifts no hold (ADR 19).
"""

from datetime import datetime

from sqlmodel import Session, col, select

from configs.errors import EmeritusError
from configs.plain_text import hidden_in
from tasks.kernel.digests import canonical_json, sha256_hex
from tasks.kernel.errors import DecisionRefused, NotFound
from tasks.kernel.instants import to_minute
from tasks.ports.signatures import SignatureVerifier
from tasks.records import Book
from tasks.records.audit import AuditEntry
from tasks.records.candidate import HoldLift
from tasks.records.retirement import Retirement, config_of

#: Namespace of signatures under this act: one made for another purpose does not count here.
HOLD_NAMESPACE = "emeritus-legal-hold@v1"
_LONGEST = 4000


def statement_to_sign(book: Book, model_id: str, words: str) -> bytes:
    """What a person signs, with `HOLD_NAMESPACE`. Reads records only.

    It names the entry of the audit chain with which the configuration that holds came into force,
    so that the signature counts for no later hold.

    Raises:
        DecisionRefused: no hold stands, it was signed for already, or the words can't be used.
        NotFound: no such retirement.
    """
    words = _checked(words)
    with book.reading() as session:
        return _statement(session, model_id, words)


def record(
    book: Book,
    verifier: SignatureVerifier,
    *,
    model_id: str,
    person: str,
    words: str,
    signature: str,
    now: datetime,
) -> HoldLift:
    """Record that a person lifts the legal hold of the configuration in force.

    Changes nothing by itself: the hold stands until a pass puts a configuration in force that has
    none. Not safe to repeat: once it stands, the same act is refused, and the sentence says so.

    Args:
        book: the records.
        verifier: knows who may sign, by the configuration in force.
        model_id: the model.
        person: name in the list of allowed signers.
        words: on what grounds, in the person's words.
        signature: armoured SSH signature of `statement_to_sign(...)` with the same words.
        now: our clock's time of receipt.

    Raises:
        DecisionRefused: not possible as the records stand, or not as it is written.
        NotFound: no such retirement.
        SignatureRefused: not this person's signature under this statement, or no such person.
    """
    words = _checked(words)
    with book.reading() as session:
        statement = _statement(session, model_id, words)
    signer = verifier.verify(statement, signature, namespace=HOLD_NAMESPACE, person=person, at=now)
    with book.writing(now, actor=signer.person) as writing:
        row = writing.session.get(Retirement, model_id, with_for_update=True)
        if row is None or _statement(writing.session, model_id, words) != statement:
            raise DecisionRefused(
                f"{model_id}: another configuration came into force in between; sign anew"
            )
        lift = HoldLift(
            id=sha256_hex(statement)[:24],
            model_id=model_id,
            entry=_entry_of(writing.session, model_id),
            config_sha256=row.config_sha256,
            person=signer.person,
            fingerprint=signer.fingerprint,
            words=words,
            statement=statement.decode(),
            signature=signature,
            received_at=now,
        )
        return writing.put(lift, "candidate.hold_lifted")


def is_lifted(session: Session, row: Retirement, verifier: SignatureVerifier) -> bool:
    """Whether a signature counts that lifts the hold of the configuration in force.

    It is verified again, at the instant of its receipt: a key that was revoked since counts no
    more.
    """
    lift = _lift_of(session, row)
    if lift is None:
        return False
    try:
        verifier.verify(
            lift.statement.encode(),
            lift.signature,
            namespace=HOLD_NAMESPACE,
            person=lift.person,
            at=lift.received_at,
        )
    except EmeritusError:
        return False
    return lift.statement.encode() == _made(session, row, lift.words)


def _lift_of(session: Session, row: Retirement) -> HoldLift | None:
    return session.exec(
        select(HoldLift)
        .where(HoldLift.model_id == row.model_id)
        .where(HoldLift.entry == _entry_of(session, row.model_id))
    ).first()


def _entry_of(session: Session, model_id: str) -> str:
    """Digest of the audit entry with which the configuration in force came into force."""
    found = session.exec(
        select(AuditEntry.digest)
        .where(AuditEntry.model_id == model_id)
        .where(AuditEntry.row_table == Retirement.__tablename__)
        .order_by(col(AuditEntry.seq).desc())
    ).first()
    return found or ""


def _statement(session: Session, model_id: str, words: str) -> bytes:
    row = session.get(Retirement, model_id)
    if row is None:
        raise NotFound(f"{model_id!r}: no such retirement in the records")
    if not config_of(row).candidate.legal_hold:
        raise DecisionRefused(f"{model_id}: no legal hold stands; nothing is to be lifted")
    if (lift := _lift_of(session, row)) is not None:
        raise DecisionRefused(
            f"{model_id}: {lift.person} signed it on {to_minute(lift.received_at)} already; set "
            "candidate.legal_hold to false and run a pass"
        )
    return _made(session, row, words)


def _made(session: Session, row: Retirement, words: str) -> bytes:
    body = {
        "act": "lift-legal-hold",
        "model_id": row.model_id,
        "config_sha256": row.config_sha256,
        "in_force_by": _entry_of(session, row.model_id),
        "words": words,
    }
    return canonical_json(body) + b"\n"


def _checked(words: str) -> str:
    words = words.strip()
    if not words:
        raise DecisionRefused("the reason is empty; say on what grounds the hold is lifted")
    if len(words) > _LONGEST:
        raise DecisionRefused(f"the reason has {len(words)} characters; keep it to {_LONGEST}")
    if hidden := hidden_in(words):
        raise DecisionRefused(f"the reason holds an invisible {hidden}; write it without")
    return words
