"""Prompts whose outputs are kept with the model."""

from pathlib import Path

from pydantic import Field

from configs.schema.base import Section


class GoldenPromptsConfig(Section):
    """Golden prompts: asked of the endpoint before packaging, and kept with what was answered."""

    prompts_file: Path = Field(
        description="YAML of prompts, and of outputs recorded elsewhere if there are any; relative "
        "paths stand under EMERITUS_HOME."
    )
    samples: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="Answers asked of the endpoint for each prompt; 0 asks nothing. A later "
        "same-model test compares with them and finds more the more there are: 100 to 200 serve "
        "it well, with max_calls to fit; they can't be asked for once the model has changed.",
    )
    max_calls: int = Field(
        default=2000, ge=1, description="Ceiling of calls for golden prompts, all tries counted."
    )


class GoldenPrompt(Section):
    """One prompt."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,59}$", description="Its name.")
    text: str = Field(min_length=1, description="What is asked.")
    system: str = Field(default="", description="System prompt; empty for none.")
    max_tokens: int = Field(default=256, ge=1, le=16384, description="Longest answer.")


class RecordedOutput(Section):
    """What the model gave for one prompt on the recorded stack, decoding greedily."""

    prompt: str = Field(description="The prompt's id.")
    tokens: tuple[int, ...] = Field(default=(), description="Token ids of the output, in order.")
    text: str = Field(default="", description="The output as text.")
    logits_sha256: str = Field(
        default="",
        pattern=r"^([0-9a-f]{64})?$",
        description="SHA-256 of the output positions' logits, float32, little-endian, row by row.",
    )


class RecordedOutputs(Section):
    """Outputs that were recorded elsewhere, with the exact stack that they ran on."""

    stack: dict[str, str] = Field(
        min_length=1, description="Program, versions, numeric type, hardware: name to value."
    )
    outputs: tuple[RecordedOutput, ...] = Field(min_length=1, description="One a prompt.")


class GoldenPrompts(Section):
    """The file of prompts."""

    prompts: tuple[GoldenPrompt, ...] = Field(min_length=1, description="What is asked.")
    recorded: RecordedOutputs | None = Field(
        default=None, description="Outputs recorded elsewhere, for a drill to compare with."
    )
