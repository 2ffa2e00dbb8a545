"""Which notice is due to whom, and how the stage stands. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from configs.schema.candidate import CandidateConfig, Owner
from configs.schema.communication import CommunicationConfig
from tasks.kernel.digests import stable_id
from tasks.kernel.instants import start_of
from tasks.kernel.stages import Assessment, done, due, waiting
from tasks.records.communication import Notice

ANNOUNCEMENT = "announcement"


@dataclass(frozen=True, slots=True)
class Event:
    """An instant at which every owner is told; `kind` is such as `announcement` or `T-30`."""

    at: datetime
    kind: str


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A message that one owner should get now.

    Attributes:
        id: the same for the same model, kind, contact and date.
        kind: the event's kind; with `-again-<n>` where the dates moved away and back.
        owner: name of the owner.
        contact: their address.
        retires_on: ISO date that the notice tells.
        moved_from: ISO date that the owner was told before, when it differs; or empty.
    """

    id: str
    kind: str
    owner: str
    contact: str
    retires_on: str
    moved_from: str = ""


def kind_of(days_before: int) -> str:
    """`T-30` for 30 days before the first last day, `T+30` for 30 days after it."""
    return f"T-{days_before}" if days_before >= 0 else f"T+{-days_before}"


def schedule(candidate: CandidateConfig, communication: CommunicationConfig) -> tuple[Event, ...]:
    """All events in order: the announcement, and every offset that falls after its day.

    An offset on or before the day of the announcement is part of the announcement.
    """
    announced = start_of(candidate.announced_on)
    offsets = sorted(set(communication.notice_days_before), reverse=True)
    days = [(candidate.first_retires_on - timedelta(days=n), kind_of(n)) for n in offsets]
    later = [Event(start_of(day), kind) for day, kind in days if start_of(day) > announced]
    return (Event(announced, ANNOUNCEMENT), *later)


def due_notices(
    model_id: str,
    candidate: CandidateConfig,
    communication: CommunicationConfig,
    notices: Sequence[Notice],
    now: datetime,
) -> tuple[DueNotice, ...]:
    """What should be sent now, at most one message an owner.

    Only the latest event gone by counts: whoever was not told since it began, or was told of
    another date, is told now; what was skipped before it is never sent.
    """
    past = [event for event in schedule(candidate, communication) if event.at <= now]
    if not past:
        return ()
    retires_on = candidate.first_retires_on.isoformat()
    found = (
        _due_to(owner, model_id, past[-1], retires_on, notices)
        for owner in _once_each(candidate.owners)
    )
    return tuple(notice for notice in found if notice is not None)


def _once_each(owners: Iterable[Owner]) -> tuple[Owner, ...]:
    first: dict[str, Owner] = {}
    for owner in owners:
        first.setdefault(owner.contact, owner)
    return tuple(first.values())


def _due_to(
    owner: Owner, model_id: str, event: Event, retires_on: str, notices: Sequence[Notice]
) -> DueNotice | None:
    sent = [n for n in notices if n.contact == owner.contact and n.sent_at is not None]
    last = max(sent, key=lambda n: (n.intended_at, n.id), default=None)
    moved_from = last.retires_on if last and last.retires_on != retires_on else ""
    if last and not moved_from and last.intended_at >= event.at:
        return None
    kind = event.kind
    if any((n.kind, n.retires_on) == (kind, retires_on) for n in sent):
        kind = f"{kind}-again-{len(sent)}"  # the date moved away and back: the old id is used up
    notice_id = stable_id(model_id, kind, owner.contact, retires_on)
    return DueNotice(notice_id, kind, owner.name, owner.contact, retires_on, moved_from)


def assess_communication(
    model_id: str,
    candidate: CandidateConfig,
    communication: CommunicationConfig,
    *,
    notices: Sequence[Notice],
    stale_pages: Sequence[str],
    now: datetime,
) -> Assessment:
    """How the stage stands.

    Args:
        model_id: the model.
        candidate: dates and owners.
        communication: the notice schedule.
        notices: all recorded notices of the model.
        stale_pages: pages whose basis differs from what the records say now.
        now: the current instant.
    """
    announced = start_of(candidate.announced_on)
    if now < announced:
        return waiting(f"the announcement on {candidate.announced_on}", announced)
    owed = due_notices(model_id, candidate, communication, notices, now)
    if owed:
        return due(f"{_counted(len(owed), 'notice')} to be sent ({owed[0].kind})")
    if stale_pages:
        return due(f"to be made from the records: {', '.join(stale_pages)}")
    sent = _counted(sum(n.sent_at is not None for n in notices), "notice") + " sent"
    coming = [event for event in schedule(candidate, communication) if event.at > now]
    if not coming:
        return done(f"{sent}; none left to send")
    return done(f"{sent}; next {coming[0].kind} on {coming[0].at.date()}", coming[0].at)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
