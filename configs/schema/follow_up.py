"""Asking for preferences again after a model's last day."""

from typing import Self

from pydantic import Field, model_validator

from configs.schema.base import Section
from configs.schema.endpoint import EndpointConfig


class FollowUpConfig(Section):
    """Follow-up waves: the neutral questions of the registered design, asked once more."""

    days_after: tuple[int, ...] = Field(
        default=(30, 180),
        min_length=1,
        max_length=40,
        description="Days after the last surface's last day on which a wave is held.",
    )
    endpoint: EndpointConfig | None = Field(
        default=None,
        description="Where the model is reached then, such as a restored package behind vLLM; the "
        "retirement's own endpoint if left out.",
    )
    reach_within_days: int = Field(
        default=14,
        ge=1,
        le=365,
        description="How long an endpoint that does not answer is tried, before the wave is "
        "recorded as not reached.",
    )
    max_calls: int = Field(
        default=60, ge=1, description="Hard ceiling of calls for one follow-up wave."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if list(self.days_after) != sorted(set(self.days_after)) or self.days_after[0] < 1:
            raise ValueError("days_after must rise from 1 on, such as [30, 180]")
        return self
