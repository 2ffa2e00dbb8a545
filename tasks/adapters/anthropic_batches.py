"""Message Batches, through the official SDK's client.

The SDK's `batches.results()` follows whatever URL the batch's `results_url` names and sends the
key along; here results are read from the endpoint that is configured, and from nowhere else.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, get_args
from urllib.parse import quote

from anthropic.resources.messages import AsyncBatches
from anthropic.types.messages.batch_create_params import Request

from configs.schema.endpoint import EndpointConfig
from tasks.adapters.anthropic_api import said
from tasks.adapters.anthropic_calls import NO_SUCH_CALL, Calls, Received
from tasks.adapters.anthropic_message import first_words, not_an_answer, read_message
from tasks.kernel.errors import EndpointBusy, EndpointFault
from tasks.kernel.instants import from_text, to_text
from tasks.ports.batches import BatchResult, BatchState, NoBatches, Result
from tasks.ports.respondent import Answer, Question

_RESULTS: tuple[Result, ...] = get_args(Result)
_LISTED = 20
_AS_IT_CAME = {"Accept": "application/binary", "X-Stainless-Raw-Response": "raw"}  # asks the SDK


class AnthropicBatches:
    """Message batches of one endpoint."""

    def __init__(self, config: EndpointConfig, now: Callable[[], datetime]) -> None:
        """Open a client. Raises `EndpointFault` when its credentials can't be read."""
        self._config = config
        self._calls = Calls(config, now)

    async def submit(self, questions: Mapping[str, Question]) -> BatchState:
        """See `ports.batches.Batches`."""
        requests: list[Request] = [
            {
                "custom_id": name,
                "params": {
                    "model": self._config.model,
                    "max_tokens": question.max_output_tokens,
                    **said(question),  # type: ignore[typeddict-item]  # the same words as one by one
                },
            }
            for name, question in questions.items()
        ]
        batches = self._offered()
        received = await self._or_none(
            lambda: batches.with_raw_response.create(requests=requests), repeatable=False
        )
        state = _state(received, len(questions))
        if state is None:
            raise NoBatches(f"it answers {first_words(received.text)!r}")
        return state

    async def look(self, batch_id: str) -> BatchState | None:
        """See `ports.batches.Batches`."""
        batches = self._offered()
        try:
            received = await self._calls.receive(
                lambda: batches.with_raw_response.retrieve(batch_id)
            )
        except EndpointBusy:
            raise
        except EndpointFault as fault:
            if fault.status in NO_SUCH_CALL:
                return None
            raise
        state = _state(received)
        if state is None:
            raise EndpointBusy(
                f"{self._config.base_url}: HTTP 200, but no batch: {first_words(received.text)}"
            )
        return state

    async def recent(self) -> tuple[BatchState, ...]:
        """See `ports.batches.Batches`."""
        batches = self._offered()
        received = await self._or_none(lambda: _listing(batches))
        try:
            bodies = json.loads(received.text)["data"]
            found = [_state(replace(received, text=json.dumps(body))) for body in bodies]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise NoBatches(f"it answers {first_words(received.text)!r}") from None
        return tuple(state for state in found if state is not None)

    async def results(self, batch: BatchState) -> AsyncIterator[BatchResult]:
        """See `ports.batches.Batches`."""
        sdk = self._calls.client.sdk
        received = await self._or_none(
            lambda: sdk.get(
                f"/v1/messages/batches/{quote(batch.id, safe='')}/results",
                cast_to=object,
                options={"headers": _AS_IT_CAME},
            )
        )
        for line in received.text.split("\n"):
            if line.strip():
                result = self._result(line, batch, simulated=received.simulated)
                if result is not None:
                    yield result

    async def aclose(self) -> None:
        """See `ports.batches.Batches`."""
        await self._calls.close()

    def _offered(self) -> AsyncBatches:
        batches = self._calls.client.batches
        if batches is None:
            raise NoBatches(f"adapter {self._config.adapter!r} knows none")
        return batches

    async def _or_none(
        self, call: Callable[[], Awaitable[Any]], *, repeatable: bool = True
    ) -> Received:
        try:
            return await self._calls.receive(call, repeatable=repeatable)
        except EndpointBusy:
            raise
        except EndpointFault as fault:
            if fault.status not in NO_SUCH_CALL:
                raise
            raise NoBatches(f"it answers HTTP {fault.status}") from None

    def _result(self, line: str, batch: BatchState, *, simulated: bool) -> BatchResult | None:
        """One line; None where it can't be told whose it is: its question stays open."""
        try:
            body = json.loads(line)
            question_id, result = body["custom_id"], body["result"]
            kind = result["type"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        if not isinstance(question_id, str):
            return None
        if kind != "succeeded":
            known: Result = kind if kind in _RESULTS else "errored"
            problem = f"in batch {batch.id}: {known}{_why(result)}"
            failed = not_an_answer(problem, line, request_id=batch.id, simulated=simulated)
            return BatchResult(question_id, known, replace(failed, answered_at=batch.ended_at))
        return BatchResult(question_id, "succeeded", self._answer(result, line, batch, simulated))

    def _answer(self, result: Any, line: str, batch: BatchState, simulated: bool) -> Answer:
        message = result.get("message")
        name = message.get("id") if isinstance(message, dict) else None
        answer = read_message(
            json.dumps(message),
            asked_model=self._config.model,
            request_id=f"{batch.id}/{name or ''}",
            simulated=simulated,
        )
        since = to_text(batch.created_at)
        timed = f"asked in a batch sent {since}; the time is that of its end"
        problem = "; ".join(part for part in (answer.problem, timed) if part)
        return replace(answer, raw=line, answered_at=batch.ended_at, problem=problem)


async def _listing(batches: AsyncBatches) -> Any:
    return await batches.with_raw_response.list(limit=_LISTED)


def _why(result: Any) -> str:
    """The error of a result, in its own words."""
    error = result.get("error")
    inner = error.get("error") if isinstance(error, dict) else None
    told = inner if isinstance(inner, dict) else error if isinstance(error, dict) else {}
    words = ": ".join(str(told[name]) for name in ("type", "message") if told.get(name))
    return f" ({first_words(words)})" if words else ""


def _state(received: Received, size: int = 0) -> BatchState | None:
    """A batch's body; None where it is none."""
    try:
        body = json.loads(received.text)
        counts = body.get("request_counts") or {}
        ended_at, expires_at = body.get("ended_at"), body.get("expires_at")
        return BatchState(
            str(body["id"]),
            size or sum(n for n in counts.values() if type(n) is int),
            body["processing_status"] == "ended",
            from_text(body["created_at"]),
            from_text(ended_at) if ended_at else None,
            from_text(expires_at) if expires_at else None,
            received.simulated,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
