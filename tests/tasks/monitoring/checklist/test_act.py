"""Signed words and the closing: what counts, what is refused, and what a closing is of."""

from typing import Any

import pytest
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.errors import ConfigError, DecisionRefused, NotFound, SignatureRefused
from tasks.monitoring.checklist.act import Word, closable, close, line_statement, say
from tasks.monitoring.checklist.core import (
    CHECKLIST_NAMESPACE,
    CLOSING_NAMESPACE,
    closing_statement,
)
from tasks.monitoring.checklist.view import Checklist, assess_checklist, checklist_of
from tasks.records import Book
from tasks.records.checklist import ChecklistAct, Closing, ClosingSignature
from tasks.records.preservation import Replica
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.tasks.access.conftest import People
from tests.tasks.monitoring.checklist.conftest import BY_HAND

EVIDENCE = "ticket OPS-12, closed by the platform team"


class Desk:
    """People who say and sign."""

    def __init__(
        self, config: RetirementConfig, book: Book, clock: FakeClock, people: People
    ) -> None:
        self.config, self.book, self.clock, self.people = config, book, clock, people

    def say(self, word: Word, person: str = "alice", **how: Any) -> ChecklistAct:
        words = how.get("words") or line_statement(self.config, self.book, word, self.clock.now())
        signature = self.people.sign(
            how.get("key", person), words, how.get("namespace", CHECKLIST_NAMESPACE)
        )
        return say(
            self.config,
            self.book,
            wiring.signatures(self.config.access),
            word=word,
            person=person,
            signature=signature,
            now=self.clock.now(),
        )

    def confirm_all(self) -> None:
        for line in BY_HAND:
            self.say(Word(line, "confirm", EVIDENCE))

    def words(self) -> bytes:
        return closing_statement(closable(self.config, self.book, self.clock.now()).body)

    def close(self, person: str, *, words: bytes = b"", **how: str) -> Checklist:
        signature = self.people.sign(
            how.get("key", person), words or self.words(), how.get("namespace", CLOSING_NAMESPACE)
        )
        return close(
            self.config,
            self.book,
            wiring.signatures(self.config.access),
            person=person,
            signature=signature,
            now=self.clock.now(),
        )

    def rows(self, table: type[Any]) -> list[Any]:
        with self.book.reading() as session:
            return list(session.exec(select(table)))


@pytest.fixture
def desk(finished: RetirementConfig, book: Book, clock: FakeClock, people: People) -> Desk:
    return Desk(finished, book, clock, people)


def test_closing_is_refused_while_a_line_is_open_and_names_each(desk: Desk) -> None:
    with pytest.raises(DecisionRefused, match="5 lines are open: credentials: nobody confirmed"):
        desk.words()
    for line in BY_HAND[:-1]:
        desk.say(Word(line, "confirm", EVIDENCE))
    with pytest.raises(DecisionRefused, match="1 line is open: deployment"):
        desk.words()
    assert desk.rows(ClosingSignature) == []


def test_two_people_close(desk: Desk) -> None:
    desk.confirm_all()
    found = desk.close("alice")
    assert (found.closing, len(found.signatures)) == (None, 1)
    desk.close("alice")  # again: once
    assert len(desk.rows(ClosingSignature)) == 1
    found = desk.close("bob")
    assert found.closing is not None
    assert found.closing.people == "alice, bob"
    assert {row.body for row in desk.rows(ClosingSignature)}
    with pytest.raises(DecisionRefused, match="was closed on 2027-06-01 by alice, bob"):
        desk.close("carol", words=closing_statement(found.body))
    assert desk.book.verify_audit().problems == ()
    with desk.book.reading() as session:
        after = assess_checklist(desk.config, session, desk.clock.now())
    assert after is not None
    assert (after.state.value, after.reason) == ("done", "closed on 2027-06-01 by alice, bob")


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"person": "alice", "key": "bob"}, SignatureRefused, "alice"),
        ({"person": "mallory", "key": "bob"}, SignatureRefused, "mallory"),
        ({"person": "alice", "namespace": CHECKLIST_NAMESPACE}, SignatureRefused, "emeritus-"),
        ({"person": "alice", "words": b"other\n"}, SignatureRefused, "signature"),
    ],
)
def test_a_signature_that_is_not_under_this_closing_does_not_count(
    how: dict[str, Any], error: type[Exception], said: str, desk: Desk
) -> None:
    desk.confirm_all()
    with pytest.raises(error, match=said):
        desk.close(**how)
    assert desk.rows(ClosingSignature) == []


def test_one_key_under_two_names_is_one_person(desk: Desk) -> None:
    desk.confirm_all()
    desk.people.add("alias", key="dora")
    desk.close("alias", key="dora")
    listing = desk.people.allowed
    listing.write_text(listing.read_text().replace("alias ", "dora "))
    with pytest.raises((DecisionRefused, SignatureRefused)):
        desk.close("dora")
    assert desk.rows(Closing) == []


def test_what_changes_after_the_first_signature_is_signed_anew(desk: Desk) -> None:
    desk.confirm_all()
    before = desk.words()
    desk.close("alice")
    desk.say(Word("dns", "not_applicable", "it never had a host name"))
    with pytest.raises(SignatureRefused):
        desk.close("bob", words=before)
    assert len(desk.close("bob").signatures) == 1
    assert desk.close("alice").closing is not None


def test_a_line_that_opens_after_the_closing_is_told(desk: Desk) -> None:
    desk.confirm_all()
    desk.close("alice")
    desk.close("bob")
    with desk.book.writing(desk.clock.now()) as writing:
        row = writing.session.get_one(Replica, ("a" * 64, "b"))
        row.state = "damaged"
        writing.put(row, "x")
    with desk.book.reading() as session:
        found = assess_checklist(desk.config, session, desk.clock.now())
    assert found is not None
    assert found.state.value == "blocked"
    assert found.reason.endswith("since then open again: preserved")


def test_the_same_words_are_one_act_and_old_ones_bring_nothing_back(desk: Desk) -> None:
    word = Word("dns", "confirm", EVIDENCE)
    now = desk.clock.now()
    first = line_statement(desk.config, desk.book, word, now)
    assert desk.say(word).id == desk.say(word).id
    desk.say(Word("dns", "reopen", "a name still answers"))
    with pytest.raises(SignatureRefused):
        desk.say(word, words=first)
    again = desk.say(word)
    assert len(desk.rows(ChecklistAct)) == 3
    with desk.book.reading() as session:
        lines = checklist_of(desk.config, session, now, None).lines
    assert next(one for one in lines if one.line.id == "dns").evidence == again.evidence


@pytest.mark.parametrize(
    ("word", "error", "said"),
    [
        (Word("dsn", "confirm", EVIDENCE), NotFound, "no such line; there are preserved"),
        (Word("dns", "tick", EVIDENCE), DecisionRefused, "'tick' is no act; choose one of"),
        (Word("dns", "confirm", "ok"), DecisionRefused, "8 to 2000 characters; say where"),
        (Word("dns", "confirm", "see \x1b[31mhere, please"), DecisionRefused, "plain text"),
        (Word("dns", "reopen", EVIDENCE), DecisionRefused, "nobody said anything of the line dns"),
        (Word("grants", "confirm", EVIDENCE), DecisionRefused, "told by the records alone"),
        (Word("unused", "confirm", EVIDENCE), DecisionRefused, "told by the records alone"),
    ],
)
def test_a_word_that_cannot_count_is_refused_with_its_reason(
    word: Word, error: type[Exception], said: str, desk: Desk
) -> None:
    with pytest.raises(error, match=said):
        desk.say(word, words=b"x\n")
    assert desk.rows(ChecklistAct) == []


def test_own_lines_keep_it_open_and_may_not_take_anothers_id(
    book: Book, clock: FakeClock, people: People, finished: RetirementConfig
) -> None:
    access = {"proposer": "paula", "allowed_signers": str(people.allowed)}

    def with_line(name: str) -> Desk:
        own = {"lines": [{"id": name, "title": "The cloud contract is ended"}]}
        config = retirement(access=access, monitoring={"checklist": own})
        return Desk(config, book, clock, people)

    desk = with_line("contract")
    desk.confirm_all()
    with pytest.raises(DecisionRefused, match="1 line is open: contract"):
        desk.words()
    with pytest.raises(ConfigError, match="'dns' is a line that every model has"):
        with_line("dns").words()
