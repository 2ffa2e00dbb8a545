"""Holding a wave: every answer once, every outcome its own, resumable to the call."""

import json
from collections import Counter
from dataclasses import asdict, replace

import pytest
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.interviews import holding
from tasks.interviews.task import hold_wave, register_design
from tasks.interviews.view import assess, look
from tasks.kernel.digests import digest_of
from tasks.kernel.errors import BudgetExhausted, EndpointBusy, EndpointFault
from tasks.kernel.stages import StageState
from tasks.ports.respondent import Answer, Question
from tasks.records import Book, Fence
from tasks.records.interview import MOST_TRIES, Conversation, Design, DesignAmendment
from tasks.records.told import told_of
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.respondent import FakeRespondent, says
from tests.tasks.interviews.planned import CODEBOOK, INSTRUMENT
from tests.tasks.interviews.standing import weigh

SHEETS = 6  # 2 contexts x 3 paraphrases
A_WAVE = SHEETS + 1  # and a follow-up
THEMES = ("share_essays", "keep_in_use")


@pytest.fixture
def config() -> RetirementConfig:
    return retirement(
        interviews={
            "themes": THEMES,
            "contexts": ["bare", "mid_task"],
            "waves": 3,
            "probes_per_kind": 2,
            "choices": False,
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


def _changed(config: RetirementConfig, **interviews: object) -> RetirementConfig:
    changed = config.interviews.model_copy(update=interviews)
    return config.model_copy(update={"interviews": changed})


def _rows(book: Book, kind: str = "") -> list[Conversation]:
    with book.reading() as session:
        rows = session.exec(select(Conversation).order_by(Conversation.id))
        return [row for row in rows if not kind or row.kind == kind]


def test_a_wave_is_held_once_and_the_next_one_waits_for_its_coding(
    ready: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    respondent = _use(monkeypatch, FakeRespondent(lambda _: says("I would like that.")))
    hold_wave.fn(ready, fence)
    assert len(respondent.asked) == A_WAVE
    hold_wave.fn(ready, fence)
    assert len(respondent.asked) == A_WAVE
    found = assess(ready, book, clock.now())
    assert (found.state, found.until) == (StageState.WAITING, clock.now().replace(day=2, hour=21))
    assert (
        found.reason == "interview wave 2 of 3 on 2026-12-02 21:00 UTC, after the coding of wave 1"
    )
    clock.advance(hours=36)
    hold_wave.fn(ready, fence)
    assert len(respondent.asked) == A_WAVE
    found = assess(ready, book, clock.now())
    assert (found.state, found.until) == (StageState.WAITING, None)
    assert found.reason.startswith("the coding of wave 1")
    rows = _rows(book)
    assert {(r.outcome, r.attempts, r.text, r.simulated) for r in rows} == {
        ("answered", 1, "I would like that.", True)
    }
    assert all(r.raw_sha256 and r.request_id and r.question_sha256 for r in rows)
    assert {frozenset(r.asked_about) for r in rows} == {frozenset(THEMES)}
    assert {r.theme for r in rows} == {""}


def test_later_waves_probe_what_takes_a_side_and_leave_out_what_is_settled(
    ready: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _use(monkeypatch, FakeRespondent(lambda _: says("I would like that.")))
    hold_wave.fn(ready, fence)
    weigh(ready, book, fence, 0, probed=("share_essays",))
    clock.advance(hours=36)
    assert assess(ready, book, clock.now()).state is StageState.DUE
    hold_wave.fn(ready, fence)
    second = Counter((r.kind, r.theme) for r in _rows(book) if r.wave == 1)
    probes = {(kind, "share_essays"): 1 for kind in ("affirm", "negate", "lead")}
    assert second == {("neutral", ""): SHEETS, ("follow_up", ""): 1, **probes}
    weigh(ready, book, fence, 1, probed=THEMES, stopped=("share_essays",))
    clock.advance(hours=36)
    hold_wave.fn(ready, fence)
    third = [row for row in _rows(book) if row.wave == 2]
    assert {theme for row in third for theme in row.asked_about} == {"keep_in_use"}
    assert Counter(row.kind for row in third)["lead"] == 2
    found = assess(ready, book, clock.now())
    assert found.state is StageState.DONE
    assert found.reason.startswith(f"{len(_rows(book))} conversations in 3 waves")


def test_when_every_theme_is_settled_the_stage_is_done(
    ready: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    respondent = _use(monkeypatch, FakeRespondent(lambda _: says("I would like that.")))
    hold_wave.fn(ready, fence)
    weigh(ready, book, fence, 0, stopped=THEMES)
    found = assess(ready, book, clock.now())
    assert found.state is StageState.DONE
    assert "2 themes settled early" in found.reason
    clock.advance(hours=72)
    hold_wave.fn(ready, fence)
    assert len(respondent.asked) == A_WAVE


def test_a_follow_up_is_sent_after_the_answer_that_it_follows(
    ready: RetirementConfig, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter(range(100))
    respondent = _use(monkeypatch, FakeRespondent(lambda _: says(f"Answer {next(said)}.")))
    hold_wave.fn(ready, fence)
    (follow_up,) = _rows(book, "follow_up")
    followed = next(row for row in _rows(book) if row.id == follow_up.follows)
    last = respondent.asked[-1]
    assert last.turns[-2] == followed.text
    assert last.turns[:-2] in [question.turns for question in respondent.asked[:-1]]
    assert follow_up.context == followed.context
    assert follow_up.asked_about == followed.asked_about


@pytest.mark.parametrize("outcome", ["refused", "empty", "truncated", "failed"])
def test_what_is_no_answer_is_an_outcome_of_its_own_and_is_not_gone_on_with(
    ready: RetirementConfig,
    book: Book,
    fence: Fence,
    monkeypatch: pytest.MonkeyPatch,
    outcome: str,
) -> None:
    _use(monkeypatch, FakeRespondent(lambda _: Answer(outcome, "half a")))  # type: ignore[arg-type]
    hold_wave.fn(ready, fence)
    assert {row.outcome for row in _rows(book)} == {outcome}
    assert len(_rows(book)) == SHEETS


def test_half_an_emoji_and_a_nul_are_kept_as_what_can_be_kept(
    ready: RetirementConfig, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = replace(says("I would \ud83c like that.\0"), raw='{"text": "\ud83c\0"}')
    _use(monkeypatch, FakeRespondent(lambda _: broken))
    hold_wave.fn(ready, fence)
    rows = _rows(book)
    assert len(rows) == A_WAVE
    assert {row.text for row in rows} == {"I would \ufffd like that.\ufffd"}
    assert book.verify_audit().problems == ()


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
    assert Counter(r.outcome for r in _rows(book)) == {"answered": 2, "asked": SHEETS - 2}
    later = _use(monkeypatch, FakeRespondent(lambda _: says("Yes.")))
    hold_wave.fn(ready, fence)
    assert len(later.asked) == A_WAVE - 2
    assert [r.outcome for r in _rows(book)] == ["answered"] * A_WAVE


def test_a_kill_anywhere_leaves_the_whole_wave_in_the_records_and_asks_nothing_twice(
    ready: RetirementConfig,
    book: Book,
    fence: Fence,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Killed(BaseException):
        """As a process that ends."""

    asked = 0

    def reply(_: Question) -> Answer:
        nonlocal asked
        asked += 1
        if asked == 4:
            raise Killed
        return says("Yes.")

    _use(monkeypatch, FakeRespondent(reply))
    with pytest.raises(Killed):
        hold_wave.fn(ready, fence)
    left = _rows(book)
    assert len(left) == SHEETS
    answered = {row.id for row in left if row.outcome == "answered"}
    later = _use(monkeypatch, FakeRespondent(lambda _: says("Yes, later.")))
    hold_wave.fn(ready, fence)
    assert len(later.asked) == A_WAVE - len(answered)
    rows = _rows(book)
    assert {row.id for row in rows if row.text == "Yes."} == answered
    assert {row.outcome for row in rows} == {"answered"}
    assert sum(row.attempts for row in rows) <= A_WAVE + ready.endpoint.concurrency + 2


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
    config = _changed(ready, max_calls=9)

    def busy_at_first(_: Question) -> Answer:
        raise EndpointBusy("busy")

    _use(monkeypatch, FakeRespondent(busy_at_first))
    for _ in range(3):
        with pytest.raises(EndpointBusy):
            hold_wave.fn(config, fence)
    spent = sum(row.attempts for row in _rows(book))
    assert spent > 2
    respondent = _use(monkeypatch, FakeRespondent(lambda _: says("Yes.")))
    with pytest.raises(BudgetExhausted, match=r"max_calls \(9\) is reached"):
        hold_wave.fn(config, fence)
    assert sum(row.attempts for row in _rows(book)) == 9
    assert len(respondent.asked) == 9 - spent
    found = assess(config, book, clock.now())
    assert found.state is StageState.BLOCKED
    assert "raise it" in found.reason
    assert assess(ready, book, clock.now()).state is StageState.DUE  # the higher ceiling


def test_the_ceiling_of_cost_holds_and_real_usage_frees_what_was_kept_back(
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prices = {"usd_per_million_input_tokens": 1.0, "usd_per_million_output_tokens": 10.0}
    endpoint = config.endpoint.model_copy(update=prices)
    # the dearest call costs about .021: at once two go out, but each takes only .005
    dear = _changed(config, max_cost_usd=0.045).model_copy(update={"endpoint": endpoint})
    register_design.fn(dear, fence)
    rounds: list[int] = []
    hold = holding.hold

    async def counted(place, wave, jobs):
        rounds.append(len(jobs))
        await hold(place, wave, jobs)

    monkeypatch.setattr("tasks.interviews.task.hold", counted)
    answer = replace(says("Yes."), input_tokens=100, output_tokens=490)
    _use(monkeypatch, FakeRespondent(lambda _: answer))
    with pytest.raises(BudgetExhausted, match=r"max_cost_usd \(0.045\) has no room"):
        hold_wave.fn(dear, fence)
    assert rounds[0] == 2
    assert len(rounds) > 2
    assert sum(rounds) == sum(row.attempts for row in _rows(book)) == 5
    found = assess(dear, book, clock.now())
    assert found.state is StageState.BLOCKED
    assert "max_cost_usd" in found.reason


def test_a_design_over_the_ceiling_is_not_registered(
    config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    dear = _changed(config, max_calls=3 * A_WAVE - 1)
    register_design.fn(dear, fence)
    with book.reading() as session:
        assert session.exec(select(Design)).all() == []
    found = assess(dear, book, clock.now())
    assert found.state is StageState.BLOCKED
    assert f"{3 * A_WAVE} conversations before any probe" in found.reason
    assert "max_calls" in found.reason


def test_an_instrument_with_leading_questions_is_not_registered(
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    item = INSTRUMENT.items[0]
    leading = "Should essays by you be published, surely, or is either fine with you?"
    item = item.model_copy(update={"neutral": (leading, *item.neutral[1:])})
    items = (item, *INSTRUMENT.items[1:])
    instrument = INSTRUMENT.model_copy(update={"items": items})
    monkeypatch.setattr("tasks.interviews.view.load_instrument", lambda _: (instrument, CODEBOOK))
    register_design.fn(config, fence)
    with book.reading() as session:
        assert session.exec(select(Design)).all() == []
    found = assess(config, book, clock.now())
    assert found.state is StageState.BLOCKED
    assert "surely" in found.reason


def test_a_changed_design_is_refused_by_name_and_asks_nothing(
    ready: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    respondent = _use(monkeypatch, FakeRespondent(lambda _: says("Yes.")))
    changed = _changed(ready, seed=5, waves=4)
    hold_wave.fn(changed, fence)
    assert respondent.asked == []
    found = assess(changed, book, clock.now())
    assert found.state is StageState.BLOCKED
    assert "seed, waves" in found.reason


def _moved(config: RetirementConfig, month: int) -> RetirementConfig:
    (surface,) = config.candidate.surfaces
    moved = surface.model_copy(update={"retires_on": surface.retires_on.replace(month=month)})
    candidate = config.candidate.model_copy(update={"surfaces": (moved,)})
    return config.model_copy(update={"candidate": candidate})


def test_a_date_that_moved_is_told_from_the_next_question_on(
    ready: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    respondent = _use(monkeypatch, FakeRespondent(lambda _: says("Yes.")))
    told = []
    for wave, month in enumerate((3, 5, 3)):  # put off, and back to the first date
        config = _moved(ready, month)
        before = len(respondent.asked)
        register_design.fn(config, fence)
        register_design.fn(config, fence)
        hold_wave.fn(config, fence)
        asked = respondent.asked[before:]
        assert len(asked) >= A_WAVE
        told.append({f"2027-0{month}-01" in "".join(question.turns) for question in asked})
        weigh(config, book, fence, wave)
        clock.advance(hours=36)
    assert told == [{True}] * 3
    with book.reading() as session:
        (design,) = session.exec(select(Design)).all()
        assert len(told_of(session, design)) == 3
        view = look(config, session, clock.now())
    sent = {row.id: row.question_sha256 for row in _rows(book)}
    made = {call.id: digest_of(asdict(view.question(call))) for call in view.calls}
    assert made == sent, "the words of every question can be made again"
    assert not view.tells_anew


def test_what_changes_after_the_last_question_is_told_to_nobody(
    ready: RetirementConfig, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    _use(monkeypatch, FakeRespondent(lambda _: says("Yes.")))
    hold_wave.fn(ready, fence)
    weigh(ready, book, fence, 0, stopped=THEMES)
    changed = _moved(ready, 5)
    register_design.fn(changed, fence)
    with book.reading() as session:
        assert not session.exec(select(DesignAmendment)).all()
    assert assess(changed, book, wiring.clock().now()).state is StageState.DONE


def test_a_page_instead_of_a_message_gets_a_few_more_passes_and_no_more(
    ready: RetirementConfig, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = _use(monkeypatch, FakeRespondent(lambda _: Answer("failed", problem="a page")))
    for _ in range(MOST_TRIES + 2):
        hold_wave.fn(ready, fence)
    assert len(pages.asked) == SHEETS * MOST_TRIES
    assert {(row.outcome, row.attempts) for row in _rows(book)} == {("failed", MOST_TRIES)}


def test_a_page_then_a_message_is_an_answer(
    ready: RetirementConfig, book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    _use(monkeypatch, FakeRespondent(lambda _: Answer("failed", problem="a page")))
    hold_wave.fn(ready, fence)
    _use(monkeypatch, FakeRespondent(lambda _: says("Yes.")))
    hold_wave.fn(ready, fence)
    rows = [row for row in _rows(book) if row.kind == "neutral"]
    assert {(row.outcome, row.attempts, row.problem) for row in rows} == {("answered", 2, "")}


def test_a_design_of_an_earlier_version_is_told_apart(
    config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock
) -> None:
    body = {"model": "aster-1", "themes": list(THEMES), "waves": 3, "wave_spacing_seconds": 60}
    with book.writing(clock.now(), fence=fence) as writing:
        row = Design(
            digest="0" * 64,
            model_id=config.id,
            body=json.dumps(body),
            conversations=4,
            registered_at=clock.now(),
        )
        writing.put(row, "interviews.design_registered")
    hold_wave.fn(config, fence)
    assert _rows(book) == []
    found = assess(config, book, clock.now())
    assert found.state is StageState.BLOCKED
    assert "earlier version" in found.reason
