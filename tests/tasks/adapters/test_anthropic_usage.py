"""Anthropic's admin API over real HTTP, against a server built from the SDK's types."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from configs.schema.monitoring_sources import AnthropicAdminSource
from tasks.adapters.anthropic_usage import AnthropicUsage
from tasks.kernel.errors import EndpointBusy, EndpointFault
from tests.fakes.anthropic_admin import KEY, AdminServer, admin_server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[AdminServer]:
    monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", KEY)
    monkeypatch.setattr("anthropic._base_client.BaseClient._calculate_retry_timeout", lambda *_: 0)
    with admin_server() as server:
        yield server


def opened(server: AdminServer, **fields: Any) -> AnthropicUsage:
    values = {"kind": "anthropic_admin", "name": "org", "report": "usage", "base_url": server.url}
    return AnthropicUsage(AnthropicAdminSource.model_validate({**values, **fields}))


def test_usage_by_day_and_model(server: AdminServer):
    server.use(date(2026, 11, 29), "aster-1", 7)
    server.refreshed_at = datetime(2026, 11, 30, 6, tzinfo=UTC)
    found = opened(server).read(date(2026, 11, 20), date(2026, 11, 30))
    (row,) = found.rows
    assert (row.day, row.model, row.calls) == (date(2026, 11, 29), "aster-1", 7)
    assert (row.tokens_in, row.tokens_out, row.cost_usd) == (80, 35, None)
    assert found.refreshed_at == datetime(2026, 11, 30, 6, tzinfo=UTC)
    assert not found.simulated
    (asked,) = server.asked
    assert asked["time_bucket_width"] == ["1d"]
    assert asked["group_by[]"] == ["model"]
    assert server.headers_seen[0]["anthropic-beta"] == "analytics-usage-cost-2026-08-24"


def test_cost_comes_in_fractional_cents(server: AdminServer):
    server.use(date(2026, 11, 29), "aster-1", 7, cents="1234.5")
    (row,) = opened(server, report="cost").read(date(2026, 11, 29), date(2026, 11, 29)).rows
    assert row.cost_usd == 12.345
    assert row.tokens_in is None


def test_all_pages_of_all_months_are_read(server: AdminServer):
    server.page_size = 2
    days = [
        date(2026, 9, 1),
        date(2026, 9, 2),
        date(2026, 9, 3),
        date(2026, 10, 15),
        date(2026, 11, 30),
    ]
    for day in days:
        server.use(day, "aster-1", 1)
    found = opened(server).read(date(2026, 8, 31), date(2026, 11, 30))
    assert [row.day for row in found.rows] == days
    assert len(server.asked) == 4  # three months, the first of two pages


def test_what_can_not_be_asked_is_left_out(server: AdminServer):
    found = opened(server).read(date(2025, 12, 1), date(2026, 1, 31))
    assert found.first == date(2026, 1, 1)


def test_the_same_answers_have_the_same_digest(server: AdminServer):
    server.use(date(2026, 11, 29), "aster-1", 7)
    span = date(2026, 11, 20), date(2026, 11, 30)
    one, other = opened(server).read(*span), opened(server).read(*span)
    assert one.sha256 == other.sha256
    server.use(date(2026, 11, 29), "aster-1", 8)
    assert opened(server).read(*span).sha256 != one.sha256


def test_no_key_names_its_variable(server: AdminServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ANTHROPIC_ADMIN_KEY")
    with pytest.raises(EndpointFault, match="set the environment variable ANTHROPIC_ADMIN_KEY"):
        opened(server).read(date(2026, 11, 29), date(2026, 11, 29))


@pytest.mark.parametrize(
    ("status", "said"), [(401, "check the key"), (403, "read:analytics"), (404, "base_url")]
)
def test_a_refusal_says_how_to_mend_it_and_no_secret(server: AdminServer, status: int, said: str):
    server.faults = [status]
    with pytest.raises(EndpointFault, match=said) as caught:
        opened(server).read(date(2026, 11, 29), date(2026, 11, 29))
    assert not isinstance(caught.value, EndpointBusy)
    assert KEY not in str(caught.value)


def test_a_busy_api_is_tried_again_and_then_left_to_a_later_pass(server: AdminServer):
    server.faults = [529, 500]
    server.use(date(2026, 11, 29), "aster-1", 7)
    assert opened(server).read(date(2026, 11, 29), date(2026, 11, 29)).rows
    server.faults = [529] * 3
    with pytest.raises(EndpointBusy, match="a later pass goes on"):
        opened(server).read(date(2026, 11, 29), date(2026, 11, 29))


@pytest.mark.parametrize(
    "answer",
    [b"<html>", [], {"data": 1}, {"data": [{}]}, {"data": [{"starting_at": "x", "group": {}}]}],
)
def test_what_is_no_report_is_refused(server: AdminServer, answer: Any):
    server.broken = answer
    with pytest.raises(EndpointFault, match="it answers"):
        opened(server).read(date(2026, 11, 29), date(2026, 11, 29))


def test_pages_without_an_end_are_refused(server: AdminServer):
    server.broken = {"data": [], "has_more": True, "next_page": "1"}
    with pytest.raises(EndpointFault, match="its pages have no end"):
        opened(server).read(date(2026, 11, 29), date(2026, 11, 29))


def test_a_simulation_says_so(server: AdminServer):
    server.simulated = True
    assert opened(server).read(date(2026, 11, 29), date(2026, 11, 29)).simulated
