"""A response body of the Messages format, read. Pure.

Whatever is not a message is `failed`, and whatever is not the end of one is no answer.
"""

import json
import re
from typing import Any, Final

from tasks.ports.respondent import Answer, Outcome

_ENDINGS: Final[dict[str, Outcome]] = {
    "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "refusal": "refused",
    "pause_turn": "truncated",
    "tool_use": "truncated",
}
_WHOLE: Final = ("end_turn", "stop_sequence")
# A cloud's spelling around a model's name: `eu.anthropic.NAME-v1:0`, `NAME@20260101`.
_CLOUD: Final = re.compile(r"^(?:(?:[a-z-]+\.)?anthropic\.)?(.*?)(?:-v\d+(?::\d+)?)?$")


def read_message(
    raw: str, *, asked_model: str, request_id: str = "", simulated: bool = False
) -> Answer:
    """Read a response body that came with status 200.

    Args:
        raw: the body.
        asked_model: the model that was asked, so that another one that answers is told.
        request_id: the endpoint's id of the request.
        simulated: whether the endpoint says that it is a simulation.
    """
    try:
        body = json.loads(raw)
        text, tool = _text(body["content"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return not_an_answer(
            f"HTTP 200, but not a message: {first_words(raw)}",
            raw,
            request_id=request_id,
            simulated=simulated,
        )
    stop = str(body.get("stop_reason") or "")
    served = str(body.get("model") or "")
    usage = body.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    outcome = _ENDINGS.get(stop, "answered" if text.strip() else "empty")
    remarks = [_of_ending(stop, tool=tool), _of_model(asked_model, served)]
    return Answer(
        outcome,
        text,
        request_id,
        served,
        stop,
        _count(counts.get("input_tokens")),
        _count(counts.get("output_tokens")),
        raw,
        simulated,
        "; ".join(remark for remark in remarks if remark),
    )


def not_an_answer(problem: str, raw: str, *, request_id: str, simulated: bool) -> Answer:
    """The outcome of a call that brought no message."""
    return Answer("failed", raw=raw, request_id=request_id, simulated=simulated, problem=problem)


def is_same_model(asked: str, served: str) -> bool:
    """Whether the model that answered is the one that was asked, a dated snapshot of it included.

    Clouds dress names up: `eu.anthropic.aster-1-20260101-v1:0` and `aster-1@20260101` are both
    `aster-1-20260101`.
    """
    one, other = _plain(asked), _plain(served)
    return one == other or re.fullmatch(re.escape(one) + r"-\d{8}", other) is not None


def first_words(text: str) -> str:
    """The beginning of a text, on one line."""
    words = " ".join(text.split())
    return words[:120] + ("…" if len(words) > 120 else "")


def _plain(model: str) -> str:
    found = _CLOUD.match(model.strip().lower().replace("@", "-"))
    assert found is not None, "the pattern takes every text"
    return found.group(1)


def _text(blocks: Any) -> tuple[str, bool]:
    """The text blocks, joined, and whether a tool was called; thinking is no part of an answer."""
    texts = [block["text"] for block in blocks if block["type"] == "text"]
    tool = any(str(block["type"]).endswith("tool_use") for block in blocks)
    return "".join(texts), tool


def _of_ending(stop: str, *, tool: bool) -> str:
    if stop in ("pause_turn", "tool_use"):
        return f"it stopped in the middle ({stop}), though it was offered no tools"
    if not stop:
        return "the endpoint gives no stop reason"
    if stop not in _WHOLE and stop not in _ENDINGS:
        return f"stop reason {stop!r} is not known here"
    return "it calls a tool, though it was offered none" if tool else ""


def _of_model(asked: str, served: str) -> str:
    if served and not is_same_model(asked, served):
        return f"asked of {asked}, answered by {served}"
    return ""


def _count(value: Any) -> int:
    """A count of tokens, or 0 for what can't be one."""
    return value if type(value) is int and 0 <= value < 2**31 else 0
