"""Registered designs and the conversations held under them."""

from datetime import datetime

from sqlmodel import Field

from tasks.records.columns import Row, instant_field, text_field

MOST_TRIES = 3


class Design(Row, table=True):
    """A registered design; its digest stands on every conversation."""

    __tablename__ = "design"

    digest: str = Field(primary_key=True)
    model_id: str = Field(index=True)
    body: str = text_field()  # canonical JSON
    conversations: int
    registered_at: datetime = instant_field()


class Conversation(Row, table=True):
    """One fresh conversation: the question as planned, and what came back.

    Its row stands before the call goes out (`outcome` is `asked`), so that a kill leaves at most
    the calls in flight in doubt; they are asked again under the same id.
    """

    __tablename__ = "conversation"

    id: str = Field(primary_key=True)
    design_digest: str = Field(index=True)
    model_id: str = Field(index=True)
    wave: int
    theme: str
    kind: str  # neutral | affirm | negate | lead
    context: str
    variant: int
    outcome: str  # asked | answered | refused | empty | truncated | failed
    attempts: int
    asked_at: datetime = instant_field()
    question_sha256: str = ""  # of the request's canonical JSON: the words as they were sent
    answered_at: datetime | None = instant_field(default=None)
    request_id: str = ""
    served_model: str = ""
    stop_reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    text: str = text_field(default="")
    raw: str = text_field(default="")
    raw_sha256: str = ""
    simulated: bool = False
    problem: str = text_field(default="")

    @property
    def is_over(self) -> bool:
        """Whether it is not asked again: a page instead of a message gets a few more passes."""
        if self.outcome == "failed":
            return self.attempts >= MOST_TRIES
        return self.outcome != "asked"
