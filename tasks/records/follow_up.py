"""Preferences asked again after retirement."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field
from tasks.records.interview import Conversation


class FollowUp(Row, table=True):
    """A registered follow-up wave; its digest stands on its conversations as a design's does."""

    __tablename__ = "follow_up"

    digest: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    number: int  # from 1
    design_digest: str = Field(index=True)  # whose verdicts it is compared with
    body: str = text_field()  # canonical JSON: what is asked, and how often
    due_at: datetime = instant_field()
    registered_at: datetime = instant_field()
    outcome: str = ""  # compared | not_reached; empty while it is under way
    drift: str = text_field(default="")  # canonical JSON: theme -> what changed
    simulated: bool
    ended_at: datetime | None = instant_field(default=None)


def nothing_to_ask(
    row: FollowUp,
    conversations: Sequence[Conversation],
    *,
    most_calls: int,
    reach_within: timedelta,
    now: datetime,
) -> bool:
    """Whether no more call of a follow-up is made: all are over, or the calls or the time are.

    Args:
        row: the follow-up, registered.
        conversations: all of its conversations; none before its first call.
        most_calls: ceiling of calls, tries counted.
        reach_within: how long after it was registered the endpoint is tried.
        now: the present.
    """
    spent = sum(one.attempts for one in conversations)
    over = bool(conversations) and all(one.is_over for one in conversations)
    return over or spent >= most_calls or now >= row.registered_at + reach_within
