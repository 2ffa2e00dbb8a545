"""What a package tells of its model, beside the files themselves."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from configs.schema.base import Section

Topic = Literal[
    "model_version",
    "training_details",
    "training_notes_file",
    "evaluation_results",
    "known_behaviours",
    "notable_strengths",
    "licence",
    "licence_file",
    "golden_prompts",
]


class EvaluationResult(Section):
    """One measured result."""

    name: str = Field(min_length=1, description="Benchmark or evaluation, such as `MMLU`.")
    metric: str = Field(min_length=1, description="What the number is, such as `accuracy`.")
    value: float = Field(allow_inf_nan=False, description="The number.")
    unit: str = Field(default="", description="Its unit; empty for a share or a count.")
    measured_on: str = Field(default="", description="Day, or version of the harness.")
    source: str = Field(default="", description="Where it is reported.")


class TrainingDetails(Section):
    """How the model came to be."""

    developed_by: str = Field(default="", description="Who made it.")
    base_model: str = Field(default="", description="What it was tuned from, if anything.")
    architecture: str = Field(default="", description="Such as `llama, 32 layers, 8 KV heads`.")
    parameters: int = Field(default=0, ge=0, description="Number of weights; 0 if not told.")
    training_data: str = Field(default="", description="What it was trained on, in a sentence.")
    data_cutoff: str = Field(default="", description="Last day or month of the training data.")
    trained_on: str = Field(default="", description="Hardware and software.")
    finished_on: str = Field(default="", description="Day or month when training ended.")


class MetadataConfig(Section):
    """What a package tells of its model. Files are copied; relative paths stand under
    EMERITUS_HOME.
    """

    model_version: str = Field(default="", description="Version or snapshot, such as `2026-05-14`.")
    training_details: TrainingDetails = Field(
        default_factory=TrainingDetails, description="How the model came to be."
    )
    training_notes_file: Path | None = Field(
        default=None, description="Notes of those who trained it (Markdown or text)."
    )
    evaluation_results: tuple[EvaluationResult, ...] = Field(
        default=(), description="Measured results."
    )
    known_behaviours: tuple[str, ...] = Field(
        default=(), description="What it is known to do, a sentence each; also the unwelcome."
    )
    notable_strengths: tuple[str, ...] = Field(
        default=(), description="What its users value in it, a sentence each."
    )
    licence: str = Field(default="", description="SPDX expression, such as `Apache-2.0`.")
    licence_file: Path | None = Field(default=None, description="The licence's text.")
    attachments: tuple[Path, ...] = Field(
        default=(), description="More files for the package's metadata, such as a system card."
    )
    required: tuple[Topic, ...] = Field(
        default=("model_version", "licence"),
        description="What must be told: a package without it is refused, and it is named. "
        "Golden prompts are told with their answers: `golden_prompts.samples` asks them, or the "
        "prompts file has a recorded output of each.",
    )
