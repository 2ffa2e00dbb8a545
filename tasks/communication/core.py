"""Which notice is due to whom, and how the stage stands. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from configs.schema import RetirementConfig
from configs.schema.candidate import CandidateConfig, Owner
from configs.schema.communication import CommunicationConfig
from tasks.communication.delivery import EMAIL, FILE, given_up, may_be_tried
from tasks.kernel.digests import stable_id
from tasks.kernel.instants import start_of
from tasks.kernel.stages import Assessment, StageState, blocked, done, due, waiting
from tasks.records.brownouts import to_tell
from tasks.records.communication import Notice
from tasks.records.promises import (
    FIRST,
    WEBHOOK,
    Change,
    Told,
    beliefs,
    changes,
    may_have_arrived,
    same,
    told_at,
    told_by,
    told_now,
)

ANNOUNCEMENT = "announcement"
CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Event:
    """An instant at which every owner is told; `kind` is such as `announcement` or `T-30`."""

    at: datetime
    kind: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who gets notices: an owner by mail, or a webhook, whose contact is `webhook:<name>`."""

    name: str
    contact: str
    channel: str
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A message that one owner or webhook should get now.

    Attributes:
        id: the same for the same model, kind, contact and dates.
        kind: the event's kind; with `-again-<n>` where the dates moved away and back.
        owner: name of the owner, or of the webhook.
        contact: their address.
        channel: `email`, `file` or `webhook`.
        told: the dates that it tells.
        changes: last days that differ from what this owner was told, or may have been told, before.
        hold_changed: whether they were told otherwise of a legal hold.
        brownouts_changed: whether they were told otherwise of brownouts.
        dropped: brownouts that they were told of, or may have been, and that do not take place.
    """

    id: str
    kind: str
    owner: str
    contact: str
    channel: str
    told: Told
    changes: tuple[Change, ...] = ()
    hold_changed: bool = False
    brownouts_changed: bool = False
    dropped: tuple[tuple[str, str], ...] = ()

    @property
    def retires_on(self) -> str:
        """ISO date of the first surface's last day."""
        return self.told.on(FIRST)


def kind_of(days_before: int) -> str:
    """`T-30` for 30 days before the first last day, `T+30` for 30 days after it."""
    return f"T-{days_before}" if days_before >= 0 else f"T+{-days_before}"


def schedule(candidate: CandidateConfig, communication: CommunicationConfig) -> tuple[Event, ...]:
    """All events in order: the announcement, and every offset that falls after its day.

    An offset on or before the day of the announcement is part of the announcement. A legal hold
    keeps the model in service, so while it stands nobody is told that the last day has come.
    """
    announced = start_of(candidate.announced_on)
    offsets = sorted(set(communication.notice_days_before), reverse=True)
    if candidate.legal_hold:
        offsets = [n for n in offsets if n > 0]
    days = [(candidate.first_retires_on - timedelta(days=n), kind_of(n)) for n in offsets]
    later = [Event(start_of(day), kind) for day, kind in days if start_of(day) > announced]
    return (Event(announced, ANNOUNCEMENT), *later)


def receivers(
    candidate: CandidateConfig, communication: CommunicationConfig
) -> tuple[Receiver, ...]:
    """Everybody who gets notices: each address once, then the webhooks."""
    mail = FILE if communication.channels.smtp is None else EMAIL
    people = (Receiver(o.name, o.contact, mail) for o in _once_each(candidate.owners))
    programs = (
        Receiver(hook.name, f"{WEBHOOK}:{hook.name}", WEBHOOK, hook.kinds)
        for hook in communication.channels.webhooks
    )
    return (*people, *programs)


def owed_notices(
    config: RetirementConfig, notices: Sequence[Notice], now: datetime
) -> tuple[DueNotice, ...]:
    """What everybody should have by now and has no receipt for, at most one message each.

    Only the latest event gone by counts: whoever was not told since it began, or was told of
    another date, is told now; what was skipped before it is never sent.
    """
    candidate, communication = config.candidate, config.communication
    past = [event for event in schedule(candidate, communication) if event.at <= now]
    told = told_now(candidate, to_tell(config, notices, now))
    found = (
        _owed_to(receiver, config.id, past, told, notices)
        for receiver in receivers(candidate, communication)
    )
    return tuple(notice for notice in found if notice is not None)


def due_notices(
    config: RetirementConfig, notices: Sequence[Notice], now: datetime
) -> tuple[DueNotice, ...]:
    """Of what is owed, what a pass should try to send now."""
    owed = owed_notices(config, notices, now)
    rows = {row.id: row for row in notices}
    return tuple(notice for notice in owed if may_be_tried(rows.get(notice.id), now))


def _once_each(owners: Iterable[Owner]) -> tuple[Owner, ...]:
    first: dict[str, Owner] = {}
    for owner in owners:
        first.setdefault(owner.contact, owner)
    return tuple(first.values())


def _owed_to(
    receiver: Receiver,
    model_id: str,
    past: Sequence[Event],
    told: Told,
    notices: Sequence[Notice],
) -> DueNotice | None:
    here = [n for n in notices if n.contact == receiver.contact]
    last = max(filter(may_have_arrived, here), key=lambda n: (told_at(n), n.id), default=None)
    if receiver.channel == WEBHOOK:
        believed: tuple[Told, ...] = (told_by(last),) if last else ()
    else:
        believed = beliefs(receiver.name, receiver.contact, notices)
    others = [before for before in believed if not same(before, told)]
    wanted = past if not receiver.kinds else [e for e in past if e.kind in receiver.kinds]
    if others and CHANGED in receiver.kinds:
        wanted = past
    if not wanted:
        return None
    event = wanted[-1]
    if last and last.sent_at and same(told_by(last), told) and told_at(last) >= event.at:
        return None
    kind, used = event.kind, _used_up(here, told)
    if any(n.kind == kind and same(told_by(n), told) for n in used):
        kind = f"{kind}-again-{len(used)}"  # the date moved away and back
    return DueNotice(
        id=stable_id(model_id, kind, receiver.contact, told.text),
        kind=kind,
        owner=receiver.name,
        contact=receiver.contact,
        channel=receiver.channel,
        told=told,
        changes=tuple(dict.fromkeys(one for before in others for one in changes(before, told))),
        hold_changed=any(before.legal_hold != told.legal_hold for before in others),
        brownouts_changed=any(before.brownouts != told.brownouts for before in others),
        dropped=_taken_back(others, told),
    )


def _taken_back(others: Sequence[Told], told: Told) -> tuple[tuple[str, str], ...]:
    known = {window for before in others for window in before.brownouts}
    return tuple(sorted(known - set(told.brownouts)))


def _used_up(here: Sequence[Notice], told: Told) -> list[Notice]:
    """Rows that no further try belongs to: those sent, and those from before other dates stood."""
    others = [n.intended_at for n in here if not same(told_by(n), told)]
    return [n for n in here if n.sent_at is not None or (others and n.intended_at < max(others))]


def assess_communication(
    config: RetirementConfig,
    *,
    notices: Sequence[Notice],
    stale_pages: Sequence[str],
    now: datetime,
    broken: str = "",
    contradicted: str = "",
) -> Assessment:
    """How the stage stands.

    Args:
        config: the model's.
        notices: all recorded notices of the model.
        stale_pages: pages whose basis differs from what the records say now.
        now: the current instant.
        broken: see `promises.broken_promise`.
        contradicted: see `promises.contradiction`.
    """
    announced = start_of(config.candidate.announced_on)
    if now < announced:
        return waiting(f"the announcement on {config.candidate.announced_on}", announced)
    if broken:
        return blocked(broken)
    if contradicted:
        return waiting(f"the candidate stage: {contradicted}; nobody is told until it is settled")
    ready = due_notices(config, notices, now)
    if ready:
        return due(f"{_counted(len(ready), 'notice')} to be sent ({ready[0].kind})")
    if stale_pages:
        return due(f"to be made from the records: {', '.join(stale_pages)}")
    return _with_nothing_to_do(config, notices, now)


def _with_nothing_to_do(
    config: RetirementConfig, notices: Sequence[Notice], now: datetime
) -> Assessment:
    candidate, communication = config.candidate, config.communication
    rows = {row.id: row for row in notices}
    owed = owed_notices(config, notices, now)
    open_rows = [rows[notice.id] for notice in owed]  # without a row it would be due
    closed = [row for row in open_rows if given_up(row)]
    coming = [event for event in schedule(candidate, communication) if event.at > now]
    tries = [row.again_at for row in open_rows if row.again_at and not given_up(row)]
    until = min([*tries, *(event.at for event in coming[:1])], default=None)
    look = f"emeritus notices plan {config.id}"
    everybody = len(receivers(candidate, communication))
    if closed:
        reason = f"{_some(closed, everybody)}: `{look}` shows whom, and why"
        return Assessment(StageState.BLOCKED, f"{reason}; {_to_mend(closed)}", until, look)
    sent = _counted(sum(n.sent_at is not None for n in notices), "notice") + " sent"
    if open_rows:
        reason = f"{len(open_rows)} of {everybody} not told yet, to be tried again"
        return Assessment(StageState.WAITING, f"{reason}; {sent}", until, look)
    if not coming:
        held = " while the legal hold stands" if candidate.legal_hold else ""
        return done(f"{sent}; none left to send{held}")
    return done(f"{sent}; next {coming[0].kind} on {coming[0].at.date()}", until)


def _some(closed: Sequence[Notice], everybody: int) -> str:
    refused = sum(row.outcome == "refused" for row in closed)
    if refused:
        return f"{refused} of {everybody} can't be told: refused for good"
    return f"{len(closed)} of {everybody} may not have been told: no answer came in several tries"


def _to_mend(closed: Sequence[Notice]) -> str:
    if any(row.outcome == "refused" and row.channel != WEBHOOK for row in closed):
        return (
            "mend the contact in candidate.owners, try again with `emeritus notices retry`, or "
            "tell them and record it with `emeritus notices told`"
        )
    if any(row.channel == WEBHOOK for row in closed):
        return "mend the webhook, then `emeritus notices retry`"
    return (
        "ask them and record it with `emeritus notices told`, or send again with `emeritus notices "
        "retry`"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
