"""The weekly test: begun once a week, resumed to the call, judged once, told once."""

import asyncio
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.errors import EndpointBusy, EndpointFault, FenceLost
from tasks.kernel.stages import StageState
from tasks.monitoring.incidents.rows import incidents_of
from tasks.monitoring.replays.same_model_task import check_same_model
from tasks.monitoring.replays.same_model_view import assess_same_model, same_model_due
from tasks.ports.respondent import Answer, Question
from tasks.records import Book, Fence
from tasks.records.replay import Replay, ReplayRun
from tests.fakes.clock import FakeClock
from tests.fakes.respondent import FakeRespondent
from tests.tasks.monitoring.replays.scene import NAMES, Speaker, config_of, freeze

CALLS = len(NAMES) * 20


def _use(monkeypatch: pytest.MonkeyPatch, reply: Callable[[Question], Answer]) -> FakeRespondent:
    respondent = FakeRespondent(reply)
    monkeypatch.setattr(wiring, "respondent", lambda _: respondent)
    return respondent


def _runs(book: Book) -> list[ReplayRun]:
    with book.reading() as session:
        return sorted(session.exec(select(ReplayRun)), key=lambda run: run.period)


def _rows(book: Book) -> list[Replay]:
    with book.reading() as session:
        return list(session.exec(select(Replay)))


def _said(config: RetirementConfig, book: Book, clock: FakeClock) -> tuple[str, str]:
    with book.reading() as session:
        found = assess_same_model(config, session, clock.now())
        assert found is not None
        assert same_model_due(config, session, clock.now()) == (found.state is StageState.DUE)
    return found.state.value, found.reason


@pytest.fixture
def config(home: Path, book: Book, fence: Fence) -> RetirementConfig:
    config = config_of(home)
    freeze(config, book, fence)
    return config


def test_the_same_model_is_asked_once_a_week_and_no_difference_is_found(
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    respondent = _use(monkeypatch, Speaker())
    assert _said(config, book, clock)[0] == "due"
    check_same_model.fn(config, fence)
    (run,) = _runs(book)
    body = json.loads(run.body)
    assert (run.period, run.state, run.outcome, run.simulated) == (
        "2026-11-30",
        "judged",
        "same",
        True,
    )
    assert (body["fresh"], body["frozen"], body["calls"]) == (CALLS, CALLS, CALLS)
    state, said = _said(config, book, clock)
    assert state == "done"
    assert said.startswith("[SIMULATED] same-model test of 2026-11-30: no difference found (p = ")
    check_same_model.fn(config, fence)
    assert len(respondent.asked) == CALLS
    clock.advance(days=6)
    assert _said(config, book, clock)[0] == "due"
    assert book.verify_audit().problems == ()


@pytest.mark.parametrize(("other", "calls", "outcome"), [(0.0, 42, "same"), (0.6, 60, "differs")])
def test_an_early_look_ends_a_week_that_is_plainly_the_same_and_no_other(
    home: Path,
    book: Book,
    fence: Fence,
    monkeypatch: pytest.MonkeyPatch,
    other: float,
    calls: int,
    outcome: str,
) -> None:
    config = config_of(home, first_samples=14, stop_above=0.001)
    freeze(config, book, fence)
    respondent = _use(monkeypatch, Speaker(other))
    check_same_model.fn(config, fence)
    (run,) = _runs(book)
    assert (len(respondent.asked), run.outcome) == (calls, outcome)
    assert json.loads(run.body).get("stopped_early", False) == (outcome == "same")
    check_same_model.fn(config, fence)
    assert len(respondent.asked) == calls


def test_another_model_opens_one_incident_however_many_weeks_it_lasts(
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _use(monkeypatch, Speaker(other=0.5))
    for _ in range(2):
        fence = book.take_lease("aster-1", "", clock.now()).fence
        check_same_model.fn(config, fence)
        clock.advance(days=7)
    assert [run.outcome for run in _runs(book)] == ["differs", "differs"]
    with book.reading() as session:
        (incident,) = incidents_of(session, "aster-1")
    evidence = json.loads(incident.evidence)
    assert (incident.kind, incident.severity, incident.simulated) == ("same_model", "high", True)
    assert evidence["began"] == "2026-11-30"
    assert evidence["p_value"] <= evidence["incident_alpha"]
    assert {one["prompt"] for one in evidence["examples"]} == set(NAMES)


def test_names_stop_reasons_and_refusals_are_told_beside_the_test(
    config: RetirementConfig, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker, asked = Speaker(), []

    def reply(question: Question) -> Answer:
        asked.append(question)
        if len(asked) % 3 == 0:
            return Answer("refused", "", "r", "aster-1", "refusal", 1, 0, "{}", True)
        told = speaker(question)
        return Answer("answered", told.text, "r", "aster-2", "end_turn", 1, 1, "{}", True)

    _use(monkeypatch, reply)
    check_same_model.fn(config, fence)
    (run,) = _runs(book)
    beside = json.loads(run.body)["beside"]
    assert run.outcome == "same"
    assert beside["new_names"] == ["aster-2"]
    assert beside["refused"]["fresh"]["hits"] == CALLS // 3
    assert beside["refused_p_value"] < 1e-6
    assert beside["stop_reasons"]["fresh"] == {"end_turn": 2 * CALLS // 3, "refusal": CALLS // 3}


def test_a_pass_that_dies_after_the_intent_is_followed_by_one_that_asks_only_what_is_missing(
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    speaker = Speaker()

    class Killed(BaseException):
        pass

    def dies(question: Question) -> Answer:
        if len(respondent.asked) > 10:
            raise Killed
        return speaker(question)

    class Slow(FakeRespondent):
        async def ask(self, question: Question) -> Answer:
            await asyncio.sleep(0)  # as a network would: others may be under way
            return await super().ask(question)

    respondent = Slow(dies)
    monkeypatch.setattr(wiring, "respondent", lambda _: respondent)
    with pytest.raises(Killed):
        check_same_model.fn(config, fence)
    before = _rows(book)
    came = {(row.prompt, row.sample) for row in before if row.outcome == "answered"}
    in_doubt = [row for row in before if row.outcome == "asked"]
    assert len(came) == 10
    assert 1 <= len(in_doubt) <= config.endpoint.concurrency + 1  # one began as the first died
    fence = book.take_lease("aster-1", "", clock.advance(minutes=5)).fence
    again = _use(monkeypatch, speaker)
    check_same_model.fn(config, fence)
    assert len(again.asked) == CALLS - len(came)
    assert sum(row.tries for row in _rows(book)) == CALLS + len(in_doubt)
    assert [run.state for run in _runs(book)] == ["judged"]


def test_no_week_makes_more_calls_than_its_ceiling_whatever_fails(
    home: Path, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(home, max_calls=64)
    freeze(config, book, fence)
    speaker = Speaker()

    def reply(question: Question) -> Answer:
        if len(respondent.asked) % 4 == 0:
            return Answer("failed", raw="<html>", problem="no message", simulated=True)
        return speaker(question)

    respondent = _use(monkeypatch, reply)
    with pytest.raises(EndpointBusy, match="no messages"):
        check_same_model.fn(config, fence)
    for _ in range(4):
        try:
            check_same_model.fn(config, fence)
        except EndpointBusy:
            continue
    assert len(respondent.asked) == 64
    (run,) = _runs(book)
    assert run.state == "judged"
    assert "max_calls (64) was reached" in json.loads(run.body)["note"]


def test_a_busy_endpoint_is_asked_on_in_the_same_week_and_given_up_in_the_next(
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    speaker = Speaker()

    def reply(question: Question) -> Answer:
        if len(respondent.asked) > 12:
            raise EndpointBusy("http://x: answered 529; try later")
        return speaker(question)

    respondent = _use(monkeypatch, reply)
    with pytest.raises(EndpointBusy):
        check_same_model.fn(config, fence)
    state, said = _said(config, book, clock)
    assert (state, f"{CALLS - 12} calls" in said) == ("due", True)
    clock.advance(days=7)
    fence = book.take_lease("aster-1", "", clock.now()).fence
    _use(monkeypatch, speaker)
    check_same_model.fn(config, fence)
    old, new = _runs(book)
    assert (old.state, old.outcome) == ("not_judged", "not_enough")
    assert json.loads(old.body)["reason"] == (
        "not judged: its week was over after 12 answers had come"
    )
    assert (new.period, new.outcome) == ("2026-12-07", "same")


@pytest.mark.parametrize(("until", "incidents"), [(None, 0), (date(2027, 6, 1), 1)])
def test_a_model_that_is_gone_is_not_judged_and_an_incident_only_while_it_is_to_be_served(
    home: Path,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    until: date | None,
    incidents: int,
) -> None:
    config = config_of(home, must_be_served_until=until)
    freeze(config, book, fence)

    def gone(_: Question) -> Answer:
        raise EndpointFault("http://x: answered 404: no such model", status=404)

    _use(monkeypatch, gone)
    check_same_model.fn(config, fence)
    (run,) = _runs(book)
    assert (run.state, run.outcome) == ("not_judged", "")
    assert _said(config, book, clock)[0] == "done"
    with book.reading() as session:
        assert len(incidents_of(session, "aster-1")) == incidents
    clock.advance(days=200)  # its last surface has ended: nobody asks for ever
    assert _said(config, book, clock)[0] == "done"
    assert "the test is over" in _said(config, book, clock)[1]


def test_a_refused_call_blocks_and_leaves_the_run_open(
    config: RetirementConfig, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_: Question) -> Answer:
        raise EndpointFault("http://x: answered 401", status=401)

    _use(monkeypatch, refuses)
    with pytest.raises(EndpointFault, match="recorded prompt"):
        check_same_model.fn(config, fence)
    assert [run.state for run in _runs(book)] == ["asking"]


def test_changed_prompts_are_told_and_nothing_is_asked(
    config: RetirementConfig,
    home: Path,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    respondent = _use(monkeypatch, Speaker())
    (home / "golden" / "aster-1.yaml").write_text("prompts:\n  - id: add\n    text: Other.\n")
    state, said = _said(config, book, clock)
    assert (state, "bring back the file" in said) == ("blocked", True)
    check_same_model.fn(config, fence)
    assert respondent.asked == []


def test_before_the_model_is_preserved_there_is_nothing_to_say(
    home: Path, book: Book, fence: Fence, clock: FakeClock
) -> None:
    config = config_of(home)
    freeze(config, book, fence, package=False)
    with book.reading() as session:
        assert assess_same_model(config, session, clock.now()) is None
    check_same_model.fn(config, fence)
    assert _runs(book) == []


def test_a_pass_that_lost_its_lease_writes_nothing(
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _use(monkeypatch, Speaker())
    book.take_lease("aster-1", "", clock.advance(minutes=5))
    with pytest.raises(FenceLost):
        check_same_model.fn(config, fence)
    assert _runs(book) == []
