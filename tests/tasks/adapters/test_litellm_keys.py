"""LiteLLM's key API, on a local server built from its published routes; not LiteLLM itself."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tasks.adapters.grant_signing import GrantSigning
from tasks.adapters.grants_file import GrantsFile
from tasks.adapters.litellm_api import LiteLLMApi
from tasks.adapters.litellm_keys import LiteLLMKeys
from tests.contracts.gateway import GatewayContract, LetsThrough, given
from tests.fakes.clock import FakeClock
from tests.fakes.grants import MODEL, NAMES, Serials, granted
from tests.fakes.litellm_server import MASTER_KEY, LiteLLMServer, litellm_server


@pytest.fixture
def server(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiteLLMServer]:
    monkeypatch.setenv("TEST_LITELLM_KEY", MASTER_KEY)
    with litellm_server(clock.now) as running:
        yield running


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def gateway(
    server: LiteLLMServer, pauses: list[float], tmp_path: Path, clock: FakeClock
) -> LiteLLMKeys:
    signing = GrantSigning(tmp_path / "keys" / "g")
    file = GrantsFile(tmp_path / "grants", signing, Serials(), clock.now)
    api = LiteLLMApi(server.url, "TEST_LITELLM_KEY", timeout_seconds=5, pause=pauses.append)
    return LiteLLMKeys(api, file, clock.now)


@pytest.fixture
def lets_through(server: LiteLLMServer) -> LetsThrough:
    return server.opens


class TestLiteLLMKeys(GatewayContract):
    """See the contract."""


def test_a_key_carries_models_term_and_grant(
    gateway: LiteLLMKeys, server: LiteLLMServer, clock: FakeClock
) -> None:
    key = gateway.issue(granted(clock.now(), days=1.5), "acme")
    row = server.keys[key.token_id]
    assert row["models"] == sorted(NAMES)
    assert row["expires"] == clock.now() + timedelta(days=1.5)
    assert row["key_alias"].startswith("emeritus-g1-")
    assert row["metadata"]["emeritus_grant"] == "g1"
    assert all(key.key not in asked for _, asked in server.asked)


def test_a_term_never_outlives_the_grant(
    gateway: LiteLLMKeys, server: LiteLLMServer, clock: FakeClock
) -> None:
    grant = granted(clock.now())
    grant = replace(grant, ends_at=grant.ends_at - timedelta(milliseconds=1))
    key = gateway.issue(grant, "acme")
    assert server.keys[key.token_id]["expires"] <= grant.ends_at
    with pytest.raises(OSError, match="ended"):
        gateway.issue(replace(grant, ends_at=clock.now()), "acme")


def test_every_page_is_read_and_only_keys_that_open_the_model_are_told(
    gateway: LiteLLMKeys, server: LiteLLMServer, clock: FakeClock
) -> None:
    for number in range(230):
        server.make(models=["aster-2"], key_alias=f"other-{number}")
    key, _ = given(gateway, granted(clock.now()))
    alone = server.make(models=["aster-1"])
    every = server.make(models=[])
    wild = server.make(models=["aster-*"])
    proxy = server.make(models=["all-proxy-models"])
    found = {k.token_id: k for k in gateway.keys(MODEL, NAMES) or ()}
    assert set(found) == {key.token_id, alone, every, wild, proxy}
    assert found[every].names is None
    assert found[proxy].names is None
    assert found[alone].names == ("aster-1",)
    assert found[key.token_id].grant_id == "g1"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_proxy_is_asked_again_and_then_told(
    gateway: LiteLLMKeys, server: LiteLLMServer, pauses: list[float], status: int
) -> None:
    server.faults = [status, status]
    assert gateway.keys(MODEL, NAMES) == []
    assert pauses == [0.5, 1.0]
    server.faults = [status] * 3
    with pytest.raises(ConnectionError, match=f"HTTP {status}"):
        gateway.keys(MODEL, NAMES)


def test_a_wrong_master_key_is_told_without_it(
    gateway: LiteLLMKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_LITELLM_KEY", "sk-wrong-secret")
    with pytest.raises(OSError, match="HTTP 401: Authentication Error") as told:
        gateway.keys(MODEL, NAMES)
    assert "sk-wrong-secret" not in str(told.value)
    monkeypatch.delenv("TEST_LITELLM_KEY")
    with pytest.raises(OSError, match="TEST_LITELLM_KEY is not set"):
        gateway.keys(MODEL, NAMES)


def test_a_proxy_that_is_away_is_told(
    tmp_path: Path, clock: FakeClock, gateway: LiteLLMKeys, server: LiteLLMServer
) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(ConnectionError, match="gives no answer"):
        gateway.revoke("0" * 64)


def test_a_key_whose_answer_is_lost_is_taken_back(
    gateway: LiteLLMKeys, server: LiteLLMServer, clock: FakeClock
) -> None:
    server.drop_after = ["/key/generate"]
    with pytest.raises(ConnectionError):
        gateway.issue(granted(clock.now()), "acme")
    assert server.keys == {}
    assert [path for path, _ in server.asked] == ["POST /key/generate", "POST /key/delete"]


def test_making_a_key_is_not_tried_again_where_one_may_have_been_made(
    gateway: LiteLLMKeys, server: LiteLLMServer, clock: FakeClock
) -> None:
    server.faults = [500]
    with pytest.raises(ConnectionError):
        gateway.issue(granted(clock.now()), "acme")
    server.faults = [429]
    assert gateway.issue(granted(clock.now()), "acme").token_id in server.keys


def test_amending_brings_models_and_end_back(
    gateway: LiteLLMKeys, server: LiteLLMServer, clock: FakeClock
) -> None:
    key, grant = given(gateway, granted(clock.now()))
    server.keys[key.token_id].update(models=[], expires=None)
    gateway.amend(key.token_id, grant)
    row = server.keys[key.token_id]
    assert (row["models"], row["expires"]) == (sorted(NAMES), grant.ends_at)


def test_revoking_blocks_there_and_leaves_the_file_too(
    gateway: LiteLLMKeys, server: LiteLLMServer, clock: FakeClock, tmp_path: Path
) -> None:
    key, _ = given(gateway, granted(clock.now()))
    gateway.revoke(key.token_id)
    assert server.keys[key.token_id]["blocked"] is True
    body = json.loads((tmp_path / "grants" / f"{MODEL}.json").read_bytes())
    assert body["grants"][0]["token_ids"] == []
