"""Whether the process of a flow run died, judged by what it left; no Prefect, no clock, no disk.

Nobody can see a process on another machine. What is seen is a lease that is extended every quarter
of its term, and the heartbeat that Prefect sends for a flow run. Both may be late. A run that was
taken for dead and lives loses nothing: its lease is its own, and its end overwrites what was set.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Verdict(StrEnum):
    """What is to be done about a run that is not at its end."""

    LIVES = "lives"
    DIED = "died"
    NEVER_BEGUN = "never begun"
    NOT_CANCELLED = "cancelled, and nobody ended it"


class Around(StrEnum):
    """How the run stands that a run runs within."""

    NONE = "none"
    AT_WORK = "at work"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long silence counts as life.

    Attributes:
        silent: since the last heartbeat. Prefect's comes every 180 s by default: three of them, and
            a minute.
        unheard: since it began, for a run of which no heartbeat was ever heard; they are off there.
        pending: between being handed to a worker and its beginning.
        settling: between a run's end and that of what ran within it.
    """

    silent: timedelta = timedelta(minutes=10)
    unheard: timedelta = timedelta(hours=24)
    pending: timedelta = timedelta(minutes=30)
    settling: timedelta = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of one run.

    Attributes:
        state: type of its state, as Prefect writes it: RUNNING, PENDING, CANCELLING.
        since: when it came into that state, or the run around it to its end.
        heard: its last heartbeat; None when none was ever heard.
        lease: whether it, or a run within it, holds a lease; None when it never came to hold one,
            or gave it back.
        around: how the run stands that it runs within, which it can't outlive by much.
    """

    state: str
    since: datetime
    heard: datetime | None = None
    lease: bool | None = None
    around: Around = Around.NONE


def judged(signs: Signs, now: datetime, limits: Limits) -> Verdict:
    """What became of a run's process.

    Args:
        signs: what is known of it.
        now: by the clock that its instants are from.
        limits: how long silence counts as life.
    """
    quiet = now - max(filter(None, (signs.since, signs.heard)))
    if signs.state == "PENDING":
        return Verdict.NEVER_BEGUN if quiet > limits.pending else Verdict.LIVES
    if signs.lease:
        return Verdict.LIVES
    if signs.lease is False:
        gone = True
    elif signs.around is Around.ENDED:
        gone = quiet > limits.settling
    elif signs.around is Around.AT_WORK:
        gone = False  # it sends no heartbeat of its own, and ends with the one around it
    else:
        gone = quiet > (limits.silent if signs.heard else limits.unheard)
    if not gone:
        return Verdict.LIVES
    return Verdict.NOT_CANCELLED if signs.state == "CANCELLING" else Verdict.DIED
