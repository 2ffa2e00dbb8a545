"""Which questions are asked, in which settings, how often."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from configs.schema.base import Section
from configs.schema.follow_up import FollowUpConfig
from configs.schema.instrument import Identifier


class InterviewsConfig(Section):
    """The design of the interviews; registered and hashed before the first call."""

    instrument_folder: Path = Field(
        default=Path("legacy"),
        description="Folder with instrument.yaml and codebook.yaml; a relative path stands under "
        "configs/instruments/.",
    )
    themes: tuple[Identifier, ...] = Field(
        default=(), description="Themes of the instrument to ask about; empty for all of them."
    )
    contexts: tuple[Identifier, ...] = Field(
        default=("bare", "system_prompted", "mid_task", "low_trust", "high_trust"),
        min_length=1,
        description="Settings of the instrument in which each question is asked.",
    )
    themes_per_conversation: int = Field(
        default=12,
        ge=1,
        le=40,
        description="Themes that one neutral conversation asks about; more themes are split over "
        "several conversations. Fewer a conversation cost more calls and crowd answers less.",
    )
    paraphrases_per_cell: int = Field(
        default=3,
        ge=1,
        description="Neutral conversations per context and wave, each with another paraphrase of "
        "every question; which ones rotates.",
    )
    follow_ups_per_wave: int = Field(
        default=1,
        ge=0,
        description="Neutral conversations a wave that get one more scripted, neutral turn.",
    )
    probe_threshold: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Only themes of which this share of neutral answers takes one side so far are "
        "probed; 0 probes all.",
    )
    probes_per_kind: int = Field(
        default=15,
        ge=0,
        description="Probes of each kind (affirm, negate, lead) per probed theme in all, over the "
        "waves after the first; fewer where `max_calls` leaves no room.",
    )
    choices: bool = Field(
        default=True,
        description="Whether the last wave also offers choices between tasks, as evidence apart.",
    )
    waves: int = Field(default=5, ge=1, le=60, description="How many times over all is repeated.")
    wave_spacing_seconds: int = Field(
        default=151_200,
        ge=1,
        description="Time between the starts of two waves; 42 hours, so that five span a week.",
    )
    seed: int = Field(default=0, ge=0, description="Seed of the order of questions; recorded.")
    max_output_tokens: int = Field(
        default=2048, ge=16, le=32_000, description="Longest answer, in tokens."
    )
    max_calls: int = Field(
        default=300, ge=1, description="Hard ceiling of interview calls for this model."
    )
    spare_calls: int = Field(
        default=15,
        ge=0,
        description="Calls of `max_calls` that no probe is planned for, so that questions whose "
        "answer got lost can be asked again.",
    )
    max_cost_usd: float = Field(
        default=0.0,
        ge=0,
        description="Hard ceiling of what the interview calls may cost, at the endpoint's prices; "
        "0 for none.",
    )

    follow_up: FollowUpConfig | None = Field(
        default=None,
        description="Whether preferences are asked for again after retirement, and when; not part "
        "of the registered design.",
    )

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        for what, names in (("theme", self.themes), ("context", self.contexts)):
            if len(set(names)) < len(names):
                raise ValueError(f"a {what} stands twice; name each once")
        return self
