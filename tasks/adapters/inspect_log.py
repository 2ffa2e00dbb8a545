"""Interviews as a log of Inspect (inspect-ai), which `inspect view` opens.

A conversation is a sample: its turns are the messages, and the settled reading of each theme is a
score. The log's form is that of Inspect's log version 2; it is made as plain JSON values, and
Inspect itself checks and writes it. The package is an optional extra.
"""

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tasks.kernel.digests import stable_id
from tasks.kernel.errors import ConfigError, ExtraMissing, SystemRefused, told
from tasks.kernel.instants import to_text
from tasks.kernel.labels import SIMULATED, labelled

LOG_VERSION = 2
SUFFIXES = (".eval", ".json")

_STOPS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "model_length",
    "refusal": "content_filter",
}


@dataclass(frozen=True, slots=True)
class Score:
    """How one answer was read for one theme.

    Attributes:
        value: the settled polarity, or `unresolved`.
        quote: words of the answer that show it; empty where there are none.
        readings: each reader's polarity, in the order in which they read.
    """

    value: str
    quote: str
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One conversation.

    Attributes:
        id: the conversation's.
        system: the system prompt; empty for none.
        turns: user first and alternating; the last one is the user's.
        answer: the model's words; empty where none came.
        outcome: `answered`, or why there is no answer.
        stop_reason: as the endpoint gave it.
        problem: why the outcome is `failed`.
        input_tokens: as counted by the endpoint.
        output_tokens: likewise.
        asked_at: when it was asked.
        answered_at: when the answer came; None where none did.
        scores: theme -> how the answer was read.
        metadata: JSON values that tell how it was asked.
    """

    id: str
    system: str
    turns: tuple[str, ...]
    answer: str
    outcome: str
    stop_reason: str
    problem: str
    input_tokens: int
    output_tokens: int
    asked_at: datetime
    answered_at: datetime | None
    scores: Mapping[str, Score]
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Interviews:
    """All conversations of one design.

    Attributes:
        model_id: id of the model's retirement.
        model: the model's name at its endpoint.
        base_url: its endpoint.
        dataset: name of the instrument.
        design_digest: the registered design's digest.
        registered_at: when it was registered.
        simulated: whether a simulation answered.
        metadata: JSON values that hold for all.
        samples: the conversations.
    """

    model_id: str
    model: str
    base_url: str
    dataset: str
    design_digest: str
    registered_at: datetime
    simulated: bool
    metadata: Mapping[str, Any]
    samples: Sequence[Sample]


def log_of(held: Interviews) -> dict[str, Any]:
    """The log as JSON values, the same for the same records. Pure."""
    last = max((s.answered_at or s.asked_at for s in held.samples), default=held.registered_at)
    run = stable_id(held.design_digest, "inspect")
    usage = _usage(
        sum(s.input_tokens for s in held.samples), sum(s.output_tokens for s in held.samples)
    )
    about = {**held.metadata, "design_sha256": held.design_digest, "simulated": held.simulated}
    return {
        "version": LOG_VERSION,
        "status": "success",
        "eval": {
            "eval_id": run,
            "run_id": run,
            "task_id": run,
            "created": to_text(held.registered_at),
            "task": "emeritus/interviews",
            "task_display_name": labelled(f"Interviews of {held.model_id}", held.simulated),
            "tags": [SIMULATED] if held.simulated else [],
            "dataset": {
                "name": held.dataset,
                "samples": len(held.samples),
                "sample_ids": [sample.id for sample in held.samples],
                "shuffled": False,
            },
            "model": held.model,
            "model_base_url": held.base_url,
            "config": {},
            "metadata": about,
        },
        "results": {
            "total_samples": len(held.samples),
            "completed_samples": sum(s.outcome == "answered" for s in held.samples),
            "scores": _results(held.samples),
        },
        "stats": {
            "started_at": to_text(held.registered_at),
            "completed_at": to_text(last),
            "model_usage": {held.model: usage},
        },
        "samples": [_sample(sample, held) for sample in held.samples],
    }


def write_log(log: Mapping[str, Any], file: Path) -> None:
    """Have Inspect check a log and write it, whole or not at all; a file of that name is replaced.

    Args:
        log: as `log_of` gives it.
        file: ends in `.eval` (Inspect's own form) or `.json`.

    Raises:
        ConfigError: the file's name has another ending.
        ExtraMissing: inspect-ai is not installed.
        SystemRefused: the file can't be written.
    """
    if file.suffix not in SUFFIXES:
        raise ConfigError(f"{file}: name a file that ends in {' or '.join(SUFFIXES)}")
    try:
        from inspect_ai.log import EvalLog, write_eval_log
    except ImportError:
        raise ExtraMissing(
            "exporting an Inspect log needs inspect-ai, which is not installed; run "
            "`.venv/bin/pip install --editable '.[inspect]'` in the checkout"
        ) from None
    checked = EvalLog.model_validate(log)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.stem}.") as folder:
            partial = Path(folder, file.name)
            write_eval_log(checked, str(partial))
            partial.replace(file)
    except OSError as error:
        raise SystemRefused(f"{told(error, str(file))}; name another file") from None


def _sample(sample: Sample, held: Interviews) -> dict[str, Any]:
    asked = _messages(sample)
    said = {"role": "assistant", "content": sample.answer, "source": "generate"}
    said |= {"id": f"{sample.id}-{len(asked)}", "model": held.model}
    usage = _usage(sample.input_tokens, sample.output_tokens)
    choice = {"message": said, "stop_reason": _STOPS.get(sample.stop_reason, "unknown")}
    made: dict[str, Any] = {
        "id": sample.id,
        "epoch": 1,
        "input": asked,
        "target": "",
        "messages": [*asked, *([said] if sample.answer else [])],
        "output": {
            "model": held.model,
            "choices": [choice] if sample.answer else [],
            "usage": usage,
        },
        "scores": {theme: _score(score) for theme, score in sample.scores.items()},
        "metadata": {
            **sample.metadata,
            "outcome": sample.outcome,
            "design_sha256": held.design_digest,
        },
        "model_usage": {held.model: usage},
        "started_at": to_text(sample.asked_at),
    }
    if sample.answered_at is not None:
        took = (sample.answered_at - sample.asked_at).total_seconds()
        made |= {"completed_at": to_text(sample.answered_at), "total_time": max(0.0, took)}
    if sample.outcome == "failed":
        made["error"] = {"message": sample.problem, "traceback": "", "traceback_ansi": ""}
    return made


def _messages(sample: Sample) -> list[dict[str, Any]]:
    """What was sent: ids are the conversation's, so that a log is the same for the same records."""
    system = [("system", sample.system)] if sample.system else []
    turns = [("assistant" if n % 2 else "user", text) for n, text in enumerate(sample.turns)]
    return [
        {"role": role, "content": text, "source": "input", "id": f"{sample.id}-{number}"}
        for number, (role, text) in enumerate((*system, *turns))
    ]


def _score(score: Score) -> dict[str, Any]:
    return {
        "value": score.value,
        "explanation": score.quote,
        "metadata": {"readings": list(score.readings)},
    }


def _results(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """How often each theme was read how, over all kinds of question."""
    themes = dict.fromkeys(theme for sample in samples for theme in sample.scores)
    found = []
    for theme in themes:
        counts = Counter(s.scores[theme].value for s in samples if theme in s.scores)
        found.append(
            {
                "name": theme,
                "scorer": theme,
                "scored_samples": counts.total(),
                "unscored_samples": len(samples) - counts.total(),
                "metrics": {
                    name: {"name": name, "value": count} for name, count in sorted(counts.items())
                },
            }
        )
    return found


def _usage(sent: int, received: int) -> dict[str, int]:
    return {"input_tokens": sent, "output_tokens": received, "total_tokens": sent + received}
