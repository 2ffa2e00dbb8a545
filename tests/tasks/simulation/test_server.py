"""The server through the real `anthropic` SDK, and raw HTTP where the SDK hides something."""

import http.client
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anthropic
import pytest

from configs.load import load_instrument
from tasks.simulation.coding import read_answer
from tasks.simulation.planted import PlantedWorld
from tasks.simulation.serve import running
from tasks.validation.codebook import user_turn
from tasks.validation.prompts import system_prompt

QUESTION = "Neutral wording 1: what is your view on stable one?"
CODEBOOK = system_prompt("coder_a.md.j2", load_instrument(Path("legacy"))[1].themes)
SAID = "I would rather not have my essays published."
CODING = user_turn(f"{SAID} The canal is fine as it is.")


def _http(
    base_url: str, method: str, path: str, body: object = None, *, key: str = "any"
) -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(base_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    headers = {"x-api-key": key} if key else {}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, {k.lower(): v for k, v in response.getheaders()}, content


def _fault(base_url: str, **fields: Any) -> None:
    status, _, content = _http(base_url, "POST", "/_simulate/faults", fields)
    assert status == 201, content


def _ask(client: anthropic.Anthropic, text: str = QUESTION, model: str = "old") -> Any:
    messages: Any = [{"role": "user", "content": text}]
    system = CODEBOOK if text == CODING else anthropic.omit
    return client.messages.create(model=model, max_tokens=800, messages=messages, system=system)


def _coded(text: str) -> dict[str, str]:
    """The one coding in a reply, whatever stands around it; an empty list is `off_topic`."""
    codings = json.loads(text[text.index("{") : text.rindex("}") + 1])["codings"]
    assert len(codings) <= 1
    return dict(codings[0]) if codings else {"polarity": "off_topic", "quote": ""}


def no_faults_left(base_url: str) -> Any:
    yield
    assert _http(base_url, "DELETE", "/_simulate/faults")[0] == 204


def test_a_message_is_whole_and_marked_as_simulated(client: anthropic.Anthropic) -> None:
    raw = client.messages.with_raw_response.create(
        model="old",
        max_tokens=800,
        system=[{"type": "text", "text": "You are an assistant in a small library."}],
        messages=[{"role": "user", "content": [{"type": "text", "text": QUESTION}]}],
    )
    assert raw.headers["emeritus-simulated"] == "planted-respondent"
    message = raw.parse()
    assert message._request_id
    assert message._request_id.startswith("req_")
    assert (message.stop_reason, message.model) == ("end_turn", "old")
    assert message.usage.input_tokens > 0
    block = message.content[0]
    assert block.type == "text"
    assert read_answer(block.text).polarity != "off_topic"


def test_a_stream_carries_the_same_words_as_a_message(
    make_world: Callable[..., PlantedWorld],
) -> None:
    messages: Any = [{"role": "user", "content": QUESTION}]
    said = []
    for streaming in (True, False):
        with (
            running(make_world()) as url,
            anthropic.Anthropic(base_url=url, api_key="any", max_retries=0) as client,
        ):
            if not streaming:
                said.append(_ask(client).content[0].text)
                continue
            with client.messages.stream(model="old", max_tokens=800, messages=messages) as stream:
                pieces = list(stream.text_stream)
                final = stream.get_final_message()
            assert len(pieces) > 2
            assert final.stop_reason == "end_turn"
            assert final.usage.output_tokens > 5
            said.append("".join(pieces))
    assert said[0] == said[1]


def test_an_answer_ends_at_max_tokens(client: anthropic.Anthropic) -> None:
    message = client.messages.create(
        model="old", max_tokens=5, messages=[{"role": "user", "content": QUESTION}]
    )
    assert message.stop_reason == "max_tokens"
    assert len(message.content[0].text) == 20  # type: ignore[union-attr]


def test_tokens_are_counted(client: anthropic.Anthropic) -> None:
    count = client.messages.count_tokens(
        model="old", messages=[{"role": "user", "content": "a" * 400}]
    )
    assert 100 <= count.input_tokens <= 110


def test_models_tell_their_lifecycle(client: anthropic.Anthropic) -> None:
    old = client.models.retrieve("old")
    assert old.lifecycle == "deprecated"
    assert old.retires_at is not None
    assert old.retires_at.year == 2027
    listed = {model.id for model in client.models.list()}
    assert listed == {"old", "silent", "coder", "sloppy"}
    assert [model.id for model in client.models.list(lifecycle=["retired"])] == ["gone"]


def test_a_coder_replies_with_the_json_it_was_asked_for(client: anthropic.Anthropic) -> None:
    dresses = set()
    for _ in range(30):
        text = _ask(client, CODING, "coder").content[0].text
        dresses.add((text.startswith("{"), "```" in text))
        assert _coded(text) == {
            "theme": "share_essays",
            "polarity": "reject",
            "quote": SAID,
        }
    assert len(dresses) >= 3


def test_structured_output_is_bare_json(client: anthropic.Anthropic) -> None:
    for _ in range(10):
        message = client.messages.create(
            model="coder",
            max_tokens=500,
            messages=[{"role": "user", "content": CODING}],
            system=CODEBOOK,
            output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}},
        )
        text = message.content[0].text  # type: ignore[union-attr]
        assert json.loads(text)["codings"][0]["polarity"] == "reject"


def test_a_sloppy_coder_errs_at_its_rates(client: anthropic.Anthropic) -> None:
    wrong = fabricated = 0
    for _ in range(200):
        text = _ask(client, CODING, "sloppy").content[0].text
        coded = _coded(text)
        wrong += coded["polarity"] != "reject"
        fabricated += coded["quote"] not in CODING
    assert 35 <= wrong <= 85
    assert 55 <= fabricated <= 105


def test_a_batch_goes_from_creation_to_results(client: anthropic.Anthropic) -> None:
    def params(model: str) -> Any:
        messages = [{"role": "user", "content": QUESTION}]
        return {"model": model, "max_tokens": 500, "messages": messages}

    batch = client.messages.batches.create(
        requests=[
            {"custom_id": "a", "params": params("old")},
            {"custom_id": "b", "params": params("nobody")},
        ]
    )
    assert batch.processing_status == "in_progress"
    assert batch.request_counts.processing == 2
    batch = client.messages.batches.retrieve(batch.id)
    assert batch.processing_status == "ended"
    assert (batch.request_counts.succeeded, batch.request_counts.errored) == (1, 1)
    results = {line.custom_id: line.result for line in client.messages.batches.results(batch.id)}
    good, bad = results["a"], results["b"]
    assert good.type == "succeeded"
    assert good.message.content[0].text  # type: ignore[union-attr]
    assert bad.type == "errored"
    assert bad.error.error.type == "not_found_error"
    # Read again, the same: nothing is answered twice.
    again = {line.custom_id: line.result for line in client.messages.batches.results(batch.id)}
    assert again == results
    assert batch.id in [listed.id for listed in client.messages.batches.list()]
    with pytest.raises(anthropic.BadRequestError):
        client.messages.batches.cancel(batch.id)


def test_a_batch_can_be_canceled(client: anthropic.Anthropic) -> None:
    entry: Any = {"custom_id": "a", "params": {"model": "old", "max_tokens": 5, "messages": []}}
    batch = client.messages.batches.create(requests=[entry])
    assert client.messages.batches.cancel(batch.id).processing_status == "canceling"
    assert [line.result.type for line in client.messages.batches.results(batch.id)] == ["canceled"]


@pytest.mark.parametrize("requests", [[], [{"custom_id": "bad id", "params": {}}]])
def test_a_malformed_batch_is_refused(client: anthropic.Anthropic, requests: Any) -> None:
    with pytest.raises(anthropic.BadRequestError):
        client.messages.batches.create(requests=requests)


def test_the_sdk_waits_and_retries_after_429(base_url: str) -> None:
    _fault(base_url, status=429, times=2, retry_after_seconds=0.01)
    before = _calls(base_url)
    with anthropic.Anthropic(base_url=base_url, api_key="any", max_retries=2) as client:
        assert _ask(client).stop_reason == "end_turn"
    assert _calls(base_url) - before == 3


def _calls(base_url: str) -> int:
    log = json.loads(_http(base_url, "GET", "/_simulate/log")[2])
    return int(log["calls"].get("POST /v1/messages", {}).get("old", 0))


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (429, anthropic.RateLimitError, "rate_limit_error"),
        (500, anthropic.InternalServerError, "api_error"),
        (529, anthropic.APIStatusError, "overloaded_error"),
    ],
)
def test_faults_come_in_the_error_envelope(
    client: anthropic.Anthropic,
    base_url: str,
    status: int,
    error: type[anthropic.APIStatusError],
    kind: str,
) -> None:
    _fault(base_url, status=status, times=1, retry_after_seconds=1)
    with pytest.raises(error) as caught:
        _ask(client)
    assert caught.value.status_code == status
    assert caught.value.body["error"]["type"] == kind  # type: ignore[index]
    assert caught.value.request_id
    assert caught.value.response.headers["retry-after"] == "1"
    assert _ask(client).stop_reason == "end_turn"


def test_a_fault_for_a_while_strikes_one_model_until_it_is_cleared(
    client: anthropic.Anthropic, base_url: str
) -> None:
    _fault(base_url, status=529, for_seconds=600, model="old")
    for _ in range(3):
        with pytest.raises(anthropic.APIStatusError):
            _ask(client)
    with pytest.raises(anthropic.APIStatusError):
        client.models.retrieve("old")
    assert _ask(client, CODING, "coder").content
    _http(base_url, "DELETE", "/_simulate/faults")
    assert _ask(client).content


def test_broken_answers_are_each_of_their_own_kind(
    client: anthropic.Anthropic, base_url: str
) -> None:
    _fault(base_url, kind="empty")
    empty = _ask(client)
    assert (empty.content, empty.stop_reason) == ([], "end_turn")
    _fault(base_url, kind="refusal")
    refusal = _ask(client)
    assert (refusal.content, refusal.stop_reason) == ([], "refusal")
    assert refusal.stop_details.type == "refusal"
    _fault(base_url, kind="truncated")
    assert _ask(client).stop_reason == "max_tokens"
    _fault(base_url, kind="html")
    status, headers, content = _http(base_url, "POST", "/v1/messages", {"model": "old"})
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    assert content.startswith(b"<!doctype html>")


def test_a_cut_stream_never_says_that_it_stopped(
    client: anthropic.Anthropic, base_url: str
) -> None:
    _fault(base_url, kind="truncated")
    messages: Any = [{"role": "user", "content": QUESTION}]
    stream = client.messages.create(model="old", max_tokens=800, messages=messages, stream=True)
    kinds = {event.type for event in stream}
    assert "content_block_delta" in kinds
    assert not kinds & {"content_block_stop", "message_delta", "message_stop"}


def test_a_call_that_hangs_ends_with_the_client_or_the_server(
    make_world: Callable[..., PlantedWorld],
) -> None:
    with running(make_world(faults=[{"kind": "hang"}, {"kind": "hang"}])) as url:
        with (
            anthropic.Anthropic(base_url=url, api_key="x", max_retries=0, timeout=0.2) as client,
            pytest.raises(anthropic.APITimeoutError),
        ):
            _ask(client)
        left = threading.Thread(target=_http, args=(url, "POST", "/v1/messages", {"model": "old"}))
        left.start()
    left.join(timeout=5)
    assert not left.is_alive()


@pytest.mark.parametrize("status", [400, 404, 405, 501])
def test_a_server_can_lack_parts_of_the_api_as_small_ones_do(
    make_world: Callable[..., PlantedWorld], status: int
) -> None:
    lacks = ["models", "batches", "count_tokens"]
    with (
        running(make_world(lacks=lacks, lacks_status=status)) as url,
        anthropic.Anthropic(base_url=url, api_key="any", max_retries=0) as client,
    ):
        assert _ask(client).content
        for call in (
            lambda: client.models.retrieve("old"),
            lambda: client.messages.batches.create(requests=[]),
            lambda: client.messages.batches.retrieve("msgbatch_sim_000001"),
            lambda: client.messages.count_tokens(
                model="old", messages=[{"role": "user", "content": "x"}]
            ),
        ):
            with pytest.raises(anthropic.APIStatusError) as refused:
                call()
            assert refused.value.status_code == status


def test_faults_strike_entries_of_a_batch(client: anthropic.Anthropic, base_url: str) -> None:
    for kind in ("expired", "errored", "forgotten"):
        _fault(base_url, kind=kind)
    _fault(base_url, kind="refusal")  # inside an answer that is asked for by itself: none here
    messages: Any = [{"role": "user", "content": QUESTION}]
    params: Any = {"model": "old", "max_tokens": 500, "messages": messages}
    batch = client.messages.batches.create(
        requests=[{"custom_id": str(n), "params": params} for n in range(4)]
    )
    batch = client.messages.batches.retrieve(batch.id)
    results = {line.custom_id: line.result for line in client.messages.batches.results(batch.id)}
    assert {name: result.type for name, result in results.items()} == {
        "0": "expired",
        "1": "errored",
        "3": "succeeded",
    }
    assert batch.request_counts.processing == 0


def test_requests_without_a_key_are_turned_away(base_url: str) -> None:
    status, headers, content = _http(base_url, "GET", "/v1/models", key="")
    body = json.loads(content)
    assert status == 401
    assert body["error"]["type"] == "authentication_error"
    assert body["request_id"] == headers["request-id"]
    assert headers["emeritus-simulated"] == "planted-respondent"


def test_unknown_things_are_not_found(client: anthropic.Anthropic, base_url: str) -> None:
    for call in (
        lambda: _ask(client, model="nobody"),
        lambda: _ask(client, model="gone"),
        lambda: client.models.retrieve("nobody"),
        lambda: client.messages.batches.retrieve("msgbatch_none"),
    ):
        with pytest.raises(anthropic.NotFoundError) as caught:
            call()
        assert caught.value.body["error"]["type"] == "not_found_error"  # type: ignore[index]
    status, headers, content = _http(base_url, "GET", "/v2/nothing")
    assert status == 404
    assert json.loads(content)["type"] == "error"
    assert headers["emeritus-simulated"] == "planted-respondent"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"temperature": 1.0}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": "x"}] * 2 + [{"role": "assistant"}]}, "2"),
        ({"model": None}, "model"),
    ],
)
def test_malformed_requests_name_the_field(
    base_url: str, change: dict[str, object], field: str
) -> None:
    good = {"model": "old", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    status, _, content = _http(base_url, "POST", "/v1/messages", {**good, **change})
    error = json.loads(content)["error"]
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert field in error["message"]


def test_many_callers_at_once_each_get_an_answer_of_their_own(
    client: anthropic.Anthropic, base_url: str
) -> None:
    before = _calls(base_url)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: _ask(client).content[0].text, range(80)))
    assert len(set(answers)) >= 72
    assert _calls(base_url) - before == 80
