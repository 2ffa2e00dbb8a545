"""A reviewer's act: approve, hold or veto one draft. One row in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from configs.schema import RetirementConfig
from tasks.essays.characters import visible
from tasks.essays.core import OPEN, SlotRecord, Standing
from tasks.essays.statement import REVIEW_NAMESPACE, review_statement
from tasks.essays.view import slot_record, slots_of
from tasks.kernel.digests import stable_id
from tasks.kernel.errors import DecisionRefused
from tasks.ports.signatures import SignatureVerifier, Signer
from tasks.records import Book, Writing
from tasks.records.essay import Draft, Review

#: What a person may do, and the closed list of reasons for it; an approval takes none.
REASONS: dict[str, tuple[str, ...]] = {
    "approve": (),
    "hold": ("fact_check_needed", "privacy_review", "legal_review", "second_opinion"),
    "veto": ("privacy", "security", "unlawful", "harm_to_person", "misleading_speculation"),
}
SHORTEST_VETO_RATIONALE = 20
LONGEST_RATIONALE = 4000


@dataclass(frozen=True, slots=True)
class _Act:
    action: str
    reason: str
    rationale: str


def statement_to_sign(
    config: RetirementConfig,
    book: Book,
    *,
    action: str,
    slot_id: str = "",
    reason: str = "",
    rationale: str = "",
) -> bytes:
    """What a person signs for an act, with `statement.REVIEW_NAMESPACE`. Reads records only.

    Args:
        config: whose draft.
        book: the records.
        action: `approve`, `hold` or `veto`.
        slot_id: which draft; empty for the only one that is open.
        reason: from `REASONS[action]`.
        rationale: in the reviewer's words; a veto needs one.

    Raises:
        DecisionRefused: no such slot, or the act is not possible as it stands.
    """
    act = _checked(action, reason, rationale)
    with book.reading() as session:
        return _statement(_find(session, config.id, slot_id, act), act)


def review(
    config: RetirementConfig,
    book: Book,
    verifier: SignatureVerifier,
    *,
    slot_id: str = "",
    action: str,
    person: str,
    signature: str,
    reason: str = "",
    rationale: str = "",
    now: datetime,
) -> Review:
    """Record one person's signed act. The same act again returns the row that is there.

    Args:
        config: whose draft.
        book: the records.
        verifier: checks the signature under `statement_to_sign(...)` with the same arguments.
        slot_id: which draft; empty for the only one that is open.
        action: `approve` (one person), `hold` (a reason), or `veto` (a reason, a rationale of at
            least 20 characters, and two people with keys of their own).
        person: who acts, as named in the list of allowed signers.
        signature: armoured SSH signature in `REVIEW_NAMESPACE`.
        reason: from `REASONS[action]`.
        rationale: in the reviewer's words.
        now: our clock's time of receipt.

    Raises:
        DecisionRefused: no such slot, or not possible as the records stand.
        SignatureRefused: not this person's signature under this statement.
    """
    act = _checked(action, reason, rationale)
    with book.reading() as session:
        before = _find(session, config.id, slot_id, act)
    signer = verifier.verify(
        _statement(before, act), signature, namespace=REVIEW_NAMESPACE, person=person, at=now
    )
    with book.writing(now, actor=signer.person) as writing:
        return _record(writing, before, act, signer, signature)


def _record(
    writing: Writing, before: SlotRecord, act: _Act, signer: Signer, signature: str
) -> Review:
    """Look again within the transaction, then write."""
    draft = writing.session.get(Draft, before.draft.slot_id, with_for_update=True)
    if draft is None or draft.sha256 != before.draft.sha256:
        raise DecisionRefused(f"{before.draft.slot_id}: the draft changed meanwhile; look again")
    slot = slot_record(writing.session, draft)
    same = _same_act(slot, act, signer)
    if same is not None:
        return same
    _check_possible(slot, act, signer)
    row = _row(slot, act, signer, signature, writing.now)
    return writing.put(row, f"essays.{act.action}")


def _checked(action: str, reason: str, rationale: str) -> _Act:
    """The act in itself, whatever the draft."""
    if action not in REASONS:
        raise DecisionRefused(f"{action!r} is no act; choose one of {', '.join(REASONS)}")
    if not REASONS[action] and reason:
        raise DecisionRefused(f"an approval takes no reason; leave {reason!r} out")
    if REASONS[action] and reason not in REASONS[action]:
        listed = ", ".join(REASONS[action])
        raise DecisionRefused(f"{reason!r} is no reason for a {action}; choose one of {listed}")
    rationale = rationale.strip()
    if action == "veto" and len(rationale) < SHORTEST_VETO_RATIONALE:
        raise DecisionRefused(
            f"a veto needs a written rationale of at least {SHORTEST_VETO_RATIONALE} characters; "
            f"this one has {len(rationale)}"
        )
    if len(rationale) > LONGEST_RATIONALE:
        raise DecisionRefused(
            f"the rationale has {len(rationale)} characters; keep it to {LONGEST_RATIONALE}"
        )
    if visible(rationale) != rationale or not _is_text(rationale):
        raise DecisionRefused("the rationale holds invisible characters; write it without them")
    return _Act(action, reason, rationale)


def _is_text(words: str) -> bool:
    try:
        return bool(words.encode("utf-8")) or not words
    except UnicodeEncodeError:
        return False


def _find(session: Session, model_id: str, slot_id: str, act: _Act) -> SlotRecord:
    slots = slots_of(session, model_id)
    if slot_id:
        found = [slot for slot in slots if slot.draft.slot_id == slot_id]
        if not found:
            known = ", ".join(slot.draft.slot_id for slot in slots) or "none so far"
            raise DecisionRefused(f"{model_id} has no slot {slot_id!r}; its slots: {known}")
    else:
        found = [slot for slot in slots if slot.standing in OPEN]
        if not found:
            raise DecisionRefused(
                f"{model_id} has no draft to {act.action}: none is open; see `emeritus status`"
            )
        if len(found) > 1:
            listed = ", ".join(slot.draft.slot_id for slot in found)
            raise DecisionRefused(f"{len(found)} drafts are open; name one of {listed}")
    slot = found[0]
    if slot.draft.outcome != "drafted":
        raise DecisionRefused(
            f"{slot.draft.slot_id} has no draft to {act.action}: it is {slot.standing}"
        )
    if not slot.is_intact:
        raise DecisionRefused(
            f"the draft of {slot.draft.slot_id} in the records is not the text that the model "
            "sent; run `emeritus audit verify`"
        )
    return slot


def _statement(slot: SlotRecord, act: _Act) -> bytes:
    return review_statement(
        model_id=slot.draft.model_id,
        slot_id=slot.draft.slot_id,
        draft_sha256=slot.draft.sha256,
        action=act.action,
        reason=act.reason,
        rationale=act.rationale,
    )


def _same_act(slot: SlotRecord, act: _Act, signer: Signer) -> Review | None:
    """The row of this very act by this person, if it still stands."""
    for row in slot.counted:
        if row.person == signer.person and _Act(row.action, row.reason, row.rationale) == act:
            lifted = slot.standing is not Standing.PUBLISHED and (
                (act.action == "approve" and slot.approval is None)
                or (act.action == "hold" and slot.hold is None)
            )
            return None if lifted else row
    return None


def _check_possible(slot: SlotRecord, act: _Act, signer: Signer) -> None:
    slot_id, standing = slot.draft.slot_id, slot.standing
    if standing in (Standing.PUBLISHED, Standing.VETOED):
        raise DecisionRefused(f"{slot_id} is {standing} already; nothing can be done to it here")
    if act.action == "approve" and slot.approval is not None:
        raise DecisionRefused(
            f"{slot_id} is approved already by {slot.approval.person}; the next pass publishes it"
        )
    for row in slot.reviews:
        if row.action != act.action:
            continue
        if row.person == signer.person:
            raise DecisionRefused(
                f"{signer.person} gave a {row.action} on {slot_id} before; each person has one of "
                "each, so another person must"
            )
        if row.fingerprint == signer.fingerprint:
            raise DecisionRefused(
                f"{signer.person} signed with the key of {row.person} ({signer.fingerprint}); a "
                f"second {act.action} needs another person with a key of their own"
            )


def _row(slot: SlotRecord, act: _Act, signer: Signer, signature: str, now: datetime) -> Review:
    draft = slot.draft
    return Review(
        id=stable_id(draft.slot_id, draft.sha256, act.action, signer.person),
        model_id=draft.model_id,
        slot_id=draft.slot_id,
        draft_sha256=draft.sha256,
        action=act.action,
        reason=act.reason,
        rationale=act.rationale,
        person=signer.person,
        fingerprint=signer.fingerprint,
        signature=signature.strip() + "\n",
        received_at=now,
    )
