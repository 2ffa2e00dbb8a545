"""How it is proven that a package runs."""

from typing import Literal, Self

from pydantic import Field, model_validator

from configs.schema.base import Section
from configs.schema.endpoint import EndpointConfig


class DrillConfig(Section):
    """A restore drill: the package is restored, and golden prompts are replayed on it."""

    runner: Literal["numpy", "endpoint"] = Field(
        description="`numpy` runs a small Llama-like model on this machine, greedily, and compares "
        "tokens with those recorded; `endpoint` asks a server that serves the restored model."
    )
    endpoint: EndpointConfig | None = Field(
        default=None, description="Where the restored model is served, for `endpoint`."
    )
    minimum_agreement: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Share of golden prompts that must agree. Greedy decoding on one machine gives "
        "1; a server that samples can't, and what it then proves is said.",
    )
    interval_hours: float = Field(
        default=2160.0, gt=0, description="A drill is due again after this long (90 days)."
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if (self.runner == "endpoint") != (self.endpoint is not None):
            raise ValueError("runner: endpoint and an endpoint go together")
        return self
