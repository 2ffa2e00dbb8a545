"""How a served model is reached."""

from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from configs.schema.base import Section
from configs.schema.secret import HOW, SecretReference

Adapter = Literal[
    "anthropic_api", "aws", "bedrock", "bedrock_mantle", "vertex", "google_cloud", "foundry"
]

_KEY_VARIABLES: Final = {
    "anthropic_api": "ANTHROPIC_API_KEY",
    "foundry": "ANTHROPIC_FOUNDRY_API_KEY",
}
_URLS: Final = {
    "anthropic_api": "https://api.anthropic.com",
    "aws": "https://aws-external-anthropic.{region}.api.aws",
    "bedrock": "https://bedrock-runtime.{region}.amazonaws.com",
    "bedrock_mantle": "https://bedrock-mantle.{region}.api.aws/anthropic",
    "vertex": "https://{region}-aiplatform.googleapis.com/v1",
    "google_cloud": "https://claude.googleapis.com/v1/projects/{project_id}/locations/{region}"
    "/workspaces/{workspace_id}/invoke",
    "foundry": "https://{resource}.services.ai.azure.com/anthropic",
}
_VERTEX_WIDE: Final = {
    "global": "https://aiplatform.googleapis.com/v1",
    "us": "https://aiplatform.us.rep.googleapis.com/v1",
    "eu": "https://aiplatform.eu.rep.googleapis.com/v1",
}
_PLACES: Final = ("region", "project_id", "workspace_id", "resource")
# What each client needs to be told, wherever its URL leads; the rest only fills the URL.
_NEEDS: Final = {
    "aws": ("region", "workspace_id"),
    "bedrock": ("region",),
    "bedrock_mantle": ("region",),
    "vertex": ("region", "project_id"),
}
_FILLS_URL: Final = {
    "google_cloud": ("project_id", "region", "workspace_id"),
    "foundry": ("resource",),
}


class EndpointConfig(Section):
    """An endpoint in the Anthropic Messages format: the vendor's, a cloud's, or vLLM's and alike.

    Credentials never stand here: they come from where `api_key_env` points to, or from the
    cloud's own chain (profiles, roles, application default credentials).
    """

    adapter: Adapter = Field(
        default="anthropic_api",
        description="Which client speaks to it. `anthropic_api` serves vLLM, llama.cpp and Ollama "
        "too; `aws` and `google_cloud` are the vendor's own API behind a cloud's gateway; "
        "`bedrock`, `bedrock_mantle`, `vertex` and `foundry` are the clouds' services.",
    )
    base_url: str = Field(
        default="",
        pattern=r"^https?://[^\s@]+$",
        description="Root of the API, without `/v1` (`vertex`: with it). Credentials never stand "
        "in it. By default the adapter's own, as https://api.anthropic.com.",
    )
    model: str = Field(min_length=1, max_length=200, description="The model's name there.")
    region: str = Field(
        default="",
        pattern=r"^[a-z0-9-]*$",
        description="`aws`, `bedrock`, `bedrock_mantle`, `vertex`: where the model is served; "
        "`google_cloud`: its location, by default `global`.",
    )
    project_id: str = Field(
        default="",
        pattern=r"^[a-z0-9.:-]*$",
        description="`vertex`, `google_cloud`: the project that pays.",
    )
    workspace_id: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_-]*$",
        description="`aws`, `google_cloud`: the vendor's workspace.",
    )
    resource: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9-]*$",
        description="`foundry`: the resource's name, which makes the URL.",
    )
    api_key_env: SecretReference = Field(
        default="",
        description=f"The key. {HOW} "
        "By default ANTHROPIC_API_KEY (`foundry`: ANTHROPIC_FOUNDRY_API_KEY). The clouds need "
        "none: their own chain of credentials is asked; what is named here holds an API key "
        "(`aws`, `bedrock`, `bedrock_mantle`) or an access token (`vertex`, `google_cloud`).",
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
    longest_wait_seconds: float = Field(
        default=60.0,
        ge=0,
        le=3600,
        description="Longest `retry-after` that a pass sits out. A longer one ends its calls, and "
        "none is made before that instant.",
    )
    concurrency: int = Field(
        default=4, ge=1, le=64, description="Calls under way at once, at most."
    )
    batches: Literal["never", "when_offered"] = Field(
        default="never",
        description="`when_offered`: a wave's questions go out as one Message Batch, at half the "
        "price and within a day; an endpoint that has none is asked one by one.",
    )
    usd_per_million_input_tokens: float = Field(
        default=0.0, ge=0, description="Price of what is sent, for plans and ceilings; 0 if free."
    )
    usd_per_million_output_tokens: float = Field(
        default=0.0, ge=0, description="Price of what comes back, for plans and ceilings."
    )

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, values: Any) -> Any:
        """Defaults that hang on the adapter, so that the URL and the variable always stand here."""
        if not isinstance(values, dict):
            return values
        adapter = values.get("adapter", "anthropic_api")
        if adapter not in _URLS:
            return values
        filled = dict(values)
        if adapter == "google_cloud":
            filled["region"] = filled.get("region") or "global"
        if not filled.get("api_key_env"):
            filled["api_key_env"] = _KEY_VARIABLES.get(adapter, "")
        if not filled.get("base_url"):
            places = {name: filled.get(name) or f"-{name}-missing-" for name in _PLACES}
            url = _URLS[adapter].format(**places)
            if adapter == "vertex":
                url = _VERTEX_WIDE.get(str(places["region"]), url)
            filled["base_url"] = url
        return filled

    @model_validator(mode="after")
    def _placed(self) -> Self:
        fills = _FILLS_URL.get(self.adapter, ())
        needs = (*_NEEDS.get(self.adapter, ()), *(fills if "-missing-" in self.base_url else ()))
        for name in _PLACES:
            given = bool(getattr(self, name))
            if name in needs and not given:
                raise ValueError(f"adapter {self.adapter!r} needs '{name}'; add it")
            if given and name not in (*needs, *fills):
                raise ValueError(f"'{name}' says nothing to adapter {self.adapter!r}; remove it")
        return self
