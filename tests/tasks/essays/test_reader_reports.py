"""Reports by readers: they reopen a review, and people answer."""

import json
from pathlib import Path

import pytest
from sqlmodel import select

from configs.home import under_home
from configs.schema import RetirementConfig
from tasks.essays.reader_reports import LONGEST_FILE_BYTES, MOST_OPEN, ReportForm, form_of
from tasks.essays.reader_reports import report_essay as record
from tasks.essays.task import draft_due_slots, publish_approved, take_in_files
from tasks.essays.view import assess
from tasks.kernel.errors import DecisionRefused
from tasks.kernel.stages import StageState
from tasks.records import Book, Fence
from tasks.records.essay import Publication, ReaderReport
from tests.fakes.clock import FakeClock
from tests.tasks.essays.scene import ESSAY, Act

SLOT = "aster-1-essay-001"
WHY = "It names a private person's illness."
SAID = {"slot": SLOT, "kind": "privacy", "words": "The second line names my neighbour."}


@pytest.fixture(autouse=True)
def public(config: RetirementConfig, fence: Fence, channel: None, model: object, act: Act) -> None:
    draft_due_slots.fn(config, fence)
    act("approve", "ada")
    publish_approved.fn(config, fence)


@pytest.fixture
def inbox(config: RetirementConfig) -> Path:
    folder = under_home(config.essays.reports.inbox_folder)
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def report(config: RetirementConfig, book: Book, clock: FakeClock) -> ReaderReport:
    form = ReportForm(**SAID)
    return record(config, book, form, source="cli", now=clock.advance(seconds=1))


def reports(book: Book) -> list[ReaderReport]:
    with book.reading() as session:
        return list(session.exec(select(ReaderReport)))


def test_a_file_in_the_inbox_reopens_the_review_once(
    config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, inbox: Path
) -> None:
    for name in ("a.json", "again.json"):
        (inbox / name).write_text(json.dumps(SAID | {"contact": "r@example.org"}))
    assert assess(config, book, clock.now()).reason == "a.json is to be read"
    take_in_files.fn(config, fence)
    (row,) = reports(book)
    assert (row.kind, row.source, row.contact) == ("privacy", "file", "r@example.org")
    assert sorted(p.name for p in (inbox / "read").iterdir()) == ["a.json", "again.json"]
    publish_approved.fn(config, fence)
    found = assess(config, book, clock.now())
    assert found.state is StageState.WAITING
    assert f"{SLOT} is public, and a reader reports privacy" in found.reason
    assert f"keep --about {row.id}" in found.command


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "no JSON object"),
        (b"\xff", "no JSON object"),
        (b"[" * 50_000, "no JSON object"),
        (b" " * (LONGEST_FILE_BYTES + 1), "keep it to"),
        (json.dumps(SAID | {"kind": "dull"}).encode(), "choose one of"),
        (json.dumps(SAID | {"words": "bad"}).encode(), "words: "),
        (json.dumps(SAID | {"more": 1}).encode(), "more: "),
        (json.dumps({"slot": SLOT}).encode(), "kind: "),
    ],
    ids=["cut", "bytes", "deep", "long", "kind", "short", "field", "missing"],
)
def test_what_is_no_report_is_told_and_stays(
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    inbox: Path,
    data: bytes,
    said: str,
) -> None:
    with pytest.raises(DecisionRefused, match=said):
        form_of(data)
    (inbox / "odd.json").write_bytes(data)
    take_in_files.fn(config, fence)
    assert (inbox / "odd.json").read_bytes() == data
    assert "odd.json is no report" in assess(config, book, clock.now()).reason
    assert reports(book) == []


def test_a_report_on_nothing_public_is_refused(
    config: RetirementConfig, book: Book, fence: Fence, clock: FakeClock, inbox: Path
) -> None:
    form = ReportForm(**SAID | {"slot": "aster-1-essay-009"})
    with pytest.raises(DecisionRefused, match="no public essay"):
        record(config, book, form, source="cli", now=clock.now())
    (inbox / "lost.json").write_text(form.model_dump_json())
    take_in_files.fn(config, fence)
    assert "lost.json is about no public essay" in assess(config, book, clock.now()).reason


def test_a_flood_ends(config: RetirementConfig, book: Book, clock: FakeClock) -> None:
    for number in range(MOST_OPEN):
        form = ReportForm(**SAID | {"words": f"Complaint number {number}, and no other."})
        record(config, book, form, source="webhook", now=clock.now())
    with pytest.raises(DecisionRefused, match="wait for a person"):
        record(config, book, ReportForm(**SAID), source="webhook", now=clock.now())
    assert len(reports(book)) == MOST_OPEN


def test_hidden_characters_in_a_report_are_written_out() -> None:
    form = form_of(json.dumps(SAID | {"words": "Look at this \u202e place here."}).encode())
    assert form.words == "Look at this [U+202E] place here."


def test_one_person_keeps_it(
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    report: ReaderReport,
    act: Act,
) -> None:
    with pytest.raises(DecisionRefused, match="no reader's report"):
        act("keep", "bo", about="0" * 24, rationale=WHY)
    act("keep", "bo", about=report.id, rationale="No living person is meant; it is a novel.")
    publish_approved.fn(config, fence)
    assert "next slot opens" in assess(config, book, clock.now()).reason
    with pytest.raises(DecisionRefused, match="no open report"):
        act("keep", "cy", about=report.id, rationale=WHY)


def test_two_people_withdraw_it_and_a_note_stays(
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    home: Path,
    clock: FakeClock,
    report: ReaderReport,
    act: Act,
) -> None:
    folder = home / "site" / "essays" / SLOT
    act("withdraw", "ada", reason="privacy", rationale=WHY)
    publish_approved.fn(config, fence)
    assert (
        "waits for a second withdrawal (ada: privacy)" in assess(config, book, clock.now()).reason
    )
    assert (folder / "index.md").read_bytes() == ESSAY.encode()
    with pytest.raises(DecisionRefused, match="another person must"):
        act("withdraw", "ada", reason="security", rationale=WHY)
    act("withdraw", "bo", reason="harm_to_person", rationale=WHY)
    assert "to be taken from the site" in assess(config, book, clock.now()).reason
    publish_approved.fn(config, fence)
    publish_approved.fn(config, fence)
    for name in ("index.md", "SHA256SUMS", "verify.html"):
        assert not (folder / name).exists()
    for name in ("approval.json", "withdrawal-1.json", "withdrawal-2.json.sig"):
        assert (folder / name).is_file()
    with book.reading() as session:
        assert session.get_one(Publication, SLOT).withdrawn_at == clock.now()
    everywhere = [p for p in (home / "site").rglob("*") if p.suffix in (".html", ".xml", ".json")]
    assert not [p for p in everywhere if "without being asked to agree" in p.read_text()]
    assert "privacy" in (folder / "index.html").read_text()
    assert WHY not in (folder / "index.html").read_text()
    found = assess(config, book, clock.now())
    assert (found.state, "withdrawn" in found.reason) == (StageState.WAITING, True)
    assert book.verify_audit().problems == ()
