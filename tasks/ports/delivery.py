"""What one try of a message says of the next. Pure.

Shared by whatever sends through a `notifier`: notices to owners, and what is told of incidents.
"""

from datetime import timedelta

from tasks.ports.notifier import PerhapsDelivered, RefusedForGood

MOST_DOUBTFUL = 3
"""Tries of one mail after which it may have arrived; each further one might be a duplicate."""

_FIRST_WAIT = timedelta(minutes=15)
_LONGEST_WAIT = timedelta(days=1)


def wait_after(tries: int, asked: timedelta | None = None) -> timedelta:
    """How long to leave the other side in peace: doubles with each try, up to a day.

    Args:
        tries: how many there were.
        asked: the wait that the other side asked for, where that is longer.
    """
    doubled = min(_FIRST_WAIT * (1 << min(max(tries - 1, 0), 10)), _LONGEST_WAIT)
    return max(doubled, min(asked or timedelta(), _LONGEST_WAIT))


def outcome_of(error: Exception) -> str:
    """What became of a try that gave no receipt: `refused`, `doubtful`, or else `later`."""
    if isinstance(error, RefusedForGood):
        return "refused"
    return "doubtful" if isinstance(error, PerhapsDelivered) else "later"
