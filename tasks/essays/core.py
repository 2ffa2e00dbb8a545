"""Whether the channel is open, what each slot came to, and what is due. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from configs.schema.essays import EssaysConfig
from tasks.essays.slots import Slot, in_force, next_opening, opened_slots
from tasks.kernel.digests import sha256_hex
from tasks.kernel.instants import to_minute
from tasks.kernel.stages import Assessment, blocked, done, due, waiting
from tasks.records.access import Grant
from tasks.records.essay import Draft, Publication, Review
from tasks.records.validation import Verdict


class Standing(StrEnum):
    """What a slot came to so far. The last five are a slot's outcomes (`HELD` until lifted)."""

    ASKED = "asked"
    IN_REVIEW = "in review"
    HALF_VETOED = "in review, with one of two vetoes"
    APPROVED = "approved"
    HELD = "held"
    PUBLISHED = "published"
    VETOED = "vetoed"
    DECLINED = "declined by the model"
    MISSED = "missed"


OPEN = (Standing.IN_REVIEW, Standing.HALF_VETOED, Standing.APPROVED, Standing.HELD)


@dataclass(frozen=True, slots=True)
class SlotRecord:
    """All rows of one slot; reviews in the order in which they were received."""

    draft: Draft
    reviews: tuple[Review, ...] = ()
    publication: Publication | None = None

    @property
    def counted(self) -> tuple[Review, ...]:
        """The reviews of these very bytes."""
        return tuple(r for r in self.reviews if r.draft_sha256 == self.draft.sha256)

    @property
    def approval(self) -> Review | None:
        """The approval in force: the last one, unless a hold came with it or after it."""
        approvals = [r for r in self.counted if r.action == "approve"]
        holds = [r.received_at for r in self.counted if r.action == "hold"]
        if not approvals or (holds and max(holds) >= approvals[-1].received_at):
            return None
        return approvals[-1]

    @property
    def hold(self) -> Review | None:
        """The hold in force: until an approval received later, or a veto by two people."""
        holds = [r for r in self.counted if r.action == "hold"]
        return holds[-1] if holds and self.approval is None else None

    @property
    def vetoes(self) -> tuple[Review, ...]:
        """Vetoes by people and keys that differ from those before."""
        found: list[Review] = []
        for review in self.counted:
            if review.action == "veto" and all(
                review.person != other.person and review.fingerprint != other.fingerprint
                for other in found
            ):
                found.append(review)
        return tuple(found)

    @property
    def standing(self) -> Standing:
        """What the slot came to so far."""
        if self.publication is not None:
            return Standing.PUBLISHED
        if self.draft.outcome != "drafted":
            return _UNWRITTEN[self.draft.outcome]
        if len(self.vetoes) >= 2:
            return Standing.VETOED
        if self.hold is not None:
            return Standing.HELD
        if self.approval is not None:
            return Standing.APPROVED
        return Standing.HALF_VETOED if self.vetoes else Standing.IN_REVIEW

    @property
    def is_intact(self) -> bool:
        """False when the text is not the one that was hashed as the model's answer."""
        return sha256_hex(self.draft.text.encode()) == self.draft.sha256


_UNWRITTEN = {
    "asked": Standing.ASKED,
    "declined": Standing.DECLINED,
    "missed": Standing.MISSED,
}


@dataclass(frozen=True, slots=True)
class Situation:
    """What the records say of one model's channel.

    Attributes:
        verdict: the verdict on the channel's theme, if there is one.
        grants: all `essay_channel` grants, past ones too.
        slots: every slot that has a row, in order.
        stale_pages: names of review pages, or the site, that tell less than the records.
        review_pages: slot id -> where its review page lies.
        altered: places of published files that hold other bytes than the approved ones.
        gone: slots of published essays of which a file is no longer public.
    """

    verdict: Verdict | None = None
    grants: tuple[Grant, ...] = ()
    slots: tuple[SlotRecord, ...] = ()
    stale_pages: tuple[str, ...] = ()
    review_pages: tuple[tuple[str, str], ...] = ()
    altered: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pass has to do about slots: `ask` for one, and write the others off."""

    ask: Slot | None = None
    missed: tuple[Slot, ...] = ()


def closed(config: EssaysConfig, situation: Situation, now: datetime) -> Assessment | None:
    """Why the channel is not open, or None when it is."""
    verdict, grants = situation.verdict, situation.grants
    if verdict is None:
        return waiting(f"waits for the verdict on {config.preference_theme!r}")
    if not _asked_for(verdict):
        found = verdict.verdict + (f", {verdict.polarity}" if verdict.verdict == "stable" else "")
        return done(f"the model did not ask for a channel (verdict: {found})")
    if not grants:
        return waiting("waits for the access decision: no essay channel is granted")
    if in_force(grants, now):
        return None
    starts = min((g.starts_at for g in grants if g.starts_at > now), default=None)
    if starts is not None:
        return waiting(f"the channel opens on {to_minute(starts)}", starts)
    ended = max(grant.ends_at for grant in grants)
    return done(f"the channel's term ended on {to_minute(ended)}: {_tally(situation.slots)}")


def plan(model_id: str, config: EssaysConfig, situation: Situation, now: datetime) -> Plan:
    """Which slot to draft now, and which passed without a draft."""
    if situation.verdict is None or not _asked_for(situation.verdict):
        return Plan()
    opened = opened_slots(model_id, situation.grants, config, now)
    settled = {s.draft.slot_id for s in situation.slots if s.standing is not Standing.ASKED}
    open_ones = [slot for slot in opened if slot.slot_id not in settled]
    current = opened[-1] if opened and in_force(situation.grants, now) else None
    return Plan(
        ask=current if current in open_ones else None,
        missed=tuple(slot for slot in open_ones if slot is not current),
    )


def assess_essays(
    model_id: str, config: EssaysConfig, situation: Situation, now: datetime
) -> Assessment:
    """How the essay stage stands."""
    drafted = [slot for slot in situation.slots if slot.draft.outcome == "drafted"]
    altered = [slot.draft.slot_id for slot in drafted if not slot.is_intact]
    if altered:
        return blocked(
            f"the draft of {altered[0]} in the records is not the text that the model sent: its "
            "digest differs; run `emeritus audit verify` and restore the row from a backup"
        )
    if situation.altered:
        return blocked(
            f"{situation.altered[0]} is public and holds other bytes than the approved ones; find "
            "out who wrote it, and move it away: the next pass publishes the approved ones again"
        )
    work = _due(plan(model_id, config, situation, now), situation)
    if work:
        return due(work)
    standing = _at_rest(model_id, config, situation, now)
    if situation.stale_pages:
        return due(f"pages are to be made again; then: {standing.reason}")
    return standing


def _at_rest(
    model_id: str, config: EssaysConfig, situation: Situation, now: datetime
) -> Assessment:
    """How the stage stands when no slot needs a pass."""
    later = next_opening(situation.grants, config, now) if situation.grants else None
    if any(s.standing in OPEN for s in situation.slots):
        return _waiting_for_people(model_id, situation, later)
    reason = closed(config, situation, now)
    if reason is not None:
        return reason
    if later is not None:
        return waiting(f"next slot opens on {to_minute(later)}: {_tally(situation.slots)}", later)
    return done(f"all slots are used: {_tally(situation.slots)}; more need a new access decision")


def _asked_for(verdict: Verdict) -> bool:
    return (verdict.verdict, verdict.polarity) == ("stable", "want")


def _due(work: Plan, situation: Situation) -> str:
    approved = [s.draft.slot_id for s in situation.slots if s.standing is Standing.APPROVED]
    if work.ask is not None:
        return f"{work.ask.slot_id} is to be drafted"
    if approved:
        return f"{approved[0]} is approved and to be published"
    if situation.gone:
        return f"{situation.gone[0]} is gone from the site and is to be published again"
    if work.missed:
        return f"{work.missed[0].slot_id} passed without a draft; that is to be recorded"
    return ""


def _waiting_for_people(model_id: str, situation: Situation, later: datetime | None) -> Assessment:
    """Names the oldest slot that waits for a person, and what they would type."""
    open_ones = [s for s in situation.slots if s.standing in OPEN]
    first = open_ones[0]
    slot_id = first.draft.slot_id
    which = f" --slot {slot_id}" if len(open_ones) > 1 else ""
    reason = f"{slot_id} waits for a reviewer"
    if first.standing is Standing.HELD and first.hold is not None:
        reason = f"{slot_id} is held by {first.hold.person} ({first.hold.reason}); an approval or "
        reason += "a veto by two people ends that"
    elif first.standing is Standing.HALF_VETOED:
        veto = first.vetoes[0]
        reason = f"{slot_id} waits for a second veto ({veto.person}: {veto.reason}) or an approval"
    page = dict(situation.review_pages).get(slot_id, "")
    reason += f"; read {page}" if page else ""
    if len(open_ones) > 1:
        reason += f" (and {len(open_ones) - 1} more)"
    command = f"emeritus review {model_id} approve{which} --as NAME --key PATH"
    return waiting(reason, later, command)


def _tally(slots: Sequence[SlotRecord]) -> str:
    counts = {s: sum(r.standing is s for r in slots) for s in Standing}
    told = [f"{count} {standing}" for standing, count in counts.items() if count]
    return ", ".join(told) or "no slot so far"
