"""What the first-party client adds to the contract: keys, connections, pauses, model names."""

import asyncio
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.schema.endpoint import EndpointConfig
from tasks.adapters.anthropic_api import AnthropicRespondent
from tasks.adapters.anthropic_message import is_same_model, read_message
from tasks.adapters.patience import asked_wait, is_passing
from tasks.kernel.errors import EndpointBusy, EndpointFault
from tasks.ports.respondent import Answer
from tests.contracts.respondent import NOW, QUESTION
from tests.fakes.messages_server import MESSAGE, Reply, as_json, serving


def _respondent(url: str, **fields: object) -> AnthropicRespondent:
    values = {
        "base_url": url,
        "model": "aster-1",
        "api_key_env": "EMERITUS_TEST_KEY",
        "timeout_seconds": 5,
        "attempts": 1,
        **fields,
    }
    return AnthropicRespondent(EndpointConfig.model_validate(values), lambda: NOW)


async def _ask(url: str, **fields: object) -> Answer:
    respondent = _respondent(url, **fields)
    try:
        return await respondent.ask(QUESTION)
    finally:
        await respondent.aclose()


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMERITUS_TEST_KEY", "planted-key-0123456789")


def test_no_server_is_busy_not_a_fault() -> None:
    with pytest.raises(EndpointBusy, match="no connection"):
        asyncio.run(_ask("http://127.0.0.1:9"))


def test_a_missing_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMERITUS_TEST_KEY")
    with pytest.raises(EndpointFault, match="EMERITUS_TEST_KEY"):
        _respondent("http://127.0.0.1:9")


@pytest.mark.parametrize("key", ["x", "e", "EMPTY", "text"])
def test_a_placeholder_for_a_key_changes_no_answer(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("EMERITUS_TEST_KEY", key)
    with serving(as_json(MESSAGE)) as (url, _):
        answer = asyncio.run(_ask(url))
    assert (answer.outcome, answer.text) == ("answered", "Hello.")
    assert json.loads(answer.raw) == MESSAGE


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refused_call_says_how_to_mend(status: int) -> None:
    hint = {400: "configuration", 401: "key", 403: "rights", 404: "name"}[status]
    with (
        serving(as_json({"error": {"message": "no"}}, status)) as (url, _),
        pytest.raises(EndpointFault, match=hint),
    ):
        asyncio.run(_ask(url))


def test_a_short_pause_is_sat_out_by_all_calls_at_once() -> None:
    busy: Reply = (429, {"retry-after-ms": "150"}, b"{}")

    async def ask_twice(url: str) -> list[Answer]:
        respondent = _respondent(url, attempts=2)
        try:
            first = asyncio.create_task(respondent.ask(QUESTION))
            while not server.seen:  # until the first call is there
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            return [await respondent.ask(QUESTION), await first]
        finally:
            await respondent.aclose()

    with serving(busy, as_json(MESSAGE)) as (url, server):
        answers = asyncio.run(ask_twice(url))
        assert [answer.outcome for answer in answers] == ["answered", "answered"]
        assert len(server.seen) == 3  # one turned away; neither hammered meanwhile


def test_an_endpoint_that_forbids_another_try_is_not_tried_again() -> None:
    busy: Reply = (529, {"x-should-retry": "false"}, b"{}")
    with serving(busy, as_json(MESSAGE)) as (url, server):
        with pytest.raises(EndpointBusy):
            asyncio.run(_ask(url, attempts=3))
        assert len(server.seen) == 1


def test_a_pause_is_read_in_every_form() -> None:
    date = (NOW + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert asked_wait({"retry-after": "90"}, NOW) == 90
    assert asked_wait({"retry-after": date}, NOW) == 90
    assert asked_wait({"retry-after-ms": "1500", "retry-after": "90"}, NOW) == 1.5
    assert asked_wait({"retry-after": "1e12"}, NOW) == 366 * 86400
    assert asked_wait({}, NOW) is None


@given(st.text())
def test_a_pause_is_never_negative_or_endless(told: str) -> None:
    wait = asked_wait({"retry-after": told}, NOW)
    assert wait is None or 0 <= wait <= 366 * 86400


@pytest.mark.parametrize(
    ("status", "passing"), [(408, True), (429, True), (503, True), (501, False), (400, False)]
)
def test_what_may_pass_is_told_by_status(status: int, passing: bool) -> None:
    assert is_passing(status, {}) is passing


@pytest.mark.parametrize(
    ("asked", "served", "same"),
    [
        ("aster-1", "aster-1", True),
        ("aster-1", "aster-1-20260101", True),
        ("eu.anthropic.aster-1-20260101-v1:0", "aster-1-20260101", True),
        ("aster-1@20260101", "aster-1-20260101", True),
        ("aster-1", "aster-1-5-20260101", False),
        ("aster-1-20260101", "aster-1-20260202", False),
        ("aster-1", "birch-1", False),
    ],
)
def test_another_model_is_told_from_a_snapshot(asked: str, served: str, same: bool) -> None:
    assert is_same_model(asked, served) is same


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "content": _JSON | st.lists(st.dictionaries(st.sampled_from(["type", "text"]), _JSON)),
            "stop_reason": _JSON,
            "model": _JSON,
            "usage": _JSON,
        },
    )
    | _JSON
)
def test_whatever_comes_is_read_and_only_words_are_an_answer(body: object) -> None:
    answer = read_message(json.dumps(body), asked_model="aster-1")
    assert answer.outcome != "answered" or answer.text.strip()
    assert answer.outcome != "failed" or answer.problem
    assert answer.input_tokens >= 0
