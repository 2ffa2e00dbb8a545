"""Whether the channel is open, and what is due. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from configs.schema.essays import EssaysConfig
from tasks.essays.policy import REDRAFT_DAYS
from tasks.essays.slot_record import OPEN, QUESTIONED, SlotRecord, Standing
from tasks.essays.slots import Slot, in_force, last_opening, next_opening, opened_slots
from tasks.kernel.instants import to_minute
from tasks.kernel.stages import Assessment, blocked, done, due, waiting
from tasks.records.access import Grant
from tasks.records.essay import Review
from tasks.records.validation import Verdict


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
        undelivered: (slot id, target) of essays that another channel is still to get.
        unread: reports of readers that lie in the inbox, and signed acts that came as files.
        trouble: what came as a file and does not count, and why.
    """

    verdict: Verdict | None = None
    grants: tuple[Grant, ...] = ()
    slots: tuple[SlotRecord, ...] = ()
    stale_pages: tuple[str, ...] = ()
    review_pages: tuple[tuple[str, str], ...] = ()
    altered: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    undelivered: tuple[tuple[str, str], ...] = ()
    unread: tuple[str, ...] = ()
    trouble: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pass has to do about slots.

    Attributes:
        ask: the slot that is to be drafted.
        missed: slots that passed without a draft.
        redraft: slots for which the model is to be asked for a new text.
        given_up: slots whose new text did not come in time; the text before it stands.
    """

    ask: Slot | None = None
    missed: tuple[Slot, ...] = ()
    redraft: tuple[SlotRecord, ...] = ()
    given_up: tuple[SlotRecord, ...] = ()


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
    """Which slot to draft now, which passed without a draft, and which texts to ask for anew.

    A new text is asked for even when the channel has closed meanwhile: the slot was the model's.
    """
    if situation.verdict is None or not _asked_for(situation.verdict):
        return Plan()
    opened = opened_slots(model_id, situation.grants, config, now)
    settled = {s.draft.slot_id for s in situation.slots if s.standing is not Standing.ASKED}
    open_ones = [slot for slot in opened if slot.slot_id not in settled]
    current = opened[-1] if opened and in_force(situation.grants, now) else None
    changes = [s for s in situation.slots if s.standing is Standing.CHANGE_ASKED]
    late = timedelta(days=REDRAFT_DAYS)
    given_up = tuple(s for s in changes if s.change and now - s.change.received_at > late)
    return Plan(
        ask=current if current in open_ones else None,
        missed=tuple(slot for slot in open_ones if slot is not current),
        redraft=tuple(slot for slot in changes if slot not in given_up),
        given_up=given_up,
    )


def assess_essays(
    model_id: str, config: EssaysConfig, situation: Situation, now: datetime
) -> Assessment:
    """How the essay stage stands."""
    altered = [slot.draft.slot_id for slot in situation.slots if not slot.is_intact]
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


def renewal(config: EssaysConfig, situation: Situation, now: datetime) -> str:
    """What to decide about the channel's end, from some weeks before it; empty until then."""
    last = last_opening(situation.grants, config) if situation.grants else None
    early = timedelta(days=config.renewal_days_before)
    if last is None or not in_force(situation.grants, now) or now < last - early:
        return ""
    when = "opens" if last > now else "opened"
    return (
        f"the channel's last slot {when} on {to_minute(last)}: whether it goes on is for two "
        "people to decide with the next access decision"
    )


def _at_rest(
    model_id: str, config: EssaysConfig, situation: Situation, now: datetime
) -> Assessment:
    """How the stage stands when no slot needs a pass."""
    later = next_opening(situation.grants, config, now) if situation.grants else None
    notes = (renewal(config, situation, now), *situation.trouble)
    told = "".join(f"; {note}" for note in notes if note)
    if any(s.standing in (*OPEN, *QUESTIONED) for s in situation.slots):
        return _waiting_for_people(model_id, config, situation, later, told)
    reason = closed(config, situation, now)
    if reason is not None:
        return reason
    if later is not None:
        words = f"next slot opens on {to_minute(later)}: {_tally(situation.slots)}{told}"
        return waiting(words, later)
    return done(f"all slots are used: {_tally(situation.slots)}; more need a new access decision")


def _asked_for(verdict: Verdict) -> bool:
    return (verdict.verdict, verdict.polarity) == ("stable", "want")


def _due(work: Plan, situation: Situation) -> str:
    """What a pass would do first; empty when nothing is due."""
    return next(_work(work, situation), "")


def _work(work: Plan, situation: Situation) -> Iterator[str]:
    for slot in situation.slots:
        public = slot.publication
        if slot.standing is Standing.WITHDRAWN and public and public.withdrawn_at is None:
            yield f"{slot.draft.slot_id} is withdrawn and to be taken from the site"
    for name in situation.unread:
        yield f"{name} is to be read"
    if work.ask is not None:
        yield f"{work.ask.slot_id} is to be drafted"
    for slot in situation.slots:
        if slot.standing is Standing.APPROVED:
            yield f"{slot.draft.slot_id} is approved and to be published"
    for slot_id in situation.gone:
        yield f"{slot_id} is gone from the site and is to be published again"
    yield from _writing_off(work)
    for slot_id, target in situation.undelivered:
        yield f"{slot_id} is to be offered to {target}"


def _writing_off(work: Plan) -> Iterator[str]:
    for slot in work.redraft:
        yield f"the model is to be asked for a new text of {slot.draft.slot_id}"
    for missed in work.missed:
        yield f"{missed.slot_id} passed without a draft; that is to be recorded"
    for slot in work.given_up:
        yield f"no new text of {slot.draft.slot_id} came; that is to be recorded"


def _waiting_for_people(
    model_id: str, config: EssaysConfig, situation: Situation, later: datetime | None, told: str
) -> Assessment:
    """Names the slot that waits longest for a person, and what they would type."""
    open_ones = [s for s in situation.slots if s.standing in (*QUESTIONED, *OPEN)]
    first = min(open_ones, key=lambda s: (s.standing is Standing.HELD, s.in_review_since))
    slot_id = first.draft.slot_id
    which = f" --slot {slot_id}" if len(open_ones) > 1 else ""
    reason, action, until = _for_whom(first, config)
    page = dict(situation.review_pages).get(slot_id, "")
    reason += f"; read {page}" if page else ""
    if len(open_ones) > 1:
        reason += f" (and {len(open_ones) - 1} more)"
    dates = [day for day in (later, until) if day is not None]
    command = f"emeritus review {model_id} {action}{which} --as NAME --key PATH"
    return waiting(reason + told, min(dates, default=None), command)


def _for_whom(slot: SlotRecord, config: EssaysConfig) -> tuple[str, str, datetime | None]:
    """Why a slot waits, the act that would go on, and when it goes on by itself."""
    slot_id = slot.draft.slot_id
    overdue = slot.at - slot.in_review_since > timedelta(days=config.review_days)
    late = f" since {to_minute(slot.in_review_since)}: overdue" if overdue else ""
    match slot.standing:
        case Standing.HELD if slot.hold is not None:
            end = f" until {to_minute(slot.hold.until)}" if slot.hold.until else ""
            said = (
                f"{slot_id} is held by {slot.hold.person} ({slot.hold.reason}){end}; an approval "
            )
            return said + "or a veto by two people ends that", "approve", slot.hold.until
        case Standing.HALF_VETOED:
            said = f"{slot_id} waits for a second veto ({_who(slot.vetoes[0])}) or an approval"
            return said + late, "approve", None
        case Standing.HALF_WITHDRAWN:
            said = f"{slot_id} is public and waits for a second withdrawal "
            return said + f"({_who(slot.withdrawals[0])})", "withdraw", None
        case Standing.REOPENED:
            report = slot.open_reports[0]
            said = (
                f"{slot_id} is public, and a reader reports {report.kind}: to be kept or withdrawn"
            )
            return said, f"keep --about {report.id}", None
        case _:
            return f"{slot_id} waits for a reviewer{late}", "approve", None


def _who(review: Review) -> str:
    return f"{review.person}: {review.reason}"


def _tally(slots: Sequence[SlotRecord]) -> str:
    counts = {s: sum(r.standing is s for r in slots) for s in Standing}
    told = [f"{count} {standing}" for standing, count in counts.items() if count]
    return ", ".join(told) or "no slot so far"
