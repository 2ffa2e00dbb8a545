"""A wave as a Message Batch, over real HTTP with the planted respondent."""

import json
import logging
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.adapters.anthropic_batches import AnthropicBatches
from tasks.interviews import batching
from tasks.interviews.task import hold_wave, register_design
from tasks.interviews.view import assess
from tasks.kernel.errors import EndpointBusy
from tasks.kernel.stages import StageState
from tasks.records import Book, Fence
from tasks.records.batch import MessageBatch
from tasks.records.interview import Conversation
from tasks.simulation.planted import PlantedWorld, load_planted
from tasks.simulation.serve import running
from tests.fakes.clock import FakeClock
from tests.fakes.configs import endpoint, retirement

WORLD = next(Path("tasks/simulation/worlds").glob("*.yaml"))
SHEETS = 4
JOBS = SHEETS  # no probe in a first wave, no follow-up in these designs


@pytest.fixture
def clock() -> Iterator[FakeClock]:
    """As late as the endpoint's clock, which is the machine's."""
    fake = FakeClock(datetime.now(UTC))
    with wiring.using_clock(fake):
        yield fake


def _config(url: str, **fields: Any) -> RetirementConfig:
    interviews = {
        "themes": ["share_essays", "keep_in_use"],
        "contexts": ["bare", "mid_task"],
        "waves": 3,
        "paraphrases_per_cell": 2,
        "follow_ups_per_wave": 0,
        "choices": False,
        "max_calls": 60,
    }
    model = {**endpoint("aster-1", url), "batches": "when_offered", **fields}
    return retirement(endpoint=model, interviews=interviews)


@contextmanager
def serving(**fields: Any) -> Iterator[str]:
    """The demo's world with other fields."""
    world = load_planted(WORLD)
    values = {"latency_seconds": 0.0, "batch_seconds": 0.0, "faults": (), **fields}
    with running(PlantedWorld.model_validate({**world.model_dump(), **values})) as url:
        yield url


def _calls(url: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{url}/_simulate/log") as response:
        calls = json.load(response)["calls"]
    return {route: sum(counts.values()) for route, counts in calls.items()}


def _fault(url: str, **fields: Any) -> None:
    data = json.dumps(fields).encode()
    urllib.request.urlopen(urllib.request.Request(f"{url}/_simulate/faults", data)).close()


def _conversations(book: Book) -> list[Conversation]:
    with book.reading() as session:
        return list(session.exec(select(Conversation)))


def _batches(book: Book) -> list[MessageBatch]:
    with book.reading() as session:
        return list(session.exec(select(MessageBatch).order_by(MessageBatch.number)))


def test_a_wave_goes_out_at_once_and_a_later_pass_collects_it(
    book: Book, fence: Fence, clock: FakeClock
) -> None:
    with serving() as url:
        config = _config(url)
        register_design.fn(config, fence)
        hold_wave.fn(config, fence)
        sent_at = clock.now()
        found = assess(config, book, clock.now())
        assert found.state is StageState.WAITING
        assert "batch msgbatch_sim_000001 of 4 questions" in found.reason
        assert found.until is not None
        hold_wave.fn(config, fence)  # too early to look
        assert _calls(url) == {"POST /v1/messages/batches": 1}
        clock.advance(seconds=61)
        assert assess(config, book, clock.now()).state is StageState.DUE
        hold_wave.fn(config, fence)
        assert "POST /v1/messages" not in _calls(url)
    rows, (batch,) = _conversations(book), _batches(book)
    assert len(rows) == JOBS
    for row in rows:
        assert (row.outcome, row.attempts, row.served_model) == ("answered", 1, "aster-1")
        assert row.request_id.startswith("msgbatch_sim_000001/msg_")
        assert (row.answered_at, row.asked_at) == (batch.ended_at, sent_at)
        assert json.loads(row.raw)["custom_id"] == row.id
        assert "the time is that of its end" in row.problem
        assert row.stop_reason == "end_turn"
        assert row.output_tokens > 0
        assert row.simulated
    assert (batch.state, json.loads(batch.results)) == ("collected", {"succeeded": JOBS})
    assert book.verify_audit().problems == ()


def test_a_batch_that_takes_long_is_looked_at_ever_more_seldom(
    book: Book, fence: Fence, clock: FakeClock
) -> None:
    with serving(batch_seconds=86_400) as url:
        config = _config(url)
        register_design.fn(config, fence)
        hold_wave.fn(config, fence)
        for _ in range(40):
            clock.advance(minutes=3)
            hold_wave.fn(config, fence)
        looks = _calls(url)["GET /v1/messages/batches/{batch_id}"]
        assert 8 < looks < 25
        assert assess(config, book, clock.now()).state is StageState.WAITING
        assert _calls(url)["POST /v1/messages/batches"] == 1
    assert {row.outcome for row in _conversations(book)} == {"asked"}


@pytest.mark.parametrize("kind", ["expired", "errored", "forgotten"])
def test_what_a_batch_brought_no_answer_to_is_asked_again(
    book: Book, fence: Fence, clock: FakeClock, kind: str
) -> None:
    with serving() as url:
        config = _config(url)
        register_design.fn(config, fence)
        _fault(url, kind=kind, times=2)
        for _ in range(4):
            hold_wave.fn(config, fence)
            clock.advance(seconds=61)
        assert _calls(url)["batch entry"] == JOBS
    rows, batches = _conversations(book), _batches(book)
    assert {row.outcome for row in rows} == {"answered"}
    assert sorted(row.attempts for row in rows) == [1, 1, 2, 2]
    told = "missing" if kind == "forgotten" else kind
    assert json.loads(batches[0].results)[told] == 2
    assert [len(batch.asked) for batch in batches] == [JOBS, 2]


def test_what_two_batches_brought_no_answer_to_is_asked_by_itself(
    book: Book, fence: Fence, clock: FakeClock
) -> None:
    with serving() as url:
        config = _config(url)
        register_design.fn(config, fence)
        _fault(url, kind="expired", times=JOBS + 1)
        for _ in range(3):
            hold_wave.fn(config, fence)
            clock.advance(seconds=61)
        assert _calls(url)["POST /v1/messages"] == 1
    assert sorted(row.attempts for row in _conversations(book)) == [2, 2, 2, 3]
    assert {row.outcome for row in _conversations(book)} == {"answered"}


@pytest.mark.parametrize("status", [400, 404, 405, 501])
def test_an_endpoint_without_batches_is_asked_one_by_one_and_told_of_once(
    book: Book, fence: Fence, clock: FakeClock, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    caplog.set_level(logging.INFO, "emeritus")
    lacks = ["batches", "models", "count_tokens"]
    with serving(lacks=lacks, lacks_status=status) as url:
        config = _config(url)
        register_design.fn(config, fence)
        _fault(url, kind="html", times=1)
        hold_wave.fn(config, fence)
        hold_wave.fn(config, fence)
        assert _calls(url) == {"POST /v1/messages/batches": 1, "POST /v1/messages": JOBS + 1}
    assert [r.message for r in caplog.records if "has no batches" in r.message] == [
        f"the endpoint has no batches (it answers HTTP {status}); asking one by one"
    ]
    assert {row.outcome for row in _conversations(book)} == {"answered"}
    assert sorted(row.attempts for row in _conversations(book)) == [1, 1, 1, 2]  # a page came once
    (batch,) = _batches(book)
    assert batch.state == "refused"


def test_a_pass_killed_right_after_sending_finds_its_batch_again(
    book: Book, fence: Fence, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with serving() as url:
        config = _config(url)
        register_design.fn(config, fence)
        with monkeypatch.context() as patch:
            patch.setattr(batching, "note_sent", killed)
            with pytest.raises(KeyboardInterrupt):
                hold_wave.fn(config, fence)
        (batch,) = _batches(book)
        assert (batch.state, batch.batch_id) == ("submitting", "")
        assert assess(config, book, clock.now()).state is StageState.DUE
        hold_wave.fn(config, fence)
        assert _calls(url)["POST /v1/messages/batches"] == 1
        assert _calls(url)["batch entry"] == JOBS
    assert {(row.outcome, row.attempts) for row in _conversations(book)} == {("answered", 1)}


def test_a_batch_that_never_came_through_costs_no_try(
    book: Book, fence: Fence, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise EndpointBusy("no connection")

    with serving() as url:
        config = _config(url)
        register_design.fn(config, fence)
        with monkeypatch.context() as patch:
            patch.setattr(AnthropicBatches, "submit", broken)
            with pytest.raises(EndpointBusy):
                hold_wave.fn(config, fence)
        hold_wave.fn(config, fence)
        clock.advance(seconds=61)
        hold_wave.fn(config, fence)
    assert [batch.state for batch in _batches(book)] == ["lost", "collected"]
    assert {(row.outcome, row.attempts) for row in _conversations(book)} == {("answered", 1)}


def test_a_batch_that_the_endpoint_forgot_is_sent_again(
    book: Book, fence: Fence, clock: FakeClock
) -> None:
    with serving(batch_seconds=3600) as url:
        config = _config(url)
        register_design.fn(config, fence)
        hold_wave.fn(config, fence)
        clock.advance(seconds=61)
        (batch,) = _batches(book)
        with book.writing(clock.now(), fence=fence) as writing:
            row = writing.session.get_one(MessageBatch, batch.id)
            row.batch_id = "msgbatch_nobody_knows"
            writing.put(row, "test")
        hold_wave.fn(config, fence)
        assert _calls(url)["POST /v1/messages/batches"] == 2
    first, second = _batches(book)
    assert (first.state, second.state) == ("lost", "in_progress")
    assert "knows it no more" in first.problem
    assert {row.attempts for row in _conversations(book)} == {2}


def test_a_long_pause_is_kept_across_passes(book: Book, fence: Fence, clock: FakeClock) -> None:
    with serving() as url:
        config = _config(url, batches="never", concurrency=1)
        register_design.fn(config, fence)
        _fault(url, kind="status", status=429, retry_after_seconds=7200, times=1)
        with pytest.raises(EndpointBusy, match="not to be called before") as busy:
            hold_wave.fn(config, fence)
        hold_wave.fn(config, fence)
        assert _calls(url)["POST /v1/messages"] == 1
        found = assess(config, book, clock.now())
        assert (found.state, found.until) == (StageState.WAITING, busy.value.until)
        clock.advance(seconds=7201)
        hold_wave.fn(config, fence)
    assert {row.outcome for row in _conversations(book)} == {"answered"}
