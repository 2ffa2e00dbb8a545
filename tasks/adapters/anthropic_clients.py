"""The official SDK's clients, by the name that a configuration gives.

Each cloud has a client of its own in the SDK, with its own way to sign and to spell paths; all of
them have the same `messages`. Which other resources a client has is said here, and whether the
endpoint behind it honours them shows only when it is asked.
"""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

import anthropic
from anthropic.resources.messages import AsyncBatches, AsyncMessages
from anthropic.resources.models import AsyncModels

from configs.schema.endpoint import EndpointConfig
from configs.schema.secret import told as pointed_at
from tasks.adapters.secrets import read_secret
from tasks.kernel.errors import EndpointFault, ExtraMissing

# A short key is no secret but a placeholder for servers without keys, such as `x`.
_SHORTEST_SECRET = 16
_BOTO3: Final = ("boto3", "bedrock")
_GOOGLE: Final = ("google.auth", "vertex")
_EXTRAS: Final = {
    "aws": _BOTO3,
    "bedrock": _BOTO3,
    "bedrock_mantle": _BOTO3,
    "vertex": _GOOGLE,
    "google_cloud": _GOOGLE,
}


@dataclass(frozen=True, slots=True)
class Client:
    """An open client.

    Attributes:
        messages: where questions go.
        counts: False where the client itself refuses to count tokens.
        batches: None where the client has none.
        models: likewise.
        close: closes connections.
        sdk: the SDK's client, for its credentials.
        key: what the configured variable holds, if one is configured.
    """

    messages: AsyncMessages
    counts: bool
    batches: AsyncBatches | None
    models: AsyncModels | None
    close: Callable[[], Awaitable[None]]
    sdk: Any
    key: str | None

    def secrets(self) -> tuple[str, ...]:
        """What is sent as a credential and must stand in no answer, error or record."""
        found = [self.key, *(getattr(self.sdk, n, None) for n in ("api_key", "auth_token"))]
        for name in ("credentials", "google_credentials"):
            found.append(getattr(getattr(self.sdk, name, None), "token", None))
        found.append(os.environ.get("AWS_SESSION_TOKEN"))
        return tuple(s for s in found if isinstance(s, str) and len(s) >= _SHORTEST_SECRET)


def open_client(config: EndpointConfig) -> Client:
    """Open the client that a configuration names.

    It makes no tries of its own: the SDK would sit out a `retry-after` of whatever length.

    Raises:
        ExtraMissing: a package that the cloud's credentials need is not installed.
        EndpointFault: the key is not where `api_key_env` points to.
    """
    key = _key(config)
    if not key:
        _check_extra(config.adapter)
    settings: dict[str, Any] = {
        "base_url": config.base_url,
        "timeout": config.timeout_seconds,
        "max_retries": 0,
        # A redirect would take questions, and with some clients the key, to another host.
        "http_client": anthropic.DefaultAsyncHttpxClient(follow_redirects=False),
    }
    return _OPEN[config.adapter](config, key, settings)


def _key(config: EndpointConfig) -> str | None:
    if not config.api_key_env:
        return None
    unset = EndpointFault(
        f"{config.base_url}: no key: set {pointed_at(config.api_key_env)} "
        "(for a server without keys, to any text)"
    )
    return read_secret(config.api_key_env, unset)


def _check_extra(adapter: str) -> None:
    package, extra = _EXTRAS[adapter]
    try:
        found = find_spec(package)
    except ModuleNotFoundError:  # of the package's parent
        found = None
    if found is None:
        raise ExtraMissing(
            f"endpoint.adapter '{adapter}' reads its credentials with {package}, which is not "
            f"installed: python -m pip install 'anthropic[{extra}]'"
        )


def _first_party(config: EndpointConfig, key: str | None, settings: dict[str, Any]) -> Client:
    return _whole(anthropic.AsyncAnthropic(api_key=key, **settings), key)


def _aws(config: EndpointConfig, key: str | None, settings: dict[str, Any]) -> Client:
    sdk = anthropic.AsyncAnthropicAWS(
        api_key=key, aws_region=config.region, workspace_id=config.workspace_id, **settings
    )
    return _whole(sdk, key)


def _google_cloud(config: EndpointConfig, key: str | None, settings: dict[str, Any]) -> Client:
    sdk = anthropic.AsyncAnthropicGoogleCloud(
        project=config.project_id or None,
        workspace_id=config.workspace_id or None,
        token_provider=(lambda: key) if key else None,
        **settings,
    )
    return _whole(sdk, key)


def _whole(sdk: anthropic.AsyncAnthropic, key: str | None) -> Client:
    """A client with all resources."""
    return Client(sdk.messages, True, sdk.messages.batches, sdk.models, sdk.close, sdk, key)


def _bedrock(config: EndpointConfig, key: str | None, settings: dict[str, Any]) -> Client:
    sdk = anthropic.AsyncAnthropicBedrock(api_key=key, aws_region=config.region, **settings)
    return Client(sdk.messages, False, None, None, sdk.close, sdk, key)


def _mantle(config: EndpointConfig, key: str | None, settings: dict[str, Any]) -> Client:
    sdk = anthropic.AsyncAnthropicBedrockMantle(api_key=key, aws_region=config.region, **settings)
    return Client(sdk.messages, True, sdk.messages.batches, None, sdk.close, sdk, key)


def _vertex(config: EndpointConfig, key: str | None, settings: dict[str, Any]) -> Client:
    sdk = anthropic.AsyncAnthropicVertex(
        region=config.region, project_id=config.project_id, access_token=key, **settings
    )
    return Client(sdk.messages, True, None, None, sdk.close, sdk, key)


def _foundry(config: EndpointConfig, key: str | None, settings: dict[str, Any]) -> Client:
    sdk = anthropic.AsyncAnthropicFoundry(api_key=key, **settings)
    return Client(sdk.messages, True, None, None, sdk.close, sdk, key)


_OPEN: Final[dict[str, Callable[[EndpointConfig, str | None, dict[str, Any]], Client]]] = {
    "anthropic_api": _first_party,
    "aws": _aws,
    "bedrock": _bedrock,
    "bedrock_mantle": _mantle,
    "vertex": _vertex,
    "google_cloud": _google_cloud,
    "foundry": _foundry,
}
