"""Recorded prompts asked again: of the same model later, or of its successor."""

from datetime import datetime

from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field


class ReplayRun(Row, table=True):
    """One asking of recorded prompts, and what its answers say."""

    __tablename__ = "replay_run"

    id: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    purpose: str  # same_model | successor
    period: str  # same_model: the Monday of its week, as a date; successor: the owner's name
    subject: str  # the model that is asked
    basis: str  # digest of the prompts, what they are compared with, and the settings
    state: str  # asking | judged | not_judged
    outcome: str = ""  # same | differs | better | no_difference | worse | not_enough
    body: str = text_field(default="")  # canonical JSON: statistics, reasons
    location: str = ""
    simulated: bool
    started_at: datetime = instant_field()
    judged_at: datetime | None = instant_field(default=None)


class Replay(Row, table=True):
    """One answer to a recorded prompt, asked again. Its row stands before the call."""

    __tablename__ = "replay"

    id: str = Field(primary_key=True)
    run_id: str = Field(index=True)
    model_id: str = Field(index=True)
    prompt: str  # its id
    sample: int
    outcome: str  # asked | answered | refused | empty | truncated | failed
    text: str = text_field(default="")
    request_id: str = ""
    served_model: str = ""
    stop_reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    raw: str = text_field(default="")
    raw_sha256: str = ""
    simulated: bool = False
    tries: int = 1
    asked_at: datetime = instant_field()
