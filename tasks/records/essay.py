"""Slots of the essay channel, drafts, reviews and publications."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class Draft(Row, table=True):
    """What the model wrote for one slot; never edited. Its row stands before the call."""

    __tablename__ = "draft"

    slot_id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    number: int
    opens_at: datetime = instant_field()
    outcome: str  # asked | drafted | declined
    prompt: str = text_field()
    text: str = text_field(default="")
    sha256: str = Field(default="", index=True)
    findings: str = text_field(default="[]")  # canonical JSON: what checks point at
    request_id: str = ""
    served_model: str = ""
    asked_at: datetime = instant_field()
    answered_at: datetime | None = instant_field(default=None)
    simulated: bool = False


class Review(Row, table=True):
    """One person's signed act on one draft."""

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint("slot_id", "action", "person", name="one_act_a_person"),
        UniqueConstraint("slot_id", "action", "fingerprint", name="one_act_a_key"),
    )

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    slot_id: str
    draft_sha256: str
    action: str  # approve | hold | veto
    reason: str
    rationale: str = text_field(default="")
    person: str
    fingerprint: str
    signature: str = text_field()
    received_at: datetime = instant_field()


class Publication(Row, table=True):
    """A published essay: the bytes that were reviewed."""

    __tablename__ = "publication"

    slot_id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    sha256: str
    location: str
    published_at: datetime = instant_field()
