"""Whether this machine's clock agrees with others': servers' Date headers, the database."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from configs.redaction import redact
from tasks.ports.checks import Check

_WARN, _FAIL = timedelta(seconds=5), timedelta(seconds=60)
_GRAIN = timedelta(seconds=1)  # of a Date header
_PATIENCE_SECONDS = 5.0
_MEND = "let a time service (chrony, systemd-timesyncd) set the clock of the one that is wrong"


@dataclass(frozen=True, slots=True)
class Seen:
    """Another clock, as it was seen.

    Attributes:
        whose: for a person.
        at: what it said; UTC.
        asked: our clock before.
        answered: our clock after.
    """

    whose: str
    at: datetime
    asked: datetime
    answered: datetime

    @property
    def apart(self) -> timedelta:
        """By how much ours is ahead at least; negative where it is behind; zero within the doubt.

        What was on the way, and the second that a Date header is cut to, is no difference.
        """
        if self.at < self.asked - _GRAIN:
            return self.asked - _GRAIN - self.at
        if self.at > self.answered:
            return self.answered - self.at
        return timedelta()


def judge(seen: Seen) -> Check:
    """A warning past 5 s, a failure past 60 s: signatures, leases and slots hang on the clock."""
    apart = seen.apart
    name = f"clock and {seen.whose}"
    if abs(apart) <= _WARN:
        return Check(name, "ok", "they agree within five seconds")
    how = f"ours is {abs(apart).total_seconds():.0f} s {'ahead' if apart > _ZERO else 'behind'}"
    return Check(name, "fail" if abs(apart) > _FAIL else "warn", f"{how}; {_MEND}")


_ZERO = timedelta()


def clock_checks(servers: Iterable[tuple[str, str]]) -> Iterator[Check]:
    """Ask each server for nothing but its time.

    Args:
        servers: (whose, URL); whatever it answers has a Date.
    """
    wall, steady = time.time(), time.monotonic()
    for whose, url in servers:
        found = date_of(whose, url)
        yield judge(found) if isinstance(found, Seen) else found
    drifted = abs((time.time() - wall) - (time.monotonic() - steady))
    if drifted > 1.0:
        yield Check("clock", "warn", f"it was set by {drifted:.0f} s while this ran; {_MEND}")


def date_of(whose: str, url: str) -> Seen | Check:
    """A server's Date; a check that says why there is none."""
    import httpx  # slow to import

    name = f"clock and {whose}"
    asked = datetime.now(UTC)
    try:
        answer = httpx.head(url, timeout=_PATIENCE_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        said = f"not compared: no answer ({redact(str(error)) or type(error).__name__})"
        return Check(name, "warn", said)
    answered = datetime.now(UTC)
    try:
        at = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return Check(name, "ok", "not compared: its answers have no Date")
    return Seen(whose, at.replace(tzinfo=at.tzinfo or UTC), asked, answered)
