"""What people were told of dates, what has changed since, and which dates may not be told. Pure.

A promise is the latest thing that an owner was told. It may be kept longer than promised at any
time; it may be cut short only with the whole notice period ahead.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import Any

from configs.schema.candidate import CandidateConfig
from tasks.kernel.digests import canonical_json
from tasks.kernel.instants import start_of
from tasks.records.candidate import LifecycleCheck
from tasks.records.communication import Notice

FIRST = ""  # stands for the earliest of all surfaces, where a surface's name is asked for
WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Told:
    """Dates as they were, or would be, told: (surface, ISO date), by surface.

    Attributes:
        dates: the last days.
        legal_hold: whether one stands.
        brownouts: first instant and first instant after, RFC 3339 as `to_text` writes it.
    """

    dates: tuple[tuple[str, str], ...]
    legal_hold: bool = False
    brownouts: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """As a notice's row keeps it."""
        value: dict[str, Any] = {"dates": dict(self.dates), "legal_hold": self.legal_hold}
        if self.brownouts:
            value["brownouts"] = self.brownouts
        return canonical_json(value).decode()

    def on(self, surface: str) -> str:
        """A surface's last day, or the first of all for `FIRST`; empty where it has none."""
        if surface == FIRST:
            return min(day for _, day in self.dates)
        return dict(self.dates).get(surface, "")

    @property
    def whole(self) -> bool:
        """False for a notice of the first version, which kept the first day alone."""
        return all(surface != FIRST for surface, _ in self.dates)


@dataclass(frozen=True, slots=True)
class Change:
    """A surface's last day, before and now; empty `before` if it is new, `now` if it is gone."""

    surface: str
    before: str
    now: str


def told_now(candidate: CandidateConfig, brownouts: tuple[tuple[str, str], ...] = ()) -> Told:
    """What the configuration has to tell; of brownouts, those that `brownouts.to_tell` gives."""
    dates = sorted((s.name, s.retires_on.isoformat()) for s in candidate.surfaces)
    return Told(tuple(dates), candidate.legal_hold, brownouts)


def told_by(notice: Notice) -> Told:
    """What a recorded notice told."""
    return told_from(notice.told, notice.retires_on)


def told_from(text: str, retires_on: str) -> Told:
    """The inverse of `Told.text`; the first last day alone where there is no such text."""
    if not text:
        return Told(((FIRST, retires_on),))
    value = json.loads(text)
    brownouts = tuple((start, end) for start, end in value.get("brownouts", ()))
    return Told(tuple(sorted(value["dates"].items())), value["legal_hold"], brownouts)


def same(before: Told, now: Told) -> bool:
    """Whether both tell the same."""
    if not before.whole:
        return before.on(FIRST) == now.on(FIRST) and not now.brownouts
    return before == now


def changes(before: Told, now: Told) -> tuple[Change, ...]:
    """Every surface whose last day differs."""
    if not before.whole:
        old, new = before.on(FIRST), now.on(FIRST)
        return () if old == new else (Change(FIRST, old, new),)
    surfaces = sorted({surface for surface, _ in (*before.dates, *now.dates)})
    found = (Change(s, before.on(s), now.on(s)) for s in surfaces)
    return tuple(change for change in found if change.before != change.now)


def told_at(notice: Notice) -> datetime:
    """When what a notice says was so: its last try, or its intent."""
    return notice.tried_at or notice.intended_at


def may_have_arrived(notice: Notice) -> bool:
    """Whether its reader may know what it says."""
    return notice.sent_at is not None or bool(notice.doubtful) or notice.outcome == "trying"


def known_to(name: str, contact: str, notices: Sequence[Notice]) -> list[Notice]:
    """What an owner may have read, oldest first: sent to this address, or to the same name."""
    theirs = (
        n
        for n in notices
        if n.channel != WEBHOOK
        and (n.contact == contact or n.owner == name)
        and may_have_arrived(n)
    )
    return sorted(theirs, key=lambda n: (told_at(n), n.id))


def beliefs(name: str, contact: str, notices: Sequence[Notice]) -> tuple[Told, ...]:
    """What an owner may believe of the dates, oldest first; empty if they were told nothing.

    That is the last notice with a receipt, and every later one that may have arrived all the same.
    Both count that went to this address, and those that went to the same name at another one.
    """
    theirs = known_to(name, contact, notices)
    sure = max((i for i, n in enumerate(theirs) if n.sent_at is not None), default=0)
    return tuple(dict.fromkeys(told_by(n) for n in theirs[sure:]))


def last_told(told: Told, surface: str) -> str:
    """A surface's last day as it was told, or the last of all for none; empty if it was not told.

    A notice of the first version told one day, and of no surface: it counts for each.
    """
    if not told.whole:
        return told.on(FIRST)
    return told.on(surface) if surface else max(day for _, day in told.dates)


def owners_untold(
    candidate: CandidateConfig, surface: str, day: str, notices: Sequence[Notice]
) -> tuple[str, ...]:
    """Names of owners who were not told that service may end after a day.

    To be told takes a receipt. Whoever may believe in a later day, or that a legal hold stands
    which was lifted since, was told otherwise.

    Args:
        candidate: whose owners.
        surface: the one that ends then; empty for the latest of all.
        day: ISO date of the last day.
        notices: the model's.
    """
    return tuple(
        owner.name
        for owner in candidate.owners
        if not _knows(beliefs(owner.name, owner.contact, notices), surface, day)
        or not any(n.sent_at for n in known_to(owner.name, owner.contact, notices))
    )


def _knows(believed: Sequence[Told], surface: str, day: str) -> bool:
    days = [last_told(one, surface) for one in believed]
    held = any(one.legal_hold for one in believed)
    return not held and bool(days) and all(told and told <= day for told in days)


def broken_promise(candidate: CandidateConfig, notices: Sequence[Notice], now: datetime) -> str:
    """Why the configured dates may not be told; empty if they may.

    A date may be moved to an earlier day only if `notice_floor_days` lie ahead of that day, counted
    from today, or from the day on which the first owner was told of it: then the others follow.
    """
    new, floor = told_now(candidate), timedelta(days=candidate.notice_floor_days)
    believed = (beliefs(owner.name, owner.contact, notices) for owner in candidate.owners)
    told = [owners for owners in believed if owners]
    here = [name for name, _ in new.dates]
    gone = {name for owners in told for one in owners for name, _ in one.dates} - {*here, FIRST}
    for surface in (*here, *sorted(gone), FIRST):
        # a surface that is not named any more may end with the last of the others
        day = new.on(surface) or max(day for _, day in new.dates)
        days = (max(one.on(surface) for one in owners) for owners in told)
        promised = [promise for promise in days if promise > day]
        if not promised:
            continue
        began = min(now, _told_since(surface, day, notices) or now)
        if began.date() + floor <= date.fromisoformat(day):
            continue
        soonest = min(max(promised), (now.date() + floor).isoformat())
        what = f"{surface}: {day}" if surface else f"the first last day, {day},"
        return (
            f"{what} is earlier than {max(promised)}, which {_owners(len(promised))} told, and "
            f"fewer than {candidate.notice_floor_days} days ahead (notice_floor_days): nobody is "
            f"told; set retires_on to {soonest} or later"
        )
    if any(one.legal_hold for owners in told for one in owners) and not new.legal_hold:
        return _outlasted(new, floor, now)
    return ""


def contradiction(candidate: CandidateConfig, check: LifecycleCheck | None, now: datetime) -> str:
    """What the endpoint says against the dates that would be told; empty if nothing.

    Only what would make a notice untrue counts: an endpoint that can't be asked, or that serves
    the model longer, keeps nobody from being told.
    """
    if check is None:
        return ""
    first = candidate.first_retires_on
    if check.retires_at is not None and check.retires_at.date() < first:
        return (
            f"the endpoint retires the model on {check.retires_at.date()}, before {first}, which "
            "owners would be told"
        )
    if check.lifecycle == "retired" and now < start_of(first + timedelta(days=1)):
        return f"the endpoint says that the model is retired already, before {first}"
    return ""


def _outlasted(new: Told, floor: timedelta, now: datetime) -> str:
    if date.fromisoformat(new.on(FIRST)) > now.date():
        return ""
    return (
        f"the legal hold, under which owners were told that nothing is withdrawn, outlasted "
        f"{new.on(FIRST)}: nobody is told; set retires_on to {now.date() + floor} or later"
    )


def _told_since(surface: str, day: str, notices: Sequence[Notice]) -> datetime | None:
    """When the first owner was told of this very day, with no other day told since."""
    sent = sorted((n for n in notices if n.sent_at), key=lambda n: (told_at(n), n.id), reverse=True)
    run = list(takewhile(lambda n: told_by(n).on(surface) == day, sent))
    return told_at(run[-1]) if run else None


def _owners(number: int) -> str:
    return "1 owner was" if number == 1 else f"{number} owners were"
