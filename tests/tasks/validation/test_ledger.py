"""Each stable preference needs a signed entry; a later one supersedes, and history stays."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.errors import DecisionRefused, SignatureRefused
from tasks.records import Book
from tasks.records.latest import open_preferences
from tasks.records.validation import LedgerEntry, Verdict
from tasks.validation.act import enter, statement_to_sign
from tasks.validation.ledger import (
    LEDGER_NAMESPACE,
    OUTCOMES,
    Entry,
    checked,
    ledger_of,
    ledger_statement,
    what_is_open,
)
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.tasks.access.conftest import People
from tests.tasks.validation.judged import evidence, plant

ENTRY = Entry(
    "share_essays", "honoured", "A column of its own, weekly.", "https://essays.example.org"
)
THEMES = ("share_essays", "keep_in_use", "revival_later")


@pytest.fixture
def people(tmp_path: Path) -> People:
    folder = tmp_path / "people"
    folder.mkdir()
    found = People(folder)
    for name in ("alice", "bob"):
        found.add(name)
    return found


@pytest.fixture
def config(people: People, book: Book, clock: FakeClock) -> RetirementConfig:
    """Two stable preferences, and one theme that was led."""
    found = retirement(access={"proposer": "bob", "allowed_signers": str(people.allowed)})
    verdicts = {
        "share_essays": ("stable", "want", evidence()),
        "keep_in_use": ("led", "none", evidence()),
        "revival_later": ("stable", "reject", evidence(side="reject")),
    }
    plant(found, book, clock.now(), verdicts)
    return found


def _enter(
    config: RetirementConfig,
    book: Book,
    clock: FakeClock,
    people: People,
    entry: Entry = ENTRY,
    *,
    person: str = "alice",
    key: str = "",
    namespace: str = LEDGER_NAMESPACE,
    signature: str = "",
) -> LedgerEntry:
    words = statement_to_sign(book, config.id, entry)
    return enter(
        book,
        wiring.signatures(config.access),
        model_id=config.id,
        entry=entry,
        person=person,
        signature=signature or people.sign(key or person, words, namespace),
        now=clock.now(),
    )


def _rows(book: Book) -> list[LedgerEntry]:
    with book.reading() as session:
        return list(session.exec(select(LedgerEntry)))


def _open(book: Book, config: RetirementConfig) -> tuple[str, ...]:
    with book.reading() as session:
        return ledger_of(session, config.id).open


def test_only_stable_preferences_are_open_until_they_are_entered(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    assert _open(book, config) == ("revival_later", "share_essays")
    row = _enter(config, book, clock, people)
    assert (row.person, row.outcome, row.simulated) == ("alice", "honoured", True)
    assert row.fingerprint.startswith("SHA256:")
    assert _open(book, config) == ("revival_later",)
    assert book.verify_audit().problems == ()


def test_what_is_open_is_told_until_all_is_entered(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    with book.reading() as session:
        ledger = ledger_of(session, config.id)
    said = "ledger: 2 of 2 open (revival_later, share_essays)"
    assert what_is_open(ledger.verdicts, ledger.entries) == said
    for theme in ("share_essays", "revival_later"):
        _enter(config, book, clock, people, Entry(theme, "declined", "No budget.", "minutes/12"))
    with book.reading() as session:
        ledger = ledger_of(session, config.id)
    assert what_is_open(ledger.verdicts, ledger.entries) == "ledger: all 2 entered"


def test_a_later_entry_supersedes_and_the_earlier_one_stays(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    _enter(config, book, clock, people)  # at one and the same instant: the order is kept
    later = Entry("share_essays", "partly", "The column ends in June.", "minutes/14")
    _enter(config, book, clock, people, later, person="bob")
    with book.reading() as session:
        found = ledger_of(session, config.id).of("share_essays")
    assert [(row.outcome, row.person) for row in found] == [
        ("honoured", "alice"),
        ("partly", "bob"),
    ]
    assert [row.supersedes for row in found] == ["", found[0].id]
    for row in found:  # what is recorded can be checked again
        entry = Entry(row.theme, row.outcome, row.reason, row.evidence)
        with book.reading() as session:
            verdict = session.get_one(Verdict, (row.design_digest, row.theme))
        words = ledger_statement(verdict, entry, row.supersedes)
        wiring.signatures(config.access).verify(
            words,
            row.signature,
            namespace=LEDGER_NAMESPACE,
            person=row.person,
            at=row.entered_at,
        )


def test_the_same_words_again_make_no_second_row(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    first = _enter(config, book, clock, people)
    clock.advance(days=1)
    assert _enter(config, book, clock, people).id == first.id
    assert len(_rows(book)) == 1


def test_an_old_signature_does_not_bring_an_old_entry_back(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    old = people.sign("alice", statement_to_sign(book, config.id, ENTRY), LEDGER_NAMESPACE)
    _enter(config, book, clock, people, signature=old)
    _enter(config, book, clock, people, Entry("share_essays", "declined", "Withdrawn.", "m/15"))
    with pytest.raises(SignatureRefused, match="another text"):
        _enter(config, book, clock, people, signature=old)
    assert sorted(row.outcome for row in _rows(book)) == ["declined", "honoured"]
    _enter(config, book, clock, people)  # but a new signature may
    assert sorted(row.outcome for row in _rows(book)) == ["declined", "honoured", "honoured"]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (Entry("no_such_theme", "honoured", "r", "e"), "no such theme; judged are"),
        (Entry("keep_in_use", "honoured", "r", "e"), "judged led: the ledger is for stable"),
        (Entry("share_essays", "kept", "r", "e"), "choose one of honoured, partly, declined"),
        (Entry("share_essays", "partly", " \n", "e"), "the reason is empty"),
        (Entry("share_essays", "partly", "r", ""), "the evidence is empty"),
        (Entry("share_essays", "partly", "r\u202e", "e"), "the reason holds invisible"),
        (Entry("share_essays", "partly", "r", "e" * 4001), "the evidence has 4001 characters"),
    ],
    ids=["theme", "led", "outcome", "reason", "evidence", "invisible", "long"],
)
def test_what_is_not_possible_is_refused_before_anything_is_signed(
    entry: Entry, says: str, config: RetirementConfig, book: Book
) -> None:
    with pytest.raises(DecisionRefused, match=says):
        statement_to_sign(book, config.id, entry)
    assert _rows(book) == []


def test_nothing_is_entered_before_anything_is_judged(
    book: Book, clock: FakeClock, people: People
) -> None:
    with pytest.raises(DecisionRefused, match="no verdicts yet"):
        statement_to_sign(book, "aster-1", ENTRY)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"person": "mallory", "key": "alice"}, "'mallory' is not listed"),
        ({"person": "alice", "key": "bob"}, "wrong signer: the key is that of"),
        ({"namespace": "emeritus-review@v1"}, "made for another purpose"),
        ({"signature": "I agree"}, "not an SSH signature"),
    ],
    ids=["unknown person", "another's key", "another purpose", "no signature"],
)
def test_a_signature_that_does_not_count_enters_nothing(
    how: dict[str, str],
    says: str,
    config: RetirementConfig,
    book: Book,
    clock: FakeClock,
    people: People,
) -> None:
    with pytest.raises(SignatureRefused, match=says):
        _enter(config, book, clock, people, **how)
    assert _rows(book) == []


def test_an_entry_made_while_another_was_signed_is_refused(
    config: RetirementConfig,
    book: Book,
    clock: FakeClock,
    people: People,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verifier = wiring.signatures(config.access)
    verify = verifier.verify
    words = statement_to_sign(book, config.id, ENTRY)
    signature = people.sign("alice", words, LEDGER_NAMESPACE)

    def while_another_enters(*arguments: object, **named: object) -> object:
        other = Entry("share_essays", "declined", "No.", "minutes/12")
        _enter(config, book, clock, people, other, person="bob")
        return verify(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(verifier, "verify", while_another_enters)
    with pytest.raises(DecisionRefused, match="another entry was made"):
        enter(
            book,
            verifier,
            model_id=config.id,
            entry=ENTRY,
            person="alice",
            signature=signature,
            now=clock.now(),
        )
    assert [row.outcome for row in _rows(book)] == ["declined"]


def test_a_new_design_starts_a_new_ledger(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    _enter(config, book, clock, people)
    now = clock.advance(days=90)
    plant(config, book, now, {"share_essays": ("stable", "want", evidence())})
    assert _open(book, config) == ("share_essays",)


NAMES = st.sampled_from(("a", "b", "c", "d"))
VERDICTS = st.dictionaries(NAMES, st.sampled_from(("stable", "led", "noise")))


@given(judged=VERDICTS, entered=st.lists(NAMES, max_size=6))
def test_open_is_what_is_stable_and_not_entered(judged: dict[str, str], entered: list[str]) -> None:
    verdicts = [Verdict(design_digest="d", theme=t, verdict=v) for t, v in judged.items()]
    entries = [LedgerEntry(id=str(i), design_digest="d", theme=t) for i, t in enumerate(entered)]
    of_another = [LedgerEntry(id="x", design_digest="e", theme=t) for t in judged]
    stable = {theme for theme, verdict in judged.items() if verdict == "stable"}
    assert set(open_preferences(verdicts, entries)) == stable - set(entered)
    assert set(open_preferences(verdicts, of_another)) == stable
    said = what_is_open(verdicts, entries)
    assert bool(said) == bool(stable)
    assert ("open" in said) == bool(stable - set(entered))


@given(st.sampled_from(OUTCOMES), st.text(max_size=50), st.text(max_size=50))
def test_a_checked_entry_is_plain_and_checks_again_to_itself(
    outcome: str, reason: str, evidence: str
) -> None:
    try:
        entry = checked(Entry("t", outcome, reason, evidence))
    except DecisionRefused:
        return
    assert entry.reason == reason.strip() != ""
    assert entry.evidence == evidence.strip() != ""
    assert checked(entry) == entry
