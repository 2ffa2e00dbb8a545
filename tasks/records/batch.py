"""Message batches, and the pauses that endpoints ask for."""

import json
from datetime import datetime

from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class MessageBatch(Row, table=True):
    """One wave's questions, sent together.

    Its row stands before it is sent (`submitting`) and takes the endpoint's id right after, so a
    kill between the two leaves at most this batch in doubt: a later pass looks for it at the
    endpoint, and tells of it as `lost` where it finds none. `refused` says that the endpoint has
    no batches. The questions of a batch that came to nothing are asked again.
    """

    __tablename__ = "message_batch"

    id: str = Field(primary_key=True)
    design_digest: str = Field(index=True)
    model_id: str = Field(index=True)
    wave: int
    number: int  # of the wave's batches, from 0
    base_url: str
    state: str  # submitting | in_progress | collected | lost | refused
    batch_id: str  # the endpoint's; empty until it is known
    conversations: str = text_field()  # JSON list of their ids
    intended_at: datetime = instant_field()
    submitted_at: datetime | None = instant_field(default=None)  # as the endpoint says
    expires_at: datetime | None = instant_field(default=None)
    looked_at: datetime | None = instant_field(default=None)
    ended_at: datetime | None = instant_field(default=None)
    collected_at: datetime | None = instant_field(default=None)
    results: str = text_field(default="")  # JSON: kind of result -> how many
    problem: str = text_field(default="")
    simulated: bool = False

    @property
    def asked(self) -> tuple[str, ...]:
        """Ids of the conversations in it."""
        return tuple(json.loads(self.conversations))

    @property
    def is_open(self) -> bool:
        """Whether its answers may still come."""
        return self.state in ("submitting", "in_progress")


class EndpointPause(Row, table=True):
    """The instant before which an endpoint asked not to be called again."""

    __tablename__ = "endpoint_pause"

    model_id: str = Field(primary_key=True)
    base_url: str = Field(primary_key=True)
    until: datetime = instant_field()
    said: str = text_field()
    asked_at: datetime = instant_field()
