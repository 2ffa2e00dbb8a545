"""Preferences asked again after retirement."""

from datetime import datetime

from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


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
