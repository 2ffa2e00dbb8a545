"""Slots of the essay channel: texts, reviews, publications, and what readers report."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class Written(Row):
    """A text of the model, and how it came about; never edited. Its row stands before the call."""

    model_id: str = Field(index=True)
    outcome: str  # asked | drafted | declined | missed
    prompt: str = text_field()  # the last words that the model was given, context included
    text: str = text_field(default="")
    sha256: str = Field(default="", index=True)
    findings: str = text_field(default="[]")  # canonical JSON: what checks point at
    request_id: str = ""
    served_model: str = ""
    asked_at: datetime = instant_field()
    answered_at: datetime | None = instant_field(default=None)
    simulated: bool = False


class Draft(Written, table=True):
    """A slot, and what the model wrote for it."""

    __tablename__ = "draft"
    added_later: ClassVar[tuple[str, ...]] = ("context",)

    slot_id: str = Field(primary_key=True)
    number: int
    opens_at: datetime = instant_field()
    context: str = text_field(default="")  # canonical JSON of `context.py`; empty for none


class Redraft(Written, table=True):
    """What the model wrote anew when a reviewer asked for a change; the text before it stays."""

    __tablename__ = "redraft"

    id: str = Field(primary_key=True)
    slot_id: str = Field(index=True)
    number: int  # 2 for the slot's second text
    review_id: str  # the signed request that it answers


class Review(Row, table=True):
    """One person's signed act on one text."""

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint(
            "slot_id", "draft_sha256", "action", "about", "person", name="one_act_a_person"
        ),
        UniqueConstraint(
            "slot_id", "draft_sha256", "action", "about", "fingerprint", name="one_act_a_key"
        ),
    )
    added_later: ClassVar[tuple[str, ...]] = ("about", "statement", "until")

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    slot_id: str
    draft_sha256: str
    action: str  # approve | hold | veto | change | keep | withdraw
    reason: str
    rationale: str = text_field(default="")
    about: str = ""  # keep: the report's id; approve: the acts before it; otherwise empty
    until: datetime | None = instant_field(default=None)  # a hold's end
    person: str
    fingerprint: str
    statement: str = text_field(default="")  # what was signed; empty in rows of the first version
    signature: str = text_field()
    received_at: datetime = instant_field()


class Publication(Row, table=True):
    """A published essay: the bytes that were reviewed."""

    __tablename__ = "publication"
    added_later: ClassVar[tuple[str, ...]] = ("withdrawn_at",)

    slot_id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    sha256: str
    location: str
    published_at: datetime = instant_field()
    withdrawn_at: datetime | None = instant_field(default=None)  # when its tombstone was put up


class EssayDelivery(Row, table=True):
    """An essay offered to a channel beside the site; intent first, receipt after."""

    __tablename__ = "essay_delivery"

    slot_id: str = Field(primary_key=True)
    target: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)  # essay | withdrawal
    model_id: str = Field(index=True)
    sha256: str
    intended_at: datetime = instant_field()
    delivered_at: datetime | None = instant_field(default=None)
    receipt: str = text_field(default="")
    problem: str = text_field(default="")  # why the last try gave no receipt


class ReaderReport(Row, table=True):
    """What a reader says is wrong with a published essay; it reopens the review."""

    __tablename__ = "reader_report"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    slot_id: str = Field(index=True)
    kind: str  # a reason of the policy
    words: str = text_field()
    contact: str = ""  # where the reader may be answered; never published
    source: str  # file | webhook | form | cli
    received_at: datetime = instant_field()


class FeedReading(Row, table=True):
    """The latest reading of a news feed, for conditional requests."""

    __tablename__ = "feed_reading"

    id: str = Field(primary_key=True)  # of model and address
    model_id: str = Field(index=True)
    url: str
    body: str = text_field()  # JSON of the reading
    read_at: datetime = instant_field()
