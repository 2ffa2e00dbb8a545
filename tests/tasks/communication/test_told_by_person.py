"""A person who told an owner records it, so that no broken mailbox blocks a retirement for ever."""

from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.adapters.outbox import Outbox
from tasks.communication.act import record_told
from tasks.communication.plan import told_words
from tasks.communication.task import publish_pages, send_notices
from tasks.communication.view import assess
from tasks.kernel.errors import DecisionRefused, NotFound
from tasks.kernel.stages import StageState
from tasks.ports.notifier import Message, RefusedForGood
from tasks.records import Book, Fence
from tasks.records.communication import Notice
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement


class Post(Outbox):
    """Files, but for addresses that are refused for good."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.dead: set[str] = set()
        self.sent: list[Message] = []

    def send(self, message: Message) -> str:
        if message.to in self.dead:
            raise RefusedForGood("550 no such user")
        self.sent.append(message)
        return super().send(message)


@pytest.fixture
def post(home: Path, monkeypatch: pytest.MonkeyPatch) -> Post:
    found = Post(home / "outbox")
    monkeypatch.setattr(wiring, "notifier", lambda _: found)
    return found


def told_by_mail(*names: str) -> RetirementConfig:
    owners = [{"name": name, "contact": f"{name}@example.org"} for name in names]
    return retirement(candidate={"owners": owners})


def run_stage(config: RetirementConfig, fence: Fence) -> None:
    publish_pages.fn(config, fence)
    send_notices.fn(config, fence)


def notices(book: Book) -> dict[str, Notice]:
    """The latest notice of each contact."""
    with book.reading() as session:
        rows = session.exec(select(Notice)).all()
    return {row.contact: row for row in sorted(rows, key=lambda row: row.intended_at)}


def test_a_person_records_that_they_told_whom_no_mail_reaches(
    book: Book, fence: Fence, clock: FakeClock, post: Post
):
    config = told_by_mail("ada", "bo")
    post.dead.add("ada@example.org")
    run_stage(config, fence)
    book.keep_lease(fence, clock.now(), free=True)
    now = clock.advance(hours=1)
    row = record_told(config, "ada@example.org", "olga", " By telephone:\n she repeated the day.")
    assert row.receipt == "told by olga: By telephone: she repeated the day."
    assert (row.sent_at, row.tried_at, row.channel, row.tries) == (now, now, "person", 1)
    assert (row.kind, told_words(row)) == ("T-90", "of the last days: api 2027-03-01")
    assert assess(config, book, now).state is StageState.DONE
    assert book.verify_audit().problems == ()
    with pytest.raises(DecisionRefused, match=r"nothing is owed to ada@example\.org now"):
        record_told(config, "ada@example.org", "olga", "Again.")
    clock.advance(days=30)  # the next event's notice is tried all the same
    again = book.take_lease("aster-1", "", clock.now()).fence
    run_stage(config, again)
    assert notices(book)["ada@example.org"].outcome == "refused"
    assert notices(book)["ada@example.org"].kind == "T-60"


def test_a_person_tells_an_owner_whose_mail_was_never_tried(
    book: Book, clock: FakeClock, post: Post
):
    config = told_by_mail("ada")
    row = record_told(config, "ada@example.org", "olga", "At her desk.")
    assert (row.kind, row.tries) == ("T-90", None)
    assert assess(config, book, clock.now()).state is StageState.DUE  # the pages
    assert post.sent == []


@pytest.mark.parametrize(
    ("to", "person", "words", "refused"),
    [
        ("nobody@example.org", "olga", "x", "known are ada@example.org"),
        ("webhook:ops", "olga", "x", "no owner of aster-1"),
        ("ada@example.org", " ", "x", "the name of who told them"),
        ("ada@example.org", "olga", "", "the words of who told them"),
        ("ada@example.org", "olga", "a\u202eb", "the words of who told them"),
        ("ada@example.org", "olga", "x" * 301, "the words of who told them"),
    ],
)
def test_what_is_recorded_of_telling_an_owner_is_an_owner_a_name_and_words(
    book: Book, clock: FakeClock, post: Post, to: str, person: str, words: str, refused: str
):
    with pytest.raises((DecisionRefused, NotFound), match=refused):
        record_told(told_by_mail("ada"), to, person, words)
    assert notices(book) == {}
    assert book.take_lease("aster-1", "", clock.now()), "the lease is free again"


def test_a_person_tells_nobody_what_a_pass_may_not_tell(
    book: Book, fence: Fence, clock: FakeClock, post: Post
):
    config = told_by_mail("ada")
    run_stage(config, fence)
    book.keep_lease(fence, clock.now(), free=True)
    sooner = config.candidate.surfaces[0].model_copy(update={"retires_on": date(2027, 1, 5)})
    candidate = config.candidate.model_copy(update={"surfaces": (sooner,)})
    config = config.model_copy(update={"candidate": candidate})
    with pytest.raises(DecisionRefused, match=r"nobody may be told now: .*notice_floor_days"):
        record_told(config, "ada@example.org", "olga", "By telephone.")
