"""`emeritus notices` from a terminal."""

import json
from pathlib import Path

import pytest
import vobject
from typer.testing import CliRunner

from flows.notice_commands import notices
from tasks.candidate.opening import put_in_force
from tasks.communication.task import publish_pages, send_notices
from tasks.kernel.errors import DecisionRefused, NotFound
from tasks.records import Book, Fence
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement

CONFIG = retirement(communication={"pages_url": "https://retirements.example.org"})


def run(*arguments: str) -> str:
    """The command's output; its error is raised."""
    done = CliRunner().invoke(notices, arguments, catch_exceptions=False, env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def told(book: Book, fence: Fence, clock: FakeClock) -> Fence:
    """A retirement whose owner was told."""
    put_in_force(CONFIG, book, fence, clock.now())
    publish_pages.fn(CONFIG, fence)
    send_notices.fn(CONFIG, fence)
    book.keep_lease(fence, clock.now(), free=True)
    return fence


def test_the_plan_shows_events_people_and_receipts(told: Fence, home: Path) -> None:
    shown = run("plan", "aster-1")
    assert "next: T-60 on 2026-12-31" in shown
    assert "Search team <search@example.org>" in shown
    values = json.loads(run("plan", "aster-1", "--json"))
    (notice,) = values["notices"]
    assert notice["receipt"] == str(next((home / "outbox").glob("*.eml")))
    assert (values["receivers"][0]["owed"], values["held_back"]) == ("", "")


def test_calendar_and_feed_are_printed_as_they_are_published(
    told: Fence, home: Path, clock: FakeClock
) -> None:
    clock.advance(days=3)
    pages = home / "pages"
    for arguments, path in (
        (("calendar", "aster-1"), pages / "aster-1" / "calendar.ics"),
        (("calendar", "aster-1", "--all"), pages / "calendar.ics"),
        (("feed", "aster-1"), pages / "lifecycle.json"),
    ):
        assert run(*arguments).encode() == path.read_bytes().replace(b"\r\n", b"\n")
    vobject.readOne((pages / "calendar.ics").read_text()).validate(raiseException=True)


def test_a_test_message_leaves_no_notice(told: Fence, home: Path) -> None:
    before = json.loads(run("plan", "aster-1", "--json"))
    assert "sent to me@example.org; receipt: " in run(
        "send-test", "aster-1", "--to", "me@example.org"
    )
    assert len(list((home / "outbox").glob("test-*.eml"))) == 1
    assert json.loads(run("plan", "aster-1", "--json")) == before


def test_nothing_to_try_again_and_no_such_model(told: Fence) -> None:
    with pytest.raises(DecisionRefused, match="no notice was given up"):
        run("retry", "aster-1")
    with pytest.raises(NotFound, match="no such retirement"):
        run("plan", "nobody")


def test_a_person_who_told_an_owner_records_it(book: Book, fence: Fence, clock: FakeClock) -> None:
    put_in_force(CONFIG, book, fence, clock.now())
    book.keep_lease(fence, clock.now(), free=True)
    with pytest.raises(NotFound, match=r"known are search@example\.org"):
        run("told", "aster-1", "--to", "x@example.org", "--words", "x", "--as", "olga")
    arguments = ("--to", "search@example.org", "--words", "By telephone.", "--as", "olga")
    assert run("told", "aster-1", *arguments) == (
        "aster-1: Search team <search@example.org> counts as told of the last days: api "
        "2027-03-01; told by olga: By telephone.\n"
    )
    (notice,) = json.loads(run("plan", "aster-1", "--json"))["notices"]
    assert (notice["channel"], notice["receipt"]) == ("person", "told by olga: By telephone.")


def test_what_nobody_was_told_is_not_printed(book: Book, fence: Fence, clock: FakeClock) -> None:
    put_in_force(CONFIG, book, fence, clock.now())
    with pytest.raises(NotFound, match="not public yet"):
        run("feed", "aster-1")
