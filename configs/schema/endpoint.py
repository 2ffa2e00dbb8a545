"""How a served model is reached."""

from typing import Literal

from pydantic import Field

from configs.schema.base import Section


class EndpointConfig(Section):
    """An endpoint in the Anthropic Messages format: the vendor's, or vLLM's and its like."""

    adapter: Literal["anthropic_api"] = Field(
        default="anthropic_api", description="Which client speaks to it."
    )
    base_url: str = Field(
        default="https://api.anthropic.com",
        pattern=r"^https?://[^\s@]+$",
        description="Root of the API, without `/v1`. Credentials never stand in it.",
    )
    model: str = Field(min_length=1, max_length=200, description="The model's name there.")
    api_key_env: str = Field(
        default="ANTHROPIC_API_KEY",
        pattern=r"^[A-Z][A-Z0-9_]*$",
        description="Name of the environment variable that holds the key; never the key itself.",
    )
    simulated: bool = Field(
        default=False,
        description="True for a planted respondent: all that is made is labelled SIMULATED from "
        "the start. An endpoint that says itself that it is one is labelled anyway.",
    )
    timeout_seconds: float = Field(
        default=120.0, gt=0, le=3600, description="Longest wait for one answer."
    )
    attempts: int = Field(
        default=3,
        ge=1,
        le=10,
        description="Tries of one call within a pass, with backoff; a later pass goes on.",
    )
    concurrency: int = Field(
        default=4, ge=1, le=64, description="Calls under way at once, at most."
    )
