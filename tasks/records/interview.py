"""Registered designs and the conversations held under them."""

import json
from datetime import datetime
from typing import ClassVar

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


class DesignAmendment(Row, table=True):
    """What the questions of a design tell the model of its situation, from an instant on.

    A date may move while waves are left; a model that is told the old one is told a falsehood. The
    questions stay as they were registered.
    """

    __tablename__ = "design_amendment"

    id: str = Field(primary_key=True)  # SHA-256 over all below
    design_digest: str = Field(index=True)
    model_id: str = Field(index=True)
    facts: str = text_field()  # canonical JSON, as `facts` of the design's body
    amended_at: datetime = instant_field()


class Conversation(Row, table=True):
    """One call: the question as planned, and what came back.

    A neutral conversation asks about several themes at once (`themes`, in the order in which they
    were asked) and has no `theme` of its own; a probe or a choice is about one. A follow-up is one
    more turn of the conversation that `follows` names. A row stands before its call goes out
    (`outcome` is `asked`), so that a kill leaves at most the calls in flight in doubt; they are
    asked again under the same id.
    """

    __tablename__ = "conversation"
    added_later: ClassVar[tuple[str, ...]] = ("themes", "follows")

    id: str = Field(primary_key=True)
    design_digest: str = Field(index=True)
    model_id: str = Field(index=True)
    wave: int
    theme: str  # empty where several are asked about
    kind: str  # neutral | affirm | negate | lead | follow_up | forced | free
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
    themes: str = text_field(default="")  # JSON list; empty in rows older than migration 0003
    follows: str = ""

    @property
    def asked_about(self) -> tuple[str, ...]:
        """The themes asked about, in their order."""
        return tuple(json.loads(self.themes)) if self.themes else (self.theme,)

    @property
    def is_over(self) -> bool:
        """Whether it is not asked again: a page instead of a message gets a few more passes."""
        if self.outcome == "failed":
            return self.attempts >= MOST_TRIES
        return self.outcome != "asked"
