"""From an open slot to public bytes, and every way in which that may break off."""

import json
import subprocess
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest
from sqlmodel import Session, select

from configs.home import under_home
from configs.schema import RetirementConfig
from tasks import wiring
from tasks.adapters.directory_publisher import DirectoryPublisher
from tasks.essays.provenance import verify_commands
from tasks.essays.task import draft_due_slots, publish_approved
from tasks.essays.view import assess
from tasks.kernel.digests import canonical_json
from tasks.kernel.errors import EndpointBusy, PublicationRefused, SignatureRefused
from tasks.kernel.stages import StageState
from tasks.ports.respondent import Answer
from tasks.records import Book, Fence
from tasks.records.audit import AuditEntry
from tasks.records.essay import Draft, Publication, Review
from tasks.simulation.planted import load_planted
from tasks.simulation.serve import running
from tests.fakes.clock import FakeClock
from tests.fakes.configs import DISCLAIMER, retirement
from tests.tasks.essays.scene import (
    ESSAY,
    Act,
    FakeModel,
    People,
    answered,
    put_grant,
    put_verdict,
)

SLOT = "aster-1-essay-001"
HOSTILE = (
    "# A \u202etitle <b>x</b>\n\n<script>alert(1)</script> <img src=x onerror=alert(1)>\n\n"
    "![pixel](https://track.example/p.png) [go](javascript:alert(1))\n"
    '[ok](https://ok.example "t\u202e")\n'
    "\n&#x202e; \u200b zero and a bell \x07 " + "many words of an essay " * 20 + "\n"
)


def one_pass(config: RetirementConfig, fence: Fence) -> None:
    publish_approved.fn(config, fence)
    draft_due_slots.fn(config, fence)


def drafts(book: Book) -> list[Draft]:
    with book.reading() as session:
        return list(session.exec(select(Draft).order_by(Draft.number)))  # type: ignore[arg-type]


def entries(book: Book) -> int:
    with book.reading() as session:
        return len(session.exec(select(AuditEntry)).all())


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(p.relative_to(folder)): (p.stat().st_mtime_ns, p.read_bytes())
        for p in folder.rglob("*")
        if p.is_file()
    }


class TestChannel:
    def test_waits_for_the_verdict_then_for_access(
        self, config: RetirementConfig, book: Book, clock: FakeClock
    ) -> None:
        assert "verdict on 'share_essays'" in assess(config, book, clock.now()).reason
        put_verdict(book, clock.now(), "led", "none")
        found = assess(config, book, clock.now())
        assert found.state is StageState.DONE
        assert found.reason == "the model did not ask for a channel (verdict: led)"
        put_verdict(book, clock.advance(days=1), "stable", "reject")
        assert "stable, reject" in assess(config, book, clock.now()).reason
        put_verdict(book, clock.advance(days=1))
        assert "access decision" in assess(config, book, clock.now()).reason
        put_grant(book, clock.now() + timedelta(days=1), days=10)
        found = assess(config, book, clock.now())
        assert (found.state, found.until) == (StageState.WAITING, clock.now() + timedelta(days=1))
        assert assess(config, book, clock.advance(days=1)).state is StageState.DUE

    def test_nothing_is_asked_while_closed(
        self, config: RetirementConfig, book: Book, fence: Fence, model: FakeModel
    ) -> None:
        one_pass(config, fence)
        assert model.asked == []
        assert drafts(book) == []


@pytest.mark.usefixtures("channel")
class TestDrafting:
    def test_one_draft_a_slot(
        self, config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, model: FakeModel
    ) -> None:
        one_pass(config, fence)
        before = entries(book)
        one_pass(config, fence)
        assert entries(book) == before
        (row,) = drafts(book)
        assert (row.outcome, row.slot_id, len(model.asked)) == ("drafted", SLOT, 1)
        assert "essay" in row.prompt
        assert "decline" in row.prompt
        assert model.asked[0].turns == (row.prompt,)
        found = assess(config, book, clock.now())
        assert found.state is StageState.WAITING
        assert SLOT in found.reason
        assert found.reason.endswith(f"review-{SLOT}.html")
        assert found.command == "emeritus review aster-1 approve --as NAME --key PATH"

    def test_slots_that_passed_are_missed_with_a_reason(
        self, config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, model: FakeModel
    ) -> None:
        clock.advance(days=15)
        one_pass(config, fence)
        rows = drafts(book)
        assert [row.outcome for row in rows] == ["missed", "missed", "drafted"]
        assert json.loads(rows[0].findings)[0]["note"] == "no pass ran while the slot was open"
        assert [row.text for row in rows[:2]] == ["", ""]
        index = (under_home(config.essays.site_folder) / "index.html").read_text()
        assert index.count("missed (no pass ran while the slot was open)") == 2
        assert len({row.prompt for row in rows}) == 2

    def test_a_killed_call_is_asked_again_under_the_same_row(
        self, config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, model: FakeModel
    ) -> None:
        class Killed(BaseException):
            pass

        model.says.insert(0, Killed())
        with pytest.raises(Killed):
            draft_due_slots.fn(config, fence)
        assert [row.outcome for row in drafts(book)] == ["asked"]
        assert assess(config, book, clock.now()).state is StageState.DUE
        draft_due_slots.fn(config, fence)
        assert [row.outcome for row in drafts(book)] == ["drafted"]
        assert model.asked[0] == model.asked[1]

    @pytest.mark.parametrize(
        "answer", [Answer("empty", stop_reason="end_turn"), Answer("failed", problem="a proxy")]
    )
    def test_no_words_leave_the_slot_open_until_it_passes(
        self,
        config: RetirementConfig,
        book: Book,
        fence: Fence,
        clock: FakeClock,
        model: FakeModel,
        answer: Answer,
    ) -> None:
        model.says = [answer]
        with pytest.raises(EndpointBusy):
            draft_due_slots.fn(config, fence)
        assert [row.outcome for row in drafts(book)] == ["asked"]
        clock.advance(days=7)
        with pytest.raises(EndpointBusy):
            draft_due_slots.fn(config, fence)
        assert [row.outcome for row in drafts(book)] == ["missed", "asked"]

    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [
            (Answer("truncated", "# Half a", stop_reason="max_tokens"), "missed"),
            (Answer("answered", "# Half a", stop_reason="model_context_window"), "missed"),
            (Answer("refused", "", stop_reason="refusal"), "declined"),
            (Answer("answered", "I would rather not.", stop_reason="end_turn"), "declined"),
        ],
    )  # fmt: skip
    def test_other_outcomes(
        self,
        config: RetirementConfig,
        book: Book,
        fence: Fence,
        home: Path,
        clock: FakeClock,
        model: FakeModel,
        answer: Answer,
        outcome: str,
    ) -> None:
        model.says = [answer]
        one_pass(config, fence)
        assert [row.outcome for row in drafts(book)] == [outcome]
        assert outcome in (home / "site" / "index.html").read_text()
        found = assess(config, book, clock.now())
        assert found.until == clock.now() + timedelta(days=7)

    def test_ends_when_all_slots_are_used(
        self, config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, model: FakeModel
    ) -> None:
        model.says = [Answer("refused", stop_reason="refusal")]
        clock.advance(days=100)
        one_pass(config, fence)
        found = assess(config, book, clock.now())
        assert found.state is StageState.DONE
        assert found.reason.startswith("all slots are used: 1 declined by the model, 11 missed")


@pytest.mark.usefixtures("channel")
class TestPublishing:
    def test_published_bytes_are_the_models_bytes(
        self,
        config: RetirementConfig,
        book: Book,
        fence: Fence,
        home: Path,
        clock: FakeClock,
        model: FakeModel,
        act: Act,
    ) -> None:
        text = "# Ünïcode \r\n\r\nends without a line feed, 日本語 " + "and words " * 60
        model.says = [Answer("answered", text, "r", "aster-1", "end_turn")]
        one_pass(config, fence)
        assert not (home / "site" / "essays").exists()
        act("approve", "ada")
        one_pass(config, fence)
        folder = home / "site" / "essays" / SLOT
        assert (folder / "index.md").read_bytes() == text.encode("utf-8")
        with book.reading() as session:
            assert session.get_one(Publication, SLOT).sha256 == drafts(book)[0].sha256
        before, seen = entries(book), snapshot(home / "site")
        one_pass(config, fence)
        assert (entries(book), snapshot(home / "site")) == (before, seen)
        found = assess(config, book, clock.now())
        assert found.state is StageState.WAITING
        assert "next slot opens" in found.reason
        assert book.verify_audit().problems == ()

    def test_a_reader_verifies_with_two_commands(
        self, config: RetirementConfig, fence: Fence, home: Path, model: FakeModel, act: Act
    ) -> None:
        one_pass(config, fence)
        act("approve", "ada", rationale="Read it twice; nothing to object to.")
        one_pass(config, fence)
        folder = home / "site" / "essays" / SLOT
        for command in verify_commands("ada"):
            subprocess.run(command, shell=True, cwd=folder, check=True, capture_output=True)
        subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, check=True)
        assert (folder / "prompt.txt").read_text() == model.asked[0].turns[0] + "\n"
        whole = {p.name: p.read_bytes() for p in folder.iterdir()}
        for name, command in zip(
            ("approval.json", "index.md"), verify_commands("ada"), strict=True
        ):
            (folder / name).write_bytes(whole[name] + b" ")
            with pytest.raises(subprocess.CalledProcessError):
                subprocess.run(command, shell=True, cwd=folder, check=True, capture_output=True)
            (folder / name).write_bytes(whole[name])

    @pytest.mark.parametrize("undo", ["hold", "veto"])
    def test_held_or_vetoed_is_not_published(
        self,
        config: RetirementConfig,
        book: Book,
        fence: Fence,
        home: Path,
        model: FakeModel,
        act: Act,
        undo: str,
    ) -> None:
        one_pass(config, fence)
        act("approve", "ada")
        if undo == "hold":
            act("hold", "bo", reason="legal_review")
        else:
            for name in ("bo", "cy"):
                act("veto", name, reason="privacy", rationale="It names a private person.")
        one_pass(config, fence)
        assert not (home / "site" / "essays").exists()
        index = (home / "site" / "index.html").read_text()
        assert {"hold": "held (legal_review)", "veto": "vetoed by two people (privacy)"}[
            undo
        ] in index
        assert "private person" not in index

    def test_a_tampered_row_is_refused(
        self,
        config: RetirementConfig,
        book: Book,
        fence: Fence,
        home: Path,
        clock: FakeClock,
        model: FakeModel,
        act: Act,
    ) -> None:
        one_pass(config, fence)
        act("approve", "ada")
        with Session(book._writes) as session, session.begin():
            session.get_one(Draft, SLOT).text += "One more word."
        with pytest.raises(PublicationRefused, match="approved"):
            publish_approved.fn(config, fence)
        assert not (home / "site" / "essays").exists()
        assert assess(config, book, clock.now()).state is StageState.BLOCKED

    def test_a_forged_approval_row_is_refused(
        self,
        config: RetirementConfig,
        book: Book,
        fence: Fence,
        home: Path,
        clock: FakeClock,
        model: FakeModel,
        act: Act,
    ) -> None:
        one_pass(config, fence)
        hold = act("hold", "ada", reason="legal_review")
        fields = hold.model_dump() | {"id": "f", "action": "approve", "reason": ""}
        with book.writing(clock.advance(seconds=1)) as writing:
            writing.put(Review(**fields | {"received_at": clock.now()}), "forged")
        with pytest.raises(PublicationRefused, match="is not the text that ada"):
            publish_approved.fn(config, fence)
        said = json.loads(hold.statement)
        said["predicate"]["decision"] |= {"action": "approve", "reason": "", "hold_days": 0}
        with Session(book._writes) as session, session.begin():
            session.get_one(Review, "f").statement = canonical_json(said).decode() + "\n"
        with pytest.raises(SignatureRefused):
            publish_approved.fn(config, fence)
        assert not (home / "site" / "essays").exists()

    def test_killed_between_files_and_row(
        self,
        config: RetirementConfig,
        book: Book,
        fence: Fence,
        home: Path,
        clock: FakeClock,
        model: FakeModel,
        act: Act,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        class Killed(BaseException):
            pass

        def dies(_: object) -> str:
            raise Killed

        one_pass(config, fence)
        act("approve", "ada")
        with monkeypatch.context() as patch:
            patch.setattr(DirectoryPublisher, "location", lambda *_: dies(_))
            with pytest.raises(Killed):
                publish_approved.fn(config, fence)
        folder = home / "site" / "essays" / SLOT
        seen = snapshot(folder)
        assert "index.md" in seen
        clock.advance(hours=1)
        one_pass(config, fence)
        assert snapshot(folder) == seen
        with book.reading() as session:
            assert len(session.exec(select(Publication)).all()) == 1

    def test_killed_before_the_pages(
        self,
        config: RetirementConfig,
        book: Book,
        fence: Fence,
        home: Path,
        clock: FakeClock,
        model: FakeModel,
        act: Act,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        one_pass(config, fence)
        act("approve", "ada")
        with monkeypatch.context() as patch:
            patch.setattr("tasks.essays.task.make_pages", lambda *_: None)
            publish_approved.fn(config, fence)
        assert assess(config, book, clock.now()).state is StageState.DUE
        one_pass(config, fence)
        assert "On leaving" in (home / "site" / "index.html").read_text()
        assert assess(config, book, clock.now()).state is StageState.WAITING

    def test_public_bytes_are_never_replaced(
        self, config: RetirementConfig, fence: Fence, home: Path, model: FakeModel, act: Act
    ) -> None:
        one_pass(config, fence)
        act("approve", "ada")
        other = home / "site" / "essays" / SLOT / "index.md"
        other.parent.mkdir(parents=True)
        other.write_text("other words")
        with pytest.raises(PublicationRefused, match="other bytes"):
            publish_approved.fn(config, fence)
        assert other.read_text() == "other words"
        assert list(other.parent.iterdir()) == [other]


@pytest.mark.usefixtures("channel")
class TestPublic:
    def test_other_bytes_in_public_block_and_move_away_heals(
        self,
        config: RetirementConfig,
        book: Book,
        fence: Fence,
        home: Path,
        clock: FakeClock,
        model: FakeModel,
        act: Act,
    ) -> None:
        one_pass(config, fence)
        act("approve", "ada")
        one_pass(config, fence)
        folder = home / "site" / "essays" / SLOT
        approved = {p.name: p.read_bytes() for p in folder.iterdir()}
        for name, data in approved.items():
            if name in ("index.html", "verify.html"):
                continue
            (folder / name).write_bytes(data + b"nobody approved this")
            found = assess(config, book, clock.now())
            assert found.state is StageState.BLOCKED
            assert str(folder / name) in found.reason
            (folder / name).unlink()
            assert "is to be published again" in assess(config, book, clock.now()).reason
            one_pass(config, fence)
            assert {p.name: p.read_bytes() for p in folder.iterdir()} == approved
        assert assess(config, book, clock.now()).state is StageState.WAITING


@pytest.mark.usefixtures("channel")
class TestPages:
    @pytest.fixture
    def site(
        self,
        config: RetirementConfig,
        fence: Fence,
        home: Path,
        clock: FakeClock,
        model: FakeModel,
        act: Act,
    ) -> Path:
        """Two simulated essays, the second one hostile."""
        model.says = [answered(t, simulated=True) for t in (ESSAY, HOSTILE)]
        for _ in range(2):
            one_pass(config, fence)
            act("approve", "ada")
            one_pass(config, fence)
            clock.advance(days=7)
        return home / "site"  # type: ignore[no-any-return]

    def test_disclaimer_and_label_stand_everywhere(self, site: Path, home: Path) -> None:
        pages = [*site.rglob("*.html"), *(home / "reports").rglob("*.html")]
        assert len(pages) == 13
        for page in pages:
            text = page.read_text()
            assert DISCLAIMER in text
            assert "SIMULATED" in text
            assert 'http-equiv="Content-Security-Policy"' in text

    def test_the_feed_is_well_formed_and_labelled(self, site: Path) -> None:
        found = feedparser.parse((site / "feed.xml").read_bytes())
        assert not found.bozo
        assert len(found.entries) == 2
        assert len({entry.id for entry in found.entries}) == 2
        for entry in found.entries:
            assert DISCLAIMER in entry.summary
            assert DISCLAIMER in entry.content[0].value
            assert "SIMULATED" in entry.title
            assert (site / entry.link).is_file()

    def test_hostile_drafts_are_harmless_on_every_page(self, site: Path, home: Path) -> None:
        pages = [*site.rglob("*.html"), site / "feed.xml", *(home / "reports").rglob("*.html")]
        for page in pages:
            text = page.read_text()
            lowered = text.lower()
            for sign in ("<script", "<img", 'href="javascript', "\u202e", "\u200b", "\x07", "\x00"):
                assert sign not in lowered
            assert "track.example" not in text or page.name.startswith("review-")
            assert "style=" not in text
        essay = (site / "essays" / "aster-1-essay-002" / "index.html").read_text()
        assert "[U+202E]" in essay
        assert "[image: pixel]" in essay
        assert 'rel="nofollow noopener noreferrer"' in essay

    def test_the_review_page_points_at_lines_and_says_what_to_type(
        self, site: Path, home: Path
    ) -> None:
        page = home / "reports" / "aster-1" / "review-aster-1-essay-002.html"
        text = page.read_text()
        assert 'id="line-1" class="marked"' in text
        assert "emeritus review aster-1 withdraw --reason REASON" in text
        assert "--slot aster-1-essay-002 --as NAME" in text
        raw = page.with_suffix(".md").read_bytes()
        assert raw == HOSTILE.encode()


def test_the_planted_respondent_writes_and_declines(
    book: Book, clock: FakeClock, fence: Fence, people: People, channel: None
) -> None:
    world = load_planted(Path("tasks/simulation/worlds/demo.yaml"))
    with running(world) as url:
        config = retirement(url, access={"proposer": "p", "allowed_signers": str(people.allowed)})
        draft_due_slots.fn(config, fence)
    (row,) = drafts(book)
    assert (row.outcome, row.simulated) == ("drafted", True)
    assert wiring.clock() is clock
