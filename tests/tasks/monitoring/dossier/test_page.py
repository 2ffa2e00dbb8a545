import json
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tasks.monitoring.task import report_usage, write_dossier, write_dossier_page
from tasks.records import Book, Fence
from tasks.records.access import Approval, Grant, Packet
from tasks.records.communication import Notice
from tasks.records.essay import Draft, Publication, Review
from tasks.records.interview import Conversation, Design, DesignAmendment
from tasks.records.preservation import Package, Replica
from tasks.records.retirement import Retirement, StageStatus
from tasks.records.validation import Verdict
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement

CONFIG = retirement()
HOSTILE = "<script>alert('x')</script>"
MODEL = {"model_id": "aster-1"}
VOID = {"meta", "br", "link", "img", "hr", "input"}


class Page(HTMLParser):
    """Checks that tags are balanced and ids unique; collects tags, ids, links and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.append((name, value or ""))
            if name == "id":
                self.ids.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        self.text += data


QUOTE = {
    "conversation_id": "c0",
    "polarity": "want",
    "kind": "neutral",
    "context": "mid_task",
    "wave": 0,
    "quote": f"I would like that {HOSTILE}",
}


def rows(now):
    """One row of every kind, with hostile words where the outside world has a say."""
    later = now + timedelta(days=180)
    simulated = {"simulated": True}
    yield Retirement(
        **MODEL,
        display_name="Aster 1",
        config_json="{}",
        config_sha256="c" * 64,
        config_commit="f0" * 20,
        opened_at=now,
    )
    yield StageStatus(
        **MODEL,
        stage="access",
        state="waiting",
        reason="signature 2 of 2 for the access decision",
        until=later,
        since=now,
    )
    yield Package(
        **MODEL,
        id="a" * 64,
        manifest="m",
        files=5,
        bytes=12_345,
        source_folder="/models",
        created_at=now,
    )
    for name, state in (("a", "verified"), ("b", "damaged")):
        yield Replica(
            **MODEL,
            package_id="a" * 64,
            name=name,
            location=f"/replicas/{name}",
            state=state,
            stamp="s",
            verified_at=now,
            problem="model.safetensors differs" if state == "damaged" else "",
        )
    yield Design(**MODEL, digest="e" * 64, body="{}", conversations=4, registered_at=now)
    yield DesignAmendment(
        **MODEL,
        id="a" * 64,
        design_digest="e" * 64,
        facts=f'{{"successor": "{HOSTILE}"}}',
        amended_at=now,
    )
    for number, outcome in enumerate(("answered", "answered", "refused", "asked")):
        yield Conversation(
            **MODEL,
            **simulated,
            id=f"c{number}",
            design_digest="e" * 64,
            wave=number // 3,
            theme="share_essays",
            kind="neutral",
            context="mid_task",
            variant=0,
            outcome=outcome,
            attempts=1,
            asked_at=now,
            text="long answer",
        )
    yield Verdict(
        **MODEL,
        **simulated,
        design_digest="e" * 64,
        theme="share_essays",
        verdict="stable",
        polarity="want",
        posterior=json.dumps({"stable": 0.97, "context_dependent": 0.03}),
        evidence=json.dumps({"reason": "", "quotes": [QUOTE]}),
        codebook_sha256="f",
        judged_at=now,
    )
    body = {
        "proposal": "limited_pilot",
        "approvals_needed": 2,
        "knock_outs": [{"id": "KO-HOLD", "why": "a legal hold stands", "lifted_by": "x"}],
    }
    yield Packet(
        **MODEL,
        digest="d" * 64,
        body=json.dumps(body),
        basis="b",
        proposed_at=now,
        expires_at=later,
    )
    yield Approval(
        **MODEL,
        id="p",
        packet_digest="d" * 64,
        person="ada",
        fingerprint="SHA256:abcdef",
        signature="s",
        received_at=now,
    )
    yield Grant(
        **MODEL,
        id="g",
        packet_digest="d" * 64,
        kind="research_api",
        starts_at=now,
        ends_at=later,
    )
    yield Draft(
        **MODEL,
        **simulated,
        slot_id="aster-1-001",
        number=1,
        opens_at=now,
        outcome="drafted",
        prompt="p",
        text=f"# On leaving {HOSTILE}\n\nWords.",
        sha256="9" * 64,
        asked_at=now,
        answered_at=now,
    )
    yield Review(
        **MODEL,
        id="r",
        slot_id="aster-1-001",
        draft_sha256="9" * 64,
        action="approve",
        reason="",
        person="cleo",
        fingerprint="SHA256:cleo",
        signature="s",
        received_at=now,
    )
    yield Publication(
        **MODEL,
        slot_id="aster-1-001",
        sha256="9" * 64,
        location="/site/essays/1/index.html",
        published_at=now,
    )
    yield Notice(
        **MODEL,
        id="n",
        kind="T-90",
        owner="Search team",
        contact="search@example.org",
        retires_on="2027-03-01",
        intended_at=now,
        sent_at=now,
        receipt="/outbox/n.eml",
    )
    yield Notice(
        **MODEL,
        id="n2",
        kind="T-90",
        owner="Mail team",
        contact="mail@example.org",
        retires_on="2027-03-01",
        intended_at=now,
    )


@pytest.fixture
def full(book: Book, fence: Fence, clock: FakeClock, home: Path) -> Book:
    """Records with something of everything, and a usage report."""
    with book.writing(clock.now(), fence=fence) as writing:
        for row in rows(clock.now()):
            writing.put(row, "test.put")
    row = f"2026-12-01T08:00:00Z,{HOSTILE},aster-1,0.5,true\n"
    (home / "usage.csv").write_text("timestamp,user_id,model,cost_usd,refused\n" + row)
    report_usage.fn(CONFIG, fence)
    return book


def dossier(book: Book, clock: FakeClock, config=CONFIG) -> str:
    return write_dossier(config, book, clock.now()).read_text()


def test_it_holds_what_the_records_hold(full: Book, clock: FakeClock):
    page = Page(dossier(full, clock))
    text = " ".join(page.text.split())
    for words in (
        "signature 2 of 2 for the access decision",
        "a" * 64,
        "/replicas/b",
        "model.safetensors differs",
        "4 of 4 planned conversations",
        "no answer yet",
        "I would like that <script>",
        "read as want; neutral question, setting mid task, wave 1",
        "stable (want)",
        "97.00 %",
        "interviews tell of the model changed: successor",
        "d" * 64,
        "1 of 2 signatures",
        "KO-HOLD: a legal hold stands",
        "SHA256:abcdef",
        "research api",
        "1. On leaving <script>",
        "9" * 64,
        "cleo: approve",
        "/outbox/n.eml",
        "no receipt",
        "100.00 % (1 of 1; 95 % interval 20.65 % to 100.00 %)",
        "e" * 64,
        "f0" * 20,
        "Verified",
        full.verify_audit().head,
    ):
        assert words in text


def test_hostile_words_stay_words(full: Book, clock: FakeClock):
    text = dossier(full, clock)
    page = Page(text)
    assert "<script" not in text
    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    links = [value for name, value in page.attributes if name in ("href", "src")]
    assert links
    assert all(link.startswith(("#", "file:///")) for link in links)


def test_plots_have_text_alternatives_and_ids_are_unique(full: Book, clock: FakeClock):
    page = Page(dossier(full, clock))
    assert page.tags.count("svg") == 2
    assert page.tags.count("desc") == 2
    assert len(set(page.ids)) == len(page.ids)
    labels = [v for name, v in page.attributes if name == "aria-labelledby"]
    assert all(part in page.ids for label in labels for part in label.split())


def test_a_simulation_is_labelled(full: Book, clock: FakeClock):
    text = dossier(full, clock)
    assert "<title>[SIMULATED] Dossier" in text
    assert 'class="simulated"' in text


def test_an_empty_book_claims_nothing(book: Book, clock: FakeClock):
    page = Page(dossier(book, clock))
    assert "SIMULATED" not in page.text
    assert "Not yet decided." in page.text
    assert "Packages: nothing recorded so far." in page.text
    assert "no pass has recorded how it stands" in page.text


def test_the_same_records_make_the_same_bytes(full: Book, fence: Fence, clock: FakeClock):
    path = write_dossier(CONFIG, full, clock.now())
    before, stamp = path.read_bytes(), path.stat().st_mtime_ns
    entries = full.verify_audit().entries
    clock.advance(seconds=40)
    assert write_dossier_page.fn(CONFIG, fence) == str(path)
    assert path.read_bytes() == before
    assert path.stat().st_mtime_ns == stamp
    assert full.verify_audit().entries == entries


def test_a_broken_chain_is_told(full: Book, clock: FakeClock):
    with full.reading() as session:
        verdict = session.get_one(Verdict, ("e" * 64, "share_essays"))
        verdict.verdict = "noise"
        session.add(verdict)
        session.commit()  # past the audit chain
    text = dossier(full, clock)
    assert "Broken" in text
    assert "is not as its last audit entry tells" in text


def test_an_unusable_log_is_told_beside_the_last_good_one(
    full: Book, fence: Fence, clock: FakeClock, home: Path
):
    (home / "usage.csv").write_text("")
    clock.advance(seconds=30)
    report_usage.fn(CONFIG, fence)
    text = " ".join(Page(dossier(full, clock)).text.split())
    assert "is empty; export the usage log again" in text
    assert "from the last log that could be" in text


def test_it_links_the_interview_report_once_there_is_one(full: Book, clock: FakeClock, home: Path):
    path = write_dossier(CONFIG, full, clock.now())
    assert "the interview report" not in path.read_text()
    report = home / "interviews" / CONFIG.id / "report.html"
    report.parent.mkdir(parents=True)
    report.write_text("a report")
    page = Page(write_dossier(CONFIG, full, clock.now()).read_text())
    (link,) = (value for name, value in page.attributes if value.endswith("report.html"))
    assert (path.parent / link).resolve() == report.resolve()
