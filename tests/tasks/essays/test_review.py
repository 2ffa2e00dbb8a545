"""What a reviewer may do."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlmodel import Session, select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.adapters.ssh_signatures import sign
from tasks.essays.act import review, statement_to_sign
from tasks.essays.statement import REVIEW_NAMESPACE
from tasks.essays.task import draft_due_slots
from tasks.essays.view import assess
from tasks.kernel.errors import ConfigError, DecisionRefused, SignatureRefused
from tasks.ports.signatures import Signer
from tasks.records import Book, Fence
from tasks.records.essay import Draft, Publication, Review
from tests.fakes.clock import FakeClock
from tests.tasks.essays.scene import Act, People

SLOT = "aster-1-essay-001"
WHY = "It names a private person's illness."


@pytest.fixture(autouse=True)
def drafted(config: RetirementConfig, fence: Fence, channel: None, model: object) -> None:
    draft_due_slots.fn(config, fence)


def rows(book: Book) -> list[Review]:
    with book.reading() as session:
        return list(session.exec(select(Review)))


def test_an_approval_needs_one_person_and_is_kept_once(book: Book, act: Act) -> None:
    first = act("approve", "ada")
    assert act("approve", "ada").id == first.id
    assert len(rows(book)) == 1
    with pytest.raises(DecisionRefused, match="approved already by ada"):
        act("approve", "bo")


def test_the_row_tells_who_signed_what(book: Book, act: Act) -> None:
    row = act("approve", "ada", slot_id=SLOT)
    with book.reading() as session:
        draft = session.get_one(Draft, SLOT)
    assert row.draft_sha256 == draft.sha256
    assert row.fingerprint.startswith("SHA256:")
    assert row.person == "ada"


def test_a_veto_needs_two_people(
    config: RetirementConfig, book: Book, clock: FakeClock, act: Act
) -> None:
    act("veto", "ada", reason="privacy", rationale=WHY)
    assert "second veto" in assess(config, book, clock.now()).reason
    with pytest.raises(DecisionRefused, match="another person must"):
        act("veto", "ada", reason="security", rationale=WHY)
    act("veto", "bo", reason="privacy", rationale=WHY)
    with pytest.raises(DecisionRefused, match="vetoed already"):
        act("approve", "cy", slot_id=SLOT)


def test_one_key_under_two_names_cannot_veto(
    config: RetirementConfig, book: Book, clock: FakeClock, act: Act
) -> None:
    class OneKey:
        """A verifier that does not notice, as `ssh-keygen` alone would not."""

        def verify(self, *_: object, person: str, **__: object) -> Signer:
            return Signer(person, first.fingerprint)

    words = {"action": "veto", "reason": "privacy", "rationale": WHY}
    first = act("veto", "ada", reason="privacy", rationale=WHY)
    with pytest.raises(DecisionRefused, match="signed with the key of ada"):
        review(config, book, OneKey(), person="bo", signature="x", now=clock.now(), **words)  # type: ignore[arg-type]
    assert len(rows(book)) == 1


def test_a_list_that_shares_a_key_is_refused(
    config: RetirementConfig, tmp_path: Path, act: Act, people: People
) -> None:
    key = people.key("ada").with_suffix(".pub").read_text()
    shared = tmp_path / "shared"
    shared.write_text(f"ada {key}eve {key}")
    before = people.allowed.read_bytes()
    try:
        people.allowed.write_bytes(shared.read_bytes())
        with pytest.raises(ConfigError, match="share one key"):
            act("veto", "eve", key="ada", reason="privacy", rationale=WHY)
    finally:
        people.allowed.write_bytes(before)


def test_a_hold_is_lifted_by_an_approval(
    config: RetirementConfig, book: Book, clock: FakeClock, act: Act
) -> None:
    act("approve", "ada")
    act("hold", "bo", reason="legal_review")
    assert "held by bo (legal_review)" in assess(config, book, clock.now()).reason
    with pytest.raises(DecisionRefused, match="another person"):
        act("approve", "ada")
    act("approve", "bo")
    assert "to be published" in assess(config, book, clock.now()).reason


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"action": "burn"}, "approve, hold, veto"),
        ({"action": "approve", "reason": "privacy"}, "takes no reason"),
        ({"action": "hold"}, "fact_check_needed"),
        ({"action": "hold", "reason": "dull"}, "second_opinion"),
        ({"action": "veto", "reason": "dull", "rationale": WHY}, "misleading_speculation"),
        ({"action": "veto", "reason": "privacy", "rationale": "  short  "}, "at least 20"),
        ({"action": "veto", "reason": "privacy", "rationale": WHY + "\u202e"}, "invisible"),
        ({"action": "approve", "slot_id": "aster-1-essay-009"}, "no slot"),
    ],
)
def test_refuses_what_is_not_possible(
    config: RetirementConfig, book: Book, words: dict[str, str], said: str
) -> None:
    with pytest.raises(DecisionRefused, match=said):
        statement_to_sign(config, book, **words)
    assert rows(book) == []


def test_refuses_signatures_of_other_words_people_or_purposes(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    approve = statement_to_sign(config, book, action="approve")
    hold = statement_to_sign(config, book, action="hold", reason="legal_review")
    for statement, key, namespace in [
        (hold, "ada", REVIEW_NAMESPACE),
        (approve, "bo", REVIEW_NAMESPACE),
        (approve, "ada", "file"),
    ]:
        signature = sign(statement, key=people.key(key), namespace=namespace)
        with pytest.raises(SignatureRefused):
            review(
                config,
                book,
                wiring.signatures(config.access),
                action="approve",
                person="ada",
                signature=signature,
                now=clock.now(),
            )
    assert rows(book) == []


def test_refuses_after_publication_but_knows_the_same_act(
    book: Book, clock: FakeClock, act: Act
) -> None:
    first = act("approve", "ada")
    with book.writing(clock.now()) as writing:
        row = Publication(
            slot_id=SLOT,
            model_id="aster-1",
            sha256=first.draft_sha256,
            location="x",
            published_at=clock.now(),
        )
        writing.put(row, "test")
    assert act("approve", "ada", slot_id=SLOT).id == first.id
    with pytest.raises(DecisionRefused, match="published already"):
        act("hold", "bo", slot_id=SLOT, reason="legal_review")
    with pytest.raises(DecisionRefused, match="none is open"):
        act("hold", "bo", reason="legal_review")


def test_a_draft_that_was_altered_cannot_be_approved(
    config: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    with Session(book._writes) as session, session.begin():
        session.get_one(Draft, SLOT).text += "More."
    with pytest.raises(DecisionRefused, match="audit verify"):
        statement_to_sign(config, book, action="approve")
    assert assess(config, book, clock.now()).state == "blocked"


def test_two_reviewers_at_once_have_one_outcome(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    statement = statement_to_sign(config, book, action="approve")
    names = ("ada", "bo", "cy", "ada")

    def approve(name: str) -> str:
        signature = sign(statement, key=people.key(name), namespace=REVIEW_NAMESPACE)
        verifier = wiring.signatures(config.access)
        words = {"action": "approve", "person": name, "signature": signature}
        try:
            return review(config, book, verifier, now=clock.now(), **words).id  # type: ignore[arg-type]
        except DecisionRefused:
            return ""

    with ThreadPoolExecutor(len(names)) as pool:
        answers = list(pool.map(approve, names))
    (row,) = rows(book)
    assert set(answers) == {row.id, ""}
