"""Which brownouts owners were told of in time. Pure.

Only those begin, and only those are told of any further. Whoever is told too late, or whose mail
fails, keeps a brownout from everybody: a gateway can't tell whose calls it would meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile

from configs.schema import RetirementConfig
from configs.schema.withdrawal import brownout_windows
from tasks.kernel.instants import to_text
from tasks.records.communication import Notice
from tasks.records.promises import known_to, told_at, told_by


@dataclass(frozen=True, slots=True)
class Brownout:
    """One brownout, and who was not told of it in time.

    Attributes:
        starts_at: its first instant.
        ends_at: the first instant after.
        tell_by: the last day, UTC, on which owners can be told of it in time.
        untold: names of owners who had not been told of it by then, with a receipt.
        called_off: whether any owner was told otherwise after that day.
        owners: how many there are.
    """

    starts_at: datetime
    ends_at: datetime
    tell_by: date
    untold: tuple[str, ...]
    called_off: bool
    owners: int

    @property
    def window(self) -> tuple[str, str]:
        """As notices and plans write it."""
        return to_text(self.starts_at), to_text(self.ends_at)

    @property
    def begins(self) -> bool:
        """Whether every owner was told of it in time, and of nothing else since."""
        return not self.untold and not self.called_off

    def is_missed(self, now: datetime) -> bool:
        """Whether it can't begin any more: the time to tell of it is over."""
        return not self.begins and now.date() > self.tell_by


def brownouts_of(config: RetirementConfig, notices: Sequence[Notice]) -> tuple[Brownout, ...]:
    """Every configured brownout, by time; the same at every instant while the records stay."""
    candidate, withdrawal = config.candidate, config.access.withdrawal
    known = [(o.name, known_to(o.name, o.contact, notices)) for o in candidate.owners]
    found = []
    for start, end in brownout_windows(candidate, withdrawal):
        tell_by = start.date() - timedelta(days=withdrawal.brownout_lead_days)
        told = [(name, _told(theirs, (start, end), tell_by)) for name, theirs in known]
        untold = tuple(name for name, (in_time, _) in told if not in_time)
        called_off = any(otherwise for _, (_, otherwise) in told)
        found.append(Brownout(start, end, tell_by, untold, called_off, len(known)))
    return tuple(found)


def to_tell(
    config: RetirementConfig, notices: Sequence[Notice], now: datetime
) -> tuple[tuple[str, str], ...]:
    """The brownouts that owners are to know of now.

    One that can't begin any more is none, so that whoever was told of it learns of that. Under a
    legal hold there is none; once it is lifted they are told anew, with the whole lead ahead.
    """
    if config.candidate.legal_hold:
        return ()
    return tuple(one.window for one in brownouts_of(config, notices) if _stands(one, now))


def _stands(one: Brownout, now: datetime) -> bool:
    if one.starts_at <= now:  # it took place, whoever became an owner since
        return len(one.untold) < one.owners and not one.called_off
    return not one.is_missed(now)


def _told(
    theirs: Sequence[Notice], window: tuple[datetime, datetime], tell_by: date
) -> tuple[bool, bool]:
    """Whether an owner knew of this time, or a longer one, by a day; and was told otherwise since.

    What may have arrived tells them otherwise; to tell them of it takes a receipt.
    """
    begin, over = map(to_text, window)
    says = [any(s <= begin and over <= e for s, e in told_by(n).brownouts) for n in theirs]
    by_then = [one for one in zip(theirs, says, strict=True) if told_at(one[0]).date() <= tell_by]
    run = takewhile(lambda one: one[1], reversed(by_then))
    receipts = [notice.sent_at.date() for notice, _ in run if notice.sent_at is not None]
    return min(receipts, default=date.max) <= tell_by, not all(says[len(by_then) :])
