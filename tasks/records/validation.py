"""Codings, standings between waves, verdicts, and what became of them."""

from datetime import datetime
from typing import ClassVar

from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class Coding(Row, table=True):
    """One coder's reading of one answer, for every theme that it was asked about."""

    __tablename__ = "coding"
    added_later: ClassVar[tuple[str, ...]] = ("readings",)

    conversation_id: str = Field(primary_key=True)
    coder: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    codebook_sha256: str
    prompt_sha256: str
    polarity: str = ""  # with `quote` and `problem`: of rows older than migration 0003, one theme
    quote: str = text_field(default="")
    problem: str = text_field(default="")
    raw: str = text_field()
    coded_at: datetime = instant_field()
    simulated: bool
    readings: str = text_field(default="")  # JSON: theme -> {polarity, quote, problem}


class Standing(Row, table=True):
    """What the answers say of a theme after a wave: whether it is probed, or asked no more."""

    __tablename__ = "standing"

    design_digest: str = Field(primary_key=True)
    theme: str = Field(primary_key=True)
    wave: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})  # from 0
    model_id: str = Field(index=True)
    neutral_hits: int  # settled neutral answers on the commoner side
    neutral_settled: int
    side: str  # want | reject
    likeliest: str
    posterior: str = text_field()  # canonical JSON: class -> probability
    probed: bool  # the next wave may probe it
    stopped: bool  # it is asked about no more
    judged_at: datetime = instant_field()
    simulated: bool


class ReadBack(Row, table=True):
    """The model's answer to a summary of its own preferences: beside the verdicts."""

    __tablename__ = "read_back"

    id: str = Field(primary_key=True)
    design_digest: str = Field(index=True)
    model_id: str = Field(index=True)
    summary: str = text_field()  # the words that it was shown
    outcome: str  # as of a conversation
    attempts: int
    asked_at: datetime = instant_field()
    answered_at: datetime | None = instant_field(default=None)
    request_id: str = ""
    served_model: str = ""
    stop_reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    text: str = text_field(default="")
    raw: str = text_field(default="")
    raw_sha256: str = ""
    problem: str = text_field(default="")
    simulated: bool = False


class LedgerEntry(Row, table=True):
    """What was decided of one stable preference; the latest entry of a theme stands."""

    __tablename__ = "ledger_entry"

    id: str = Field(primary_key=True)
    design_digest: str = Field(index=True)
    theme: str
    model_id: str = Field(index=True)
    outcome: str  # honoured | partly | declined
    reason: str = text_field()
    evidence: str = text_field()  # where it can be seen: an address, a digest, a document
    person: str
    supersedes: str  # id of the theme's entry before it; empty for the first
    fingerprint: str  # of the person's key
    signature: str = text_field()
    entered_at: datetime = instant_field()
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
