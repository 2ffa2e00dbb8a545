"""What `doctor` asks of an endpoint, and what it makes of the answers."""

from datetime import date
from typing import Any

import pytest

from configs.schema.endpoint import EndpointConfig
from tasks.adapters.endpoint_checks import preflight
from tests.contracts.respondent import NOW
from tests.fakes.messages_server import MESSAGE, as_json, serving

LIFE = as_json({"lifecycle": "deprecated", "retires_at": "2027-03-01T00:00:00Z"})
COUNT, NONE = as_json({"input_tokens": 3}), as_json({"data": []})


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMERITUS_TEST_KEY", "planted-key-0123456789")


def config(url: str, **fields: Any) -> EndpointConfig:
    base = {"base_url": url, "model": "aster-1", "api_key_env": "EMERITUS_TEST_KEY"}
    return EndpointConfig.model_validate({**base, **fields})


def test_nothing_that_costs_is_asked_where_it_shall_be_free() -> None:
    with serving(LIFE, COUNT, NONE) as (url, server):
        found = preflight(config(url), lambda: NOW, free=True)
    assert [check.name.split()[0] for check in found] == ["lifecycle", "count_tokens", "batches"]
    assert "/v1/messages" not in [path for path, _, _ in server.seen]


@pytest.mark.parametrize(
    ("last_day", "state"), [(date(2027, 3, 1), "ok"), (date(2027, 3, 2), "warn"), (None, "ok")]
)
def test_an_endpoint_that_ends_earlier_than_configured_is_told(
    last_day: date | None, state: str
) -> None:
    with serving(as_json(MESSAGE), LIFE, COUNT, NONE) as (url, _):
        found = preflight(config(url), lambda: NOW, retires_on=last_day)
    assert found[1].state == state
    assert (state == "warn") == ("move retires_on" in found[1].said)


def test_a_person_waits_neither_for_tries_nor_for_a_pause() -> None:
    busy = as_json({"error": {"message": "busy"}}, 529, retry_after="600")
    with serving(busy) as (url, server):
        (found,) = preflight(config(url, attempts=9), lambda: NOW)
    assert found.state == "fail"
    assert len(server.seen) == 1


def test_what_batches_would_save_is_told() -> None:
    with serving(as_json(MESSAGE), LIFE, COUNT, NONE) as (url, _):
        found = preflight(config(url), lambda: NOW)
    assert "half the price" in found[-1].said
    with serving(as_json(MESSAGE), LIFE, COUNT, as_json({}, 404)) as (url, _):
        found = preflight(config(url), lambda: NOW)
    assert "full price" in found[-1].said
