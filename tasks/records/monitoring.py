"""Usage reports, and audits of who still calls."""

from datetime import datetime

from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class Report(Row, table=True):
    """One usage report over one state of the usage log."""

    __tablename__ = "report"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    source: str
    source_stamp: str  # size and time of the log when it was read
    source_sha256: str
    body: str = text_field()  # canonical JSON
    location: str
    made_at: datetime = instant_field()


class UsageAudit(Row, table=True):
    """One audit of who still calls a model, over one state of its exports."""

    __tablename__ = "usage_audit"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    sources: str = text_field()  # canonical JSON: a list of {name, sha256, bytes}
    basis: str  # digest of sources, settings, owners and dates
    body: str = text_field()  # canonical JSON
    location: str
    made_at: datetime = instant_field()
