"""Who gets what when, what was sent, and what is owed now; for people and programs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from configs.schema import RetirementConfig
from tasks.communication.core import Event, owed_notices, receivers, schedule
from tasks.communication.delivery import given_up, may_be_tried
from tasks.kernel.instants import from_text, to_minute
from tasks.records.communication import Notice
from tasks.records.promises import may_have_arrived, told_at, told_by


@dataclass(frozen=True, slots=True)
class Line:
    """One receiver: who, by which channel, what they had last, and what is owed to them."""

    name: str
    contact: str
    channel: str
    had: str
    owed: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a person needs to see.

    Attributes:
        events: the schedule.
        next: the event that comes next, if any.
        lines: one a receiver.
        notices: every recorded notice, oldest first.
        held_back: why nobody is told now; empty if people are.
    """

    events: tuple[Event, ...]
    next: Event | None
    lines: tuple[Line, ...]
    notices: tuple[Notice, ...]
    held_back: str


def plan_of(
    config: RetirementConfig, notices: Sequence[Notice], held_back: str, now: datetime
) -> Plan:
    """The plan as the records stand."""
    events = schedule(config.candidate, config.communication)
    owed = owed_notices(config, notices, now)
    by_contact, rows = {one.contact: one for one in owed}, {row.id: row for row in notices}
    lines = []
    for receiver in receivers(config.candidate, config.communication):
        one = by_contact.get(receiver.contact)
        lines.append(
            Line(
                name=receiver.name,
                contact=receiver.contact,
                channel=receiver.channel,
                had=_had(receiver.contact, notices),
                owed=f"{one.kind}: {_owed(rows.get(one.id), now)}" if one else "",
            )
        )
    return Plan(
        events=events,
        next=next((event for event in events if event.at > now), None),
        lines=tuple(lines),
        notices=tuple(sorted(notices, key=lambda n: (n.intended_at, n.contact, n.id))),
        held_back=held_back,
    )


def outcome_of(notice: Notice) -> str:
    """What became of a notice, in words; a receipt where there is one."""
    if notice.sent_at is not None:
        return f"receipt: {notice.receipt}"
    if not notice.tries:
        return "intended"
    tries = "1 try" if notice.tries == 1 else f"{notice.tries} tries"
    doubt = "; it may have arrived" if notice.doubtful else ""
    return f"{notice.outcome} after {tries}: {notice.said or 'cut off'}{doubt}"


def told_words(notice: Notice) -> str:
    """What a notice tells, in a few words."""
    told = told_by(notice)
    days = ", ".join(f"{surface or 'first last day'} {day}" for surface, day in told.dates)
    held = ["that a legal hold stands"] if told.legal_hold else []
    off = [f"the brownout of {to_minute(from_text(start))}" for start, _ in told.brownouts]
    return "; ".join([f"of the last days: {days}", *held, *off])


def _had(contact: str, notices: Sequence[Notice]) -> str:
    theirs = [n for n in notices if n.contact == contact and may_have_arrived(n)]
    last = max(theirs, key=lambda n: (told_at(n), n.id), default=None)
    if last is None:
        return "nothing"
    sure = "" if last.sent_at else "perhaps "
    return f"{sure}{last.kind} for {last.retires_on}, {to_minute(told_at(last))}"


def _owed(row: Notice | None, now: datetime) -> str:
    if row is not None and given_up(row):
        return f"not tried again ({row.outcome}: {row.said})"
    if row is None or may_be_tried(row, now) or row.again_at is None:
        said = f" (last: {row.said})" if row is not None and row.said else ""
        return f"the next pass sends it{said}"
    return f"to be tried again after {to_minute(row.again_at)} ({row.said})"
