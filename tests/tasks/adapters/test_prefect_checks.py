"""What a Prefect server lacks is told, with the command that mends it."""

import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from tasks.adapters import prefect_checks as tried
from tasks.adapters.clock_checks import Seen
from tasks.adapters.prefect_checks import PrefectServer, judge_deployments, judge_workers
from tasks.ports.checks import Check
from tests.fakes.messages_server import Reply, as_json, serving

WANTED = {"one-model": "flows/retire.py:retire", "folder": "flows/fleet.py:fleet"}
POOL = {"name": "emeritus", "type": "process", "is_paused": False, "concurrency_limit": 3}
WORKER = {"name": "ops-1", "status": "ONLINE"}


def deployed(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "entrypoint": WANTED[name], "paused": False, "schedules": [], **more}


ALL = [deployed(name) for name in WANTED]


def ask(*replies: Reply, headers: Mapping[str, str] | None = None) -> dict[str, Check]:
    with serving(*replies) as (url, server):
        known = PrefectServer(f"{url}/api", headers or {}, "3.9.1")
        found = list(tried.prefect_checks(known, "emeritus", WANTED))
        for name, value in (headers or {}).items():
            assert {sent[name.lower()] for _, sent, _ in server.seen} == {value}
    return {check.name: check for check in found if isinstance(check, Check)}


def states(found: Mapping[str, Check]) -> dict[str, str]:
    return {name: check.state for name, check in found.items()}


def test_a_whole_server_is_ok() -> None:
    found = ask(as_json("3.9.1"), as_json(POOL), as_json([WORKER]), as_json(ALL))
    assert set(states(found).values()) == {"ok"}
    assert list(found) == ["Prefect", "work pool", "worker", "deployments"]
    assert "at most 3 runs at once" in found["work pool"].said


def test_its_clock_is_told() -> None:
    with serving(as_json("3.9.1", Date="Wed, 25 Nov 2026 12:00:00 GMT"), as_json({}, 500)) as (
        url,
        _,
    ):
        found = list(tried.prefect_checks(PrefectServer(url, {}, "3.9.1"), "emeritus", WANTED))
    assert any(isinstance(one, Seen) for one in found)


@pytest.mark.parametrize(("version", "state"), [("3.9.4", "warn"), ("3.8.8", "fail")])
def test_another_version_is_told(version: str, state: str) -> None:
    found = ask(as_json(version), as_json(POOL), as_json([WORKER]), as_json(ALL))
    assert found["Prefect"].state == state
    assert version in found["Prefect"].said


def test_a_pool_that_is_missing_is_made_by_a_command() -> None:
    found = ask(as_json("3.9.1"), as_json({}, 404), as_json([]))
    assert states(found) == {"Prefect": "ok", "work pool": "warn", "deployments": "warn"}
    assert "emeritus deploy" in found["work pool"].said


def test_a_server_that_asks_for_a_key_gets_it_or_says_so() -> None:
    secret = {"Authorization": "Bearer hidden-word-0123456789"}
    assert ask(as_json("3.9.1"), as_json(POOL), as_json([]), as_json(ALL), headers=secret)
    (found,) = ask(as_json({}, 401), headers=secret).values()
    assert found.state == "fail"
    assert "PREFECT_API_KEY" in found.said
    assert "hidden-word" not in found.said


@pytest.mark.parametrize("reply", [as_json({}, 500), (200, {}, b"<html>")])
def test_what_is_no_prefect_server_fails(reply: Reply) -> None:
    (found,) = ask(reply).values()
    assert found.state == "fail"


def test_no_server_is_a_warning_with_what_follows() -> None:
    (found,) = tried.prefect_checks(PrefectServer("", {}, "3.9.1"), "emeritus", WANTED)
    assert isinstance(found, Check)
    assert found.state == "warn"
    assert "nothing runs on a schedule" in found.said


def test_a_server_that_hangs_fails_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tried, "_PATIENCE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        threading.Thread(target=silent.accept, daemon=True).start()
        url = f"http://u:hidden-word@127.0.0.1:{silent.getsockname()[1]}/api"
        began = time.monotonic()
        (found,) = tried.prefect_checks(PrefectServer(url, {}, "3.9.1"), "emeritus", WANTED)
    assert time.monotonic() - began < 5
    assert isinstance(found, Check)
    assert found.state == "fail"
    assert "PREFECT_API_URL" in found.said
    assert "hidden-word" not in found.said


def test_missing_and_outdated_deployments_are_named() -> None:
    found = {
        c.name: c for c in judge_deployments(WANTED, [deployed("folder", entrypoint="x.py:x")])
    }
    other = [c.said for c in judge_deployments(WANTED, [deployed("folder", entrypoint="x.py:x")])]
    assert found["deployments"].state == "fail"
    assert any("1 of 2 are not deployed: one-model" in said for said in other)
    assert any("folder (x.py:x for flows/fleet.py:fleet)" in said for said in other)


def test_what_is_switched_off_is_told() -> None:
    on, off = {"active": True}, {"active": False}
    found = {
        check.name: check
        for check in judge_deployments(
            WANTED,
            [
                deployed("folder", schedules=[off], paused=True),
                deployed("one-model", schedules=[on]),
            ],
        )
    }
    assert found["paused"].state == found["schedules"].state == "warn"
    assert "off: folder; on: one-model" in found["schedules"].said


def test_a_limit_of_runs_is_told() -> None:
    limited = deployed("folder", global_concurrency_limit={"limit": 1})
    found = {check.name: check for check in judge_deployments(WANTED, [limited])}
    assert "limited: folder" in found["concurrency"].said


@pytest.mark.parametrize(
    ("workers", "state", "words"),
    [
        ([WORKER], "ok", "ops-1 online"),
        ([{**WORKER, "status": "OFFLINE"}], "fail", "last known: ops-1"),
        ([], "fail", "prefect worker start --pool emeritus"),
    ],
)
def test_somebody_has_to_take_the_runs(workers: Any, state: str, words: str) -> None:
    found = judge_workers("emeritus", workers)
    assert found.state == state
    assert words in found.said
