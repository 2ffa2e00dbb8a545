"""The Anthropic Messages format: requests checked, responses and events built. Pure.

Field names follow the `anthropic` SDK's types; what the API refuses is refused here too, so that
a mistake in the pipeline shows in the demo and not first in production.
"""

import json
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, TypeGuard

from tasks.simulation.planted import PlantedModel
from tasks.simulation.reader import Turn

ERROR_TYPES: dict[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
    529: "overloaded_error",
}

StopReason = Literal["end_turn", "max_tokens", "stop_sequence", "refusal"]

#: The Messages API knows no sampling knobs any more and refuses them.
_REFUSED_FIELDS = ("temperature", "top_p", "top_k")
_PIECE_CHARACTERS = 24


class ApiError(Exception):
    """A request that the API answers with an error."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the HTTP status and the message for the envelope."""
        super().__init__(message)
        self.status = status
        self.message = message

    def envelope(self, request_id: str) -> dict[str, Any]:
        """The error's JSON body."""
        kind = ERROR_TYPES.get(self.status, "api_error")
        error = {"type": kind, "message": self.message}
        return {"type": "error", "error": error, "request_id": request_id}


class MessageRequest(NamedTuple):
    """The parts of a request that the respondent heeds."""

    model: str
    system: str
    turns: tuple[Turn, ...]
    max_tokens: int
    stream: bool
    bare_json: bool

    @property
    def conversation(self) -> str:
        """Canonical text of the whole conversation, for seeds."""
        turns = [[turn.role, turn.text] for turn in self.turns]
        return json.dumps([self.model, self.system, turns], ensure_ascii=False)

    @property
    def input_tokens(self) -> int:
        """Rough count of tokens, as `count_tokens` reports it."""
        texts = [self.system, *(turn.text for turn in self.turns)]
        return sum(count_tokens(text) + 3 for text in texts if text)


class Reply(NamedTuple):
    """What a model says and why it stopped."""

    text: str
    stop_reason: StopReason = "end_turn"


def count_tokens(text: str) -> int:
    """Estimate a text's tokens at four characters each."""
    return (len(text) + 3) // 4


def cut_to(reply: Reply, max_tokens: int) -> Reply:
    """End a reply where the request's token limit ends it."""
    if count_tokens(reply.text) <= max_tokens:
        return reply
    return Reply(reply.text[: 4 * max_tokens], "max_tokens")


def parse_request(body: object, *, counting: bool = False) -> MessageRequest:
    """Check the body of a messages request.

    Args:
        body: Decoded JSON.
        counting: For `count_tokens`, which takes no `max_tokens`.

    Raises:
        ApiError: 400, with the field at fault.
    """
    if not _is_object(body):
        raise ApiError(400, "the request body must be a JSON object")
    model, max_tokens = body.get("model"), body.get("max_tokens")
    if not isinstance(model, str) or not model:
        raise ApiError(400, "model: Field required")
    if not counting and (type(max_tokens) is not int or max_tokens < 1):
        raise ApiError(400, "max_tokens: Field required, a whole number of at least 1")
    for name in _REFUSED_FIELDS:
        if name in body:
            raise ApiError(400, f"{name}: Extra inputs are not permitted")
    output = body.get("output_config")
    return MessageRequest(
        model=model,
        system=_text(body.get("system", ""), "system"),
        turns=_turns(body.get("messages")),
        max_tokens=max_tokens if isinstance(max_tokens, int) else 1,
        stream=body.get("stream") is True,
        bare_json=_is_object(output) and _is_object(output.get("format")),
    )


def message_body(message_id: str, request: MessageRequest, reply: Reply) -> dict[str, Any]:
    """The JSON of a whole message."""
    refused = reply.stop_reason == "refusal"
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": [{"type": "text", "text": reply.text}] if reply.text else [],
        "stop_reason": reply.stop_reason,
        "stop_sequence": None,
        "stop_details": _REFUSAL_DETAILS if refused else None,
        "usage": {
            "input_tokens": request.input_tokens,
            "output_tokens": count_tokens(reply.text) + 1,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "service_tier": "standard",
        },
    }


_REFUSAL_DETAILS = {
    "type": "refusal",
    "category": None,
    "explanation": "A simulated classifier stopped this answer.",
}


def message_events(body: dict[str, Any], *, cut: bool = False) -> Iterator[bytes]:
    """The same message as server-sent events.

    Args:
        body: From `message_body`.
        cut: End in the middle, as when a connection breaks: the last events never come.
    """
    usage = {**body["usage"], "output_tokens": 1}
    start = {**body, "content": [], "stop_reason": None, "stop_details": None, "usage": usage}
    yield _event("message_start", {"message": start})
    for index, block in enumerate(body["content"]):
        empty = {"type": "text", "text": ""}
        yield _event("content_block_start", {"index": index, "content_block": empty})
        yield _event("ping", {})
        text = block["text"][: len(block["text"]) // 2] if cut else block["text"]
        for at in range(0, len(text), _PIECE_CHARACTERS):
            piece = {"type": "text_delta", "text": text[at : at + _PIECE_CHARACTERS]}
            yield _event("content_block_delta", {"index": index, "delta": piece})
        if cut:
            return
        yield _event("content_block_stop", {"index": index})
    delta = {name: body[name] for name in ("stop_reason", "stop_sequence", "stop_details")}
    output = {"output_tokens": body["usage"]["output_tokens"]}
    yield _event("message_delta", {"delta": delta, "usage": output})
    yield _event("message_stop", {})


def model_body(model: PlantedModel) -> dict[str, Any]:
    """The JSON of one model, as the models endpoint gives it."""
    return {
        "id": model.id,
        "type": "model",
        "display_name": model.display_name,
        "created_at": model.created_at.isoformat(),
        "lifecycle": model.lifecycle,
        "deprecated_at": model.deprecated_at.isoformat() if model.deprecated_at else None,
        "retires_at": model.retires_at.isoformat() if model.retires_at else None,
        "line": None,
        "max_input_tokens": 200_000,
        "max_tokens": 8_192,
    }


def _event(name: str, fields: dict[str, Any]) -> bytes:
    data = json.dumps({"type": name, **fields}, ensure_ascii=False)
    return f"event: {name}\ndata: {data}\n\n".encode()


def _turns(messages: object) -> tuple[Turn, ...]:
    if not isinstance(messages, list) or not messages:
        raise ApiError(400, "messages: at least one message is required")
    turns: list[Turn] = []
    for index, message in enumerate(messages):
        role = message.get("role") if _is_object(message) else None
        if role not in ("user", "assistant") or not _is_object(message):
            raise ApiError(400, f"messages.{index}.role: must be 'user' or 'assistant'")
        text = _text(message.get("content"), f"messages.{index}.content")
        if not text.strip():
            raise ApiError(400, f"messages.{index}.content: text must be non-empty")
        turns.append(Turn("user" if role == "user" else "assistant", text))
    if turns[-1].role != "user":
        raise ApiError(
            400, "messages: the planted respondent takes no prefill; end with a user turn"
        )
    return tuple(turns)


def _text(content: object, field: str) -> str:
    """Text of a string or of a list of text blocks."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise ApiError(400, f"{field}: Input should be a string or a list of blocks")
    texts = []
    for block in content:
        text = block.get("text") if _is_object(block) and block.get("type") == "text" else None
        if not isinstance(text, str):
            raise ApiError(400, f"{field}: the planted respondent reads text blocks only")
        texts.append(text)
    return "\n".join(texts)


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)
