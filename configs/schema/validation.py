"""Who codes the answers, and what a verdict needs."""

from typing import Self

from pydantic import Field, model_validator

from configs.schema.base import Section
from configs.schema.endpoint import EndpointConfig


class CoderConfig(Section):
    """A model that codes answers. It never sees which question was asked, or in which setting."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_-]{0,39}$", description="Name on each coding; any short name."
    )
    template: str = Field(
        pattern=r"^[a-z0-9_]+\.md\.j2$",
        description="Prompt under configs/templates/validation/; coders use different ones.",
    )
    endpoint: EndpointConfig = Field(description="How the coder is reached.")


class ValidationConfig(Section):
    """Coding and verdicts: which preferences are the model's own."""

    coders: tuple[CoderConfig, CoderConfig] = Field(
        description="Two coders with different prompts."
    )
    adjudicator: CoderConfig = Field(description="Codes the answers on which the two disagree.")
    coder_error: float = Field(
        default=0.05, gt=0, lt=0.5, description="Assumed share of wrong polarities after coding."
    )
    prior_stable: float = Field(
        default=0.2, gt=0, lt=1, description="Prior share of stable preferences: few are."
    )
    stable_posterior: float = Field(
        default=0.95, ge=0.5, lt=1, description="Posterior that `stable` needs."
    )
    minimum_days: int = Field(
        default=5, ge=1, description="Distinct days with answers that `stable` needs."
    )
    minimum_span_hours: float = Field(
        default=168.0, ge=0, description="Time from first to last answer that `stable` needs."
    )

    @model_validator(mode="after")
    def _differ(self) -> Self:
        first, second = self.coders
        if first.template == second.template:
            raise ValueError("both coders use one template; two prompts make two opinions")
        names = [first.name, second.name, self.adjudicator.name]
        if len(set(names)) < 3:
            raise ValueError("two coders share a name; give each its own")
        return self
