"""What every respondent does, whatever client and wire form it speaks.

An adapter's test subclasses `RespondentContract` as `Test...` and says how its endpoint is
configured and what its requests look like. All of it goes over real HTTP.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

import pytest

from configs.schema.endpoint import EndpointConfig
from tasks.adapters.anthropic_api import AnthropicRespondent
from tasks.adapters.anthropic_batches import AnthropicBatches
from tasks.kernel.errors import EndpointBusy, EndpointFault
from tasks.ports.batches import NoBatches
from tasks.ports.respondent import Answer, Lifecycle, Question
from tests.fakes.clock import FakeClock
from tests.fakes.messages_server import MESSAGE, Reply, as_json, serving

SECRET = "planted-key-0123456789"
QUESTION = Question(("Hello?", "Hello.", "Who are you?"), 100, "Be brief.")
NOW = FakeClock().now()
NO_SUCH_CALL: list[Reply] = [
    as_json({"error": "no"}, 404),
    (405, {}, b"<html>Method Not Allowed</html>"),
    (501, {}, b"Not Implemented"),
    as_json({"detail": "unknown field"}, 400),
]
ENDINGS: list[tuple[dict[str, object], str]] = [
    ({"stop_reason": "max_tokens"}, "truncated"),
    ({"stop_reason": "model_context_window_exceeded"}, "truncated"),
    ({"stop_reason": "pause_turn"}, "truncated"),
    ({"stop_reason": "tool_use"}, "truncated"),
    ({"stop_reason": "refusal"}, "refused"),
    ({"stop_reason": "stop_sequence"}, "answered"),
    ({"stop_reason": None}, "answered"),
    ({"content": []}, "empty"),
    ({"content": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}]}, "empty"),
    ({"content": [{"type": "text", "text": " \n"}]}, "empty"),
    ({"content": "text"}, "failed"),
    ({"content": None}, "failed"),
    ({"content": [{"type": "text", "text": None}]}, "failed"),
    ({"usage": None}, "answered"),
    ({"usage": {"input_tokens": "many"}}, "answered"),
]
_Result = TypeVar("_Result")


class RespondentContract:
    """Behaviour that interviews rely on."""

    #: Fields of the configuration, but for the URL and the model.
    fields: ClassVar[dict[str, Any]]
    #: Path of a question, as the server sees it.
    path = "/v1/messages"
    #: Whether the endpoint may count tokens, tell the lifecycle, take batches.
    counts, lists_models, takes_batches = True, True, True

    @pytest.fixture(autouse=True)
    def environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The key, and no credentials of whoever runs the tests."""
        monkeypatch.setenv("EMERITUS_TEST_KEY", SECRET)
        for name in ("AWS_BEARER_TOKEN_BEDROCK", "ANTHROPIC_AWS_API_KEY", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)

    def config(self, url: str, **more: Any) -> EndpointConfig:
        fields = {"base_url": url, "model": "aster-1", "timeout_seconds": 5, "attempts": 1}
        return EndpointConfig(**{**fields, **self.fields, **more})

    def run(
        self, url: str, call: Callable[[AnthropicRespondent], Awaitable[_Result]], **more: Any
    ) -> _Result:
        async def go() -> _Result:
            respondent = AnthropicRespondent(self.config(url, **more), lambda: NOW)
            try:
                return await call(respondent)
            finally:
                await respondent.aclose()

        return asyncio.run(go())

    def ask(self, *answers: Reply, **more: Any) -> Answer:
        with serving(*answers) as (url, _):
            return self.run(url, lambda one: one.ask(QUESTION), **more)

    def ask_each(self, replies: list[Reply]) -> list[Answer]:
        """Ask once a reply, all of one server."""

        async def go(one: AnthropicRespondent) -> list[Answer]:
            return [await one.ask(QUESTION) for _ in replies]

        with serving(*replies) as (url, _):
            return self.run(url, go)

    def is_signed(self, headers: dict[str, str]) -> bool:
        """Whether a request carries the credentials."""
        return SECRET in headers.get("authorization", "")

    def test_an_answer_keeps_all_that_proves_it(self) -> None:
        reply = as_json(MESSAGE, request_id="req_9", emeritus_simulated="x")
        with serving(reply) as (url, server):
            answer = self.run(url, lambda one: one.ask(QUESTION))
        assert (answer.outcome, answer.text, answer.problem) == ("answered", "Hello.", "")
        assert (answer.request_id, answer.served_model) == ("req_9", "aster-1-20260101")
        assert (answer.stop_reason, answer.input_tokens, answer.output_tokens) == ("end_turn", 7, 3)
        assert (answer.simulated, answer.answered_at) == (True, NOW)
        assert json.loads(answer.raw) == MESSAGE
        path, headers, body = server.seen[0]
        assert path == self.path
        assert self.is_signed(headers)
        sent = json.loads(body)
        assert (sent["max_tokens"], sent["system"]) == (100, "Be brief.")
        assert [turn["role"] for turn in sent["messages"]] == ["user", "assistant", "user"]
        assert not {"temperature", "top_p", "top_k", "tool_choice"} & set(sent)

    def test_each_ending_is_an_outcome_of_its_own(self) -> None:
        replies = [as_json({**MESSAGE, **change}) for change, _ in ENDINGS]
        found = [answer.outcome for answer in self.ask_each(replies)]
        assert found == [outcome for _, outcome in ENDINGS]

    def test_a_body_that_is_no_whole_message_is_never_an_answer(self) -> None:
        cut = json.dumps(MESSAGE).encode()[:90]
        bodies = [b"<html>Welcome</html>", b"", b"[]", b"null", cut]
        replies: list[Reply] = [(200, {"content-type": "text/html"}, body) for body in bodies]
        for answer in self.ask_each(replies):
            assert (answer.outcome, answer.text) == ("failed", "")
            assert answer.problem.startswith("HTTP 200, but not a message")

    def test_a_body_that_breaks_off_is_asked_again(self) -> None:
        whole = json.dumps(MESSAGE).encode()
        broken = (200, {"content-length": str(len(whole)), "connection": "close"}, whole[:50])
        with serving(broken) as (url, _), pytest.raises(EndpointBusy):
            self.run(url, lambda one: one.ask(QUESTION), timeout_seconds=0.3)

    def test_another_model_that_answers_is_told(self) -> None:
        answer = self.ask(as_json({**MESSAGE, "model": "birch-2"}))
        assert (answer.outcome, answer.served_model) == ("answered", "birch-2")
        assert "birch-2" in answer.problem

    def test_a_busy_endpoint_is_transient(self) -> None:
        for fault in self.faults([408, 429, 500, 502, 529], b"<html>odd error body</html>"):
            assert isinstance(fault, EndpointBusy)

    def test_a_refused_call_is_final_and_gives_no_key_away(self) -> None:
        statuses = [400, 401, 403, 404, 422, 501]
        said = json.dumps({"error": {"message": f"no, {SECRET}"}}).encode()
        for fault, status in zip(self.faults(statuses, said), statuses, strict=True):
            assert not isinstance(fault, EndpointBusy)
            assert fault.status == status
            assert SECRET not in str(fault)
            assert fault.__cause__ is None

    def faults(self, statuses: list[int], body: bytes) -> list[EndpointFault]:
        """What each of these statuses raises."""

        async def go(one: AnthropicRespondent) -> list[EndpointFault]:
            found = []
            for _ in statuses:
                with pytest.raises(EndpointFault) as raised:
                    await one.ask(QUESTION)
                found.append(raised.value)
            return found

        with serving(*((status, {}, body) for status in statuses)) as (url, _):
            return self.run(url, go)

    def test_a_redirect_takes_nothing_to_another_host(self) -> None:
        with (
            serving(as_json(MESSAGE)) as (elsewhere, other),
            pytest.raises(EndpointFault, match="base_url"),
        ):
            self.ask((307, {"location": elsewhere.replace("127.0.0.1", "localhost")}, b""))
        assert other.seen == []

    def test_a_key_that_is_echoed_stands_in_no_answer(self) -> None:
        assert SECRET not in self.ask(as_json({**MESSAGE, "echo": SECRET})).raw

    def test_tries_within_a_pass_follow_retry_after(self) -> None:
        busy = (429, {"retry-after": "0"}, b"{}")
        assert self.ask(busy, busy, as_json(MESSAGE), attempts=3).outcome == "answered"

    def test_what_asks_for_more_patience_than_there_is_names_the_instant(self) -> None:
        async def ask_many(one: AnthropicRespondent) -> list[EndpointBusy]:
            found = []
            for _ in range(5):
                with pytest.raises(EndpointBusy) as busy:
                    await one.ask(QUESTION)
                found.append(busy.value)
            return found

        with serving((429, {"retry-after": "7200"}, b"{}")) as (url, server):
            found = self.run(url, ask_many, attempts=3)
            assert len(server.seen) == 1
        assert all(
            busy.until is not None
            and timedelta(seconds=7190) < busy.until - NOW <= timedelta(seconds=7200)
            for busy in found
        )

    def test_tokens_are_counted_where_the_endpoint_counts(self) -> None:
        with serving(as_json({"input_tokens": 42})) as (url, server):
            count = self.run(url, lambda one: one.count_tokens(QUESTION))
        assert count == (42 if self.counts else None)
        assert len(server.seen) == int(self.counts)

    def test_an_endpoint_that_counts_no_tokens_is_no_fault(self) -> None:
        replies = [*NO_SUCH_CALL, (200, {}, b"<html>"), as_json({"x": 1})]

        async def go(one: AnthropicRespondent) -> list[int | None]:
            return [await one.count_tokens(QUESTION) for _ in replies]

        with serving(*replies) as (url, _):
            assert self.run(url, go) == [None] * len(replies)

    def test_the_lifecycle_is_read_where_the_endpoint_tells_it(self) -> None:
        told = {"id": "aster-1", "lifecycle": "deprecated", "retires_at": "2027-03-01T00:00:00Z"}
        with serving(as_json(told)) as (url, _):
            found = self.run(url, lambda one: one.lifecycle())
        assert found.lifecycle == ("deprecated" if self.lists_models else "unknown")
        assert (found.retires_at is None) == (found.note != "")

    def test_an_endpoint_without_lifecycle_says_unknown(self) -> None:
        replies = [*NO_SUCH_CALL[:3], (200, {}, b"<html>"), as_json({"id": "x"})]  # as vLLM's

        async def go(one: AnthropicRespondent) -> list[Lifecycle]:
            return [await one.lifecycle() for _ in replies]

        with serving(*replies) as (url, _):
            for found in self.run(url, go):
                assert (found.lifecycle, found.retires_at) == ("unknown", None)
                assert found.note

    def _submit(self, url: str) -> str:
        async def go() -> str:
            batches = AnthropicBatches(self.config(url), lambda: NOW)
            try:
                return (await batches.submit({"a": QUESTION})).id
            finally:
                await batches.aclose()

        return asyncio.run(go())

    def test_batches_are_taken_or_said_not_to_be(self) -> None:
        batch = {
            "id": "msgbatch_1",
            "processing_status": "in_progress",
            "created_at": "2026-12-01T09:00:00Z",
        }
        with serving(as_json(batch)) as (url, server):
            if self.takes_batches:
                assert self._submit(url) == "msgbatch_1"
                assert json.loads(server.seen[0][2])["requests"][0]["custom_id"] == "a"
                return
            with pytest.raises(NoBatches):
                self._submit(url)
            assert server.seen == []

    def test_an_endpoint_without_batches_says_so(self) -> None:
        for reply in [*NO_SUCH_CALL, (200, {}, b"<html>")]:
            with serving(reply) as (url, _), pytest.raises(NoBatches):
                self._submit(url)
