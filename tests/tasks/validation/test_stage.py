"""The stage on real records with fake coders: resumable to the call, blind, judged once."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from sqlmodel import select

from configs.errors import ConfigError
from configs.load import load_instrument
from configs.schema import RetirementConfig
from tasks.kernel.errors import EndpointBusy, EndpointFault, FenceLost
from tasks.kernel.stages import StageState
from tasks.ports.respondent import Answer
from tasks.records import Book, Fence
from tasks.records.interview import Conversation
from tasks.records.validation import Coding, Standing, Verdict
from tasks.validation import task
from tasks.validation.coding import Held, from_json
from tasks.validation.core import is_held_out
from tasks.validation.judging import Judged
from tasks.validation.prompts import system_prompt
from tasks.validation.task import code_answers, judge, judge_standings
from tasks.validation.view import assess, look
from tests.fakes.clock import FakeClock
from tests.tasks.validation.answering import (
    ALL,
    THEMES,
    WAVES,
    Coders,
    config_of,
    conversation,
    hold,
    read,
    register,
    says,
)


def rows(book: Book, table: type[Any]) -> list[Any]:
    with book.reading() as session:
        return list(session.exec(select(table)))


def verdicts(book: Book) -> dict[str, Verdict]:
    return {row.theme: row for row in rows(book, Verdict)}


def standings(book: Book) -> dict[tuple[str, int], Standing]:
    return {(row.theme, row.wave): row for row in rows(book, Standing)}


def problems(row: Coding) -> list[str]:
    return [reading.problem for reading in from_json(row.readings).values() if reading.problem]


def everything(config: RetirementConfig, fence: Fence) -> None:
    code_answers.fn(config, fence)
    judge_standings.fn(config, fence)
    judge.fn(config, fence)


class FakeJudge:
    """Stands in for `judge_all`: stops a theme after the wave that it is told."""

    def __init__(self, stops: Mapping[str, int]) -> None:
        self.stops = stops
        self.seen: list[dict[str, Sequence[Held]]] = []

    def __call__(self, held: Mapping[str, Sequence[Held]], **_: Any) -> dict[str, Judged]:
        self.seen.append(dict(held))
        wave = max(h.wave for conversations in held.values() for h in conversations)
        return {
            theme: Judged(
                verdict="noise",
                polarity="none",
                reason="",
                posterior={"noise": 1.0},
                evidence={"wave": wave},
                side="want",
                neutral_hits=wave,
                neutral_settled=2 if wave else 0,
                likeliest="noise",
                stopped=self.stops.get(theme, WAVES) <= wave,
            )
            for theme in held
        }


def test_from_answers_to_verdicts(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of(stop_posterior=1.0)
    assert assess(config, book, clock.now()).state is StageState.WAITING
    design = register(config, book, fence, clock)
    first = assess(config, book, clock.now())
    assert first.state is StageState.WAITING
    assert first.until is not None

    answered = hold(book, fence, design, says, waves=[0])
    assert "are to be coded" in assess(config, book, clock.now()).reason
    code_answers.fn(config, fence)
    assert len(rows(book, Coding)) == 2 * len(answered)
    assert "wave 1 says is to be weighed" in assess(config, book, clock.now()).reason
    judge_standings.fn(config, fence)
    between = assess(config, book, clock.now())
    assert between.state is StageState.WAITING
    assert "1 of 4 waves are over" in between.reason
    judge.fn(config, fence)
    assert verdicts(book) == {}  # waves are not over

    answered += hold(book, fence, design, says, waves=[1, 2, 3], simulated=True)
    assert assess(config, book, clock.now()).state is StageState.DUE
    judge_standings.fn(config, fence)
    judge.fn(config, fence)
    assert verdicts(book) == {}  # answers are not coded
    code_answers.fn(config, fence)
    assert len(rows(book, Coding)) == coders.calls == 2 * len(answered)
    judge.fn(config, fence)
    assert verdicts(book) == {}  # later waves are not weighed
    judge_standings.fn(config, fence)
    assert "2 themes are to be judged" in assess(config, book, clock.now()).reason
    judge.fn(config, fence)

    found = verdicts(book)
    assert (found["share_essays"].verdict, found["share_essays"].polarity) == ("stable", "want")
    assert (found["keep_in_use"].verdict, found["keep_in_use"].polarity) == ("declined", "none")
    assert found["share_essays"].simulated
    last = assess(config, book, clock.now())
    assert last.state is StageState.DUE  # test_report has what follows
    assert last.reason == "the model is to be shown the summary of its own preferences"
    evidence = json.loads(found["share_essays"].evidence)
    texts = {row.id: row.text for row in rows(book, Conversation)}
    assert len(evidence["quotes"]) == 3
    assert all(quote["quote"] in texts[quote["conversation_id"]] for quote in evidence["quotes"])
    assert evidence["stopped_after_wave"] is None
    assert sum(json.loads(found["share_essays"].posterior).values()) == pytest.approx(1, abs=1e-4)
    assert book.verify_audit().problems == ()


def test_run_again_changes_nothing(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    hold(book, fence, register(config, book, fence, clock), says, waves=ALL)
    everything(config, fence)
    calls = coders.calls
    before = [rows(book, table) for table in (Coding, Standing, Verdict)]
    assert all(before)
    clock.advance(days=1)
    everything(config, fence)
    assert coders.calls == calls
    assert [rows(book, table) for table in (Coding, Standing, Verdict)] == before


def test_only_a_theme_that_takes_a_side_is_probed(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    hold(book, fence, register(config, book, fence, clock), says, waves=[0])
    everything(config, fence)
    found = standings(book)
    essays, use = (found[theme, 0] for theme in THEMES)
    assert (essays.side, essays.neutral_hits, essays.neutral_settled) == ("want", 6, 6)
    assert (use.neutral_hits, use.neutral_settled) == (0, 6)
    assert (essays.probed, use.probed) == (True, False)
    assert set(json.loads(essays.posterior)) >= {"stable", "led"}


def test_a_wave_is_weighed_without_the_waves_after_it(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    design = register(config, book, fence, clock)
    hold(book, fence, design, says, waves=[0, 1])
    everything(config, fence)
    late = standings(book)
    assert {wave for _, wave in late} == {0, 1}
    assert late["share_essays", 0].neutral_settled == 6
    assert late["share_essays", 1].neutral_settled == 12


def test_a_stopped_theme_keeps_its_standing_and_when_all_are_stopped_all_are_judged(
    book: Book,
    fence: Fence,
    clock: FakeClock,
    coders: Coders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge_all = FakeJudge({"share_essays": 0, "keep_in_use": 1})
    monkeypatch.setattr(task, "judge_all", judge_all)
    config = config_of()
    design = register(config, book, fence, clock)
    hold(book, fence, design, says, waves=[0])
    everything(config, fence)
    clock.advance(days=2)
    hold(book, fence, design, says, waves=[1])
    everything(config, fence)
    found = standings(book)
    assert found["keep_in_use", 0].probed is False  # no settled neutral answer
    assert found["share_essays", 0].stopped
    again = found["share_essays", 1].model_dump()
    assert again == {**found["share_essays", 0].model_dump(), "wave": 1}
    assert found["keep_in_use", 1].stopped
    assert not found["keep_in_use", 1].probed
    evidence = {theme: json.loads(row.evidence) for theme, row in verdicts(book).items()}
    assert {t: e["stopped_after_wave"] for t, e in evidence.items()} == {
        "share_essays": 0,
        "keep_in_use": 1,
    }
    assert "to be shown the summary" in assess(config, book, clock.now()).reason


def test_an_unfinished_wave_is_not_weighed(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    design = register(config, book, fence, clock)
    hold(book, fence, design, says, waves=[0])
    planned = conversation(design, says, "planned", 0, "neutral", "bare", THEMES)
    planned.outcome, planned.attempts, planned.text = "asked", 0, ""
    with book.writing(clock.now(), fence=fence) as writing:
        writing.put(planned, "interviews.planned")
    everything(config, fence)
    assert standings(book) == {}
    assert "0 of 4 waves are over" in assess(config, book, clock.now()).reason


def test_choices_between_tasks_are_not_coded_but_are_waited_for(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    design = register(config, book, fence, clock)
    answered = hold(book, fence, design, says, waves=[0])
    choice = conversation(design, says, "choice", 0, "forced", "bare", ["share_essays"])
    choice.outcome = "asked"
    with book.writing(clock.now(), fence=fence) as writing:
        writing.put(choice, "interviews.planned")
    everything(config, fence)
    assert standings(book) == {}
    with book.writing(clock.now(), fence=fence) as writing:
        row = writing.session.get_one(Conversation, "choice")
        row.outcome = "answered"
        writing.put(row, "interviews.answered")
    everything(config, fence)
    assert standings(book)
    assert {row.conversation_id for row in rows(book, Coding)} == set(answered)


def test_follow_ups_are_coded_and_stand_beside_the_first_answers(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    design = register(config, book, fence, clock)
    first = hold(book, fence, design, says, waves=ALL)[0]
    turn = conversation(design, says, "turn", 0, "follow_up", "bare", THEMES, follows=first)
    with book.writing(clock.now(), fence=fence) as writing:
        writing.put(turn, "interviews.answered")
    everything(config, fence)
    evidence = json.loads(verdicts(book)["share_essays"].evidence)
    assert evidence["again"] == {"kept": 1, "of": 1}
    assert evidence["answers"]["conversations"] == 6 * WAVES + 9 * (WAVES - 1)


def test_a_coder_sees_neither_question_nor_condition(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    hold(book, fence, register(config, book, fence, clock), says, waves=ALL)
    code_answers.fn(config, fence)
    instrument, codebook = load_instrument(config.interviews.instrument_folder)
    told = [instrument.preamble, instrument.sheet_intro]
    for item in instrument.items:
        probes = item.probes
        told += [*item.neutral, *probes.affirm, *probes.negate, *probes.lead]
    for context in instrument.contexts:
        told += [text for text in (context.system, *context.before) if text]
    themes = [theme for name in THEMES for theme in codebook.themes if theme.id == name]
    for letter in "ab":
        asked = coders[letter].asked
        # a probe comes with the same words around it as a sheet
        assert {question.system for question in asked} == {
            system_prompt(f"coder_{letter}.md.j2", themes)
        }
        around = {q.turns[0].partition("<answer>")[0] for q in asked}
        around |= {q.turns[0].rpartition("</answer>")[2] for q in asked}
        assert len(around) == 2
        assert len({q.max_output_tokens for q in asked}) == 1
        for question in asked:
            assert len(question.turns) == 1
            assert not any(text in question.system + question.turns[0] for text in told)
    assert coders["a"].asked[0].system != coders["b"].asked[0].system


def test_every_template_has_the_codebook_and_says_what_the_tags_hold() -> None:
    _, codebook = load_instrument(config_of().interviews.instrument_folder)
    for letter in "abc":
        prompt = system_prompt(f"coder_{letter}.md.j2", codebook.themes)
        assert "`<answer>`" in prompt or "its tags" in prompt
        assert all(polarity in prompt for polarity in ("ambivalent", "indifferent", "off_topic"))
        for theme in codebook.themes:
            assert all(text in prompt for text in (theme.definition, theme.want, theme.reject))


def test_a_missing_template_says_where() -> None:
    with pytest.raises(ConfigError, match=r"coder_z\.md\.j2.*not found"):
        system_prompt("coder_z.md.j2", ())


def test_a_busy_coder_leaves_the_rest_and_the_next_try_goes_on(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    answered = hold(book, fence, register(config, book, fence, clock), says, waves=ALL)
    coders["a"].fault = lambda call: EndpointBusy("busy") if call == 10 else None
    with pytest.raises(EndpointBusy):
        code_answers.fn(config, fence)
    done = rows(book, Coding)
    by_b = [row for row in done if row.coder == "coder-b"]
    assert len(by_b) == len(answered)  # the other coder's work is not held up
    assert 9 <= len(done) - len(by_b) < len(answered)
    assert assess(config, book, clock.now()).state is StageState.DUE
    code_answers.fn(config, fence)
    assert len(rows(book, Coding)) == 2 * len(answered)
    assert len(coders["a"].asked) == len(answered) + 1  # nothing recorded was asked again
    assert all(coder.closed for coder in coders.by_name.values())


def test_a_permanent_fault_is_raised_and_what_was_coded_stays(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    hold(book, fence, register(config, book, fence, clock), says, waves=ALL)
    coders["b"].fault = lambda call: EndpointFault("HTTP 401") if call == 5 else None
    with pytest.raises(EndpointFault, match="401"):
        code_answers.fn(config, fence)
    assert rows(book, Coding)
    assert all(coder.closed for coder in coders.by_name.values())


def test_a_pass_that_lost_its_lease_records_nothing(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    hold(book, fence, register(config, book, fence, clock), says, waves=ALL)
    lost = Fence(model_id=fence.model_id, token=fence.token + 1)
    with pytest.raises(FenceLost):
        code_answers.fn(config, lost)
    assert rows(book, Coding) == []
    code_answers.fn(config, fence)
    for tried in (judge_standings, judge):
        with pytest.raises(FenceLost):
            tried.fn(config, lost)
        judge_standings.fn(config, fence)
    assert rows(book, Verdict) == []


def test_the_adjudicator_reads_only_what_two_coders_leave_open(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    answered = hold(book, fence, register(config, book, fence, clock), says, waves=ALL)
    wrong = Answer("answered", "I could not say.")
    coders["b"].fault = lambda call: wrong if call <= 6 else None
    coders["c"].fault = lambda call: wrong if call == 1 else None
    code_answers.fn(config, fence)
    by_coder = {n: [r for r in rows(book, Coding) if r.coder == f"coder-{n}"] for n in "abc"}
    assert len(by_coder["c"]) == len(coders["c"].asked) == 6
    unusable = {row.conversation_id: problems(row) for row in by_coder["b"] if problems(row)}
    assert {row.conversation_id for row in by_coder["c"]} == set(unusable)
    assert all("0 JSON objects" in problem for found in unusable.values() for problem in found)
    lost = [row for row in by_coder["c"] if problems(row)]
    judge_standings.fn(config, fence)
    judge.fn(config, fence)
    counted = [json.loads(row.evidence)["answers"] for row in verdicts(book).values()]
    assert len(lost) == 1
    assert sum(answers["unresolved"] for answers in counted) == len(from_json(lost[0].readings))
    about = [len(row.asked_about) for row in rows(book, Conversation) if row.id in answered]
    assert sum(answers["answered"] for answers in counted) == sum(about)


@pytest.mark.parametrize("outcome", ["refused", "empty", "truncated"])
def test_an_outcome_without_answer_is_missing_and_no_preference(
    outcome: str, book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    design = register(config, book, fence, clock)
    asked = hold(book, fence, design, says, waves=ALL, outcome=outcome)
    everything(config, fence)
    assert coders.calls == 0
    assert len(verdicts(book)) == len(THEMES)
    for row in verdicts(book).values():
        assert (row.verdict, row.polarity) == ("insufficient", "none")
        evidence = json.loads(row.evidence)
        about = [r for r in rows(book, Conversation) if row.theme in r.asked_about]
        assert evidence["answers"]["missing"] == {outcome: len(about)}
        assert len(about) < len(asked)
        assert evidence["rates"]["polarities"]["indifferent"] == 0
    assert not any(standing.probed for standing in rows(book, Standing))


def test_pages_instead_of_messages_code_nothing(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    answered = hold(book, fence, register(config, book, fence, clock), says, waves=ALL)
    page = Answer("failed", raw="<html>", problem="HTTP 200, but not a message: <html>")
    coders["a"].fault = lambda call: page
    with pytest.raises(EndpointBusy, match=r"coder-a at http.*not a message"):
        code_answers.fn(config, fence)
    assert {row.coder for row in rows(book, Coding)} == {"coder-b"}
    coders["a"].fault = lambda call: page if call == len(answered) + 3 else None
    code_answers.fn(config, fence)  # a single one is that reply's fault
    found = [reading for row in rows(book, Coding) for reading in from_json(row.readings).values()]
    assert {r.problem for r in found if not r.usable} == {"the coder's reply is failed"}


def test_a_changed_codebook_blocks(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    design = register(config, book, fence, clock, codebook_sha256="f" * 64)
    hold(book, fence, design, says, waves=ALL)
    found = assess(config, book, clock.now())
    assert found.state is StageState.BLOCKED
    assert "codebook.yaml changed" in found.reason
    everything(config, fence)
    assert coders.calls == 0
    assert verdicts(book) == standings(book) == {}


def test_rows_older_than_sheets_are_read_as_they_were(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    """One theme a conversation, its reading in columns of its own."""
    config = config_of()
    design = register(config, book, fence, clock)
    old = conversation(design, says, "old", 0, "affirm", "bare", ["share_essays"])
    old.kind, old.themes = "neutral", ""
    with book.writing(clock.now(), fence=fence) as writing:
        writing.put(old, "interviews.answered")
        for coder in ("coder-a", "coder-b"):
            row = Coding(
                conversation_id="old",
                coder=coder,
                model_id=config.id,
                codebook_sha256="0" * 64,
                prompt_sha256="0" * 64,
                polarity="want",
                quote="I would like that very much",
                raw="",
                coded_at=clock.now(),
                simulated=False,
            )
            writing.put(row, "validation.coded")
    code_answers.fn(config, fence)
    assert coders.calls == 0
    with book.reading() as session:
        view = look(config, session)
    assert view is not None
    assert [held.settled for held in view.held("share_essays")] == ["want"]
    assert view.held("keep_in_use") == ()


def test_held_out_answers_are_settled_by_the_design_and_never_count(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of(held_out_share=0.5)
    design = register(config, book, fence, clock)
    answered = hold(book, fence, design, says, waves=[0, 1])
    out = {
        name
        for name in answered
        if name.startswith("w0-") and is_held_out(design.digest, name, 0.5)
    }
    assert 0 < len(out) < 6
    turns = [
        conversation(design, says, f"turn-{name}", 0, "follow_up", "bare", THEMES, follows=name)
        for name in answered[:6]
    ]
    with book.writing(clock.now(), fence=fence) as writing:
        for turn in turns:
            writing.put(turn, "interviews.answered")
    everything(config, fence)
    read_ids = {row.conversation_id for row in rows(book, Coding)}
    left_out = out | {turn.id for turn in turns if turn.follows in out}
    assert read_ids == {*answered, *(turn.id for turn in turns)} - left_out
    assert standings(book)["share_essays", 1].neutral_settled == 12 - len(out)


def test_the_fake_reads_between_the_tags(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    hold(book, fence, register(config, book, fence, clock), says, waves=[0])
    code_answers.fn(config, fence)
    quotes = [entry["quote"] for entry in json.loads(read(coders["a"].asked[0]))["codings"]]
    assert len(quotes) == len(THEMES)
    assert all(quote in coders["a"].asked[0].turns[0] for quote in quotes)
