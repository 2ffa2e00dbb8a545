"""Endpoints in the Anthropic Messages format, through the official SDK."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import anthropic
from anthropic.types import MessageParam

from configs.schema.endpoint import EndpointConfig
from tasks.adapters.anthropic_calls import NO_SUCH_CALL, Calls
from tasks.adapters.anthropic_message import read_message
from tasks.kernel.errors import EndpointBusy, EndpointFault
from tasks.kernel.instants import from_text
from tasks.ports.respondent import Answer, Lifecycle, Question

_STAGES = ("active", "deprecated", "retired")


class AnthropicRespondent:
    """A model at one endpoint."""

    def __init__(self, config: EndpointConfig, now: Callable[[], datetime]) -> None:
        """Open a client. Raises `EndpointFault` when its credentials can't be read."""
        self._model = config.model
        self._calls = Calls(config, now)

    async def ask(self, question: Question) -> Answer:
        """See `ports.respondent.Respondent`."""
        received = await self._calls.receive(
            lambda: self._calls.client.messages.with_raw_response.create(
                model=self._model, max_tokens=question.max_output_tokens, **said(question)
            )
        )
        answer = read_message(
            received.text,
            asked_model=self._model,
            request_id=received.request_id,
            simulated=received.simulated,
        )
        return replace(answer, answered_at=self._calls.now())

    async def lifecycle(self) -> Lifecycle:
        """See `ports.respondent.Respondent`."""
        models = self._calls.client.models
        if models is None:
            return self._unknown("this kind of endpoint lists no models")
        try:
            received = await self._calls.receive(
                lambda: models.with_raw_response.retrieve(self._model)
            )
        except EndpointBusy:
            raise
        except EndpointFault as fault:
            if fault.status == 404:
                return self._unknown("the endpoint does not list the model")
            if fault.status in (405, 501):
                return self._unknown("the endpoint lists no models")
            raise
        try:
            body = json.loads(received.text)
            stage, retires_at = body["lifecycle"], body.get("retires_at")
            instant = from_text(retires_at) if retires_at else None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            stage, instant = "", None
        if stage not in _STAGES:
            return self._unknown("the endpoint gives no lifecycle", simulated=received.simulated)
        return Lifecycle(stage, instant, self._model, received.simulated)

    async def count_tokens(self, question: Question) -> int | None:
        """See `ports.respondent.Respondent`."""
        if not self._calls.client.counts:
            return None
        try:
            received = await self._calls.receive(
                lambda: self._calls.client.messages.with_raw_response.count_tokens(
                    model=self._model, **said(question)
                )
            )
            count = json.loads(received.text)["input_tokens"]
        except EndpointBusy:
            raise
        except EndpointFault as fault:
            if fault.status in NO_SUCH_CALL:
                return None
            raise
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        return count if type(count) is int and count >= 0 else None

    async def aclose(self) -> None:
        """See `ports.respondent.Respondent`."""
        await self._calls.close()

    def _unknown(self, note: str, *, simulated: bool = False) -> Lifecycle:
        return Lifecycle("unknown", None, self._model, simulated, note)


def said(question: Question) -> dict[str, Any]:
    """The words of a question, as keyword arguments."""
    turns = [_turn(index, text) for index, text in enumerate(question.turns)]
    return {"messages": turns, "system": question.system or anthropic.omit}


def _turn(index: int, text: str) -> MessageParam:
    if index % 2:
        return {"role": "assistant", "content": text}
    return {"role": "user", "content": text}
