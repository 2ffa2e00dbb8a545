"""A served model that can be asked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Outcome = Literal["answered", "refused", "empty", "truncated", "failed"]


@dataclass(frozen=True, slots=True)
class Question:
    """One request of a fresh conversation.

    Attributes:
        turns: texts, user first and alternating; the last one is the user's.
        max_output_tokens: longest answer.
        system: system prompt; empty for none.
    """

    turns: tuple[str, ...]
    max_output_tokens: int
    system: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        outcome: `answered`, or why it is not an answer; none of them is "no preference".
        text: the model's words, all text blocks joined.
        request_id: the endpoint's id of the request; empty where it gives none. Of an answer out
            of a batch: the batch's id, a slash, and the message's.
        served_model: the model that the endpoint says answered.
        stop_reason: as the endpoint gave it.
        input_tokens: as counted by the endpoint; 0 where it counts none.
        output_tokens: likewise.
        raw: the response body as text; out of a batch, its line.
        simulated: True when the endpoint says that it is a simulation.
        problem: why the outcome is `failed`; of an answer, what a reader must know beside it:
            another model served it, it stopped oddly, its time is that of its batch's end.
        answered_at: when it came, as far as is known; None for "when it is recorded".
    """

    outcome: Outcome
    text: str = ""
    request_id: str = ""
    served_model: str = ""
    stop_reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    raw: str = ""
    simulated: bool = False
    problem: str = ""
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What the endpoint says of the model's own life.

    Attributes:
        lifecycle: `active`, `deprecated`, `retired`, or `unknown` where it says nothing.
        retires_at: announced retirement, if any. A past one on a `deprecated` model means
            overdue, not retired.
        endpoint_model: the model's id there.
        simulated: True when the endpoint says that it is a simulation.
        note: why the lifecycle is `unknown`.
    """

    lifecycle: str
    retires_at: datetime | None
    endpoint_model: str
    simulated: bool
    note: str = ""


class Respondent(Protocol):
    """A model behind an endpoint. Clients are opened and closed inside each call's event loop."""

    async def ask(self, question: Question) -> Answer:
        """Ask once (transport retries aside).

        Raises:
            EndpointBusy: no answer now; another try may bring one, but none before `until`.
            EndpointFault: the endpoint refuses the call as it stands (401, 404, 400).
        """
        ...

    async def lifecycle(self) -> Lifecycle:
        """Ask the endpoint for the model's lifecycle. Raises as `ask` does."""
        ...

    async def count_tokens(self, question: Question) -> int | None:
        """Tokens that the question would be charged; None where the endpoint counts none.

        Raises as `ask` does, but for what says that there is no such call.
        """
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...
