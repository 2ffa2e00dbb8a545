"""A person's act: entering in the ledger what was decided of a stable preference."""

from datetime import datetime, timedelta

from sqlmodel import Session

from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import DecisionRefused
from tasks.ports.signatures import SignatureVerifier
from tasks.records import Book
from tasks.records.validation import LedgerEntry, Verdict
from tasks.validation.ledger import (
    LEDGER_NAMESPACE,
    Entry,
    checked,
    ledger_of,
    ledger_statement,
    same,
    superseded_by,
    verdict_for,
)


def statement_to_sign(book: Book, model_id: str, entry: Entry) -> bytes:
    """What a person signs for an entry, with `ledger.LEDGER_NAMESPACE`. Reads records only.

    Raises:
        DecisionRefused: see `ledger.checked` and `ledger.verdict_for`.
    """
    entry = checked(entry)
    with book.reading() as session:
        return _statement(session, model_id, entry)[1]


def enter(
    book: Book,
    verifier: SignatureVerifier,
    *,
    model_id: str,
    entry: Entry,
    person: str,
    signature: str,
    now: datetime,
) -> LedgerEntry:
    """Record one person's signed entry; it stands until a later one of the same theme.

    Safe to repeat: the words that stand already give the row that is there.

    Args:
        book: the records.
        verifier: knows who may sign.
        model_id: the model.
        entry: what is entered.
        person: name in the list of allowed signers.
        signature: armoured SSH signature of `statement_to_sign(...)` with the same entry.
        now: our clock's time of receipt.

    Raises:
        DecisionRefused: not possible as the records stand, or not as it is written.
        SignatureRefused: not this person's signature under this statement, or no such person.
    """
    entry = checked(entry)
    with book.reading() as session:
        _, statement = _statement(session, model_id, entry)
    signer = verifier.verify(
        statement, signature, namespace=LEDGER_NAMESPACE, person=person, at=now
    )
    with book.writing(now, actor=signer.person) as writing:
        verdict, again = _statement(writing.session, model_id, entry, lock=True)
        if again != statement:
            raise DecisionRefused(
                f"{entry.theme}: another entry was made while this one was signed; read it with "
                f"`emeritus ledger show {model_id}`, and sign anew"
            )
        earlier = ledger_of(writing.session, model_id).of(entry.theme)
        if earlier and same(entry, earlier[-1]):
            return earlier[-1]
        # One instant an entry, so that the order in which they were made is never in doubt.
        after = [earlier[-1].entered_at + timedelta(microseconds=1)] if earlier else []
        row = LedgerEntry(
            id=sha256_hex(statement)[:24],
            design_digest=verdict.design_digest,
            theme=entry.theme,
            model_id=model_id,
            outcome=entry.outcome,
            reason=entry.reason,
            evidence=entry.evidence,
            person=signer.person,
            supersedes=earlier[-1].id if earlier else "",
            fingerprint=signer.fingerprint,
            signature=signature,
            entered_at=max([now, *after]),
            simulated=verdict.simulated,
        )
        return writing.put(row, f"validation.ledger_{entry.outcome}")


def _statement(
    session: Session, model_id: str, entry: Entry, *, lock: bool = False
) -> tuple[Verdict, bytes]:
    """The verdict that the entry is about, and the words to sign as the records stand.

    Args:
        session: for reading.
        model_id: the model.
        entry: what is entered.
        lock: hold the verdict's row, so that one entry of a theme is made at a time.
    """
    ledger = ledger_of(session, model_id)
    verdict = verdict_for(ledger, entry, model_id)
    if lock:
        key = (verdict.design_digest, verdict.theme)
        verdict = session.get_one(Verdict, key, with_for_update=True)
        ledger = ledger_of(session, model_id)
    supersedes = superseded_by(entry, ledger.of(entry.theme))
    return verdict, ledger_statement(verdict, entry, supersedes)
