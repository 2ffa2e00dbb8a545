"""The SDK adapter against a real HTTP server that answers whatever a test wants."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from configs.schema.endpoint import EndpointConfig
from tasks.adapters.anthropic_api import AnthropicRespondent
from tasks.kernel.errors import EndpointBusy, EndpointFault
from tasks.ports.respondent import Answer, Lifecycle, Question

QUESTION = Question(("Hello?",), 100, "Be brief.")
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "aster-1-20260101",
    "content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo."}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 7, "output_tokens": 3},
}


class _Server(ThreadingHTTPServer):
    answers: list[tuple[int, dict[str, str], bytes]]
    seen: list[tuple[str, dict[str, str], bytes]]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        self.server.seen.append((self.path, dict(self.headers), self.rfile.read(length)))
        answers = self.server.answers
        status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815  # the standard library names it

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[str, _Server]]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.answers, server.seen = list(answers), []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _json(body: object, status: int = 200, **headers: str) -> tuple[int, dict[str, str], bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"content-type": "application/json", **named}, json.dumps(body).encode()


def _respondent(url: str, attempts: int = 1) -> AnthropicRespondent:
    config = EndpointConfig(
        base_url=url,
        model="aster-1",
        api_key_env="EMERITUS_TEST_KEY",
        timeout_seconds=5,
        attempts=attempts,
    )
    return AnthropicRespondent(config)


def _ask(url: str, attempts: int = 1) -> Answer:
    async def ask() -> Answer:
        respondent = _respondent(url, attempts)
        try:
            return await respondent.ask(QUESTION)
        finally:
            await respondent.aclose()

    return asyncio.run(ask())


def _lifecycle(url: str) -> Lifecycle:
    return asyncio.run(_respondent(url).lifecycle())


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMERITUS_TEST_KEY", "planted-key-0123456789")


def test_an_answer_keeps_all_that_proves_it() -> None:
    with serving(_json(MESSAGE, request_id="req_9", emeritus_simulated="x")) as (url, server):
        answer = _ask(url)
    assert (answer.outcome, answer.text, answer.stop_reason) == ("answered", "Hello.", "end_turn")
    assert (answer.request_id, answer.served_model) == ("req_9", "aster-1-20260101")
    assert (answer.input_tokens, answer.output_tokens, answer.simulated) == (7, 3, True)
    assert json.loads(answer.raw) == MESSAGE
    path, headers, body = server.seen[0]
    assert path == "/v1/messages"
    assert "planted-key-0123456789" in str(headers)
    assert json.loads(body) == {
        "model": "aster-1",
        "max_tokens": 100,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Hello?"}],
    }


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"stop_reason": "max_tokens"}, "truncated"),
        ({"stop_reason": "refusal"}, "refused"),
        ({"content": []}, "empty"),
        ({"content": [{"type": "text", "text": " \n"}]}, "empty"),
        ({"content": "text"}, "failed"),
        ({"content": None}, "failed"),
        ({"usage": None}, "answered"),
    ],
)
def test_each_ending_is_an_outcome_of_its_own(change: dict[str, object], outcome: str) -> None:
    with serving(_json({**MESSAGE, **change})) as (url, _):
        assert _ask(url).outcome == outcome


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"", b"[]", b'"x"', b"null"])
def test_a_page_with_status_200_is_never_an_answer(body: bytes) -> None:
    with serving((200, {"content-type": "text/html"}, body)) as (url, _):
        answer = _ask(url)
    assert answer.outcome == "failed"
    assert answer.problem.startswith("HTTP 200, but not a message")


@pytest.mark.parametrize("status", [429, 500, 502, 529])
def test_a_busy_endpoint_is_transient(status: int) -> None:
    with (
        serving((status, {}, b"<html>odd error body</html>")) as (url, _),
        pytest.raises(EndpointBusy, match=f"HTTP {status}"),
    ):
        _ask(url)


@pytest.mark.parametrize(
    ("status", "hint"), [(400, "configuration"), (401, "key"), (403, "rights"), (404, "name")]
)
def test_a_refused_call_is_final_and_says_how_to_mend(status: int, hint: str) -> None:
    with (
        serving(_json({"error": {"message": "no"}}, status)) as (url, _),
        pytest.raises(EndpointFault, match=hint) as refused,
    ):
        _ask(url)
    assert not isinstance(refused.value, EndpointBusy)
    assert "planted-key-0123456789" not in str(refused.value)


def test_tries_within_a_pass_follow_retry_after() -> None:
    busy = (429, {"retry-after": "0"}, b"{}")
    with serving(busy, busy, _json(MESSAGE)) as (url, server):
        assert _ask(url, attempts=3).outcome == "answered"
        assert len(server.seen) == 3


def test_no_server_is_busy_not_a_fault() -> None:
    with pytest.raises(EndpointBusy, match="no connection"):
        _ask("http://127.0.0.1:9")


def test_a_missing_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMERITUS_TEST_KEY")
    with pytest.raises(EndpointFault, match="EMERITUS_TEST_KEY"):
        _respondent("http://127.0.0.1:9")


def test_the_lifecycle_is_read() -> None:
    body = {
        "id": "aster-1",
        "type": "model",
        "display_name": "Aster",
        "created_at": "2025-01-01T00:00:00Z",
        "lifecycle": "deprecated",
        "retires_at": "2027-03-01T00:00:00Z",
    }
    with serving(_json(body)) as (url, _):
        found = _lifecycle(url)
    assert (found.lifecycle, found.retires_at and found.retires_at.year) == ("deprecated", 2027)


@pytest.mark.parametrize(
    "answer",
    [
        _json({"id": "x", "object": "model"}),  # as vLLM lists models
        _json({"error": "no"}, 404),
        _json({}, 405),
        (200, {"content-type": "text/html"}, b"<html>"),
    ],
)
def test_an_endpoint_without_lifecycle_says_unknown(
    answer: tuple[int, dict[str, str], bytes],
) -> None:
    with serving(answer) as (url, _):
        found = _lifecycle(url)
    assert (found.lifecycle, found.retires_at) == ("unknown", None)
    assert found.note


def test_a_key_that_the_endpoint_echoes_is_struck_out() -> None:
    with (
        serving(_json({"error": {"message": "bad key planted-key-0123456789"}}, 401)) as (url, _),
        pytest.raises(EndpointFault, match=r"bad key \[key\]") as refused,
    ):
        _ask(url)
    assert refused.value.__cause__ is None
    with serving(_json({**MESSAGE, "echo": "planted-key-0123456789"})) as (url, _):
        assert "planted-key-0123456789" not in _ask(url).raw


@pytest.mark.parametrize("key", ["x", "e", "EMPTY", "text"])
def test_a_placeholder_for_a_key_changes_no_answer(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("EMERITUS_TEST_KEY", key)
    with serving(_json(MESSAGE)) as (url, _):
        answer = _ask(url)
    assert (answer.outcome, answer.text) == ("answered", "Hello.")
    assert json.loads(answer.raw) == MESSAGE
