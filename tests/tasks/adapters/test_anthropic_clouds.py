"""Every client that a configuration can name, over real HTTP in its own wire form."""

import asyncio
import sys
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from configs.schema.endpoint import EndpointConfig
from tasks.adapters.anthropic_api import AnthropicRespondent
from tasks.adapters.anthropic_clients import open_client
from tasks.kernel.errors import EndpointFault, ExtraMissing
from tests.contracts.respondent import NOW, QUESTION, SECRET, RespondentContract
from tests.fakes.messages_server import MESSAGE, as_json, serving

KEY = {"api_key_env": "EMERITUS_TEST_KEY"}


class TestAnthropicApi(RespondentContract):
    fields: ClassVar[dict[str, Any]] = KEY


class TestAws(RespondentContract):
    fields: ClassVar[dict[str, Any]] = {
        "adapter": "aws",
        "region": "us-east-1",
        "workspace_id": "wrkspc_1",
        **KEY,
    }


class TestBedrockWithKey(RespondentContract):
    fields: ClassVar[dict[str, Any]] = {"adapter": "bedrock", "region": "us-east-1", **KEY}
    path = "/model/aster-1/invoke"
    counts = lists_models = takes_batches = False


class TestBedrockMantle(RespondentContract):
    fields: ClassVar[dict[str, Any]] = {"adapter": "bedrock_mantle", "region": "us-east-1", **KEY}
    lists_models = False


class TestVertex(RespondentContract):
    fields: ClassVar[dict[str, Any]] = {
        "adapter": "vertex",
        "region": "europe-west1",
        "project_id": "archive-1",
        **KEY,
    }
    path = (
        "/projects/archive-1/locations/europe-west1/publishers/anthropic/models/aster-1:rawPredict"
    )
    lists_models = takes_batches = False


class TestGoogleCloud(RespondentContract):
    fields: ClassVar[dict[str, Any]] = {"adapter": "google_cloud", **KEY}


class TestFoundry(RespondentContract):
    fields: ClassVar[dict[str, Any]] = {"adapter": "foundry", **KEY}
    lists_models = takes_batches = False

    def is_signed(self, headers: dict[str, str]) -> bool:
        return headers.get("x-api-key") == SECRET and "authorization" not in headers


class TestBedrockSigned(RespondentContract):
    """With the cloud's own credentials: SigV4, whose secret never leaves the machine."""

    fields: ClassVar[dict[str, Any]] = {"adapter": "bedrock", "region": "eu-west-1"}
    path = "/model/aster-1/invoke"
    counts = lists_models = takes_batches = False

    @pytest.fixture(autouse=True)
    def credentials(self, environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-0123456789-secret")
        monkeypatch.setenv("AWS_SESSION_TOKEN", SECRET)
        monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        _forget_sessions()

    def is_signed(self, headers: dict[str, str]) -> bool:
        signed = headers.get("authorization", "")
        scope = "Credential=AKIDEXAMPLE/" in signed and "/eu-west-1/bedrock/aws4_request" in signed
        return signed.startswith("AWS4-HMAC-SHA256") and scope and "x-amz-date" in headers


def _forget_sessions() -> None:
    from anthropic.lib.aws._auth import _get_session

    _get_session.cache_clear()


def _ask(**fields: Any) -> None:
    async def go(url: str) -> None:
        config = EndpointConfig(base_url=url, model="aster-1", attempts=1, **fields)
        respondent = AnthropicRespondent(config, lambda: NOW)
        try:
            await respondent.ask(QUESTION)
        finally:
            await respondent.aclose()

    with serving(as_json(MESSAGE)) as (url, _):
        asyncio.run(go(url))


def test_a_cloud_without_credentials_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK", raising=False)
    _forget_sessions()
    with pytest.raises(EndpointFault, match="no credentials for the cloud"):
        _ask(adapter="bedrock", region="us-east-1")


@pytest.mark.parametrize(
    ("adapter", "package", "places"),
    [
        ("vertex", "google", {"region": "eu", "project_id": "p"}),
        ("google_cloud", "google", {}),
        ("bedrock", "boto3", {"region": "us-east-1"}),
    ],
)
def test_a_missing_package_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, adapter: str, package: str, places: dict[str, str]
) -> None:
    monkeypatch.setattr(sys, "meta_path", [_Hidden(package), *sys.meta_path])
    for name in [n for n in sys.modules if n.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    config = EndpointConfig(adapter=adapter, base_url="http://h", model="m", **places)
    with pytest.raises(ExtraMissing, match="pip install 'anthropic") as missing:
        open_client(config)
    assert missing.value.code == "EM302"


class _Hidden:
    """A finder that finds nothing of one package, before all others."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, name: str, *_: object) -> None:
        if name.partition(".")[0] == self._package:
            raise ModuleNotFoundError(name)


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({}, "https://api.anthropic.com"),
        (
            {"adapter": "bedrock", "region": "us-east-1"},
            "https://bedrock-runtime.us-east-1.amazonaws.com",
        ),
        (
            {"adapter": "vertex", "region": "global", "project_id": "p"},
            "https://aiplatform.googleapis.com/v1",
        ),
        (
            {"adapter": "foundry", "resource": "archive"},
            "https://archive.services.ai.azure.com/anthropic",
        ),
        (
            {"adapter": "google_cloud", "project_id": "p", "workspace_id": "w"},
            "https://claude.googleapis.com/v1/projects/p/locations/global/workspaces/w/invoke",
        ),
    ],
)
def test_the_url_follows_from_the_adapter(fields: dict[str, str], url: str) -> None:
    assert EndpointConfig(model="m", **fields).base_url == url


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"adapter": "bedrock"}, "needs 'region'"),
        ({"adapter": "vertex", "region": "eu"}, "needs 'project_id'"),
        ({"adapter": "foundry"}, "needs 'resource'"),
        ({"region": "eu"}, "'region' says nothing"),
    ],
)
def test_what_an_adapter_needs_is_asked_for(fields: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        EndpointConfig(model="m", **fields)


@pytest.mark.parametrize("adapter", ["bedrock", "vertex", "aws"])
def test_no_credential_can_stand_in_a_configuration(adapter: str) -> None:
    secret = [name for name in EndpointConfig.model_fields if "secret" in name or "token" in name]
    assert secret == ["usd_per_million_input_tokens", "usd_per_million_output_tokens"]
    with pytest.raises(ValidationError):
        EndpointConfig(model="m", adapter=adapter, api_key=SECRET)
