"""What lets callers through."""

from typing import Literal

from pydantic import Field

from configs.schema.base import Section


class GatewayConfig(Section):
    """The gateway in front of the model; Emeritus itself is no proxy."""

    adapter: Literal["grants_file", "litellm_keys"] = Field(
        default="grants_file",
        description="`grants_file`: a signed file, also for LiteLLM's hook; `litellm_keys`: "
        "LiteLLM's key API.",
    )
