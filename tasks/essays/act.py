"""A reviewer's act on one text. One row in one transaction."""

from datetime import date, datetime, timedelta

from configs.schema import RetirementConfig
from configs.schema.essays import EssaysConfig
from tasks.essays.act_rules import (
    about_of,
    check_possible,
    check_signer,
    checked,
    find,
    history,
)
from tasks.essays.policy import SIGNED_FOR_DAYS, policy_digest
from tasks.essays.provenance import disclosed_prompt
from tasks.essays.rows import slot_record, slots_of
from tasks.essays.slot_record import SlotRecord
from tasks.essays.statement import REVIEW_NAMESPACE, Act, review_statement
from tasks.kernel.digests import stable_id
from tasks.kernel.errors import DecisionRefused, SignatureRefused
from tasks.kernel.instants import to_utc
from tasks.ports.signatures import SignatureVerifier, Signer
from tasks.records import Book, Writing
from tasks.records.essay import Draft, Review


def statement_to_sign(
    config: RetirementConfig, book: Book, act: Act, *, slot_id: str = "", now: datetime
) -> bytes:
    """What a person signs for an act, with `statement.REVIEW_NAMESPACE`. Reads records only.

    Args:
        config: whose essay.
        book: the records.
        act: what is to be decided.
        slot_id: which slot; empty for the only one on which that can be decided.
        now: its day is the day of the decision.

    Raises:
        DecisionRefused: no such slot, or the act is not possible as it stands.
    """
    act = checked(act, config.essays)
    with book.reading() as session:
        slot = find(slots_of(session, config.id, now), config.id, slot_id, act)
        check_possible(slot, act)
        return statement_of(config.essays, slot, act, to_utc(now).date())


def review(
    config: RetirementConfig,
    book: Book,
    verifier: SignatureVerifier,
    act: Act,
    *,
    slot_id: str = "",
    person: str,
    signature: str,
    now: datetime,
) -> Review:
    """Record one person's signed act. The same signature again returns the row that is there.

    Args:
        config: whose essay.
        book: the records.
        verifier: checks the signature under `statement_to_sign(...)` with the same arguments, of
            today or one of the last `SIGNED_FOR_DAYS` days.
        act: what is decided; see `policy.RULES` for what each takes.
        slot_id: which slot; empty for the only one on which that can be decided.
        person: who acts, as named in the list of allowed signers.
        signature: armoured SSH signature in `REVIEW_NAMESPACE`.
        now: our clock's time of receipt.

    Raises:
        DecisionRefused: no such slot, or not possible as the records stand.
        SignatureRefused: not this person's signature under this statement.
    """
    act = checked(act, config.essays)
    with book.reading() as session:
        before = find(slots_of(session, config.id, now), config.id, slot_id, act)
    same = same_act(before, person, signature)
    if same is not None:
        return same
    signer, statement = examine(
        config.essays, verifier, before, act, person=person, signature=signature, now=now
    )
    with book.writing(now, actor=signer.person) as writing:
        row = _row(before, act, signer, (statement, signature), now)
        return _record(writing, before, act, signer, row)


def examine(
    config: EssaysConfig,
    verifier: SignatureVerifier,
    slot: SlotRecord,
    act: Act,
    *,
    person: str,
    signature: str,
    now: datetime,
) -> tuple[Signer, bytes]:
    """Who signed an act, and the statement under which they did: of today, or of the last days.

    Raises:
        DecisionRefused: the act is not possible as the slot stands.
        SignatureRefused: not this person's signature, or not under this slot as it stands.
    """
    check_possible(slot, act)
    today = to_utc(now).date()
    days = [today - timedelta(days=back) for back in range(SIGNED_FOR_DAYS + 1)]
    for statement in (statement_of(config, slot, act, day) for day in days):
        if verifier.covers(statement, signature, namespace=REVIEW_NAMESPACE):
            signer = verifier.verify(
                statement, signature, namespace=REVIEW_NAMESPACE, person=person, at=now
            )
            check_signer(slot, act, signer)
            return signer, statement
    raise SignatureRefused(
        f"the signature is not under this act on {slot.draft.slot_id} as it stands: the text, the "
        "act's words, the policy or what others did differ, or it was made for another purpose or "
        f"more than {SIGNED_FOR_DAYS} days ago; read the page again, take the statement from "
        "`emeritus statement`, and sign it as it is, byte for byte"
    )


def _record(writing: Writing, before: SlotRecord, act: Act, signer: Signer, row: Review) -> Review:
    """Look again within the transaction, then write."""
    draft = writing.session.get(Draft, row.slot_id, with_for_update=True)
    if draft is None:
        raise DecisionRefused(f"{row.slot_id}: the slot is gone; look again")
    slot = slot_record(writing.session, draft, writing.now)
    same = same_act(slot, signer.person, row.signature)
    if same is not None:
        return same
    check_possible(slot, act)
    check_signer(slot, act, signer)
    seen, known = ([r.id for r in history(s, act)] for s in (before, slot))
    if seen != known or slot.current.sha256 != row.draft_sha256:
        raise DecisionRefused(
            f"{row.slot_id}: somebody acted meanwhile; read the page again, and sign again"
        )
    return writing.put(row, f"essays.{act.action}")


def statement_of(config: EssaysConfig, slot: SlotRecord, act: Act, day: date) -> bytes:
    """The bytes to sign for a checked act on a slot as it stands, decided on a day."""
    return review_statement(
        slot.draft,
        slot.current,
        act,
        before=history(slot, act),
        prompt=disclosed_prompt(slot.draft, slot.current),
        policy_sha256=policy_digest(config),
        decided_on=day,
    )


def same_act(slot: SlotRecord, person: str, signature: str) -> Review | None:
    """The row of this very signature, if it was handed in before."""
    given = signature.split()
    for row in slot.reviews:
        if row.person == person and row.signature.split() == given:
            return row
    return None


def _row(
    slot: SlotRecord, act: Act, signer: Signer, signed: tuple[bytes, str], now: datetime
) -> Review:
    """The row of an act: what was signed, and the signature, as they came."""
    text, about = slot.current, about_of(slot, act)
    statement, signature = signed
    return Review(
        id=stable_id(slot.draft.slot_id, text.sha256, act.action, about, signer.person),
        model_id=text.model_id,
        slot_id=slot.draft.slot_id,
        draft_sha256=text.sha256,
        action=act.action,
        reason=act.reason,
        rationale=act.rationale,
        about=about,
        until=now + timedelta(days=act.hold_days) if act.hold_days else None,
        person=signer.person,
        fingerprint=signer.fingerprint,
        statement=statement.decode(),
        signature=signature.strip() + "\n",
        received_at=now,
    )
