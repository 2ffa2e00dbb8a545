"""Whether an act is possible: in itself, for a slot as it stands, and for a person. Pure."""

from collections.abc import Sequence

from configs.schema.essays import EssaysConfig
from tasks.essays.characters import visible
from tasks.essays.policy import (
    LONGEST_RATIONALE,
    MOST_REDRAFTS,
    RULES,
    SHORTEST_RATIONALE,
    USUAL_HOLD_DAYS,
)
from tasks.essays.slot_record import OPEN, PUBLIC, SlotRecord, Standing
from tasks.essays.statement import Act
from tasks.kernel.digests import digest_of
from tasks.kernel.errors import DecisionRefused
from tasks.ports.signatures import Signer
from tasks.records.essay import Review

_AFTER_PUBLICATION = ("keep", "withdraw")
_BY_TWO = ("veto", "withdraw")


def checked(act: Act, config: EssaysConfig) -> Act:
    """The act in itself, whatever the text; its words tidied.

    Raises:
        DecisionRefused: no such act, or it lacks something.
    """
    rule = RULES.get(act.action)  # type: ignore[call-overload]  # any word may have been typed
    if rule is None:
        raise DecisionRefused(f"{act.action!r} is no act; choose one of {', '.join(RULES)}")
    if not rule.reasons and act.reason:
        raise DecisionRefused(f"to {act.action} takes no reason; leave {act.reason!r} out")
    if rule.reasons and act.reason not in rule.reasons:
        listed = ", ".join(rule.reasons)
        raise DecisionRefused(
            f"{act.reason!r} is no reason to {act.action}; choose one of {listed}"
        )
    days = _days(act, config)
    if bool(act.about) != (act.action == "keep"):
        raise DecisionRefused(
            "to keep an essay, name the report that it answers (--about)"
            if act.action == "keep"
            else f"only `keep` answers a reader's report; leave {act.about!r} out"
        )
    return Act(
        act.action,
        act.reason,
        _rationale(act, needed=rule.needs_rationale),
        days,
        act.about.strip(),
    )


def _days(act: Act, config: EssaysConfig) -> int:
    """A hold's days, the usual ones where none are named; 0 for any other act."""
    usual = min(USUAL_HOLD_DAYS, config.longest_hold_days)
    days = act.hold_days or (usual if act.action == "hold" else 0)
    if act.action == "hold" and not 1 <= days <= config.longest_hold_days:
        raise DecisionRefused(
            f"a hold of {act.hold_days} days is not possible; name 1 to "
            f"{config.longest_hold_days} days, after which the text comes back by itself"
        )
    if act.action != "hold" and act.hold_days:
        raise DecisionRefused(f"to {act.action} takes no days; leave {act.hold_days} out")
    return days


def _rationale(act: Act, *, needed: bool) -> str:
    words = act.rationale.replace("\r\n", "\n").strip()
    if needed and len(words) < SHORTEST_RATIONALE:
        raise DecisionRefused(
            f"to {act.action} needs a written rationale of at least {SHORTEST_RATIONALE} "
            f"characters; this one has {len(words)}"
        )
    if len(words) > LONGEST_RATIONALE:
        raise DecisionRefused(
            f"the rationale has {len(words)} characters; keep it to {LONGEST_RATIONALE}"
        )
    if visible(words) != words or not _is_text(words):
        raise DecisionRefused("the rationale holds invisible characters; write it without them")
    return words


def _is_text(words: str) -> bool:
    try:
        return bool(words.encode("utf-8")) or not words
    except UnicodeEncodeError:
        return False


def find(slots: Sequence[SlotRecord], model_id: str, slot_id: str, act: Act) -> SlotRecord:
    """The slot that an act is about.

    Raises:
        DecisionRefused: none, several, or one whose records were altered.
    """
    if slot_id:
        found = [slot for slot in slots if slot.draft.slot_id == slot_id]
        if not found:
            known = ", ".join(slot.draft.slot_id for slot in slots) or "none so far"
            raise DecisionRefused(f"{model_id} has no slot {slot_id!r}; its slots: {known}")
    elif act.about:
        found = [s for s in slots if act.about in {report.id for report in s.reports}]
        if not found:
            raise DecisionRefused(f"{model_id} has no reader's report {act.about!r}")
    else:
        fitting = PUBLIC if act.action in _AFTER_PUBLICATION else OPEN
        found = [slot for slot in slots if slot.standing in fitting]
        if not found:
            raise DecisionRefused(
                f"{model_id} has no essay to {act.action}: none is "
                f"{'public' if fitting is PUBLIC else 'open'}; see `emeritus status`"
            )
        if len(found) > 1:
            listed = ", ".join(slot.draft.slot_id for slot in found)
            raise DecisionRefused(f"{act.action} which one of {len(found)}? Name one of {listed}")
    slot = found[0]
    if not slot.is_intact:
        raise DecisionRefused(
            f"the draft of {slot.draft.slot_id} in the records is not the text that the model "
            "sent; run `emeritus audit verify`"
        )
    return slot


def check_possible(slot: SlotRecord, act: Act) -> None:
    """Whether the slot is in a state for the act, whoever does it.

    Raises:
        DecisionRefused: it is not, and why.
    """
    slot_id, standing = slot.draft.slot_id, slot.standing
    fitting = PUBLIC if act.action in _AFTER_PUBLICATION else OPEN
    if standing not in fitting:
        if standing is Standing.CHANGE_ASKED:
            raise DecisionRefused(
                f"{slot_id}: the model is asked for a new text; decide when it has answered"
            )
        hint = "; to take it from the site, withdraw it" if standing in PUBLIC else ""
        if standing in OPEN:
            hint = "; it is not public"
        raise DecisionRefused(
            f"{slot_id} is {standing}; there is nothing to {act.action} here{hint}"
        )
    if act.action == "approve" and slot.approval is not None:
        raise DecisionRefused(
            f"{slot_id} is approved already by {slot.approval.person}; the next pass publishes it"
        )
    if act.action == "change" and len(slot.redrafts) >= MOST_REDRAFTS:
        raise DecisionRefused(
            f"{slot_id} has {len(slot.redrafts) + 1} texts already, which is the most; approve the "
            "last one, hold it, or veto it"
        )
    if act.about and act.about not in {report.id for report in slot.open_reports}:
        raise DecisionRefused(f"{slot_id} has no open report {act.about!r}")


def check_signer(slot: SlotRecord, act: Act, signer: Signer) -> None:
    """One act a person and a key, where people are counted.

    Raises:
        DecisionRefused: this person, or this key, did the same before.
    """
    for row in slot.counted:
        if (row.action, row.about) != (act.action, about_of(slot, act)):
            continue
        if row.person == signer.person:
            raise DecisionRefused(
                f"{signer.person} gave a {row.action} on {slot.draft.slot_id} before; each person "
                "has one, so another person must"
            )
        if row.fingerprint == signer.fingerprint:
            raise DecisionRefused(
                f"{signer.person} signed with the key of {row.person} ({signer.fingerprint}); a "
                f"second {act.action} needs another person with a key of their own"
            )


def history(slot: SlotRecord, act: Act) -> tuple[Review, ...]:
    """The acts to which an act is bound: all, but those that count together with it."""
    counted = {r.id for r in slot.counted if r.action == act.action and act.action in _BY_TWO}
    return tuple(review for review in slot.reviews if review.id not in counted)


def about_of(slot: SlotRecord, act: Act) -> str:
    """What sets an act apart from another of its kind by the same person on the same text.

    An approval that a hold undid may be given again; vetoes, holds and the like may not.
    """
    if act.action == "approve":
        return digest_of([review.id for review in history(slot, act)])[:24]
    return act.about
