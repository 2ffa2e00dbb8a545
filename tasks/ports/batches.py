"""An endpoint that takes many questions at once and answers within a day, at half the price."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from tasks.ports.respondent import Answer, Question

Result = Literal["succeeded", "errored", "canceled", "expired"]


@dataclass(frozen=True, slots=True)
class BatchState:
    """How a batch stands.

    Attributes:
        id: the endpoint's.
        size: questions in it.
        ended: True when the results are there.
        created_at: as the endpoint says; likewise the next two.
        ended_at: None while it is under way.
        expires_at: when what is not answered yet expires.
        simulated: True when the endpoint says that it is a simulation.
    """

    id: str
    size: int
    ended: bool
    created_at: datetime
    ended_at: datetime | None
    expires_at: datetime | None
    simulated: bool


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of one question.

    Attributes:
        question_id: the caller's.
        result: `errored`, `canceled` and `expired` are no answers: the question stays open.
        answer: what came back; `failed`, with the reason, unless it succeeded.
    """

    question_id: str
    result: Result
    answer: Answer


class NoBatches(Exception):
    """The endpoint offers no batches, or not this one; the text says how it said so."""


class Batches(Protocol):
    """Message batches of one endpoint. Clients are opened and closed inside one event loop."""

    async def submit(self, questions: Mapping[str, Question]) -> BatchState:
        """Send questions, by the caller's ids ([A-Za-z0-9_-], at most 64 characters).

        Not safe to repeat: each call makes a batch. Raises as `Respondent.ask` does, and:

        Raises:
            NoBatches: nothing was asked.
        """
        ...

    async def look(self, batch_id: str) -> BatchState | None:
        """How a batch stands; None when the endpoint doesn't know it (any more)."""
        ...

    async def recent(self) -> tuple[BatchState, ...]:
        """Batches made lately, newest first.

        Raises:
            NoBatches: the endpoint lists none.
        """
        ...

    def results(self, batch: BatchState) -> AsyncIterator[BatchResult]:
        """The results of a batch that ended, in any order.

        Each answer's time is the batch's end: an endpoint tells no other.

        Raises:
            NoBatches: the results are gone.
        """
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...
