"""Any passes at any instants, with any faults and kills: what always holds of notices."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count, pairwise, takewhile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.communication.task import publish_pages, send_notices
from tasks.communication.view import assess
from tasks.kernel.instants import to_minute
from tasks.kernel.stages import StageState
from tasks.ports.delivery import MOST_DOUBTFUL
from tasks.ports.notifier import (
    ChannelDown,
    Message,
    PerhapsDelivered,
    RefusedForGood,
    TryLater,
)
from tasks.records import Book
from tasks.records.brownouts import Brownout, brownouts_of
from tasks.records.communication import Notice
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement

OWNERS = ("ada@example.org", "bo@example.org")
DAYS = ("2027-01-10", "2027-02-10", "2027-03-01", "2027-06-01")
ANSWERS = ("ok", "later", "refused", "down", "lost", "gone", "kill before", "kill after")
FLOOR = 60

step = st.one_of(
    st.tuples(st.just("pass"), st.lists(st.sampled_from(ANSWERS), max_size=2)),
    st.tuples(st.just("wait"), st.sampled_from((1, 20, 24 * 9, 24 * 31, 24 * 70))),
    st.tuples(st.just("date"), st.sampled_from(DAYS)),
    st.tuples(st.just("hold"), st.booleans()),
)


class Killed(BaseException):
    """As a kill: nothing after it runs."""


@dataclass
class Post:
    """A channel that answers as the steps say; keeps what truly arrived, and each call."""

    clock: FakeClock
    row: Callable[[str], Notice]
    answers: list[str] = field(default_factory=list)
    arrived: list[tuple[date, Message]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def send(self, message: Message) -> str:
        assert self.row(message.id).sent_at is None, "nothing with a receipt is sent again"
        assert self.row(message.id).outcome == "trying", "noted before it is sent"
        self.calls.append(message.id)
        answer = self.answers.pop(0) if self.answers else "ok"
        if answer in {"ok", "lost", "kill after"}:
            self.arrived.append((self.clock.now().date(), message))
        if answer.startswith("kill"):
            raise Killed
        faults = {
            "later": TryLater("450 later"),
            "refused": RefusedForGood("550 no"),
            "down": ChannelDown("no connection"),
            "lost": PerhapsDelivered("lost"),
            "gone": PerhapsDelivered("lost"),
        }
        if answer in faults:
            raise faults[answer]
        return "250 ok"


def config(name: str, day: str, hold: bool) -> RetirementConfig:
    return retirement(
        id=name,
        candidate={
            "surfaces": [{"name": "api", "retires_on": day}],
            "owners": [{"name": o, "contact": o} for o in OWNERS],
            "legal_hold": hold,
            "notice_floor_days": FLOOR,
        },
        communication={"channels": {"smtp": {"host": "127.0.0.1", "security": "none"}}},
        access={
            "proposer": "p",
            "allowed_signers": "x",
            "withdrawal": {"brownout_series": {"days_before": [20], "minutes": [30]}},
        },
    )


def dates_of(message: Message) -> str:
    return re.findall(r"^  (\d{4}-\d\d-\d\d)  api$", message.body, re.MULTILINE)[0]


numbers = count()


@pytest.fixture
def one_book(home: Path) -> Book:
    return wiring.book()


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(step, min_size=3, max_size=12))
@example([("pass", ["kill after"]), ("date", "2027-06-01"), ("pass", [])])
@example([("pass", ["lost", "gone"]), ("wait", 24 * 31), ("date", "2027-02-10"), ("pass", [])])
@example([("pass", []), ("date", "2027-06-01"), ("pass", ["ok", "later"]), ("date", "2027-03-01")])
@example([("pass", []), ("date", "2027-06-01"), ("pass", ["kill before"]), ("hold", True)])
def test_whatever_happens(one_book: Book, monkeypatch: pytest.MonkeyPatch, steps) -> None:
    clock, name = FakeClock(), f"m-{next(numbers)}"

    def row(notice_id: str) -> Notice:
        with one_book.reading() as session:
            return session.get_one(Notice, notice_id)

    post = Post(clock, row)
    monkeypatch.setattr(wiring, "notifier", lambda _: post)
    day, hold = DAYS[2], False
    with wiring.using_clock(clock):
        for what, value in [*steps, *[("wait", 25), ("pass", [])] * 2]:
            if what == "wait":
                clock.advance(hours=value)
            elif what == "date":
                day = value
            elif what == "hold":
                hold = value
            else:
                _one_pass(one_book, post, config(name, day, hold), list(value))
        last = config(name, day, hold)
        answer = assess(last, one_book, clock.now())
        with one_book.reading() as session:
            rows = list(session.exec(select(Notice).filter_by(model_id=name)))
    assert answer.state in {StageState.DONE, StageState.BLOCKED}, answer.reason
    for owner in OWNERS:
        theirs = [(when, m) for when, m in post.arrived if m.to == owner]
        _moves_are_said([m for _, m in theirs])
        _no_promise_is_cut_short(theirs, post.arrived)
        for one in brownouts_of(last, rows):
            if one.begins:
                _was_told_in_time(theirs, one)
    for one in rows:
        copies = sum(m.id == one.id for _, m in post.arrived)
        assert copies <= (one.doubtful or 0) + (one.sent_at is not None) + (one.outcome == "trying")
        assert (one.doubtful or 0) <= MOST_DOUBTFUL
    assert not one_book.verify_audit().problems


def _one_pass(book: Book, post: Post, current: RetirementConfig, answers: list[str]) -> None:
    post.answers = answers
    before = len(post.calls)
    now = post.clock.advance(minutes=1)
    fence = book.take_lease(current.id, "", now).fence
    try:
        publish_pages.fn(current, fence)
        send_notices.fn(current, fence)
    except (Killed, ChannelDown):
        pass
    book.keep_lease(fence, post.clock.now(), free=True)
    sent = post.calls[before:]
    assert len(sent) == len(set(sent)) <= len(OWNERS), "one message an owner and pass"


def _moves_are_said(messages: list[Message]) -> None:
    for before, after in pairwise(messages):
        if dates_of(before) != dates_of(after):
            assert "(dates changed)" in after.subject
            assert f"you were told {dates_of(before)}, it is now {dates_of(after)}" in after.body


def _was_told_in_time(theirs: list[tuple[date, Message]], one: Brownout) -> None:
    """A brownout that begins stands in what arrived two weeks before, and in all since but those
    that came when it was over."""
    line = f"  {to_minute(one.starts_at)}, for 30 minutes\n"
    listed = [
        (when, line in m.body.partition("they do not take place")[0])
        for when, m in theirs
        if when <= one.ends_at.date()
    ]
    run = list(takewhile(lambda one: one[1], reversed(listed)))
    assert run
    assert run[-1][0] + timedelta(days=14) <= one.starts_at.date()


def _no_promise_is_cut_short(
    theirs: list[tuple[date, Message]], everybodys: list[tuple[date, Message]]
) -> None:
    """Whoever is told of an earlier day has the floor ahead, or others of them had."""
    for (_, before), (when, after) in pairwise(theirs):
        if dates_of(after) < dates_of(before):
            first = min(w for w, m in everybodys if dates_of(m) == dates_of(after))
            told = min(when, first)
            assert told + timedelta(days=FLOOR) <= date.fromisoformat(dates_of(after))
