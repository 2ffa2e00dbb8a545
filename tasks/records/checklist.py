"""The retirement checklist: what people confirmed, and the closing that two of them signed."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class ChecklistAct(Row, table=True):
    """A person's signed word on one line of the checklist; the latest of a line stands."""

    __tablename__ = "checklist_act"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    line: str
    action: str  # confirm | not_applicable | reopen
    evidence: str = text_field()  # where it can be seen: an address, a ticket, a digest
    person: str
    fingerprint: str
    statement: str = text_field()  # what was signed
    signature: str = text_field()
    received_at: datetime = instant_field()


class ClosingSignature(Row, table=True):
    """One person's signature under the closing of a retirement, over the checklist as it stood."""

    __tablename__ = "closing_signature"
    __table_args__ = (
        UniqueConstraint("digest", "person", name="one_closing_a_person"),
        UniqueConstraint("digest", "fingerprint", name="one_closing_a_key"),
    )

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    digest: str = Field(index=True)  # of `body`
    body: str = text_field()  # canonical JSON: every line with its state and evidence
    person: str
    fingerprint: str
    signature: str = text_field()
    received_at: datetime = instant_field()


class Closing(Row, table=True):
    """A closed retirement: no line was open, and enough people signed."""

    __tablename__ = "closing"

    model_id: str = Field(primary_key=True)
    digest: str
    people: str  # their names, joined by a comma
    closed_at: datetime = instant_field()
