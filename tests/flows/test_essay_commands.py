"""Acts on essays by form and by command, and readers' reports: all three ways are one function."""

import json
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from configs.schema import RetirementConfig
from flows import decisions
from flows.cli import app
from tasks.adapters.ssh_signatures import sign
from tasks.candidate.opening import put_in_force
from tasks.essays.policy import HOLD_REASONS, RULES, VETO_REASONS
from tasks.essays.reader_reports import KINDS
from tasks.essays.statement import REVIEW_NAMESPACE
from tasks.essays.task import draft_due_slots, publish_approved
from tasks.records import Book, Fence
from tasks.records.essay import ReaderReport, Review
from tests.fakes.clock import FakeClock
from tests.tasks.essays.conftest import act, channel, config, model, people
from tests.tasks.essays.scene import Act, People

__all__ = ["act", "channel", "config", "model", "people"]

MODEL, SLOT = "aster-1", "aster-1-essay-001"
WHY = "It names a private person's illness."


@pytest.fixture(autouse=True)
def drafted(
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    channel: None,
    model: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flows.form_answers.create_markdown_artifact", lambda **_: None)
    put_in_force(config, book, fence, clock.now())
    draft_due_slots.fn(config, fence)


def form(**fields: Any) -> tuple[str | None, str]:
    state = decisions.review_essay.fn(MODEL, **fields)
    return state.name, state.message or ""


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, (SystemExit, type(None))), done.exception
    return done.exit_code, done.output


def reviews(book: Book) -> list[tuple[str, str]]:
    with book.reading() as session:
        return [(row.person, row.action) for row in session.exec(select(Review))]


def test_the_form_first_gives_the_words_and_then_takes_the_signature(
    book: Book,
    people: People,
) -> None:
    fields = {"reviewer": "ada", "action": "veto", "reason": "privacy", "rationale": WHY}
    name, words = form(**fields)
    assert name == "To be signed"
    assert json.loads(words)["predicate"]["decision"]["action"] == "veto"
    assert reviews(book) == []
    signature = sign(words.encode(), key=people.key("ada"), namespace=REVIEW_NAMESPACE)
    name, said = form(**fields, signature=signature)
    assert (name, "a second person has to veto too" in said) == ("Recorded", True)
    assert reviews(book) == [("ada", "veto")]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"action": "veto", "reason": "privacy", "rationale": "short"}, "EM410"),
        ({"action": "hold", "reason": "privacy"}, "EM410"),
        ({"action": "approve", "slot": "nowhere"}, "EM410"),
        ({"action": "approve", "signature": "pasted wrongly"}, "EM400"),
        ({"action": "keep", "rationale": WHY, "about": "x"}, "EM410"),
    ],
    ids=["rationale", "reason", "slot", "signature", "report"],
)
def test_a_mistake_in_the_form_ends_in_words_and_records_nothing(
    book: Book, fields: dict[str, str], code: str
) -> None:
    name, said = form(reviewer="ada", **fields)
    assert (name, said.endswith(f"[{code}]")) == ("Refused", True)
    assert reviews(book) == []


def test_the_form_offers_the_closed_lists_and_no_others() -> None:
    hints = get_type_hints(decisions.review_essay.fn)
    assert get_args(hints["action"]) == tuple(RULES) or set(get_args(hints["action"])) == set(RULES)
    assert get_args(hints["reason"]) == ("", *HOLD_REASONS, *VETO_REASONS)
    assert set(get_args(get_type_hints(decisions.report_essay.fn)["kind"])) == set(KINDS)


def test_the_command_signs_or_takes_a_signature_made_elsewhere(
    book: Book,
    people: People,
    tmp_path: Path,
    clock: FakeClock,
) -> None:
    key = str(people.key("ada"))
    hold = ["--reason", "legal_review", "--days", "3", "--as", "ada", "--key", key]
    status, said = run("review", MODEL, "hold", *hold)
    assert (status, "until" in said) == (0, True)
    clock.advance(seconds=1)
    _, words = run("statement", MODEL, "approve")
    file = tmp_path / "act.sig"
    file.write_text(sign(words.encode(), key=people.key("bo"), namespace=REVIEW_NAMESPACE))
    status, said = run("review", MODEL, "approve", "--as", "bo", "--signature", str(file))
    assert (status, "the next pass publishes it" in said) == (0, True)
    assert reviews(book) == [("ada", "hold"), ("bo", "approve")]


def test_reports_come_by_command_and_form_and_are_listed(
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    act: Act,
) -> None:
    act("approve", "ada")
    publish_approved.fn(config, fence)
    said = "The second line names my neighbour."
    status, told = run("reports", "add", MODEL, SLOT, "--kind", "privacy", "--words", said)
    assert (status, "keep --about" in told) == (0, True)
    state = decisions.report_essay.fn(MODEL, SLOT, "other", "A word is spelt oddly here.")
    assert state.name == "Recorded"
    state = decisions.report_essay.fn(MODEL, "nowhere", "other", "A word is spelt oddly here.")
    assert state.name == "Refused"
    with book.reading() as session:
        assert {r.source for r in session.exec(select(ReaderReport))} == {"cli", "form"}
    _, listed = run("reports", "list", MODEL, "--json")
    assert [one["open"] for one in json.loads(listed)] == [True, True]
    _, listed = run("reports", "list", MODEL)
    assert said in listed


def test_the_webhook_does_not_start_without_a_secret() -> None:
    done = CliRunner().invoke(app, ["reports", "serve", MODEL])
    assert done.exit_code != 0
    assert "webhook_secret_env" in str(done.exception)
