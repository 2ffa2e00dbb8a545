"""A withdrawal carried out by the real LiteLLM proxy, from the real signed file.

The model behind the proxy is a small server of ours, and so are the keys of callers without a
grant, which LiteLLM would look up in a database.
"""

import hashlib
import statistics
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anthropic
import httpx
import pytest
import yaml

from configs.schema import RetirementConfig
from flows.withdrawal_acts import act_on_withdrawal, withdrawal_statement
from tasks import wiring
from tasks.access.withdrawal.act import WITHDRAWAL_NAMESPACE
from tasks.access.withdrawal.plan import Standing, plan_of
from tasks.access.withdrawal.snippet import litellm_snippet
from tasks.adapters.grant_signing import GrantSigning
from tasks.adapters.grants_file import GrantsFile
from tasks.kernel.digests import canonical_json
from tasks.kernel.instants import to_text
from tasks.ports.gateway import GrantedAccess, KeyAtGateway
from tasks.records.access import Approval, Grant, Packet
from tests.fakes.configs import retirement
from tests.fakes.grants import Serials
from tests.fakes.litellm_proxy import MASTER_KEY, Proxy, bearer, model_list, running
from tests.fakes.model_upstream import Upstream
from tests.tasks.access.conftest import People, tell_owners

NAMES = ("aster-1", "aster-claude", "aster-down")
GRANTED, SEARCH, PLAIN = "sk-em-granted", "sk-search", "sk-plain"
AUTH = """
import emeritus_litellm
from litellm.proxy._types import UserAPIKeyAuth

async def user_api_key_auth(request, api_key):
    found = await emeritus_litellm.user_api_key_auth(request, api_key)
    if not isinstance(found, str):
        return found
    return UserAPIKeyAuth(api_key=found, team_id={"sk-search": "search"}.get(found))
"""


@dataclass(frozen=True)
class Scene:
    """The running proxy, and the file that it reads."""

    proxy: Proxy
    folder: Path
    file: GrantsFile
    model: Upstream

    def plan(self, **changes: Any) -> dict[str, Any]:
        """Put a plan in force: announced long ago, the last day far ahead, but for the changes."""
        withdrawal = {
            "information_url": "https://example.org/aster-1",
            "successor_url": "https://example.org/aster-2",
        }
        plan = {**plan_of(_config(withdrawal), Standing(decided=True)), **changes}
        now = datetime.now(UTC)
        grant = GrantedAccess(
            id="g1",
            model_id="aster-1",
            kind="paid_users",
            starts_at=now - timedelta(days=1),
            ends_at=now + timedelta(days=1),
            names=NAMES,
            keys=(KeyAtGateway(hashlib.sha256(GRANTED.encode()).hexdigest()),),
        )
        self.file.apply("aster-1", NAMES, [grant], plan)
        return plan

    def answers(self, key: str) -> Iterator[tuple[str, httpx.Response]]:
        """One answer of each kind of call."""
        anthropic = self.proxy.messages
        yield "chat", self.proxy.chat(key, "aster-1")
        yield "chat, streamed", self.proxy.chat(key, "aster-1", stream=True)
        yield "messages", anthropic(key, "aster-claude")
        yield "messages, streamed", anthropic(key, "aster-claude", stream=True)
        yield "messages of an OpenAI model", anthropic(key, "aster-1")
        for path, body in (
            ("/v1/responses", {"input": "Hi"}),
            ("/v1/completions", {"prompt": "Hi"}),
            ("/v1/embeddings", {"input": "Hi"}),
        ):
            yield (
                path,
                self.proxy.http.post(path, json={"model": "aster-1", **body}, headers=bearer(key)),
            )
        path = "/openai/deployments/aster-1/chat/completions"
        body = {"messages": [{"role": "user", "content": "Hi"}]}
        yield path, self.proxy.http.post(path, json=body, headers=bearer(key))


def _config(withdrawal: dict[str, Any]) -> RetirementConfig:
    today = datetime.now(UTC).date()
    surfaces = [{"name": "api", "retires_on": today + timedelta(days=100)}]
    candidate = {"announced_on": today - timedelta(days=100), "surfaces": surfaces}
    access = {"proposer": "p", "allowed_signers": "x", "withdrawal": withdrawal}
    return retirement(candidate=candidate, access=access)


def _window(start: timedelta, end: timedelta) -> dict[str, str]:
    now = datetime.now(UTC)
    return {"starts_at": to_text(now + start), "ends_at": to_text(now + end)}


BROWNOUT = _window(-timedelta(hours=1), timedelta(hours=9))
PAST = to_text(datetime.now(UTC) - timedelta(minutes=1))


@pytest.fixture(scope="module")
def scene(
    litellm_env: Path, model_server: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("proxy")
    (folder / "test_auth.py").write_text(AUTH, encoding="utf-8")
    signing = GrantSigning(folder / "keys" / "grants")
    file = GrantsFile(folder / "grants", signing, Serials(), lambda: datetime.now(UTC))
    file.apply("aster-1", NAMES, [], {})
    url = model_server.url
    models = [
        *model_list(url, "aster-1", "aster-2", "other"),
        *model_list(url, "aster-claude", provider="anthropic"),
        *model_list("http://127.0.0.1:9", "aster-down", "down", "nowhere"),
    ]
    config: dict[str, Any] = {
        "model_list": models,
        "general_settings": {
            "master_key": MASTER_KEY,
            "custom_auth": "test_auth.user_api_key_auth",
        },
        "router_settings": {
            "fallbacks": [{"down": ["aster-1"]}],
            "model_group_alias": {"another-name": "aster-1"},
            "num_retries": 0,
        },
    }
    # the piece that `emeritus withdrawal snippet` prints, as a person merges it
    plan = plan_of(_config({}), Standing(decided=True))
    printed: dict[str, Any] = yaml.safe_load(litellm_snippet(plan, NAMES, folder / "grants"))
    assert printed.keys() == {"litellm_settings"}
    config["litellm_settings"] = {**printed["litellm_settings"], "num_retries": 0}
    variables = {
        "EMERITUS_GRANTS": str(folder / "grants"),
        "EMERITUS_GRANTS_SIGNERS": str(signing.signers),
        "EMERITUS_OTHER_KEYS": "litellm",
    }
    with running(litellm_env, folder, config, variables) as proxy:
        yield Scene(proxy, folder, file, model_server)


def _has_headers(response: httpx.Response, plan: dict[str, Any]) -> bool:
    return all(response.headers.get(name) == value for name, value in plan["headers"])


def test_every_kind_of_answer_carries_the_headers_and_other_models_do_not(scene: Scene) -> None:
    plan = scene.plan()
    for what, answer in scene.answers(PLAIN):
        assert (answer.status_code, _has_headers(answer, plan)) == (200, True), what
    other = scene.proxy.chat(PLAIN, "other")
    assert (other.status_code, "sunset" in other.headers) == (200, False)


def test_before_the_announcement_nothing_is_said(scene: Scene) -> None:
    scene.plan(announced_at=to_text(datetime.now(UTC) + timedelta(days=1)))
    for what, answer in scene.answers(PLAIN):
        assert (answer.status_code, "deprecation" in answer.headers) == (200, False), what


def test_an_error_of_the_model_carries_them_on_openais_routes_and_not_on_anthropics(
    scene: Scene,
) -> None:
    plan = scene.plan()
    chat = scene.proxy.chat(PLAIN, "aster-down")
    assert (chat.status_code, _has_headers(chat, plan)) == (500, True)
    message = scene.proxy.messages(PLAIN, "aster-down")
    assert message.status_code == 500
    assert "sunset" not in message.headers  # LiteLLM asks no callback there; docs tell of it


@pytest.mark.parametrize(
    ("change", "why"), [({"brownouts": [BROWNOUT]}, "brownout"), ({"sunset_at": PAST}, "sunset")]
)
def test_a_refusal_is_a_410_that_explains_itself(
    scene: Scene, change: dict[str, Any], why: str
) -> None:
    plan = scene.plan(**change)
    asked = len(scene.model.asked)
    for key in (PLAIN, SEARCH, MASTER_KEY):
        for what, answer in scene.answers(key):
            assert (answer.status_code, _has_headers(answer, plan)) == (410, True), what
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["content-type"] == "application/json"
            assert "retry-after" not in answer.headers
            error = answer.json()["error"]
            assert "aster-2" in error["message"]
            assert "https://example.org/aster-1" in error["message"]
            assert error["withdrawal"]["reason"] == why
            if what.startswith("messages"):
                assert (answer.json()["type"], error["type"]) == ("error", "not_found_error")
            else:
                assert error["code"] == f"model_withdrawn_{why}"
    assert len(scene.model.asked) == asked
    assert scene.proxy.chat(PLAIN, "other").status_code == 200


@pytest.mark.parametrize("change", [{"brownouts": [BROWNOUT]}, {"sunset_at": PAST}])
def test_a_holder_is_served_all_the_same(scene: Scene, change: dict[str, Any]) -> None:
    plan = scene.plan(**change)
    for what, answer in scene.answers(GRANTED):
        assert (answer.status_code, _has_headers(answer, plan)) == (200, True), what


@pytest.mark.parametrize("held", ["undecided", "paused", "legal_hold"])
def test_a_plan_that_is_not_in_force_refuses_nobody(scene: Scene, held: str) -> None:
    scene.plan(sunset_at=PAST, brownouts=[BROWNOUT], in_force=False, held_by=held)
    assert {answer.status_code for _, answer in scene.answers(PLAIN)} == {200}


def test_a_brownout_begins_and_ends_at_its_instants_and_nothing_has_to_run(scene: Scene) -> None:
    window = _window(timedelta(seconds=1.5), timedelta(seconds=3.5))
    scene.plan(brownouts=[window])
    start, end = (datetime.fromisoformat(window[k]) for k in ("starts_at", "ends_at"))
    seen: set[tuple[str, int]] = set()
    while True:
        sent = datetime.now(UTC)
        status = scene.proxy.chat(PLAIN, "aster-1").status_code
        answered = datetime.now(UTC)
        if answered < start:
            seen.add(("before", status))
        elif start <= sent and answered < end:
            seen.add(("within", status))
        elif sent >= end:
            seen.add(("after", status))
            break
    assert seen == {("before", 200), ("within", 410), ("after", 200)}


def _consented(**more: Any) -> dict[str, Any]:
    redirect = {"owner": "Search team", "callers": ["team_id:search"], "target": "aster-2"}
    return {**redirect, **_window(-timedelta(hours=1), timedelta(hours=1)), **more}


@pytest.mark.parametrize("change", [{}, {"brownouts": [BROWNOUT]}, {"sunset_at": PAST}])
def test_who_consented_is_answered_by_the_successor_and_told_so(
    scene: Scene, change: dict[str, Any]
) -> None:
    plan = scene.plan(redirects=[_consented()], **change)
    asked = len(scene.model.asked)
    for what, answer in scene.answers(SEARCH):
        assert answer.status_code == 200, (what, answer.text)
        assert answer.headers["x-emeritus-redirected-to"] == "aster-2", what
        assert _has_headers(answer, plan), what
    assert set(scene.model.models[asked:]) == {"aster-2"}


def test_nobody_else_is_redirected_and_not_before_or_after_the_term(scene: Scene) -> None:
    scene.plan(redirects=[_consented()])
    asked = len(scene.model.asked)
    for key in (PLAIN, GRANTED):
        assert "x-emeritus-redirected-to" not in scene.proxy.chat(key, "aster-1").headers
    scene.plan(redirects=[_consented(**_window(timedelta(hours=1), timedelta(hours=2)))])
    scene.proxy.chat(SEARCH, "aster-1")
    scene.plan(redirects=[_consented(**_window(-timedelta(hours=2), -timedelta(hours=1)))])
    scene.proxy.chat(SEARCH, "aster-1")
    assert set(scene.model.models[asked:]) == {"aster-1"}
    scene.plan(redirects=[_consented()], sunset_at=PAST)
    assert scene.proxy.chat(PLAIN, "aster-1").status_code == 410


def test_calls_at_one_moment_do_not_mix(scene: Scene) -> None:
    scene.plan(redirects=[_consented()])
    keys = [SEARCH, PLAIN, GRANTED] * 20

    def redirected_to(key: str) -> str | None:
        answer = scene.proxy.chat(key, "aster-1", stream=len(key) % 2 == 0)
        assert answer.status_code == 200
        return answer.headers.get("x-emeritus-redirected-to")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(redirected_to, keys))
    assert found == ["aster-2" if key == SEARCH else None for key in keys]


@pytest.mark.parametrize(
    "body",
    [{"model": "another-name"}, {"model": "down"}, {"model": "nowhere", "fallbacks": ["aster-1"]}],
)
def test_no_alias_and_no_fallback_leads_past_the_plan(scene: Scene, body: dict[str, Any]) -> None:
    scene.plan(sunset_at=PAST)
    asked = len(scene.model.asked)
    assert scene.proxy.chat(PLAIN, **body).status_code in (410, 500)
    assert len(scene.model.asked) == asked
    scene.plan()
    assert scene.proxy.chat(PLAIN, **body).status_code == 200
    assert scene.model.models[asked:] == ["aster-1"]


OPENAI_CLIENT = """
import sys, httpx, openai
seen = []
hooks = {"response": [lambda response: seen.append(response.status_code)]}
http = httpx.Client(event_hooks=hooks, trust_env=False)
client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="sk-plain", http_client=http)
try:
    client.chat.completions.create(model="aster-1", messages=[{"role": "user", "content": "Hi"}])
except openai.APIStatusError as error:
    print(seen, error.code, error.param, "Use aster-2 instead" in error.message)
"""


def test_vendors_own_clients_try_once_and_show_the_explanation(
    scene: Scene, litellm_env: Path
) -> None:
    scene.plan(brownouts=[BROWNOUT])
    command = [litellm_env / "bin" / "python", "-c", OPENAI_CLIENT, scene.proxy.url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said == "[410] model_withdrawn_brownout model True\n"
    seen: list[int] = []
    hooks = {"response": [lambda response: seen.append(response.status_code)]}
    with anthropic.DefaultHttpxClient(event_hooks=hooks, trust_env=False) as http:
        client = anthropic.Anthropic(base_url=scene.proxy.url, api_key=PLAIN, http_client=http)
        with pytest.raises(anthropic.APIStatusError, match="Use aster-2 instead") as refused:
            client.messages.create(
                model="aster-1", max_tokens=9, messages=[{"role": "user", "content": "Hi"}]
            )
    assert (seen, refused.value.status_code) == ([410], 410)


def _decided(scene: Scene, people: People) -> RetirementConfig:
    """A model whose last day has passed, as its owner was told, with a full retirement decided."""
    now = datetime.now(UTC)
    yesterday = now.date() - timedelta(days=1)
    body = {
        "approvals_needed": 2,
        "grants": ["essay_channel"],
        "names": ["aster-1"],
        "proposal": "hard_retire",
        "term_days": 180,
    }
    packet = Packet(
        digest="packet",
        model_id="aster-1",
        body=canonical_json(body).decode(),
        basis="b",
        proposed_at=now,
        expires_at=now,
    )
    with wiring.book().writing(now) as writing:
        writing.put(packet, "x")
        for person in ("alice", "bob"):
            row = Approval(
                id=person,
                model_id="aster-1",
                packet_digest="packet",
                person=person,
                fingerprint=person,
                signature="s",
                received_at=now,
            )
            writing.put(row, "x")
        grant = Grant(
            id="grant",
            model_id="aster-1",
            packet_digest="packet",
            kind="essay_channel",
            starts_at=now,
            ends_at=now + timedelta(days=180),
        )
        writing.put(grant, "x")
    tell_owners(wiring.book(), now, yesterday.isoformat())
    return retirement(
        candidate={
            "announced_on": yesterday - timedelta(days=100),
            "surfaces": [{"name": "api", "retires_on": yesterday}],
        },
        access={
            "proposer": "paula",
            "allowed_signers": str(people.allowed),
            "grants_folder": str(scene.folder / "grants"),
            "gateway": {"signing_key_file": str(scene.folder / "keys" / "grants")},
        },
    )


def test_from_a_persons_pause_to_the_first_served_call_is_far_below_a_minute(
    scene: Scene, home: Path, tmp_path: Path
) -> None:
    """The act is signed, recorded, and written for the gateway; the next call reads it."""
    people = People(tmp_path)
    people.add("alice")
    config = _decided(scene, people)
    took: dict[str, list[float]] = {"pause": [], "resume": []}

    def act(action: str, until: int) -> None:
        words = withdrawal_statement(config, action, "A drill.")
        signature = people.sign("alice", words, WITHDRAWAL_NAMESPACE)
        began = time.monotonic()
        act_on_withdrawal(config, action, "alice", "A drill.", signature)
        while scene.proxy.chat(PLAIN, "aster-1").status_code != until:
            assert time.monotonic() - began < 60
        took[action].append(time.monotonic() - began)

    act("pause", 200)  # also writes this plan for the first time
    for _ in range(10):
        act("resume", 410)
        act("pause", 200)
    for action, seconds in took.items():
        print(f"{action}: median {statistics.median(seconds):.3f} s, max {max(seconds):.3f} s")
    assert max(took["pause"]) < 60
