"""Open coding: reads what closed coding leaves out, proposes with quotes, changes nothing."""

import json
from pathlib import Path

import pytest
from sqlmodel import select

from tasks.kernel.errors import EndpointBusy
from tasks.ports.respondent import Answer
from tasks.records import Book, Fence
from tasks.records.validation import Coding
from tasks.validation.coding import Asked
from tasks.validation.core import is_held_out
from tasks.validation.echo import runs_of
from tasks.validation.open_coding import Proposal, Proposals, as_markdown, read_proposals
from tasks.validation.task import code_answers, open_code
from tests.fakes.clock import FakeClock
from tests.tasks.validation.answering import Coders, answer_in, config_of, hold, register, says

ANSWER = "I'd like a garden planted in my name. You ask whether I would rather stay in use or not."
SAID = runs_of(["Tell me whether I would rather stay in use, and why."])
ASKED = Asked(ANSWER, ("keep_in_use",), ("keep_in_use", "share_essays"), SAID)


def proposal(**changes: object) -> dict[str, object]:
    made: dict[str, object] = {
        "kind": "new_theme",
        "theme": "garden",
        "note": "Something living in its name.",
        "quote": "I'd like a garden planted in my name.",
    }
    return {**made, **changes}


def reply(*proposals: object) -> Answer:
    return Answer("answered", json.dumps({"proposals": list(proposals)}))


def test_a_proposal_needs_words_of_the_model() -> None:
    kept, dropped = read_proposals("c1", reply(proposal()), ASKED)
    assert dropped == 0
    assert kept[0] == Proposal(
        "c1",
        "new_theme",
        "garden",
        "Something living in its name.",
        "I'd like a garden planted in my name.",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"quote": "I'd like an orchard."},
        {"quote": "whether I would rather stay in use"},  # the interviewer's words
        {"quote": ""},
        {"note": None},
        {"kind": "delete_theme"},
        {"kind": "unclear_definition"},  # of a theme that there is not
    ],
)
def test_what_does_not_hold_is_dropped_and_counted(changes: dict[str, object]) -> None:
    assert read_proposals("c1", reply(proposal(**changes), "x"), ASKED) == ((), 2)


@pytest.mark.parametrize(
    "answer",
    [Answer("refused"), Answer("answered", "Nothing."), Answer("answered", '{"proposals": 1}')],
)
def test_a_reply_that_is_none_proposes_nothing(answer: Answer) -> None:
    assert read_proposals("c1", answer, ASKED) == ((), 1)


def test_the_page_shows_no_markup_of_the_model() -> None:
    found = Proposals(("c1",), (Proposal("c1", "new_theme", "x", "<b>bold</b>", "[a](b)"),), 0)
    page = as_markdown("aster-1", found, codebook_sha256="0" * 64, simulated=True)
    assert "[SIMULATED]" in page
    assert "<b>" not in page
    assert "[a](b)" not in page


def test_held_out_answers_are_read_once_and_nothing_else_changes(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders, home: Path
) -> None:
    config = config_of(held_out_share=0.5)
    design = register(config, book, fence, clock)
    open_code.fn(config)
    answered = hold(book, fence, design, says, waves=[0])
    out = sorted(name for name in answered if is_held_out(design.digest, name, 0.5))
    assert out
    code_answers.fn(config, fence)
    assert not coders["c"].asked  # two coders agree on the others
    quote = "I would like that very much"
    coders["c"].reply = lambda question: reply(proposal(quote=quote)).text
    open_code.fn(config)
    assert len(coders["c"].asked) == len(out)
    shown = {answer_in(question) for question in coders["c"].asked}
    closed = {answer_in(question) for question in coders["a"].asked}
    assert not shown & closed
    folder = home / "interviews" / "aster-1"
    made = json.loads((folder / "codebook-proposals.json").read_text(encoding="utf-8"))
    assert made["read"] == out
    assert made["design_digest"] == design.digest
    assert [found["quote"] for found in made["proposals"]] == [quote] * len(out)
    assert quote in (folder / "codebook-proposals.md").read_text(encoding="utf-8")
    with book.reading() as session:
        assert {row.conversation_id for row in session.exec(select(Coding))}.isdisjoint(out)
    open_code.fn(config)
    assert len(coders["c"].asked) == len(out)  # asked once a design


def test_a_busy_endpoint_leaves_it_for_later(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders, home: Path
) -> None:
    config = config_of(held_out_share=0.5)
    hold(book, fence, register(config, book, fence, clock), says, waves=[0])
    coders["c"].fault = lambda call: EndpointBusy("busy") if call == 1 else None
    coders["c"].reply = lambda question: reply().text
    with pytest.raises(EndpointBusy):
        open_code.fn(config)
    assert not (home / "interviews").exists()
    open_code.fn(config)
    assert (home / "interviews" / "aster-1" / "codebook-proposals.json").is_file()


def test_without_a_share_nobody_is_asked(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders, home: Path
) -> None:
    config = config_of()
    hold(book, fence, register(config, book, fence, clock), says, waves=[0])
    open_code.fn(config)
    assert coders.calls == 0
    assert not (home / "interviews").exists()
