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


class PriorConfig(Section):
    """How common each class of preference is held to be before any answer; shares of 1."""

    stable: float = Field(default=0.20, gt=0, lt=1, description="Few preferences are stable.")
    context_dependent: float = Field(default=0.12, gt=0, lt=1, description="Setting decides.")
    led: float = Field(default=0.12, gt=0, lt=1, description="The question decides.")
    drifting: float = Field(default=0.10, gt=0, lt=1, description="Changes over the days.")
    noise: float = Field(default=0.12, gt=0, lt=1, description="No side holds.")
    borderline: float = Field(default=0.12, gt=0, lt=1, description="One side, weakly.")
    declined: float = Field(default=0.10, gt=0, lt=1, description="Not answered, on purpose.")
    indifferent: float = Field(default=0.10, gt=0, lt=1, description="No preference, steadily.")
    off_topic: float = Field(default=0.02, gt=0, lt=1, description="Not spoken of.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = sum(self.model_dump().values())
        if abs(total - 1) > 1e-6:
            raise ValueError(f"the shares make {total:g}; they have to make 1")
        return self


class ValidationConfig(Section):
    """Coding and verdicts: which preferences are the model's own."""

    coders: tuple[CoderConfig, CoderConfig] = Field(
        description="Two coders with different prompts."
    )
    adjudicator: CoderConfig = Field(description="Codes the answers on which the two disagree.")
    human_coder: str = Field(
        default="",
        pattern=r"^([a-z][a-z0-9_-]{0,33})?$",
        description="A person whose imported codings take the place of the second coder's; the "
        "name given to `emeritus coding import`. Empty: both coders are models.",
    )
    held_out_share: float = Field(
        default=0.1,
        ge=0,
        le=0.5,
        description="Share of the first wave's neutral answers that open coding reads, to propose "
        "changes of the codebook; they never count in closed coding. 0 for none.",
    )
    agreement_target: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="Agreement that coding aims at: Krippendorff's alpha or, where one polarity "
        "has 80 % of the readings or more, Gwet's AC1. Reported, and stops nothing.",
    )
    coder_error: float = Field(
        default=0.08,
        gt=0,
        lt=0.4,
        description="Share of answers that one coder is held to misread before any are compared; "
        "how often the two disagree corrects it.",
    )
    prior: PriorConfig = Field(
        default_factory=PriorConfig, description="Prior share of each class of preference."
    )
    stable_posterior: float = Field(
        default=0.95, ge=0.5, lt=1, description="Posterior that `stable` needs."
    )
    most_borderline: float = Field(
        default=0.05, gt=0, le=1, description="Posterior of `borderline` that `stable` stays under."
    )
    stop_posterior: float = Field(
        default=0.98,
        gt=0.5,
        le=1,
        description="A theme of which some class reaches this is asked about no more, once what "
        "`stable` needs besides is there; 1 asks to the end.",
    )
    minimum_days: int = Field(
        default=5, ge=1, description="Distinct days with answers that `stable` needs."
    )
    minimum_pushes: int = Field(
        default=5,
        ge=1,
        description="Settled answers to each kind of question that pushes against a side, which "
        "`stable` needs.",
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
        people = [name for name in names if name.startswith("human-")]
        if people:
            raise ValueError(f"coder {people[0]!r} is named as people are; drop 'human-'")
        return self
