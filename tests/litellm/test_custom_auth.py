"""The hook inside the real LiteLLM proxy: who is let through, and to what."""

import json
import statistics
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.litellm_proxy import MASTER_KEY, bearer
from tests.litellm.hook_scene import ASKS_FOR_ANOTHER, CHAT, MODEL, NAMES, Scene, grant, utc_now


def test_a_key_opens_its_model_on_every_served_route(scene: Scene) -> None:
    key, _ = scene.give(grant("g-routes"))
    chat = {"messages": [{"role": "user", "content": "Hi"}]}
    bodies = {
        "/v1/chat/completions": {"model": MODEL, **chat},
        "/chat/completions": {"model": "aster-1-latest", **chat, "stream": True},
        f"/engines/{MODEL}/chat/completions": chat,
        f"/openai/deployments/{MODEL}/chat/completions?api-version=1": {"model": MODEL, **chat},
        "/v1/completions": {"model": MODEL, "prompt": "Hi"},
        "/v1/embeddings": {"model": MODEL, "input": "Hi"},
        "/v1/messages": {"model": MODEL, "max_tokens": 9, **chat},
        "/v1/messages/count_tokens": {"model": MODEL, **chat},
        "/v1/responses": {"model": MODEL, "input": "Hi"},
    }
    for path, body in bodies.items():
        answer = scene.proxy.http.post(path, json=body, headers=bearer(key))
        assert answer.status_code == 200, (path, answer.text)
    assert set(scene.upstream.models) <= {"", *NAMES}


@pytest.mark.parametrize(("path", "body"), ASKS_FOR_ANOTHER)
def test_a_wrong_model_or_an_unread_route_is_refused(
    scene: Scene, path: str, body: dict[str, Any]
) -> None:
    if "g-wrong" not in scene.grants:
        WRONG_KEY.append(scene.give(grant("g-wrong"))[0])
    before = len(scene.upstream.asked)
    answer = scene.proxy.http.post(path, json=body, headers=bearer(WRONG_KEY[0]))
    assert answer.status_code >= 400, answer.text
    assert len(scene.upstream.asked) == before


WRONG_KEY: list[str] = []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"model": "aster-1", "model": "aster-2", "messages": []}', "application/json"),
        (b'{"model": "aster-2"', "application/json"),
        (b"model=aster-2", "application/x-www-form-urlencoded"),
        (
            b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\naster-2\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
        (b"\x00\x01", "application/octet-stream"),
        (b"[]", "application/json"),
        (b"", "application/json"),
    ],
    ids=["named twice", "cut off", "form", "multipart", "binary", "list", "empty"],
)
def test_a_body_that_cannot_be_read_is_refused(scene: Scene, content: bytes, kind: str) -> None:
    key, _ = scene.give(grant(f"g-body-{kind[-4:]}-{len(content)}"))
    before = len(scene.upstream.asked)
    headers = {**bearer(key), "content-type": kind}
    answer = scene.proxy.http.post("/v1/chat/completions", content=content, headers=headers)
    assert answer.status_code >= 400, answer.text  # LiteLLM itself refuses some, as 500
    assert len(scene.upstream.asked) == before


@pytest.mark.parametrize(
    "path", ["/v1/models", "/model/info", "/key/list", "/key/info", "/spend/logs"]
)
def test_a_holder_reads_nothing_of_the_proxy(scene: Scene, path: str) -> None:
    key, _ = scene.give(grant(f"g-get-{path[-4:]}"))
    assert scene.proxy.http.get(path, headers=bearer(key)).status_code == 403


def test_every_header_that_carries_a_key_is_decided_alike(scene: Scene) -> None:
    key, given = scene.give(grant("g-headers"))
    body = {"model": MODEL, **CHAT}
    headers = [bearer(key), {"x-api-key": key}, {"api-key": key}, {"x-litellm-api-key": key}]

    def statuses() -> set[int]:
        post = scene.proxy.http.post
        return {post("/v1/chat/completions", json=body, headers=h).status_code for h in headers}

    assert statuses() == {200}
    scene.tell(replace(given, revoked_at=utc_now()))
    assert statuses() == {403}


def test_other_keys_are_refused_and_the_master_key_passes(scene: Scene) -> None:
    assert scene.proxy.chat("sk-made-up", MODEL).status_code == 401
    assert scene.proxy.http.post("/v1/chat/completions", json={}).status_code == 401
    assert scene.proxy.chat(MASTER_KEY, "aster-2").status_code == 200


def test_a_refusal_tells_the_holder_why_and_names_no_key(scene: Scene) -> None:
    key, given = scene.give(grant("g-why"))
    scene.tell(replace(given, revoked_at=utc_now()))
    answer = scene.proxy.chat(key, MODEL)
    assert "grant g-why of aster-1 was revoked on" in answer.json()["error"]["message"]
    assert key not in answer.text
    assert key not in scene.proxy.log.read_text()


def test_a_grant_begins_and_ends_by_time_alone(scene: Scene) -> None:
    now = utc_now()
    key, _ = scene.give(
        grant("g-time", starts_at=now + timedelta(seconds=1), ends_at=now + timedelta(seconds=2))
    )
    seen = []
    while utc_now() < now + timedelta(seconds=2.5):
        seen.append((utc_now() - now, scene.proxy.chat(key, MODEL).status_code, utc_now() - now))
        time.sleep(0.02)
    for asked, status, answered in seen:
        if answered < timedelta(seconds=1) or asked >= timedelta(seconds=2):
            assert status == 403
        elif asked >= timedelta(seconds=1) and answered < timedelta(seconds=2):
            assert status == 200
    assert {status for _, status, _ in seen} == {200, 403}


def test_a_tampered_file_opens_nothing_and_an_older_one_is_refused(scene: Scene) -> None:
    key, given = scene.give(grant("g-replay"))
    path = Path(scene.file.apply(MODEL, NAMES, tuple(scene.grants.values()), {}).where)
    signature = Path(f"{path}.sig")
    old = path.read_bytes(), signature.read_bytes()
    scene.tell(replace(given, revoked_at=utc_now()))
    new = path.read_bytes(), signature.read_bytes()
    assert scene.proxy.chat(key, MODEL).status_code == 403
    path.write_bytes(old[0])
    signature.write_bytes(old[1])
    assert scene.proxy.chat(key, MODEL).status_code == 403
    body = json.loads(new[0])
    for one in body["grants"]:
        one["revoked_at"] = None
    path.write_bytes(json.dumps(body).encode())
    signature.write_bytes(new[1])
    assert scene.proxy.chat(key, MODEL).status_code == 403
    path.write_bytes(new[0])
    assert scene.proxy.chat(key, MODEL).status_code == 403


def test_a_name_that_another_models_file_tells_of_opens_to_nobody(scene: Scene) -> None:
    """Whichever file comes first by its name: the proxy can't know which model it serves there."""
    key, given = scene.give(grant("g-shared"))
    shut = scene.give(grant("g-none", names=()))[0]
    assert [scene.proxy.chat(key, name).status_code for name in NAMES] == [200, 200]
    assert scene.proxy.chat(shut, MODEL).status_code == 403
    for other in ("aaa", "zzz"):
        scene.file.apply(other, [other, MODEL], (), {})
        assert [scene.proxy.chat(key, name).status_code for name in NAMES] == [403, 200]
        scene.file.apply(other, [other], (), {})
        assert [scene.proxy.chat(key, name).status_code for name in NAMES] == [200, 200]
    assert "the name aster-1 is told of by the grants files of" in scene.proxy.log.read_text()
    scene.tell(replace(given, names=NAMES[1:]))
    assert [scene.proxy.chat(key, name).status_code for name in NAMES] == [403, 200]


def test_a_revocation_takes_less_than_a_second(
    scene: Scene, record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the act's file being written to the first refusal; asked without a pause in between."""
    took = []
    for number in range(30):
        key, given = scene.give(grant(f"g-fast-{number}"))
        assert scene.proxy.chat(key, MODEL).status_code == 200
        start = time.monotonic()
        scene.tell(replace(given, revoked_at=utc_now()))
        while scene.proxy.chat(key, MODEL).status_code == 200:
            pass
        took.append(time.monotonic() - start)
        del scene.grants[given.id]
    middle, most = statistics.median(took) * 1000, max(took) * 1000
    told = f"revoked in {middle:.0f} ms (median), {most:.0f} ms at most"
    record_property("revocation", told)
    with capsys.disabled():
        print(f"\n{told}")
    assert max(took) < 1
