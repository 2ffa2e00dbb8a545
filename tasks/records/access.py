"""Decision packets, the approvals that people signed, and grants."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class Packet(Row, table=True):
    """A decision packet: canonical JSON whose digest people sign."""

    __tablename__ = "packet"

    digest: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    body: str = text_field()
    basis: str  # digest of the evidence; a new basis makes a new packet
    proposed_at: datetime = instant_field()
    expires_at: datetime = instant_field()


class Approval(Row, table=True):
    """One person's signature under one packet."""

    __tablename__ = "approval"
    __table_args__ = (
        UniqueConstraint("packet_digest", "person", name="one_approval_a_person"),
        UniqueConstraint("packet_digest", "fingerprint", name="one_approval_a_key"),
    )

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    packet_digest: str
    person: str
    fingerprint: str
    signature: str = text_field()
    received_at: datetime = instant_field()


class Grant(Row, table=True):
    """What an approved packet grants."""

    __tablename__ = "grant"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    packet_digest: str
    kind: str  # paid_users | research_api | essay_channel
    starts_at: datetime = instant_field()
    ends_at: datetime = instant_field()
