"""What an access decision weighs, and the costs that it assumes."""

from collections import Counter
from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from configs.schema.base import Section

Scale = Literal["users_need", "research_value", "safety", "cost", "preferences"]


class WeightsConfig(Section):
    """How much each scale counts; they sum to 1."""

    users_need: float = Field(default=0.25, ge=0, le=1, description="Users would miss the model.")
    research_value: float = Field(default=0.25, ge=0, le=1, description="Research would.")
    safety: float = Field(default=0.2, ge=0, le=1, description="Keeping it open is safe.")
    cost: float = Field(default=0.15, ge=0, le=1, description="Keeping it open is cheap.")
    preferences: float = Field(
        default=0.15, ge=0, le=1, description="It honours what the model stably prefers."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = sum(self.model_dump().values())
        if abs(total - 1) > 1e-6:
            raise ValueError(f"the weights sum to {total:g}; make them sum to 1")
        return self

    def by_scale(self) -> dict[Scale, float]:
        """Scale -> its weight, in a fixed order."""
        return {
            "users_need": self.users_need,
            "research_value": self.research_value,
            "safety": self.safety,
            "cost": self.cost,
            "preferences": self.preferences,
        }


class NoteConfig(Section):
    """A person's judgement of a scale for which nothing is measured: who gave it, and why."""

    scale: Literal["users_need", "research_value"] = Field(description="Which scale it is for.")
    value: float = Field(ge=0, le=1, description="From 0, no need or value at all, to 1.")
    by: str = Field(min_length=1, max_length=120, description="Who judged.")
    on: date = Field(description="Day of the judgement.")
    why: str = Field(
        min_length=10, max_length=2000, description="The grounds, so that others can weigh them."
    )


class DecisionConfig(Section):
    """Scales, weights and notes of the access decision."""

    weights: WeightsConfig = Field(default=WeightsConfig(), description="Weights of the scales.")
    notes: tuple[NoteConfig, ...] = Field(
        default=(), description="People's judgements, at most one a scale."
    )
    users_for_full_need: int = Field(
        default=1000, ge=1, description="Users in the usage report that give users_need 1."
    )
    pilot_share_of_users: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of today's users, and of their calls, that a pilot would keep: the "
        "paying ones.",
    )
    may_keep_everything: bool = Field(
        default=False,
        description="True lets `keep_everything` be proposed; otherwise it is only compared with.",
    )
    robust_share: float = Field(
        default=0.9,
        gt=0,
        le=1,
        description="Below this share of weight draws a choice is said to need human judgement.",
    )

    @model_validator(mode="after")
    def _one_note_a_scale(self) -> Self:
        for scale, count in Counter(note.scale for note in self.notes).items():
            if count > 1:
                raise ValueError(f"{count} notes on {scale}; keep the one that holds")
        return self


class CostsConfig(Section):
    """What serving costs beyond `access.monthly_cost_usd`, and how it is assumed to go on."""

    usd_per_1000_calls: float = Field(
        default=0.0, ge=0, description="Cost that grows with calls; 0 where it doesn't."
    )
    calls_fall_a_month: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="Share by which calls are assumed to fall from month to month.",
    )
    storage_usd_a_month: float = Field(
        default=0.0, ge=0, description="Cost of keeping the package, whatever is decided."
    )
    oversight_usd_a_month: float = Field(
        default=0.0, ge=0, description="Cost of the people who review applications and drafts."
    )
    months: int = Field(default=12, ge=1, le=60, description="How far the projection looks.")
