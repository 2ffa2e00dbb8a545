"""What the endpoint said of the model's own lifecycle, and who lifted a legal hold."""

from datetime import datetime

from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class LifecycleCheck(Row, table=True):
    """One answer of the endpoint about the model's lifecycle."""

    __tablename__ = "lifecycle_check"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    checked_at: datetime = instant_field()
    lifecycle: str  # active, deprecated, retired, or unknown where the endpoint names none
    retires_at: datetime | None = instant_field(default=None)
    endpoint_model: str
    simulated: bool
    note: str = text_field(default="")


class HoldLift(Row, table=True):
    """A person's signed act that lets a legal hold be lifted, once.

    `entry` is the digest of the audit entry with which the configuration that holds came into
    force. The signed statement names it, so that the act counts for no hold that is placed later.
    """

    __tablename__ = "hold_lift"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    entry: str
    config_sha256: str
    person: str
    fingerprint: str
    words: str = text_field()
    statement: str = text_field()
    signature: str = text_field()
    received_at: datetime = instant_field()
