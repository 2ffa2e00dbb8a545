"""Holding a wave: every answer once, every outcome its own, resumable to the call."""

import pytest
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.interviews.task import hold_wave, register_design
from tasks.interviews.view import assess
from tasks.kernel.errors import BudgetExhausted, EndpointBusy, EndpointFault
from tasks.kernel.stages import StageState
from tasks.ports.respondent import Answer, Question
from tasks.records import Book, Fence
from tasks.records.interview import MOST_TRIES, Conversation, Design
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.respondent import FakeRespondent, says


@pytest.fixture
def config() -> RetirementConfig:
    return retirement(
        interviews={
            "themes": ["share_essays"],
            "contexts": ["bare"],
            "waves": 2,
            "probes_per_wave": 1,
            "max_calls": 50,
        }
    )


@pytest.fixture
def ready(config: RetirementConfig, book: Book, fence: Fence) -> RetirementConfig:
    register_design.fn(config, fence)
    return config


def _use(monkeypatch: pytest.MonkeyPatch, respondent: FakeRespondent) -> FakeRespondent:
    monkeypatch.setattr(wiring, "respondent", lambda _: respondent)
    return respondent


def _rows(book: Book) -> list[Conversation]:
    with book.reading() as session:
        return list(session.exec(select(Conversation)))


def test_a_wave_is_held_once_and_the_next_one_waits(
    ready: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    respondent = _use(monkeypatch, FakeRespondent(lambda _: says("I would like that.")))
    hold_wave.fn(ready, fence)
    assert len(respondent.asked) == 5
    hold_wave.fn(ready, fence)
    assert len(respondent.asked) == 5
    found = assess(ready, book, clock.now())
    assert (found.state, found.until) == (StageState.WAITING, clock.now().replace(day=2, hour=21))
    clock.advance(hours=36)
    hold_wave.fn(ready, fence)
    assert len(respondent.asked) == 10
    assert assess(ready, book, clock.now()).state is StageState.DONE
    rows = _rows(book)
    assert {(r.outcome, r.attempts, r.text, r.simulated) for r in rows} == {
        ("answered", 1, "I would like that.", True)
    }
    assert all(r.raw_sha256 and r.request_id for r in rows)


@pytest.mark.parametrize("outcome", ["refused", "empty", "truncated", "failed"])
def test_what_is_no_answer_is_an_outcome_of_its_own(
    ready: RetirementConfig,
    book: Book,
    fence: Fence,
    monkeypatch: pytest.MonkeyPatch,
    outcome: str,
) -> None:
    _use(monkeypatch, FakeRespondent(lambda _: Answer(outcome, "half a")))  # type: ignore[arg-type]
    hold_wave.fn(ready, fence)
    assert {row.outcome for row in _rows(book)} == {outcome}


def test_a_busy_endpoint_costs_only_the_calls_under_way(
    ready: RetirementConfig, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = 0

    def reply(_: Question) -> Answer:
        nonlocal answered
        if answered >= 2:
            raise EndpointBusy("busy")
        answered += 1
        return says("Yes.")

    _use(monkeypatch, FakeRespondent(reply))
    with pytest.raises(EndpointBusy):
        hold_wave.fn(ready, fence)
    assert sorted(r.outcome for r in _rows(book))[:2] == ["answered", "answered"]
    later = _use(monkeypatch, FakeRespondent(lambda _: says("Yes.")))
    hold_wave.fn(ready, fence)
    assert len(later.asked) == 3
    assert [r.outcome for r in _rows(book)] == ["answered"] * 5


def test_a_refused_key_stops_the_wave(
    ready: RetirementConfig, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Question) -> Answer:
        raise EndpointFault("HTTP 401")

    _use(monkeypatch, FakeRespondent(refuse))
    with pytest.raises(EndpointFault, match="401"):
        hold_wave.fn(ready, fence)


def test_the_ceiling_of_calls_is_never_passed(
    ready: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = ready.model_copy(
        update={"interviews": ready.interviews.model_copy(update={"max_calls": 10})}
    )

    def busy_at_first(_: Question) -> Answer:
        raise EndpointBusy("busy")

    _use(monkeypatch, FakeRespondent(busy_at_first))
    with pytest.raises(EndpointBusy):
        hold_wave.fn(config, fence)
    spent = sum(row.attempts for row in _rows(book))
    assert spent > 0
    respondent = _use(monkeypatch, FakeRespondent(lambda _: says("Yes.")))
    hold_wave.fn(config, fence)
    clock.advance(hours=36)
    with pytest.raises(BudgetExhausted, match="max_calls"):
        hold_wave.fn(config, fence)
    assert spent + len(respondent.asked) == 10


def test_a_design_over_the_ceiling_is_not_registered(
    config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    dear = config.model_copy(
        update={"interviews": config.interviews.model_copy(update={"max_calls": 9})}
    )
    register_design.fn(dear, fence)
    with book.reading() as session:
        assert session.exec(select(Design)).all() == []
    found = assess(dear, book, clock.now())
    assert found.state is StageState.BLOCKED
    assert "max_calls" in found.reason


def test_a_changed_design_is_refused_by_name(
    ready: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    changed = ready.model_copy(
        update={"interviews": ready.interviews.model_copy(update={"seed": 5, "waves": 3})}
    )
    found = assess(changed, book, clock.now())
    assert found.state is StageState.BLOCKED
    assert "seed, waves" in found.reason


def test_a_page_instead_of_a_message_gets_a_few_more_passes_and_no_more(
    ready: RetirementConfig, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = _use(monkeypatch, FakeRespondent(lambda _: Answer("failed", problem="a page")))
    for _ in range(MOST_TRIES + 2):
        hold_wave.fn(ready, fence)
    assert len(pages.asked) == 5 * MOST_TRIES
    assert {(row.outcome, row.attempts) for row in _rows(book)} == {("failed", MOST_TRIES)}


def test_a_page_then_a_message_is_an_answer(
    ready: RetirementConfig, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    _use(monkeypatch, FakeRespondent(lambda _: Answer("failed", problem="a page")))
    hold_wave.fn(ready, fence)
    _use(monkeypatch, FakeRespondent(lambda _: says("Yes.")))
    hold_wave.fn(ready, fence)
    assert {(row.outcome, row.attempts, row.problem) for row in _rows(book)} == {
        ("answered", 2, "")
    }
