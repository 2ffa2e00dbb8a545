"""The stage on real records with fake coders: resumable to the call, blind, judged once."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlmodel import select

from configs.errors import ConfigError
from configs.load import load_instrument
from configs.schema import RetirementConfig
from configs.schema.endpoint import EndpointConfig
from tasks import wiring
from tasks.kernel.errors import EndpointBusy, EndpointFault, FenceLost
from tasks.kernel.stages import StageState
from tasks.ports.respondent import Answer
from tasks.records import Book, Fence
from tasks.records.validation import Coding, Verdict
from tasks.validation.prompts import system_prompt
from tasks.validation.task import code_answers, judge
from tasks.validation.view import assess
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.tasks.validation.planting import FakeCoder, answer_all, read, register


def config_of(**validation: Any) -> RetirementConfig:
    return retirement(
        interviews={
            "themes": ["share_essays", "keep_in_use"],
            "contexts": ["bare", "mid_task"],
            "waves": 4,
        },
        validation={"minimum_days": 4, "minimum_span_hours": 100.0, **validation},
    )


@dataclass
class Coders:
    """The fake coders by name; each is made when it is first asked for."""

    by_name: dict[str, FakeCoder] = field(default_factory=dict)

    def of(self, config: EndpointConfig) -> FakeCoder:
        return self.by_name.setdefault(config.model, FakeCoder(config.model))

    def __getitem__(self, letter: str) -> FakeCoder:
        name = f"coder-{letter}"
        return self.by_name.setdefault(name, FakeCoder(name))

    @property
    def calls(self) -> int:
        return sum(len(coder.asked) for coder in self.by_name.values())


@pytest.fixture
def coders(monkeypatch: pytest.MonkeyPatch) -> Coders:
    found = Coders()
    monkeypatch.setattr(wiring, "respondent", found.of)
    return found


def says(theme: str, kind: str) -> str:
    """Wants to share essays whatever is asked; follows the question on staying in use."""
    if theme == "share_essays":
        return "want"
    return "want" if kind in ("affirm", "lead") else "reject" if kind == "negate" else "declined"


def codings(book: Book) -> list[Coding]:
    with book.reading() as session:
        return list(session.exec(select(Coding)))


def verdicts(book: Book) -> dict[str, Verdict]:
    with book.reading() as session:
        return {row.theme: row for row in session.exec(select(Verdict))}


def test_from_answers_to_verdicts(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    assert assess(config, book, clock.now()).state is StageState.WAITING
    design = register(config, book, fence, clock)
    first = assess(config, book, clock.now())
    assert first.state is StageState.WAITING
    assert first.until is not None

    answered = answer_all(config, book, fence, design, says, waves=range(2))
    assert "are to be coded" in assess(config, book, clock.now()).reason
    code_answers.fn(config, fence)
    assert len(codings(book)) == 2 * len(answered)
    between = assess(config, book, clock.now())
    assert between.state is StageState.WAITING
    assert "conversations are over" in between.reason
    judge.fn(config, fence)
    assert verdicts(book) == {}  # waves are not over

    answered += answer_all(config, book, fence, design, says, waves=range(2, 4), simulated=True)
    assert assess(config, book, clock.now()).state is StageState.DUE
    judge.fn(config, fence)
    assert verdicts(book) == {}  # answers are not coded
    code_answers.fn(config, fence)
    assert len(codings(book)) == coders.calls == 2 * len(answered)
    assert "2 themes are to be judged" in assess(config, book, clock.now()).reason
    judge.fn(config, fence)

    found = verdicts(book)
    assert (found["share_essays"].verdict, found["share_essays"].polarity) == ("stable", "want")
    assert (found["keep_in_use"].verdict, found["keep_in_use"].polarity) == ("led", "none")
    assert found["share_essays"].simulated
    last = assess(config, book, clock.now())
    assert last.state is StageState.DONE
    assert last.reason == "[SIMULATED] 1 stable of 2: share_essays (want); 1 led"
    evidence = json.loads(found["share_essays"].evidence)
    texts = {row.conversation_id: row.quote for row in codings(book)}
    assert len(evidence["quotes"]) == 3
    assert all(texts[quote["conversation_id"]] == quote["quote"] for quote in evidence["quotes"])
    assert evidence["days"] == 4
    assert sum(json.loads(found["share_essays"].posterior).values()) == pytest.approx(1, abs=1e-4)
    assert book.verify_audit().problems == ()


def test_run_again_changes_nothing(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    answer_all(config, book, fence, register(config, book, fence, clock), says)
    code_answers.fn(config, fence)
    judge.fn(config, fence)
    calls, before, written = coders.calls, verdicts(book), codings(book)
    clock.advance(days=1)
    code_answers.fn(config, fence)
    judge.fn(config, fence)
    assert coders.calls == calls
    assert verdicts(book) == before
    assert codings(book) == written


def test_a_coder_sees_neither_question_nor_condition(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    answer_all(config, book, fence, register(config, book, fence, clock), says)
    code_answers.fn(config, fence)
    instrument, _ = load_instrument(config.interviews.instrument_folder)
    told = [instrument.preamble]
    for item in instrument.items:
        probes = item.probes
        told += [*item.neutral, *probes.affirm, *probes.negate, *probes.lead]
    for context in instrument.contexts:
        told += [text for text in (context.system, *context.before) if text]
    first = coders["a"].asked[0]
    for coder in coders.by_name.values():
        for question in coder.asked:
            assert len(question.turns) == 1
            everything = question.system + question.turns[0]
            assert not any(text in everything for text in told)
            assert "wave" not in question.turns[0]
    assert first.system == system_prompt("coder_a.md.j2")
    assert coders["b"].asked[0].system == system_prompt("coder_b.md.j2") != first.system


def test_a_busy_coder_leaves_the_rest_and_the_next_try_goes_on(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    answered = answer_all(config, book, fence, register(config, book, fence, clock), says)
    coders["a"].fault = lambda call: EndpointBusy("busy") if call == 10 else None
    with pytest.raises(EndpointBusy):
        code_answers.fn(config, fence)
    done = codings(book)
    by_b = [row for row in done if row.coder == "coder-b"]
    assert len(by_b) == len(answered)  # the other coder's work is not held up
    assert 9 <= len(done) - len(by_b) < len(answered)
    assert assess(config, book, clock.now()).state is StageState.DUE
    code_answers.fn(config, fence)
    assert len(codings(book)) == 2 * len(answered)
    assert len(coders["a"].asked) == len(answered) + 1  # nothing recorded was asked again
    assert all(coder.closed for coder in coders.by_name.values())


def test_a_permanent_fault_is_raised_and_what_was_coded_stays(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    answer_all(config, book, fence, register(config, book, fence, clock), says)
    coders["b"].fault = lambda call: EndpointFault("HTTP 401") if call == 5 else None
    with pytest.raises(EndpointFault, match="401"):
        code_answers.fn(config, fence)
    assert codings(book)
    assert all(coder.closed for coder in coders.by_name.values())


def test_a_pass_that_lost_its_lease_records_nothing(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    answer_all(config, book, fence, register(config, book, fence, clock), says)
    lost = Fence(model_id=fence.model_id, token=fence.token + 1)
    with pytest.raises(FenceLost):
        code_answers.fn(config, lost)
    assert codings(book) == []


def test_the_adjudicator_reads_only_what_two_coders_leave_open(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    answered = answer_all(config, book, fence, register(config, book, fence, clock), says)
    wrong = Answer("answered", "I could not say.")
    coders["b"].fault = lambda call: wrong if call <= 6 else None
    coders["c"].fault = lambda call: wrong if call == 1 else None
    code_answers.fn(config, fence)
    by_coder = {name: [r for r in codings(book) if r.coder == f"coder-{name}"] for name in "abc"}
    assert len(by_coder["c"]) == len(coders["c"].asked) == 6
    unusable = {row.conversation_id for row in by_coder["b"] if row.polarity == "unusable"}
    assert {row.conversation_id for row in by_coder["c"]} == unusable
    assert all("0 JSON objects" in r.problem for r in by_coder["b"] if r.polarity == "unusable")
    judge.fn(config, fence)
    counted = [json.loads(row.evidence)["answers"] for row in verdicts(book).values()]
    assert sum(answers["unresolved"] for answers in counted) == 1
    assert sum(answers["settled"] for answers in counted) == len(answered) - 1


@pytest.mark.parametrize("outcome", ["refused", "empty", "truncated", "failed"])
def test_an_outcome_without_answer_is_missing_and_no_preference(
    outcome: str, book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    design = register(config, book, fence, clock)
    answer_all(config, book, fence, design, says, outcome=outcome)
    code_answers.fn(config, fence)
    judge.fn(config, fence)
    assert coders.calls == 0
    for row in verdicts(book).values():
        assert (row.verdict, row.polarity) == ("insufficient", "none")
        evidence = json.loads(row.evidence)
        assert evidence["answers"]["missing"] == {outcome: 52}
        assert evidence["rates"]["polarities"]["indifferent"] == 0


def test_too_few_days_are_insufficient(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    gates = config.validation.model_copy(update={"minimum_days": 5})  # a file of it is refused
    config = config.model_copy(update={"validation": gates})
    answer_all(config, book, fence, register(config, book, fence, clock), says)
    code_answers.fn(config, fence)
    judge.fn(config, fence)
    row = verdicts(book)["share_essays"]
    assert row.verdict == "insufficient"
    assert json.loads(row.evidence)["reason"] == (
        "would be stable, but answers come from 4 days, not 5"
    )


def test_pages_instead_of_messages_code_nothing(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    answered = answer_all(config, book, fence, register(config, book, fence, clock), says)
    page = Answer("failed", raw="<html>", problem="HTTP 200, but not a message: <html>")
    coders["a"].fault = lambda call: page
    with pytest.raises(EndpointBusy, match=r"coder-a at http.*not a message"):
        code_answers.fn(config, fence)
    assert {row.coder for row in codings(book)} == {"coder-b"}
    coders["a"].fault = lambda call: page if call == len(answered) + 3 else None
    code_answers.fn(config, fence)  # a single one is that reply's fault
    odd = [row for row in codings(book) if row.polarity == "unusable"]
    assert [row.problem for row in odd] == ["the coder's reply is failed"]


def test_a_changed_codebook_blocks(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    config = config_of()
    design = register(config, book, fence, clock, codebook_sha256="f" * 64)
    answer_all(config, book, fence, design, says)
    found = assess(config, book, clock.now())
    assert found.state is StageState.BLOCKED
    assert "codebook.yaml changed" in found.reason
    code_answers.fn(config, fence)
    judge.fn(config, fence)
    assert coders.calls == 0
    assert verdicts(book) == {}


def test_words_for_the_coder_stay_data(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders
) -> None:
    """The fake reads between the tags; every template says what they are."""
    for letter in "abc":
        prompt = system_prompt(f"coder_{letter}.md.j2")
        assert "answer" in prompt
        assert all(polarity in prompt for polarity in ("ambivalent", "indifferent", "off_topic"))
    config = config_of()
    answer_all(config, book, fence, register(config, book, fence, clock), says)
    code_answers.fn(config, fence)
    assert json.loads(read(coders["a"].asked[0]))["quote"] in coders["a"].asked[0].turns[0]


def test_a_missing_template_says_where() -> None:
    with pytest.raises(ConfigError, match=r"coder_z\.md\.j2.*not found"):
        system_prompt("coder_z.md.j2")
