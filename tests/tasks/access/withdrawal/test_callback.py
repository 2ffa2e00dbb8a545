"""LiteLLM's callback, with stand-ins for LiteLLM: what it reads, rewrites and refuses."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from tasks.access.withdrawal.plan import Standing, plan_of
from tests.fakes.configs import retirement
from tests.fakes.litellm_hook import load_withdrawal

GONE = {"announced_on": "2020-01-01", "surfaces": [{"name": "api", "retires_on": "2020-12-31"}]}
TOKEN = "a" * 64


class Folder:
    """What the real reader of the signed files gives, without the files."""

    def __init__(self, plan: dict[str, Any], grants: list[dict[str, Any]], *also: Any) -> None:
        body = {"model_id": "aster-1", "names": ["aster-1"], "grants": grants, "withdrawal": plan}
        others = [{**body, "model_id": "aster-2", "grants": [], "withdrawal": one} for one in also]
        self.bodies = (body, *others)
        self.shared = frozenset(["aster-1"] if also else [])

    async def fresh(self) -> None:
        pass

    def telling_of(self, name: str) -> tuple[dict[str, Any], ...]:
        return self.bodies if name in ("aster-1", "openai/aster-1") else ()


def _grant(ends: str = "2999-01-01T00:00:00Z") -> dict[str, Any]:
    return {
        "id": "g",
        "kind": "research",
        "holder": "ada",
        "starts_at": "2020-01-01T00:00:00Z",
        "ends_at": ends,
        "names": ["aster-1"],
        "revoked_at": None,
        "token_ids": [TOKEN],
    }


class Called:
    """The callback with a folder of its own."""

    def __init__(self, plan: dict[str, Any], *grants: dict[str, Any], also: Any = ()) -> None:
        self.module = load_withdrawal()
        self.module.grants_folder = lambda: Folder(plan, list(grants), *also)

    def before(
        self, model: Any, *, token: str = "", team: str = "", kind: str = "acompletion"
    ) -> Any:
        auth = SimpleNamespace(
            token=token, api_key=None, key_alias=None, team_id=team, user_id=None
        )
        hook = self.module.withdrawal
        return asyncio.run(hook.async_pre_call_hook(auth, None, {"model": model}, kind))["model"]


def _plan(*, decided: bool = True, **withdrawal: Any) -> dict[str, Any]:
    access = {"proposer": "p", "allowed_signers": "x", "withdrawal": withdrawal}
    return plan_of(retirement(candidate=GONE, access=access), Standing(decided))


def _redirected() -> dict[str, Any]:
    redirect = {
        "owner": "Search team",
        "callers": ["team_id:search"],
        "target": "aster-2",
        "starts_on": "2020-06-01",
        "days": 100_000,
        "consented_on": "2020-05-01",
        "consented_by": "Kim",
        "evidence": "mail 42",
    }
    return _plan(redirects=[redirect])


@pytest.mark.parametrize("model", ["aster-1", "openai/aster-1", "other,aster-1", ["x", "aster-1"]])
def test_a_retired_model_is_refused_however_it_is_named(model: Any) -> None:
    called = Called(_plan())
    with pytest.raises(called.module.ModelWithdrawn) as refused:
        called.before(model)
    assert refused.value.code == "410"
    assert refused.value.headers["Cache-Control"] == "no-store"
    assert "Sunset" in refused.value.headers
    assert "Retry-After" not in refused.value.headers
    told = refused.value.to_dict()
    assert (told["code"], told["param"]) == ("model_withdrawn_sunset", "model")
    assert told["withdrawal"]["successor"] == "aster-2"
    assert "ended on 2021-01-01 00:00 UTC" in told["message"]


def test_an_anthropic_client_gets_an_error_of_its_own_format() -> None:
    called = Called(_plan())
    with pytest.raises(called.module.ModelWithdrawn) as refused:
        called.before("aster-1", kind="anthropic_messages")
    body = json.loads(refused.value.message)
    assert (body["type"], body["error"]["type"]) == ("error", "not_found_error")
    assert body["error"]["withdrawal"]["reason"] == "sunset"


def test_other_models_and_holders_pass_and_an_ended_grant_does_not() -> None:
    called = Called(_plan(), _grant())
    assert called.before("other") == "other"
    assert called.before("aster-1", token=TOKEN) == "aster-1"
    ended = Called(_plan(), _grant(ends="2020-06-01T00:00:00Z"))
    with pytest.raises(ended.module.ModelWithdrawn):
        ended.before("aster-1", token=TOKEN)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("aster-1", "aster-2"),
        ("other,aster-1", "other,aster-2"),
        (["aster-1", "other"], ["aster-2", "other"]),
    ],
)
def test_who_consented_is_answered_by_the_other_model(asked: Any, answered: Any) -> None:
    assert Called(_redirected()).before(asked, team="search") == answered


def test_consent_binds_nobody_else_and_not_a_holder() -> None:
    called = Called(_redirected(), _grant())
    assert called.before("aster-1", token=TOKEN, team="search") == "aster-1"
    with pytest.raises(called.module.ModelWithdrawn):
        called.before("aster-1", team="Search")


def _through(called: Called, asked: str, led_to: str, *, token: str = "") -> list[str]:
    """The deployments that are left of a call which LiteLLM leads to another name."""
    auth = SimpleNamespace(token=token, api_key=None, key_alias=None, team_id=None, user_id=None)
    hook, found = called.module.withdrawal, [{"model_name": led_to}]

    async def call() -> Any:
        await hook.async_pre_call_hook(auth, None, {"model": asked}, "acompletion")
        return await hook.async_filter_deployments(asked, found, None)

    return [deployment["model_name"] for deployment in asyncio.run(call())]


def test_an_alias_or_a_fallback_leads_nobody_past_the_plan_but_holders() -> None:
    called = Called(_plan(), _grant())
    with pytest.raises(called.module.ModelWithdrawn):
        _through(called, "another-name", "aster-1")
    assert _through(called, "another-name", "aster-1", token=TOKEN) == ["aster-1"]
    assert _through(called, "other", "other") == ["other"]


def test_what_is_nobodys_call_is_not_refused() -> None:
    hook, found = Called(_plan()).module.withdrawal, [{"model_name": "aster-1"}]
    assert asyncio.run(hook.async_filter_deployments("aster-1", found, None)) == found


@pytest.mark.parametrize(
    "change",
    [
        {"format": "emeritus-withdrawal/2"},
        {"sunset_at": "soon"},
        {"brownouts": None, "sunset_at": "2999-01-01T00:00:00Z"},
        {"in_force": None},
    ],
)
def test_a_plan_that_cannot_be_read_ends_no_service(change: dict[str, Any]) -> None:
    assert Called({**_plan(), **change}).before("aster-1") == "aster-1"


def test_without_a_plan_or_a_decision_everybody_is_served() -> None:
    assert Called({}).before("aster-1") == "aster-1"
    assert Called(_plan(decided=False)).before("aster-1") == "aster-1"


@pytest.mark.parametrize("model", ["aster-1", "openai/aster-1"])
def test_under_a_shared_name_what_either_plan_refuses_is_refused_to_holders_too(model: str) -> None:
    """Neither file says for certain which model it is; the first one used to win."""
    served = _plan(decided=False)
    for plan, also in ((_plan(), served), (served, _plan())):
        called = Called(plan, _grant(), also=[also])
        with pytest.raises(called.module.ModelWithdrawn):
            called.before(model, token=TOKEN)
    called = Called(served, _grant(), also=[served])
    assert called.before(model, token=TOKEN) == model  # LiteLLM's own keys decide


def test_under_a_shared_name_nobody_is_redirected_and_no_header_tells_of_an_end() -> None:
    called = Called(_redirected(), also=[_plan(decided=False)])
    with pytest.raises(called.module.ModelWithdrawn):
        called.before("aster-1", team="search")
    alone = Called(_plan(decided=False))
    assert _headers(alone)
    assert _headers(Called(_plan(decided=False), also=[_plan(decided=False)])) == {}


def test_an_alias_of_a_shared_name_is_refused_to_holders_too() -> None:
    called = Called(_plan(), _grant(), also=[_plan(decided=False)])
    with pytest.raises(called.module.ModelWithdrawn):
        _through(called, "another-name", "aster-1", token=TOKEN)


def _headers(called: Called) -> dict[str, str]:
    hook = called.module.withdrawal.async_post_call_response_headers_hook
    auth = SimpleNamespace(token="", api_key=None)
    return dict(asyncio.run(hook({"model": "aster-1"}, auth, None)))
