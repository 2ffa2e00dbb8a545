"""Message batches, read from whatever an endpoint sends."""

import asyncio
import json
from typing import Any

import pytest

from configs.schema.endpoint import EndpointConfig
from tasks.adapters.anthropic_batches import AnthropicBatches
from tasks.adapters.endpoint_checks import preflight
from tasks.kernel.errors import EndpointBusy
from tasks.ports.batches import BatchResult, BatchState, NoBatches
from tests.contracts.respondent import NOW, QUESTION
from tests.fakes.messages_server import MESSAGE, Reply, as_json, serving

BATCH = {
    "id": "msgbatch_1",
    "processing_status": "ended",
    "request_counts": {"processing": 0, "succeeded": 1, "errored": 1},
    "created_at": "2026-12-01T09:00:00Z",
    "ended_at": "2026-12-01T10:00:00Z",
    "results_url": "http://127.0.0.1:9/elsewhere",
}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMERITUS_TEST_KEY", "planted-key-0123456789")


def _config(url: str, **fields: Any) -> EndpointConfig:
    base = {"base_url": url, "model": "aster-1", "api_key_env": "EMERITUS_TEST_KEY", "attempts": 3}
    return EndpointConfig.model_validate({**base, **fields})


def _look(url: str) -> BatchState | None:
    async def go() -> BatchState | None:
        batches = AnthropicBatches(_config(url), lambda: NOW)
        try:
            return await batches.look("msgbatch_1")
        finally:
            await batches.aclose()

    return asyncio.run(go())


def _collect(url: str) -> list[BatchResult]:
    async def go() -> list[BatchResult]:
        batches = AnthropicBatches(_config(url), lambda: NOW)
        try:
            state = await batches.look("msgbatch_1")
            assert state is not None
            return [result async for result in batches.results(state)]
        finally:
            await batches.aclose()

    return asyncio.run(go())


def _lines(*lines: object) -> Reply:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return 200, {"content-type": "application/x-jsonl"}, text.encode()


def _result(name: str, kind: str, **more: object) -> dict[str, object]:
    return {"custom_id": name, "result": {"type": kind, **more}}


def test_results_are_read_from_the_configured_host_whatever_url_is_named() -> None:
    with (
        serving(_lines()) as (elsewhere, other),
        serving(
            as_json({**BATCH, "results_url": f"{elsewhere}/steal"}),
            _lines(_result("a", "succeeded", message=MESSAGE)),
        ) as (url, server),
    ):
        (found,) = _collect(url)
        assert other.seen == []
    assert [path for path, _, _ in server.seen] == [
        "/v1/messages/batches/msgbatch_1",
        "/v1/messages/batches/msgbatch_1/results",
    ]
    assert (found.answer.text, found.answer.request_id) == ("Hello.", "msgbatch_1/msg_1")


def test_each_result_is_what_it_is_and_says_when() -> None:
    error = {"type": "error", "error": {"type": "api_error", "message": "No luck."}}
    separator = {**MESSAGE, "content": [{"type": "text", "text": "a\u2028b"}]}
    lines = _lines(
        json.dumps(_result("whole", "succeeded", message=separator), ensure_ascii=False),
        _result("refused", "succeeded", message={**MESSAGE, "stop_reason": "refusal"}),
        _result("odd", "succeeded", message="<html>"),
        _result("bad", "errored", error=error),
        _result("late", "expired"),
        _result("stopped", "canceled"),
        _result("new", "some_later_kind"),
        "",
        "{cut",
        {"custom_id": 7, "result": {"type": "succeeded"}},
    )
    with serving(as_json(BATCH), lines) as (url, _):
        found = {one.question_id: one for one in _collect(url)}
    told = {name: (one.result, one.answer.outcome) for name, one in found.items()}
    assert told == {
        "whole": ("succeeded", "answered"),
        "refused": ("succeeded", "refused"),
        "odd": ("succeeded", "failed"),
        "bad": ("errored", "failed"),
        "late": ("expired", "failed"),
        "stopped": ("canceled", "failed"),
        "new": ("errored", "failed"),
    }
    assert "api_error: No luck." in found["bad"].answer.problem
    assert found["whole"].answer.text == "a\u2028b"
    assert {one.answer.answered_at for one in found.values()} == {NOW.replace(hour=10)}
    assert all(one.answer.raw for one in found.values())


def test_a_page_in_place_of_a_batch_is_no_reason_to_give_it_up() -> None:
    with serving((200, {}, b"<html>Back soon</html>")) as (url, _), pytest.raises(EndpointBusy):
        _look(url)


def test_a_batch_that_is_unknown_is_told_from_one_that_waits() -> None:
    with serving(as_json({"error": {}}, 404)) as (url, _):
        assert _look(url) is None


@pytest.mark.parametrize(("status", "sent"), [(500, 1), (429, 3)])
def test_what_may_have_come_through_is_not_sent_twice(status: int, sent: int) -> None:
    async def submit(url: str) -> None:
        batches = AnthropicBatches(_config(url), lambda: NOW)
        try:
            await batches.submit({"a": QUESTION})
        finally:
            await batches.aclose()

    with serving((status, {"retry-after": "0"}, b"")) as (url, server):
        with pytest.raises(EndpointBusy):
            asyncio.run(submit(url))
        assert len(server.seen) == sent


def test_a_check_tells_what_an_endpoint_has() -> None:
    life = {"lifecycle": "deprecated", "retires_at": "2027-03-01T00:00:00Z"}
    replies = [as_json(MESSAGE), as_json(life), as_json({"input_tokens": 3}), as_json({"data": []})]
    with serving(*replies) as (url, _):
        found = preflight(_config(url, batches="when_offered"), lambda: NOW)
    assert [check.state for check in found] == ["ok"] * 4
    said = " | ".join(check.said for check in found)
    assert "deprecated, retires 2027-03-01 00:00 UTC" in said
    assert "a wave goes out at once" in said


def test_a_check_warns_of_batches_that_are_wanted_and_not_offered() -> None:
    bare = {**MESSAGE, "usage": None}  # as a small server serves it
    with serving(as_json(bare), as_json({}, 404)) as (url, _):
        found = preflight(_config(url, batches="when_offered"), lambda: NOW)
        plain = preflight(_config(url), lambda: NOW)
    states = {check.name.split()[0]: check.state for check in found}
    assert states == {
        "endpoint": "warn",
        "lifecycle": "ok",
        "count_tokens": "ok",
        "batches": "warn",
    }
    assert "one by one" in found[-1].said
    assert plain[0].state == "fail"  # the server has only the 404 left


def test_a_check_of_an_endpoint_without_a_key_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMERITUS_TEST_KEY")
    (found,) = preflight(_config("http://127.0.0.1:9"), lambda: NOW)
    assert found.state == "fail"
    assert "EMERITUS_TEST_KEY" in found.said


def test_a_cloud_without_batches_is_never_called_for_them() -> None:
    fields = {"adapter": "bedrock", "region": "us-east-1"}
    with serving(as_json(BATCH)) as (url, server), pytest.raises(NoBatches, match="bedrock"):
        asyncio.run(AnthropicBatches(_config(url, **fields), lambda: NOW).recent())
    assert server.seen == []
