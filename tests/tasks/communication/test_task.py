from pathlib import Path

import pytest
from sqlmodel import select

from configs import templating
from tasks.adapters.outbox import Outbox
from tasks.communication import render
from tasks.communication.task import publish_pages, send_notices
from tasks.communication.view import assess
from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import ConfigError, FenceLost
from tasks.kernel.stages import StageState
from tasks.records import Book, Fence
from tasks.records.candidate import LifecycleCheck
from tasks.records.communication import Notice, Page
from tasks.records.essay import Publication
from tasks.records.preservation import Package, Replica
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement

CONFIG = retirement()


class Killed(BaseException):
    """As a kill: nothing after it runs."""


def rows(book: Book, table):
    with book.reading() as session:
        return list(session.exec(select(table)))


def outbox(home: Path) -> list[Path]:
    return sorted((home / "outbox").glob("*.eml"))


def run_stage(fence: Fence, config=CONFIG) -> None:
    publish_pages.fn(config, fence)
    send_notices.fn(config, fence)


def test_a_stage_run_twice_does_nothing_twice(book: Book, fence: Fence, clock, home: Path):
    assert assess(CONFIG, book, clock.now()).state is StageState.DUE
    run_stage(fence)
    entries, files = book.verify_audit().entries, outbox(home)
    answer = assess(CONFIG, book, clock.advance(minutes=5))
    assert (answer.state, answer.reason) == (
        StageState.DONE,
        "1 notice sent; next T-60 on 2026-12-31",
    )
    run_stage(fence)
    assert book.verify_audit().entries == entries
    assert outbox(home) == files
    assert len(files) == 1


@pytest.mark.parametrize("moment", ["before sending", "after sending"])
def test_a_kill_between_intent_and_receipt_sends_one_message(
    moment: str, book: Book, fence: Fence, clock: FakeClock, home: Path, monkeypatch
):
    real = Outbox.send

    def killed(self, message):
        if moment == "after sending":
            real(self, message)
        raise Killed

    monkeypatch.setattr(Outbox, "send", killed)
    with pytest.raises(Killed):
        send_notices.fn(CONFIG, fence)
    (intent,) = rows(book, Notice)
    assert intent.sent_at is None
    before = [path.read_bytes() for path in outbox(home)]

    monkeypatch.setattr(Outbox, "send", real)
    clock.advance(hours=3)
    send_notices.fn(CONFIG, fence)
    (notice,) = rows(book, Notice)
    assert (notice.id, notice.sent_at) == (intent.id, clock.now())
    (path,) = outbox(home)
    assert notice.receipt == str(path)
    assert before in ([], [path.read_bytes()])
    assert not book.verify_audit().problems


def test_a_late_start_sends_one_message(book: Book, fence: Fence, clock: FakeClock, home: Path):
    clock.advance(days=80)  # 2027-02-19: past T-90, T-60 and T-30
    run_stage(fence)
    assert [notice.kind for notice in rows(book, Notice)] == ["T-30"]
    assert "retires in 10 days" in outbox(home)[0].read_text()


def test_a_moved_date_is_told_again(book: Book, fence: Fence, clock: FakeClock, home: Path):
    run_stage(fence)
    surfaces = [{"name": "api", "retires_on": "2027-04-15"}]
    later = retirement(candidate={"surfaces": surfaces})
    clock.advance(hours=1)
    run_stage(fence, later)
    first, second = sorted(rows(book, Notice), key=lambda n: n.intended_at)
    assert first.id != second.id
    text = (home / "outbox" / f"{second.id}.eml").read_text()
    assert "api: you were told 2027-03-01, it is now 2027-04-15." in text
    assert "2027-04-15" in (home / "pages" / "aster-1" / "help.html").read_text()


def test_one_undelivered_notice_does_not_keep_back_the_others(
    book: Book, fence: Fence, clock, home: Path, monkeypatch
):
    owners = [{"name": n, "contact": f"{n}@example.org"} for n in ("a", "b", "c")]
    config = retirement(candidate={"owners": owners})
    real = Outbox.send

    def full(self, message):
        if message.to.startswith("a@"):
            raise OSError(28, "No space left on device")
        return real(self, message)

    monkeypatch.setattr(Outbox, "send", full)
    with pytest.raises(OSError, match="No space"):
        send_notices.fn(config, fence)
    assert len(outbox(home)) == 2
    assert assess(config, book, clock.now()).state is StageState.DUE


def test_nothing_is_published_before_the_announcement(book: Book, fence: Fence, clock, home: Path):
    config = retirement(candidate={"announced_on": "2026-12-20"})
    run_stage(fence, config)
    assert assess(config, book, clock.now()).state is StageState.WAITING
    assert not (home / "pages").exists()
    assert not (home / "outbox").exists()


def test_pages_follow_the_records(book: Book, fence: Fence, clock: FakeClock, home: Path):
    run_stage(fence)
    statement = home / "pages" / "aster-1" / "statement.html"
    assert "Nothing is preserved so far." in statement.read_text()
    now = clock.advance(hours=1)
    with book.writing(now, fence=fence) as writing:
        package = Package(
            id="a" * 64,
            model_id="aster-1",
            manifest="m",
            files=5,
            bytes=1_000,
            source_folder="/models/aster-1",
            created_at=now,
        )
        writing.put(package, "preservation.packed")
        for name, state in (("a", "verified"), ("b", "damaged")):
            replica = Replica(
                package_id="a" * 64,
                name=name,
                model_id="aster-1",
                location=f"/secret/place/{name}",
                state=state,
                stamp="s",
                verified_at=now,
            )
            writing.put(replica, "preservation.read_back")
    answer = assess(CONFIG, book, now)
    assert (answer.state, answer.reason) == (
        StageState.DUE,
        "to be made from the records: aster-1/help.html, aster-1/statement.html",
    )
    run_stage(fence)
    text = statement.read_text()
    assert "1 of 2 copies were read back" in text
    assert sha256_hex(b"m") in text, "of the manifest, as anybody can make it"
    assert "/secret/place" not in text
    assert assess(CONFIG, book, now).state is StageState.DONE
    pages = home / "pages"
    assert {(page.model_id, page.name) for page in rows(book, Page)} == {
        ("aster-1", "help.html"),
        ("aster-1", "statement.html"),
        ("aster-1", "calendar.ics"),
        ("*", str(pages / "calendar.ics")),
        ("*", str(pages / "lifecycle.json")),
    }


def test_pages_give_no_address_of_this_machine(
    book: Book, fence: Fence, clock: FakeClock, home: Path
):
    """The essay site was linked by its path where nothing served it, and where something did."""
    now = clock.now()
    with book.writing(now, fence=fence) as writing:
        location = str(home / "site" / "essays" / "e" / "index.html")
        row = Publication(
            slot_id="e", model_id="aster-1", sha256="s", location=location, published_at=now
        )
        writing.put(row, "essays.published")
    folder = home / "pages" / "aster-1"

    def said(config=CONFIG) -> dict[str, str]:
        run_stage(fence, config)
        return {p.name: p.read_text() for p in folder.iterdir() if p.suffix == ".html"}

    for text in said().values():
        assert "file:" not in text
        assert str(home) not in text
    assert "The essay site has no public address yet" in said()["statement.html"]
    assert "Essays by the model" not in said()["help.html"]
    served = said(retirement(essays={"site_url": "https://essays.example.org/m/"}))
    for name in ("help.html", "statement.html"):
        assert 'href="https://essays.example.org/m/"' in served[name]
    assert "no public address" not in served["statement.html"]


def test_what_comes_from_a_simulation_is_labelled(
    book: Book, fence: Fence, clock: FakeClock, home: Path
):
    with book.writing(clock.now(), fence=fence) as writing:
        check = LifecycleCheck(
            id="c",
            model_id="aster-1",
            checked_at=clock.now(),
            lifecycle="active",
            endpoint_model="aster-1",
            simulated=True,
        )
        writing.put(check, "candidate.lifecycle_asked")
    run_stage(fence)
    (message,) = outbox(home)
    assert "Subject: [SIMULATED] Aster 1 retires" in message.read_text()
    assert "SIMULATED: this notice" in message.read_text()
    for page in ("help.html", "statement.html"):
        text = (home / "pages" / "aster-1" / page).read_text()
        assert "<title>[SIMULATED] " in text
        assert 'class="simulated"' in text


def test_pages_escape_what_they_are_given(book: Book, fence: Fence, clock, home: Path):
    hostile = {"display_name": "A\n<script>alert(1)</script>"}  # as no file could have it
    config = retirement(candidate={"successor": "<img src=x>"}).model_copy(update=hostile)
    run_stage(fence, config)
    for page in ("help.html", "statement.html"):
        text = (home / "pages" / "aster-1" / page).read_text()
        assert "<script" not in text
        assert "<img" not in text
    (message,) = outbox(home)
    assert "Subject: A <script>" in message.read_text()  # one line; mail is plain text


def test_a_later_pass_fences_this_one_off(book: Book, fence: Fence, clock: FakeClock, home: Path):
    book.keep_lease(fence, clock.now(), free=True)
    book.take_lease("aster-1", "", clock.now())
    with pytest.raises(FenceLost):
        send_notices.fn(CONFIG, fence)
    assert not outbox(home)


def test_a_broken_template_is_named(tmp_path: Path, home: Path, clock, monkeypatch):
    (tmp_path / "communication").mkdir()
    (tmp_path / "communication" / "notice.txt.j2").write_text("Subject: x\n\n{% if %}\n")
    monkeypatch.setattr(templating, "TEMPLATES", tmp_path)
    with pytest.raises(ConfigError, match=r"notice\.txt\.j2:3: .*mend the template"):
        render._rendered("notice.txt.j2")
