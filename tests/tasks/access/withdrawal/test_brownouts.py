"""A brownout that an owner was not told of in time does not begin, and everybody learns of that.

Through the real stages: notices go out, access is decided, the gateway's file is written.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import vobject

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.act import approve, open_packet
from tasks.access.applications.task import advance_applications
from tasks.access.core import APPROVAL_NAMESPACE, approval_statement
from tasks.access.gateway.enforce import enforce
from tasks.access.task import grant, propose
from tasks.access.view import assess
from tasks.access.withdrawal.outlook import outlook
from tasks.access.withdrawal.plan import treatment
from tasks.access.withdrawal.standing import plan_body
from tasks.adapters.outbox import Outbox
from tasks.communication.act import record_told, try_again
from tasks.communication.task import publish_pages, send_notices
from tasks.kernel.instants import from_text
from tasks.ports.notifier import Message, RefusedForGood
from tasks.records import Book, Fence
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.tasks.access.conftest import People

FIRST, SECOND = datetime(2027, 2, 1, 10, tzinfo=UTC), datetime(2027, 2, 22, 10, tzinfo=UTC)
SERIES = {"days_before": [28, 7], "minutes": [10, 60]}


class _Post(Outbox):
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

    def last(self, to: str) -> Message:
        return next(one for one in reversed(self.sent) if one.to == f"{to}@example.org")


class Stages:
    """A retirement whose access is decided, with passes of the two stages."""

    def __init__(self, book: Book, clock: FakeClock, people: People, home: Path, post: _Post):
        self.book, self.clock, self.people, self.home, self.post = book, clock, people, home, post
        self.config = retirement(
            candidate={"owners": [_owner("ada"), _owner("bo")]},
            access={
                "proposer": "paula",
                "allowed_signers": str(people.allowed),
                "withdrawal": {"brownout_series": SERIES},
            },
        )

    def set(self, section: str, **fields: Any) -> None:
        body = self.config.model_dump(mode="json")
        body[section] |= fields
        self.config = RetirementConfig.model_validate_json(json.dumps(body), strict=True)

    def decide(self, fence: Fence) -> None:
        propose.fn(self.config, fence)
        with self.book.reading() as session:
            digest = open_packet(session, self.config, self.clock.now()).digest
        statement = approval_statement("aster-1", digest)
        for person in ("alice", "bob"):
            signature = self.people.sign(person, statement, APPROVAL_NAMESPACE)
            verifier, now = wiring.signatures(self.config.access), self.clock.now()
            approve(self.config, self.book, verifier, person=person, signature=signature, now=now)
        grant.fn(self.config, fence)

    def run(self) -> None:
        """Communication, then access, as passes do in the end."""
        fence = self.book.take_lease("aster-1", "", self.clock.advance(minutes=1)).fence
        publish_pages.fn(self.config, fence)
        send_notices.fn(self.config, fence)
        publish_pages.fn(self.config, fence)
        advance_applications.fn(self.config, fence)
        enforce.fn(self.config, fence)
        self.book.keep_lease(fence, self.clock.now(), free=True)

    def until(self, at: datetime) -> None:
        self.clock.advance(seconds=(at - self.clock.now()).total_seconds())

    def plan(self) -> dict[str, Any]:
        body = json.loads((self.home / "grants" / "aster-1.json").read_bytes())
        plan: dict[str, Any] = body["withdrawal"]
        return plan

    def begin(self) -> list[datetime]:
        return [from_text(one["starts_at"]) for one in self.plan()["brownouts"]]

    def said(self) -> str:
        return assess(self.config, self.book, self.clock.now()).reason

    def calendar(self) -> dict[datetime, str]:
        """Start and status of each brownout that stands in the calendar."""
        text = (self.home / "pages" / "aster-1" / "calendar.ics").read_text(encoding="utf-8")
        events = [e for e in vobject.readOne(text).vevent_list if "brownout" in e.summary.value]
        return {event.dtstart.value: event.status.value for event in events}


def _owner(name: str) -> dict[str, str]:
    return {"name": name.title(), "contact": f"{name}@example.org"}


@pytest.fixture
def stages(
    judged: RetirementConfig,
    book: Book,
    clock: FakeClock,
    fence: Fence,
    people: People,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Stages:
    post = _Post(home / "outbox")
    monkeypatch.setattr(wiring, "notifier", lambda _: post)
    found = Stages(book, clock, people, home, post)
    found.decide(fence)
    book.keep_lease(fence, clock.now(), free=True)
    return found


def test_told_in_time_it_begins(stages: Stages) -> None:
    stages.run()
    assert stages.begin() == [FIRST, SECOND]
    assert stages.plan()["in_force"] is True
    assert treatment(stages.plan(), FIRST, granted=False).why == "brownout"
    text = stages.post.last("ada").body
    assert (
        "They begin only once access is decided:\n  2027-02-01 10:00 UTC, for 10 minutes\n" in text
    )
    assert "  2027-02-22 10:00 UTC, for 1 hours\n" not in text
    assert "  2027-02-22 10:00 UTC, for 1 hour\n" in text
    assert stages.calendar() == {FIRST: "CONFIRMED", SECOND: "CONFIRMED"}
    stages.until(FIRST + timedelta(days=1))
    stages.run()
    assert "2027-02-01" not in stages.post.last("ada").body, "what is over is not told any more"
    assert "brownout" not in stages.said()


def test_one_owner_whose_mail_fails_keeps_it_from_beginning(stages: Stages) -> None:
    stages.post.dead = {"bo@example.org"}
    stages.run()
    assert stages.begin() == []
    assert "brownout" not in stages.said(), "there is time to tell them"
    stages.until(datetime(2027, 1, 19, tzinfo=UTC))
    stages.run()
    assert stages.said().endswith(
        "; the brownout of 2027-02-01 10:00 UTC does not begin: 1 of 2 owners had not been told by "
        "2027-01-18 (access.withdrawal.brownout_lead_days)"
    )
    assert "Bo" not in stages.said()
    told = stages.post.last("ada")
    assert told.subject.endswith("(brownouts changed)")
    assert "they do not take place:\n  2027-02-01 10:00 UTC, for 10 minutes\n" in told.body
    assert stages.calendar() == {FIRST: "CANCELLED", SECOND: "CONFIRMED"}
    assert treatment(stages.plan(), FIRST, granted=False).kind == "serve"
    stages.post.dead = set()
    stages.set("candidate", owners=[_owner("ada"), _owner("bo") | {"contact": "bo2@example.org"}])
    stages.run()
    assert stages.begin() == [SECOND]
    assert "does not begin: 1 of 2 owners" in stages.said(), "whoever was told, was told in time"
    stages.until(FIRST + timedelta(days=1))
    assert "brownout" not in stages.said()


def test_one_owner_whose_mail_fails_holds_the_withdrawal_back_until_a_person_told_them(
    stages: Stages,
) -> None:
    """A gateway can't tell whose calls it would refuse."""
    last = datetime(2027, 3, 2, 9, tzinfo=UTC)
    stages.post.dead = {"bo@example.org"}
    stages.run()
    assert (stages.plan()["in_force"], stages.plan()["held_by"]) == (False, "untold")
    assert "Sunset" in dict(stages.plan()["headers"]), "callers may read of the day all the same"
    stages.until(last)
    stages.run()
    assert treatment(stages.plan(), last, granted=False).kind == "serve"
    assert (
        "; the withdrawal is not in force: not every owner was told of that last day yet, so "
        "nobody is refused or redirected; 1 of 2 owners have no receipt for it: `emeritus "
        "withdrawal show aster-1` names them" in stages.said()
    )
    assert "Bo" not in stages.said()
    with stages.book.reading() as session:
        found = outlook(stages.config, session, stages.clock.now())
    assert found.standing.untold == ("Bo",)
    record_told(stages.config, "bo@example.org", "olga", "By telephone.")
    stages.run()
    assert (stages.plan()["in_force"], stages.plan()["held_by"]) == (True, "")
    assert treatment(stages.plan(), last, granted=False).why == "sunset"
    assert "not in force" not in stages.said()


def test_an_owner_who_is_added_after_the_last_day_is_told_first(stages: Stages) -> None:
    stages.run()
    stages.until(datetime(2027, 3, 2, 9, tzinfo=UTC))
    stages.run()
    assert stages.plan()["in_force"] is True
    stages.set("candidate", owners=[*map(_owner, ("ada", "bo", "cy"))])
    with stages.book.reading() as session:
        assert plan_body(stages.config, session, stages.clock.now())["held_by"] == "untold"
    stages.run()  # which tells them
    assert stages.plan()["in_force"] is True


def test_a_hold_that_was_lifted_is_told_before_anybody_is_refused(stages: Stages) -> None:
    stages.run()
    stages.set("candidate", legal_hold=True)
    stages.clock.advance(days=1)
    stages.run()
    stages.post.dead = {"bo@example.org"}
    stages.set("candidate", legal_hold=False)
    stages.run()
    assert stages.plan()["held_by"] == "untold"
    stages.post.dead = set()
    try_again(stages.config)
    stages.run()
    assert stages.plan()["in_force"] is True


def test_one_that_is_added_too_late_is_told_to_nobody(stages: Stages) -> None:
    stages.set("access", withdrawal={})
    stages.run()
    assert stages.calendar() == {}
    stages.until(FIRST - timedelta(days=3))
    stages.run()
    stages.set("access", withdrawal={"brownout_series": SERIES})
    stages.run()
    assert stages.begin() == [SECOND]
    assert "2027-02-01 10:00" not in stages.post.last("ada").body
    assert stages.calendar() == {SECOND: "CONFIRMED"}
    assert "the brownout of 2027-02-01 10:00 UTC does not begin: 2 of 2 owners" in stages.said()


def test_a_moved_last_day_moves_the_series_and_the_lead_begins_anew(stages: Stages) -> None:
    stages.run()
    stages.until(FIRST - timedelta(days=2))
    stages.set("candidate", surfaces=[{"name": "api", "retires_on": "2027-03-10"}])
    stages.run()
    later = timedelta(days=9)
    assert stages.begin() == [SECOND + later], "the first one is 11 days ahead by now"
    assert "the brownout of 2027-02-10 10:00 UTC does not begin" in stages.said()
    off = "they do not take place:\n  2027-02-01 10:00 UTC, for 10 minutes\n"
    assert off in stages.post.last("bo").body
    assert stages.calendar() == {
        FIRST: "CANCELLED",
        SECOND: "CANCELLED",
        SECOND + later: "CONFIRMED",
    }


def test_a_legal_hold_calls_them_off_and_its_end_begins_the_lead_anew(stages: Stages) -> None:
    stages.run()
    stages.set("candidate", legal_hold=True)
    stages.clock.advance(days=1)
    stages.run()
    assert "they do not take place while the hold stands:" in stages.post.last("ada").body
    assert set(stages.calendar().values()) == {"CANCELLED"}
    stages.until(FIRST - timedelta(days=5))
    assert "brownout" not in stages.said()
    stages.set("candidate", legal_hold=False)
    stages.run()
    assert stages.begin() == [SECOND]
    assert stages.calendar() == {FIRST: "CANCELLED", SECOND: "CONFIRMED"}
