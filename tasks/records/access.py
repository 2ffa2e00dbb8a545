"""Decision packets, the approvals that people signed, grants and their keys, revocations."""

from datetime import datetime
from typing import ClassVar

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
    """Leave for one kind of caller, or for one researcher, from a day to a day."""

    __tablename__ = "grant"
    added_later: ClassVar[tuple[str, ...]] = (
        "holder",
        "application_id",
        "revoked_at",
        "revocation_id",
    )

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    packet_digest: str  # the packet under whose decision it was given
    kind: str  # paid_users | research_api | essay_channel | research
    starts_at: datetime = instant_field()
    ends_at: datetime = instant_field()
    holder: str = ""  # one person or organisation; empty for all of a kind
    application_id: str = ""  # what a `research` grant was given upon
    revoked_at: datetime | None = instant_field(default=None)
    revocation_id: str = ""


class GrantKey(Row, table=True):
    """A caller's key at the gateway, by its token id; the key itself is never kept."""

    __tablename__ = "grant_key"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    grant_id: str = Field(index=True)
    holder: str
    token_id: str = Field(unique=True)  # SHA-256 of the key, or the gateway's own id of it
    gateway: str  # the adapter that made it
    issued_by: str
    issued_at: datetime = instant_field()
    revoked_at: datetime | None = instant_field(default=None)


class Revocation(Row, table=True):
    """A person's signed act that ends a grant before its day."""

    __tablename__ = "revocation"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    grant_id: str = Field(index=True)
    person: str
    fingerprint: str
    signature: str = text_field()
    reason: str
    words: str = text_field()
    received_at: datetime = instant_field()


class GatewayCheck(Row, table=True):
    """What a comparison of ledger and gateway found and did; written when it differs."""

    __tablename__ = "gateway_check"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    gateway: str
    basis: str  # digest of what the ledger asked the gateway to hold
    findings: str = text_field()  # canonical JSON: a list of {what, token_id, done}
    checked_at: datetime = instant_field()


class GrantsSerial(Row, table=True):
    """The number of the grants file written last for a model; it only rises, whatever a clock says.

    Not audited: it tells of a file, and of nothing that anybody decided.
    """

    __tablename__ = "grants_serial"

    model_id: str = Field(primary_key=True)
    serial: int


class WithdrawalAct(Row, table=True):
    """A person's signed act that pauses a withdrawal at the gateway, or resumes it."""

    __tablename__ = "withdrawal_act"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    action: str  # pause | resume
    person: str
    fingerprint: str
    signature: str = text_field()
    words: str = text_field()
    received_at: datetime = instant_field()
