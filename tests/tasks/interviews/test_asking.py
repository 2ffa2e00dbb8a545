"""Asking many questions at once, and what is written when."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.interviews import asking
from tasks.interviews.asking import Entry, Job, ask_all
from tasks.kernel.errors import EndpointBusy, EndpointFault, FenceLost
from tasks.ports.respondent import Answer, Lifecycle, Question
from tests.fakes.clock import FakeClock
from tests.fakes.respondent import says

JOBS = [Job(str(n), Question((f"Question {n}?",), 10)) for n in range(20)]
NOW = FakeClock().now()


@dataclass
class _Endpoint:
    """Answers in its own time, or raises what `faults` names for a question's number."""

    faults: dict[int, Exception] = field(default_factory=dict)
    begun: list[int] = field(default_factory=list)
    under_way: int = 0
    most: int = 0

    async def ask(self, question: Question) -> Answer:
        number = int(question.turns[0].split()[1].rstrip("?"))
        self.begun.append(number)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            for _ in range(1 + number % 5):
                await asyncio.sleep(0)
            if number in self.faults:
                raise self.faults[number]
            return says(f"Answer {number}.")
        finally:
            self.under_way -= 1

    async def lifecycle(self) -> Lifecycle:
        raise NotImplementedError

    async def count_tokens(self, question: Question) -> int | None:
        raise NotImplementedError

    async def aclose(self) -> None:
        pass


@dataclass
class _Records:
    """Keeps what was written, and checks that nothing goes out before its intent stands."""

    endpoint: _Endpoint
    begun: list[str] = field(default_factory=list)
    answered: dict[str, Answer] = field(default_factory=dict)
    withdrawn: list[str] = field(default_factory=list)

    def __call__(self, entry: Entry) -> None:
        self.begun += [job.id for job in entry.begun]
        self.answered |= {job.id: answer for job, answer in entry.answered}
        self.withdrawn += [job.id for job in entry.withdrawn]
        assert {str(n) for n in self.endpoint.begun} <= set(self.begun)
        assert set(self.answered) <= set(self.begun)


def _run(endpoint: _Endpoint, at_once: int = 4, jobs: list[Job] = JOBS) -> _Records:
    records = _Records(endpoint)
    asyncio.run(ask_all(endpoint, jobs, at_once=at_once, record=records))
    return records


@given(st.integers(1, 12), st.integers(0, 20))
@settings(max_examples=25, deadline=None)
def test_all_are_asked_once_and_written_never_more_at_once(at_once: int, count: int) -> None:
    endpoint = _Endpoint()
    records = _run(endpoint, at_once, JOBS[:count])
    assert sorted(endpoint.begun) == list(range(count))
    assert {name: answer.text for name, answer in records.answered.items()} == {
        str(n): f"Answer {n}." for n in range(count)
    }
    assert endpoint.most <= at_once
    assert records.withdrawn == []


def test_a_kill_would_lose_no_more_answers_than_calls_may_be_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "_PATIENCE", 1e9)  # however slow the disk of whoever runs this
    endpoint, at_once = _Endpoint(), 3
    exposed = []

    class _Watched(_Records):
        def __call__(self, entry: Entry) -> None:
            exposed.append(len(endpoint.begun) - len(self.answered))
            super().__call__(entry)

    records = _Watched(endpoint)
    asyncio.run(ask_all(endpoint, JOBS, at_once=at_once, record=records))
    assert len(records.answered) == len(JOBS)
    assert max(exposed) <= at_once


def test_a_busy_endpoint_is_asked_no_more_and_what_came_is_kept() -> None:
    endpoint = _Endpoint({5: EndpointBusy("no"), 6: EndpointBusy("later", until=NOW)})
    records = _Records(endpoint)
    with pytest.raises(EndpointBusy):
        asyncio.run(ask_all(endpoint, JOBS, at_once=4, record=records))
    went_out = {str(n) for n in endpoint.begun}
    assert len(went_out) < len(JOBS)
    assert set(records.answered) == went_out - {"5", "6"}
    assert set(records.begun) - set(records.withdrawn) == went_out


def test_the_instant_that_an_endpoint_names_is_not_lost_among_other_faults() -> None:
    endpoint = _Endpoint({0: EndpointBusy("no"), 1: EndpointBusy("later", until=NOW)})
    with pytest.raises(EndpointBusy) as busy:
        _run(endpoint)
    assert busy.value.until == NOW


def test_a_lost_lease_ends_it() -> None:
    def refuse(_: Entry) -> None:
        raise FenceLost("a later pass took it")

    endpoint = _Endpoint()
    with pytest.raises(FenceLost):
        asyncio.run(ask_all(endpoint, JOBS, at_once=4, record=refuse))
    assert endpoint.begun == []


def test_a_lease_lost_at_the_last_answer_is_told_too() -> None:
    def refuse(entry: Entry) -> None:
        if entry.answered:
            raise FenceLost("a later pass took it")

    with pytest.raises(FenceLost):
        asyncio.run(ask_all(_Endpoint(), JOBS[:1], at_once=4, record=refuse))


def test_a_question_that_is_refused_by_itself_is_failed() -> None:
    refused = EndpointFault("HTTP 400: too long", status=400)
    records = _run(_Endpoint({7: refused}))
    assert (records.answered["7"].outcome, records.answered["7"].problem) == (
        "failed",
        "HTTP 400: too long",
    )
    assert len(records.answered) == len(JOBS)


def test_where_every_question_is_refused_the_configuration_is_at_fault() -> None:
    faults = {n: EndpointFault("HTTP 400: no such field", status=400) for n in range(20)}
    endpoint = _Endpoint(dict(faults))
    records = _Records(endpoint)
    with pytest.raises(EndpointFault, match="no such field"):
        asyncio.run(ask_all(endpoint, JOBS, at_once=2, record=records))
    assert records.answered == {}
    assert len(endpoint.begun) <= 5


def test_a_key_that_is_refused_stops_all_at_once() -> None:
    endpoint = _Endpoint({3: EndpointFault("HTTP 401", status=401)})
    with pytest.raises(EndpointFault):
        _run(endpoint)
    assert len(endpoint.begun) < len(JOBS)
