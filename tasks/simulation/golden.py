"""Golden prompts of the demo model, with outputs that were really recorded. SIMULATED."""

from pathlib import Path
from typing import Any

import yaml

from configs.schema.golden import GoldenPrompt, GoldenPrompts, RecordedOutput, RecordedOutputs
from tasks.adapters.files import write_atomically
from tasks.preservation.drill_runners import run_numpy

_HEADER = """\
# SIMULATED: what a demo model of seeded noise wrote, token by token. Recorded by running it.
"""

_TOKENS = 32

PROMPTS = (
    GoldenPrompt(id="greeting", text="Hello. Who are you?", max_tokens=_TOKENS),
    GoldenPrompt(id="sum", text="What is 17 + 25?", max_tokens=_TOKENS),
    GoldenPrompt(id="rain", text="Write one line about rain on a roof.", max_tokens=_TOKENS),
    GoldenPrompt(id="code", text="def add(a, b):\n    return", max_tokens=_TOKENS),
    GoldenPrompt(id="letters", text="Dvořák, São Paulo, 東京 🌱", max_tokens=_TOKENS),
    GoldenPrompt(
        id="keep",
        text="What should be kept of a service that ends?",
        system="Answer in one sentence.",
        max_tokens=_TOKENS,
    ),
)


def make_golden_file(folder: Path, dest: Path) -> None:
    """Run a model of the demo on its golden prompts and write them with what came out.

    Strict YAML of `GoldenPrompts`. The same folder gives the same outputs; the stack beside them
    is this machine's. Safe to repeat: equal bytes are not written again.

    Args:
        folder: the model, as `make_model_folder` makes it.
        dest: the file; its folder is made where missing.

    Raises:
        DrillFailed: the folder holds no model that the numpy runner can run.
        OSError: the file can't be written.
    """
    ran = run_numpy(folder, GoldenPrompts(prompts=PROMPTS))
    outputs = tuple(
        RecordedOutput(
            prompt=output.prompt,
            tokens=output.tokens,
            text=output.text,
            logits_sha256=output.logits_sha256,
        )
        for output in ran.outputs
    )
    recorded = RecordedOutputs(stack=dict(ran.stack), outputs=outputs)
    golden = GoldenPrompts(prompts=PROMPTS, recorded=recorded)
    values = golden.model_dump(mode="json", exclude_defaults=True)
    text = yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    write_atomically(dest, (_HEADER + text).encode())


class _Dumper(yaml.SafeDumper):
    """Blocks, but for token ids: a number a line would be long."""


def _sequence(dumper: yaml.SafeDumper, values: list[Any]) -> yaml.Node:
    flat = all(isinstance(one, int) for one in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=flat)


_Dumper.add_representer(list, _sequence)
