"""Which days an export holds, and what keeps it from being proof that nobody called. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """The time that an audit speaks of: from `since`, up to and without `until`.

    Attributes:
        open: whether it ends now: then a call that is stamped a little later is within it too,
            since it is use, and no two clocks agree.
    """

    since: datetime
    until: datetime
    open: bool = False

    @property
    def days(self) -> range:
        """Days since the epoch, UTC, that have to be there: the day that has begun need not."""
        return range(day_of(self.since), day_of(self.until))

    def last(self, days: int) -> "Window":
        """Its last days, back from its end."""
        return Window(self.until - timedelta(days=days), self.until, self.open)


@dataclass(frozen=True, slots=True)
class Gap:
    """Days without any row of any model, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        if self.days == 1:
            return self.first.isoformat()
        return f"{self.first.isoformat()} to {self.last.isoformat()}"


def gaps_of(days: Collection[int], window: Window, quiet_days: int) -> tuple[Gap, ...]:
    """Runs of days in a window without any row, longer than is normal there.

    A window before the first row, or after the last one, is a gap as any other: that nothing was
    called on a day, and that the day was not exported, look the same.

    Args:
        days: days since the epoch on which a row of any model stands.
        window: where to look.
        quiet_days: the longest run that is normal.
    """
    gaps: list[Gap] = []
    begun: int | None = None
    for day in [*window.days, None]:
        if day is not None and day not in days:
            begun = day if begun is None else begun
            continue
        if begun is not None:
            end = window.days[-1] if day is None else day - 1
            if end - begun + 1 > quiet_days:
                gaps.append(Gap(day_at(begun), day_at(end)))
            begun = None
    return tuple(gaps)


def day_of(instant: datetime) -> int:
    """Days since the epoch, UTC."""
    return (instant.astimezone(UTC).date() - EPOCH).days


def day_at(number: int) -> date:
    """The inverse of `day_of`."""
    return EPOCH + timedelta(days=number)


def instant_at(micros: int | None) -> datetime | None:
    """An instant from microseconds since the epoch."""
    if micros is None:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
