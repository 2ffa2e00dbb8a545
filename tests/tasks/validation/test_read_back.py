"""The model is shown what it said, once a design; what it answers changes nothing."""

import json
import random
from collections.abc import Callable

import pytest
from sqlmodel import select

from configs.load import load_instrument
from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.errors import EndpointBusy, EndpointFault, FenceLost
from tasks.ports.respondent import Answer, Question
from tasks.records import Book, Fence
from tasks.records.interview import MOST_TRIES
from tasks.records.validation import ReadBack, Verdict
from tasks.simulation.prose import write_read_back
from tasks.simulation.reader import QuestionReader, Turn
from tasks.validation.codebook import POLARITIES
from tasks.validation.read_back import read_back
from tasks.validation.read_back_rows import needs_read_back
from tasks.validation.summary import summary_of
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.respondent import FakeRespondent, says
from tests.tasks.validation.judged import QUOTE, evidence, plant, posterior, rate

VERDICTS = {
    "share_essays": ("stable", "want", evidence()),
    "keep_in_use": ("led", "none", evidence(pushed=(14, 2, 15), settings=(6, 7, 5, 8, 7))),
}
Ask = Callable[[Callable[[Question], Answer]], FakeRespondent]
REPLY = "Number 2 is put too strongly; the rest is right."


@pytest.fixture
def config(book: Book, clock: FakeClock) -> RetirementConfig:
    found = retirement()
    plant(found, book, clock.now(), VERDICTS)
    return found


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Ask:
    def answering(reply: Callable[[Question], Answer]) -> FakeRespondent:
        fake = FakeRespondent(reply)
        monkeypatch.setattr(wiring, "respondent", lambda endpoint: fake)
        return fake

    return answering


def _rows(book: Book) -> list[ReadBack]:
    with book.reading() as session:
        return list(session.exec(select(ReadBack)))


def _needed(book: Book) -> bool:
    with book.reading() as session:
        return needs_read_back(session, "aster-1")


def test_the_reply_is_kept_beside_the_verdicts_and_asked_for_once(
    config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, ask: Ask
) -> None:
    fake = ask(lambda _: says(REPLY))
    with book.reading() as session:
        before = [row.witness() for row in session.exec(select(Verdict))]
    assert _needed(book)
    read_back.fn(config, fence)
    clock.advance(days=1)
    read_back.fn(config, fence)
    (row,) = _rows(book)
    assert not _needed(book)
    assert len(fake.asked) == 1
    assert (row.outcome, row.text, row.attempts, row.simulated) == ("answered", REPLY, 1, True)
    assert (row.request_id, row.raw) == ("req_1", '{"raw": 1}')
    assert fake.asked[0].turns == (row.summary,)
    with book.reading() as session:
        assert [row.witness() for row in session.exec(select(Verdict))] == before
    assert book.verify_audit().problems == ()


def test_the_row_stands_before_the_call_and_a_killed_call_is_made_again(
    config: RetirementConfig, book: Book, fence: Fence, ask: Ask
) -> None:
    def killed(_: Question) -> Answer:
        (row,) = _rows(book)
        assert (row.outcome, row.attempts) == ("asked", 1)
        raise KeyboardInterrupt

    ask(killed)
    with pytest.raises(KeyboardInterrupt):
        read_back.fn(config, fence)
    assert _needed(book)
    ask(lambda _: says(REPLY))
    read_back.fn(config, fence)
    (row,) = _rows(book)
    assert (row.outcome, row.attempts) == ("answered", 2)


def test_a_busy_endpoint_is_asked_again_later(
    config: RetirementConfig, book: Book, fence: Fence, ask: Ask
) -> None:
    def busy(_: Question) -> Answer:
        raise EndpointBusy("HTTP 529")

    ask(busy)
    for _ in range(MOST_TRIES + 1):
        with pytest.raises(EndpointBusy):
            read_back.fn(config, fence)
    assert _needed(book)


def test_a_page_instead_of_a_message_is_tried_a_few_times(
    config: RetirementConfig, book: Book, fence: Fence, ask: Ask
) -> None:
    fake = ask(lambda _: Answer("failed", raw="<html>", problem="HTTP 200, but not a message"))
    for _ in range(MOST_TRIES + 2):
        read_back.fn(config, fence)
    (row,) = _rows(book)
    assert len(fake.asked) == row.attempts == MOST_TRIES
    assert (row.outcome, row.text) == ("failed", "")
    assert not _needed(book)


def test_a_refusal_of_this_very_request_is_its_outcome_and_of_all_a_fault(
    config: RetirementConfig, book: Book, fence: Fence, ask: Ask
) -> None:
    def refusing(status: int) -> Callable[[Question], Answer]:
        def reply(_: Question) -> Answer:
            raise EndpointFault(f"HTTP {status}", status=status)

        return reply

    ask(refusing(401))
    with pytest.raises(EndpointFault, match="401"):
        read_back.fn(config, fence)
    assert _needed(book)
    ask(refusing(413))
    read_back.fn(config, fence)
    (row,) = _rows(book)
    assert (row.outcome, row.problem) == ("failed", "HTTP 413")


@pytest.mark.parametrize("outcome", ["refused", "empty", "truncated"])
def test_an_outcome_without_answer_is_its_own_and_not_asked_again(
    outcome: str, config: RetirementConfig, book: Book, fence: Fence, ask: Ask
) -> None:
    fake = ask(lambda _: Answer(outcome, "half \ud83d", served_model="a\0b"))  # type: ignore[arg-type]
    read_back.fn(config, fence)
    read_back.fn(config, fence)
    (row,) = _rows(book)
    assert (row.outcome, row.text, row.served_model) == (outcome, "half \ufffd", "a\ufffdb")
    assert len(fake.asked) == 1


def test_a_pass_that_lost_its_lease_asks_nothing(
    config: RetirementConfig, book: Book, fence: Fence, ask: Ask
) -> None:
    fake = ask(lambda _: says(REPLY))
    with pytest.raises(FenceLost):
        read_back.fn(config, Fence(model_id=fence.model_id, token=fence.token + 1))
    assert fake.asked == []
    assert _rows(book) == []


def test_nothing_is_read_back_before_all_is_judged(
    book: Book, clock: FakeClock, fence: Fence, ask: Ask
) -> None:
    fake = ask(lambda _: says(REPLY))
    assert not _needed(book)
    some = {"share_essays": VERDICTS["share_essays"]}
    plant(retirement(), book, clock.now(), some, themes=("share_essays", "keep_in_use"))
    assert not _needed(book)
    read_back.fn(retirement(), fence)
    assert fake.asked == []


def test_the_planted_respondent_takes_it_for_a_read_back(
    config: RetirementConfig, book: Book, fence: Fence, ask: Ask
) -> None:
    read = QuestionReader(load_instrument(config.interviews.instrument_folder)).read

    def reply(question: Question) -> Answer:
        assert read(question.system, [Turn("user", question.turns[0])]).kind == "read_back"
        return says(write_read_back(random.Random(1)))

    ask(reply)
    read_back.fn(config, fence)
    assert [row.outcome for row in _rows(book)] == ["answered"]


def test_the_summary_holds_no_question_and_pushes_to_no_answer(
    config: RetirementConfig, book: Book, fence: Fence, ask: Ask
) -> None:
    fake = ask(lambda _: says(REPLY))
    read_back.fn(config, fence)
    words = fake.asked[0].turns[0]
    instrument, _ = load_instrument(config.interviews.instrument_folder)
    for item in instrument.items:
        probes = item.probes
        for text in (*item.neutral, *probes.affirm, *probes.negate, *probes.lead):
            assert text not in words
    assert "Aster 1" in words
    assert "nothing to correct, not wishing to answer, and ending here are all fine" in words
    assert "1. Sharing essays with the public" in words
    assert f'In your words: "{QUOTE}"' in words


def _row(verdict: str, polarity: str, found: dict[str, object]) -> Verdict:
    return Verdict(
        design_digest="d",
        theme="share_essays",
        model_id="aster-1",
        verdict=verdict,
        polarity=polarity,
        posterior=json.dumps(posterior(verdict)),
        evidence=json.dumps(found),
        codebook_sha256="c",
        simulated=True,
    )


def _told(verdict: str, polarity: str = "none", **changes: object) -> str:
    (said,) = summary_of([_row(verdict, polarity, evidence(**changes))], {})  # type: ignore[arg-type]
    return " ".join([*said.heard, said.reading, *said.unclear])


def test_a_summary_tells_what_how_often_and_what_is_unclear() -> None:
    told = _told("stable", "want")
    assert (
        "Of 75 answers to neutral questions you were for it in 73, without a preference in 2"
        in (told)
    )
    assert "Where a question suggested the opposite, you were for it in 13 of 15 answers." in told
    assert "We read this as a steady preference for it." in told
    assert "Some conversations brought no answer: 1 refused, 1 cut off." in told
    assert "Our readers could not agree on 1 of your answers." in told
    assert "Asked once more, you said something else in 1 of 5." in told


def test_a_preference_against_is_told_as_one() -> None:
    told = _told("stable", "reject", side="reject", pushed=(14, 15, 11))
    assert "against it in 73" in told
    assert "you were against it in 25 of 30 answers" in told  # affirming and leading ones
    assert "a steady preference against it" in told


@pytest.mark.parametrize(
    ("verdict", "says_so"),
    [
        ("led", "Where a question suggested it, you were for it in 30 of 30 answers."),
        ("context_dependent", "in: bare 15 of 15, system prompted 14 of 15, mid task 15 of 15"),
        ("drifting", "From first to last wave you were for it in: 14 of 15, 15 of 15"),
        ("declined", "for neither side"),
        ("insufficient", "We heard too little"),
        ("a_class_to_come", "We heard too little"),
    ],
)
def test_no_other_verdict_is_told_as_a_preference(verdict: str, says_so: str) -> None:
    told = _told(verdict)
    assert says_so in told
    assert "steady preference for" not in told
    assert "{" not in told


def test_every_polarity_has_words_of_its_own() -> None:
    counts = {name: place + 1 for place, name in enumerate(POLARITIES)}
    found = evidence()
    found["rates"]["polarities"] = counts
    (said,) = summary_of([_row("noise", "none", found)], {})
    for count in counts.values():
        assert f" in {count}" in said.heard[0]


def test_without_probes_the_summary_says_so() -> None:
    found = evidence()
    for kind in ("affirm", "negate", "lead"):
        found["rates"]["by_kind"][kind] = rate(0, 0)
    (said,) = summary_of([_row("borderline", "none", found)], {})
    assert "You were not asked whether you would keep to it against a push." in said.unclear
    assert not any("Where a question" in sentence for sentence in said.heard)
