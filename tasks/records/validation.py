"""Codings and verdicts."""

from datetime import datetime

from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class Coding(Row, table=True):
    """One coder's reading of one answer."""

    __tablename__ = "coding"

    conversation_id: str = Field(primary_key=True)
    coder: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    codebook_sha256: str
    prompt_sha256: str
    polarity: str  # want | reject | ambivalent | indifferent | declined | off_topic | unusable
    quote: str = text_field(default="")
    problem: str = text_field(default="")  # why the coder's answer is unusable
    raw: str = text_field()
    coded_at: datetime = instant_field()
    simulated: bool


class Verdict(Row, table=True):
    """What the evidence says of one theme."""

    __tablename__ = "verdict"

    design_digest: str = Field(primary_key=True)
    theme: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    verdict: str
    polarity: str  # want | reject | none: the direction of a stable verdict
    posterior: str = text_field()  # canonical JSON: class -> probability
    evidence: str = text_field()  # canonical JSON: counts, rates, quotes
    codebook_sha256: str
    judged_at: datetime = instant_field()
    simulated: bool
