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


class SourceReading(Row, table=True):
    """One state of one source of figures, as it was read; the latest of a source stands."""

    __tablename__ = "source_reading"

    id: str = Field(primary_key=True)  # of model, source and basis
    model_id: str = Field(index=True)
    source: str = Field(index=True)  # its name in the configuration
    kind: str  # usage | survey | tickets | incidents | anthropic_usage | anthropic_cost
    basis: str  # digest of what was read and of how: bytes or answers, column map, names
    state: str  # whole | late | empty | partial | unusable
    body: str = text_field()  # canonical JSON: what it covers, its days, what is odd about it
    simulated: bool
    read_at: datetime = instant_field()


class Retrospective(Row, table=True):
    """What was learnt up to a day, and the changes of configuration that it proposes."""

    __tablename__ = "retrospective"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    basis: str  # digest of the evidence
    body: str = text_field()  # canonical JSON
    location: str
    made_at: datetime = instant_field()
