"""What a reviewer may do."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import Session, select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.adapters.ssh_signatures import sign
from tasks.essays import act_files
from tasks.essays.act import review, statement_to_sign
from tasks.essays.policy import MOST_REDRAFTS, policy_digest
from tasks.essays.statement import REVIEW_NAMESPACE
from tasks.essays.statement import Act as Words
from tasks.essays.task import draft_due_slots, take_in_files
from tasks.essays.view import assess
from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import ConfigError, DecisionRefused, SignatureRefused
from tasks.kernel.stages import StageState
from tasks.ports.signatures import Signer
from tasks.records import Book, Fence
from tasks.records.essay import Draft, Publication, Redraft, Review
from tests.fakes.clock import FakeClock
from tests.tasks.essays.scene import ESSAY, Act, FakeModel, People, answered

SLOT = "aster-1-essay-001"
WHY = "It names a private person's illness."
NEW = ESSAY.replace("On leaving", "On leaving, again")
PRIVACY = {"reason": "privacy", "rationale": WHY}


@pytest.fixture(autouse=True)
def drafted(config: RetirementConfig, fence: Fence, channel: None, model: object) -> None:
    draft_due_slots.fn(config, fence)


def rows(book: Book) -> list[Review]:
    with book.reading() as session:
        return list(session.exec(select(Review)))


def published(book: Book, sha256: str, clock: FakeClock) -> None:
    with book.writing(clock.now()) as writing:
        row = Publication(
            slot_id=SLOT,
            model_id="aster-1",
            sha256=sha256,
            location="x",
            published_at=clock.now(),
        )
        writing.put(row, "test")


def hand_in(
    config: RetirementConfig, book: Book, person: str, words: Words, signature: str, at: Any
) -> Review:
    verifier = wiring.signatures(config.access)
    return review(config, book, verifier, words, person=person, signature=signature, now=at)


class TestApproving:
    def test_one_person_approves_once(self, book: Book, act: Act) -> None:
        act("approve", "ada")
        for person in ("ada", "bo"):
            with pytest.raises(DecisionRefused, match="approved already by ada"):
                act("approve", person)
        assert len(rows(book)) == 1

    def test_the_same_signature_again_is_the_same_act(
        self, config: RetirementConfig, book: Book, clock: FakeClock, people: People
    ) -> None:
        words = Words("approve")
        statement = statement_to_sign(config, book, words, now=clock.now())
        signature = sign(statement, key=people.key("ada"), namespace=REVIEW_NAMESPACE)
        first = hand_in(config, book, "ada", words, signature, clock.now())
        again = hand_in(config, book, "ada", words, signature.replace("\n", "\r\n"), clock.now())
        assert first.id == again.id
        published(book, first.draft_sha256, clock)
        assert review(
            config,
            book,
            wiring.signatures(config.access),
            words,
            slot_id=SLOT,
            person="ada",
            signature=signature,
            now=clock.now(),
        ).id == first.id  # fmt: skip
        assert len(rows(book)) == 1

    def test_the_statement_binds_text_prompt_checks_and_policy(
        self, config: RetirementConfig, book: Book, act: Act
    ) -> None:
        row = act("approve", "ada", slot=SLOT)
        with book.reading() as session:
            draft = session.get_one(Draft, SLOT)
        said = json.loads(row.statement)
        assert said["_type"] == "https://in-toto.io/Statement/v1"
        assert said["subject"] == [{"name": "index.md", "digest": {"sha256": draft.sha256}}]
        told = said["predicate"]
        assert told["policy"]["sha256"] == policy_digest(config.essays)
        assert told["checks"]["sha256"] == sha256_hex(draft.findings.encode())
        assert told["prompt"]["sha256"] == sha256_hex(f"{draft.prompt}\n".encode())
        assert told["decision"]["action"] == "approve"
        assert (row.draft_sha256, row.person) == (draft.sha256, "ada")
        assert row.fingerprint.startswith("SHA256:")

    @pytest.mark.parametrize(("days", "counts"), [(0, True), (7, True), (8, False)])
    def test_a_signature_counts_for_a_week(
        self,
        config: RetirementConfig,
        book: Book,
        clock: FakeClock,
        people: People,
        days: int,
        counts: bool,
    ) -> None:
        words = Words("approve")
        statement = statement_to_sign(config, book, words, now=clock.now())
        signature = sign(statement, key=people.key("ada"), namespace=REVIEW_NAMESPACE)
        later = clock.now() + timedelta(days=days)
        if counts:
            assert hand_in(config, book, "ada", words, signature, later).statement.encode() == (
                statement
            )
        else:
            with pytest.raises(SignatureRefused, match="more than 7 days ago"):
                hand_in(config, book, "ada", words, signature, later)

    def test_a_signature_made_before_anothers_act_is_void(
        self, config: RetirementConfig, book: Book, clock: FakeClock, people: People, act: Act
    ) -> None:
        words = Words("approve")
        statement = statement_to_sign(config, book, words, now=clock.now())
        signature = sign(statement, key=people.key("ada"), namespace=REVIEW_NAMESPACE)
        act("hold", "bo", reason="legal_review")
        with pytest.raises(SignatureRefused, match="what others did"):
            hand_in(config, book, "ada", words, signature, clock.now())

    def test_a_changed_policy_voids_a_signature(
        self, config: RetirementConfig, book: Book, clock: FakeClock, people: People
    ) -> None:
        words = Words("approve")
        statement = statement_to_sign(config, book, words, now=clock.now())
        signature = sign(statement, key=people.key("ada"), namespace=REVIEW_NAMESPACE)
        essays = config.essays.model_copy(update={"longest_hold_days": 3})
        other = config.model_copy(update={"essays": essays})
        with pytest.raises(SignatureRefused, match="the policy"):
            hand_in(other, book, "ada", words, signature, clock.now())

    def test_two_reviewers_at_once_have_one_outcome(
        self, config: RetirementConfig, book: Book, clock: FakeClock, people: People
    ) -> None:
        words = Words("approve")
        statement = statement_to_sign(config, book, words, now=clock.now())
        names = ("ada", "bo", "cy", "ada")

        def approve(name: str) -> str:
            signature = sign(statement, key=people.key(name), namespace=REVIEW_NAMESPACE)
            try:
                return hand_in(config, book, name, words, signature, clock.now()).id
            except (DecisionRefused, SignatureRefused):
                return ""

        with ThreadPoolExecutor(len(names)) as pool:
            answers = list(pool.map(approve, names))
        (row,) = rows(book)
        assert set(answers) == {row.id, ""}


class TestHolding:
    def test_a_hold_comes_back_by_itself(
        self, config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, act: Act
    ) -> None:
        row = act("hold", "bo", reason="legal_review", hold_days=3)
        draft_due_slots.fn(config, fence)
        assert row.until == clock.now() + timedelta(days=3)
        found = assess(config, book, clock.now())
        assert "held by bo (legal_review) until" in found.reason
        assert found.until == row.until
        clock.advance(days=3)
        found = assess(config, book, clock.now())
        assert "to be made again; then: aster-1-essay-001 waits for a reviewer" in found.reason

    def test_an_approval_ends_it_and_may_be_given_anew(
        self, config: RetirementConfig, book: Book, clock: FakeClock, act: Act
    ) -> None:
        act("approve", "ada")
        act("hold", "bo", reason="legal_review")
        assert "held by bo (legal_review)" in assess(config, book, clock.now()).reason
        act("approve", "ada")
        assert "to be published" in assess(config, book, clock.now()).reason

    def test_an_approval_before_a_hold_does_not_come_back_with_its_end(
        self, config: RetirementConfig, book: Book, clock: FakeClock, act: Act
    ) -> None:
        act("approve", "ada")
        act("hold", "bo", reason="legal_review", hold_days=1)
        clock.advance(days=2)
        assert "waits for a reviewer" in assess(config, book, clock.now()).reason

    def test_each_person_holds_once(self, clock: FakeClock, act: Act) -> None:
        act("hold", "bo", reason="legal_review", hold_days=1)
        clock.advance(days=2)
        with pytest.raises(DecisionRefused, match="another person must"):
            act("hold", "bo", reason="privacy_review")
        assert act("hold", "cy", reason="privacy_review").until

    def test_a_draft_that_waits_too_long_is_overdue(
        self, config: RetirementConfig, book: Book, clock: FakeClock
    ) -> None:
        essays = config.essays.model_copy(update={"review_days": 3})
        config = config.model_copy(update={"essays": essays})
        assert "overdue" not in assess(config, book, clock.advance(days=3)).reason
        assert "overdue" in assess(config, book, clock.advance(seconds=1)).reason


class TestVetoing:
    def test_it_takes_two_people_who_may_sign_apart(
        self, config: RetirementConfig, book: Book, clock: FakeClock, people: People, act: Act
    ) -> None:
        words = Words("veto", **PRIVACY)
        statement = statement_to_sign(config, book, words, now=clock.now())
        apart = sign(statement, key=people.key("bo"), namespace=REVIEW_NAMESPACE)
        act("veto", "ada", **PRIVACY)
        assert "second veto" in assess(config, book, clock.now()).reason
        with pytest.raises(DecisionRefused, match="another person must"):
            act("veto", "ada", reason="security", rationale=WHY)
        hand_in(config, book, "bo", words, apart, clock.now())
        with pytest.raises(DecisionRefused, match="is vetoed"):
            act("approve", "cy", slot=SLOT)

    def test_one_key_under_two_names_cannot(
        self, config: RetirementConfig, book: Book, clock: FakeClock, act: Act
    ) -> None:
        class OneKey:
            """A verifier that does not notice, as `ssh-keygen` alone would not."""

            def covers(self, *_: object, **__: object) -> bool:
                return True

            def verify(self, *_: object, person: str, **__: object) -> Signer:
                return Signer(person, first.fingerprint)

        first = act("veto", "ada", **PRIVACY)
        with pytest.raises(DecisionRefused, match="signed with the key of ada"):
            review(
                config,
                book,
                OneKey(),
                Words("veto", **PRIVACY),
                person="bo",
                signature="x",
                now=clock.now(),
            )
        assert len(rows(book)) == 1

    def test_a_list_that_shares_a_key_is_refused(
        self, config: RetirementConfig, tmp_path: Path, act: Act, people: People
    ) -> None:
        key = people.key("ada").with_suffix(".pub").read_text()
        before = people.allowed.read_bytes()
        try:
            people.allowed.write_text(f"ada {key}eve {key}")
            with pytest.raises(ConfigError, match="share one key"):
                act("veto", "eve", key="ada", **PRIVACY)
        finally:
            people.allowed.write_bytes(before)


class TestAskingForAChange:
    def test_the_model_writes_anew_and_both_texts_stay(
        self,
        config: RetirementConfig,
        book: Book,
        fence: Fence,
        clock: FakeClock,
        model: FakeModel,
        act: Act,
    ) -> None:
        request = act("change", "ada", **PRIVACY)
        assert "asked for a new text" in assess(config, book, clock.now()).reason
        with pytest.raises(DecisionRefused, match="when it has answered"):
            act("approve", "bo", slot=SLOT)
        model.says = [answered(NEW)]
        draft_due_slots.fn(config, fence)
        with book.reading() as session:
            first = session.get_one(Draft, SLOT)
            (second,) = session.exec(select(Redraft))
        assert (first.text, second.text) == (ESSAY, NEW)
        assert (second.number, second.review_id) == (2, request.id)
        prompt, text, words = model.asked[-1].turns
        assert (prompt, text) == (first.prompt, first.text)
        assert WHY in words
        assert act("approve", "bo").draft_sha256 == second.sha256
        assert json.loads(rows(book)[1].statement)["subject"][0]["digest"]["sha256"] == (
            second.sha256
        )

    @pytest.mark.parametrize("says", ["I would rather leave it as it is.", ""])
    def test_the_model_may_leave_its_text(
        self,
        config: RetirementConfig,
        book: Book,
        fence: Fence,
        model: FakeModel,
        act: Act,
        says: str,
    ) -> None:
        act("change", "ada", **PRIVACY)
        model.says = [answered(says) if says else answered("").__class__("refused")]
        draft_due_slots.fn(config, fence)
        assert act("approve", "bo").draft_sha256 == sha256_hex(ESSAY.encode())

    def test_after_two_weeks_without_an_answer_the_first_text_stands(
        self,
        config: RetirementConfig,
        book: Book,
        fence: Fence,
        clock: FakeClock,
        model: FakeModel,
        act: Act,
    ) -> None:
        act("change", "ada", **PRIVACY)
        clock.advance(days=15)
        draft_due_slots.fn(config, fence)
        with book.reading() as session:
            (redraft,) = session.exec(select(Redraft))
        assert redraft.outcome == "missed"
        assert act("approve", "bo", slot=SLOT).draft_sha256 == sha256_hex(ESSAY.encode())

    def test_texts_have_an_end(
        self, config: RetirementConfig, fence: Fence, model: FakeModel, act: Act
    ) -> None:
        for number, person in zip(range(MOST_REDRAFTS), ("ada", "bo"), strict=True):
            act("change", person, **PRIVACY)
            model.says = [answered(f"{NEW}\n{number}")]
            draft_due_slots.fn(config, fence)
        with pytest.raises(DecisionRefused, match="3 texts already"):
            act("change", "cy", **PRIVACY)


@pytest.mark.parametrize(
    ("words", "slot", "said"),
    [
        (Words("burn"), "", "approve, hold, change, veto"),
        (Words("approve", "privacy"), "", "takes no reason"),
        (Words("approve", hold_days=3), "", "takes no days"),
        (Words("hold"), "", "fact_check_needed"),
        (Words("hold", "dull"), "", "second_opinion"),
        (Words("hold", "legal_review", hold_days=29), "", "1 to 28 days"),
        (Words("hold", "legal_review", hold_days=-1), "", "1 to 28 days"),
        (Words("veto", "dull", WHY), "", "misleading_speculation"),
        (Words("veto", "privacy", "  short  "), "", "at least 20"),
        (Words("veto", "privacy", WHY + "\u202e"), "", "invisible"),
        (Words("keep", "", WHY), "", "--about"),
        (Words("approve", about="x"), "", "only `keep`"),
        (Words("withdraw", "privacy", WHY), "", "none is public"),
        (Words("withdraw", "privacy", WHY), SLOT, "it is not public"),
        (Words("approve"), "aster-1-essay-009", "no slot"),
    ],
    ids=lambda value: value.action if isinstance(value, Words) else "",
)
def test_refuses_what_is_not_possible(
    config: RetirementConfig, book: Book, clock: FakeClock, words: Words, slot: str, said: str
) -> None:
    with pytest.raises(DecisionRefused, match=said):
        statement_to_sign(config, book, words, slot_id=slot, now=clock.now())
    assert rows(book) == []


def test_refuses_signatures_of_other_words_people_or_purposes(
    config: RetirementConfig, book: Book, clock: FakeClock, people: People
) -> None:
    approve = statement_to_sign(config, book, Words("approve"), now=clock.now())
    hold = statement_to_sign(config, book, Words("hold", "legal_review"), now=clock.now())
    for statement, key, namespace, why in [
        (hold, "ada", REVIEW_NAMESPACE, "not under this act"),
        (approve, "bo", REVIEW_NAMESPACE, "wrong signer"),
        (approve, "ada", "file", "another purpose"),
    ]:
        signature = sign(statement, key=people.key(key), namespace=namespace)
        with pytest.raises(SignatureRefused, match=why):
            hand_in(config, book, "ada", Words("approve"), signature, clock.now())
    assert rows(book) == []


def test_a_published_essay_is_withdrawn_and_not_held(
    book: Book, clock: FakeClock, act: Act
) -> None:
    published(book, act("approve", "ada").draft_sha256, clock)
    with pytest.raises(DecisionRefused, match="withdraw it"):
        act("hold", "bo", slot=SLOT, reason="legal_review")
    with pytest.raises(DecisionRefused, match="none is open"):
        act("hold", "bo", reason="legal_review")


def test_a_draft_that_was_altered_cannot_be_approved(
    config: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    with Session(book._writes) as session, session.begin():
        session.get_one(Draft, SLOT).text += "More."
    with pytest.raises(DecisionRefused, match="audit verify"):
        statement_to_sign(config, book, Words("approve"), now=clock.now())
    assert assess(config, book, clock.now()).state == "blocked"


class TestFiles:
    @pytest.fixture
    def commit(
        self,
        config: RetirementConfig,
        book: Book,
        clock: FakeClock,
        people: People,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Any:
        """Write a signed act as a file among the people's."""
        monkeypatch.setattr(act_files, "PEOPLE", tmp_path)

        def write(person: str, action: str, name: str = "", **words: str) -> Path:
            decided = Words(action, **words)
            statement = statement_to_sign(config, book, decided, now=clock.now())
            signature = sign(statement, key=people.key(person), namespace=REVIEW_NAMESPACE)
            body = {"slot": SLOT, "person": person, "action": action, **words}
            path = tmp_path / "reviews" / "aster-1" / f"{name or person}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(yaml.safe_dump({**body, "signature": signature}))
            return path

        return write

    def test_a_signed_file_is_an_act_once(
        self, config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, commit: Any
    ) -> None:
        commit("ada", "veto", **PRIVACY)
        commit("bo", "veto", **PRIVACY)
        assert "ada.yaml is to be read" in assess(config, book, clock.now()).reason
        take_in_files.fn(config, fence)
        take_in_files.fn(config, fence)
        assert [(r.person, r.action) for r in rows(book)] == [("ada", "veto"), ("bo", "veto")]
        assert "to be read" not in assess(config, book, clock.now()).reason
        assert "does not count" not in assess(config, book, clock.now()).reason

    def test_a_file_that_does_not_count_is_told(
        self, config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, commit: Any
    ) -> None:
        path = commit("ada", "approve")
        path.write_text(path.read_text().replace("person: ada", "person: bo"))
        other = path.with_name("broken.yaml")
        other.write_text("slot: [\n")
        take_in_files.fn(config, fence)
        found = assess(config, book, clock.now())
        assert found.state is StageState.WAITING
        assert "ada.yaml does not count: wrong signer" in found.reason
        assert "broken.yaml does not count" in found.reason
        assert rows(book) == []
