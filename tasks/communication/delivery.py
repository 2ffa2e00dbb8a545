"""What a notice's tries say of the next one. Pure.

An answer for the moment (4xx, a busy webhook) is tried again after a wait that doubles; one for
good is not tried again by itself: the next event's notice tries once, or a person asks for it.
"""

from datetime import datetime

from tasks.ports.delivery import MOST_DOUBTFUL
from tasks.records.communication import Notice

EMAIL, FILE = "email", "file"
BY_HAND = "person"
"""The channel of a notice that a person gave, and recorded."""


def given_up(notice: Notice) -> bool:
    """Whether no pass tries it again by itself."""
    if notice.sent_at is not None:
        return False
    return notice.outcome == "refused" or (notice.doubtful or 0) >= MOST_DOUBTFUL


def may_be_tried(notice: Notice | None, now: datetime) -> bool:
    """Whether a pass tries it now; `notice` is its row, if there is one."""
    if notice is None:
        return True
    if given_up(notice):
        return False
    return notice.again_at is None or notice.again_at <= now


def begin_try(notice: Notice, now: datetime) -> None:
    """Note on a row that a try begins, before anything is sent.

    A try of which the row tells no end was cut off by a kill: its mail may have arrived. On the
    same day its text is made for the same instant again, so that the same words get the same bytes.
    """
    cut_off = notice.outcome == "trying"
    if cut_off and notice.channel == EMAIL:
        notice.doubtful = (notice.doubtful or 0) + 1
    if not cut_off or notice.tried_at is None or notice.tried_at.date() != now.date():
        notice.tried_at = now
    notice.tries = (notice.tries or 0) + 1
    notice.outcome, notice.said, notice.again_at = "trying", "", None
