"""A package to describe, to start from."""

from datetime import date
from typing import Any

from tasks.preservation.described import Described
from tasks.preservation.payload import PayloadFile, TensorDigest
from tests.fakes.configs import retirement

TENSOR = TensorDigest("model.embed.weight", "BF16", (8, 4), 80, 144, "ab" * 32)
WEIGHTS = PayloadFile("model.safetensors", 144, "0b" * 32, "safetensors", (TENSOR,))
PICKLE = PayloadFile("training_args.bin", 5329, "0c" * 32, "pickle", (), "a pickle: it runs code")
FILES = (PayloadFile("config.json", 612, "0a" * 32, "other"), WEIGHTS, PICKLE)
COMPLETE = (
    PayloadFile(
        "config.json", 612, "0a" * 32, "other", (), "says its architecture is AsterForCausalLM"
    ),
    WEIGHTS,
    PICKLE,
    PayloadFile("tokenizer.json", 9000, "0d" * 32, "other"),
    PayloadFile("chat_template.jinja", 90, "0e" * 32, "other"),
    PayloadFile("generation_config.json", 90, "0f" * 32, "other"),
)
FULL = {
    "model_version": "2026-05-14",
    "training_details": {
        "developed_by": "Example Lab",
        "base_model": "example/aster-0",
        "architecture": "llama, 32 layers",
        "parameters": 7241732096,
        "training_data": "Support tickets.",
        "data_cutoff": "2025-12",
        "trained_on": "8 accelerators",
        "finished_on": "2026-04",
    },
    "evaluation_results": [
        {"name": "MMLU", "metric": "accuracy", "value": 0.83, "source": "report"},
        {"name": "latency", "metric": "median", "value": 120, "unit": "ms"},
    ],
    "known_behaviours": ["Answers in the language of the question."],
    "notable_strengths": ["Short answers."],
    "licence": "Apache-2.0",
}
TEXTS = {
    "licence.txt": b"Do as you like.\n",
    "training-notes.md": b"# Notes\n",
    "attachments/system card.pdf": b"%PDF",
}
GOLDEN = {
    "prompts.json": b'{"prompts": [{"id": "a", "text": "A?"}, {"id": "b", "text": "B?"}]}',
    "answers.jsonl": b'{"prompt": "a", "outcome": "failed"}\n'
    b'{"prompt": "a", "outcome": "answered"}\n{"prompt": "b", "outcome": "refused"}\n',
}


def described(
    metadata: dict[str, Any] | None = None,
    *,
    candidate: dict[str, Any] | None = None,
    preservation: dict[str, Any] | None = None,
    **values: Any,
) -> Described:
    """A package; by default one of which only version and licence are told."""
    about: dict[str, Any] = dict(preservation or {})
    if metadata is not None:
        about["metadata"] = metadata
    sections = {"preservation": about, "candidate": candidate or {}}
    defaults: dict[str, Any] = {
        "config": retirement(**{name: section for name, section in sections.items() if section}),
        "files": FILES,
        "golden": {},
        "texts": {},
        "bag": "aster-1-20261201-0123abcd",
        "made_on": date(2026, 12, 1),
        "package_id": "d" * 64,
        "simulated": False,
        "version": "0.1.0",
    }
    return Described(**(defaults | values))


def fully_described(**values: Any) -> Described:
    """A package of which everything is told."""
    return described(FULL, **({"texts": TEXTS, "golden": GOLDEN, "files": COMPLETE} | values))
