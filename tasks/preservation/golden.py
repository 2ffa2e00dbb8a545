"""Golden prompts: the frozen files of what was answered, and how it was asked. Pure."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from configs.schema.golden import GoldenPrompts
from tasks.kernel.instants import to_text
from tasks.kernel.labels import labelled
from tasks.ports.recorded_prompts import ASKED
from tasks.preservation.described import ANSWERS, PROMPTS, RECORDED
from tasks.records.preservation import GoldenAnswer

_SAMPLING = (
    "the endpoint's default: a call sends the model's name, max_tokens, the prompt, and its system "
    "prompt where it has one; no temperature, no seed"
)
_UNTOLD = (
    "the weights' digests, their numeric type and quantisation",
    "the program that ran them, its version, and the hardware",
    "the sampling settings behind the default, and the seed",
    "what stands around the model: system prompts, filters, caches, routing between models",
)
_CAPTURE = re.compile(r"golden prompts ([0-9a-f]{12}) asked of (\S+), model (.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Capture:
    """One way in which the endpoint was asked, as it was recorded before the first such call.

    Attributes:
        endpoint: host and port; no path, query or credentials.
        model: the model's name there.
        client: programs and versions that asked.
        first_at: when, RFC 3339.
    """

    endpoint: str
    model: str
    client: str
    first_at: str


def capture_detail(prompts_sha256: str, endpoint: str, model: str) -> str:
    """The sentence that an event of capture keeps; `read_capture` reads it back."""
    return f"golden prompts {prompts_sha256[:12]} asked of {endpoint}, model {model}"


def read_capture(prompts_sha256: str, detail: str, *, client: str, first_at: str) -> Capture | None:
    """The capture that an event tells of; None when it is of other prompts, or of none."""
    told = _CAPTURE.fullmatch(detail)
    if told is None or not prompts_sha256.startswith(told[1]):
        return None
    return Capture(told[2], told[3], client, first_at)


def freeze(
    prompts: GoldenPrompts,
    answers: Sequence[GoldenAnswer],
    *,
    prompts_sha256: str,
    captures: Sequence[Capture],
    simulated: bool = False,
) -> dict[str, bytes]:
    """The files that are kept with the model: name -> bytes, the same for the same records.

    `prompts.json` and `recorded.json` read back as `GoldenPrompts` and `RecordedOutputs`;
    `answers.jsonl` has one JSON object a line. What there is none of has no file.

    Args:
        prompts: what was asked.
        answers: those recorded for these prompts, in any order.
        prompts_sha256: the digest of the prompts as a set.
        captures: the ways in which the endpoint was asked, in any order.
        simulated: whether the configuration says that the endpoint is a simulation; an answer
            that says so itself is labelled anyway.
    """
    asked = sorted((p.model_dump(mode="json") for p in prompts.prompts), key=lambda p: p["id"])
    files = {PROMPTS: _pretty({"prompts": asked})}
    if prompts.recorded is not None:
        files[RECORDED] = _pretty(prompts.recorded.model_dump(mode="json"))
    kept = sorted((a for a in answers if a.outcome != ASKED), key=lambda a: (a.prompt, a.sample))
    if kept:
        lines = (json.dumps(_line(a), sort_keys=True, ensure_ascii=False) + "\n" for a in kept)
        files[ANSWERS] = "".join(lines).encode()
        stack = _stack(kept, captures, simulated or any(answer.simulated for answer in kept))
        files["stack.json"] = _pretty({**stack, "prompts_sha256": prompts_sha256})
    return files


def _line(answer: GoldenAnswer) -> dict[str, Any]:
    return {
        "prompt": answer.prompt,
        "sample": answer.sample,
        "outcome": answer.outcome,
        "text": answer.text,
        "served_model": answer.served_model,
        "stop_reason": answer.stop_reason,
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
        "asked_at": to_text(answer.asked_at),
        "request_id": answer.request_id,
        "raw_sha256": answer.raw_sha256,
        "simulated": answer.simulated,
    }


def _stack(
    answers: Sequence[GoldenAnswer], captures: Sequence[Capture], simulated: bool
) -> dict[str, Any]:
    """The stack that the answers ran on, as far as an API tells it."""
    ways = sorted(captures, key=lambda way: (way.first_at, way.endpoint, way.model, way.client))
    return {
        "title": labelled("The stack behind answers.jsonl, as far as its API tells", simulated),
        "simulated": simulated,
        "answers": len(answers),
        "outcomes": dict(Counter(answer.outcome for answer in answers)),
        "asked": [asdict(way) for way in ways],
        "served_models": sorted({a.served_model for a in answers if a.served_model}),
        "first_asked_at": to_text(min(answer.asked_at for answer in answers)),
        "last_asked_at": to_text(max(answer.asked_at for answer in answers)),
        "sampling": _SAMPLING,
        "not_told_by_an_api": list(_UNTOLD),
    }


def _pretty(value: object) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
