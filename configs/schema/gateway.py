"""What lets callers through."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from configs.schema.base import Section
from configs.schema.secret import HOW, SecretReference

ModelName = Annotated[str, StringConstraints(pattern=r"^[^\s,]{1,200}$")]


class GatewayConfig(Section):
    """The gateway in front of the model; Emeritus itself is no proxy."""

    adapter: Literal["grants_file", "litellm_keys"] = Field(
        default="grants_file",
        description="`grants_file`: a signed file, which LiteLLM's hook or another gateway reads; "
        "`litellm_keys`: LiteLLM's key API, and the signed file beside it.",
    )
    model_names: tuple[ModelName, ...] = Field(
        default=(),
        description="Every name under which the gateway serves the model, with its aliases and "
        "with provider prefixes where callers write them; empty for `endpoint.model`. No other "
        "model may have one of them. Grants open those that stood in the signed packet: one that "
        "is added waits for the next one.",
    )
    url: str = Field(
        default="",
        pattern=r"^(https?://[^\s@]+)?$",
        description="`litellm_keys`: the proxy's root. Credentials never stand in it.",
    )
    master_key_env: SecretReference = Field(
        default="LITELLM_MASTER_KEY",
        min_length=1,
        description=f"`litellm_keys`: the proxy's master key, or a key that may manage keys. {HOW}",
    )
    timeout_seconds: float = Field(
        default=10.0, gt=0, le=120, description="`litellm_keys`: for one answer of the proxy."
    )
    attempts: int = Field(
        default=3, ge=1, le=10, description="`litellm_keys`: tries while the proxy is busy."
    )
    check_hours: float = Field(
        default=24.0,
        gt=0,
        description="How often a pass compares the gateway with the records though none changed.",
    )
    block_foreign_keys: bool = Field(
        default=False,
        description="Whether a key that Emeritus did not make is blocked at the gateway once the "
        "model is withdrawn, if it opens this model and no other. Otherwise it is reported.",
    )
    signing_key_file: Path = Field(
        default=Path("keys/grants_ed25519"),
        description="This machine's SSH key that signs the grants file; made when it is missing. "
        "Relative to EMERITUS_HOME.",
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.adapter == "litellm_keys" and not self.url:
            raise ValueError("litellm_keys needs `url`; set it to the LiteLLM proxy's root")
        return self
