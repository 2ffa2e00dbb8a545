"""The stage with a real mail server and a real webhook on loopback."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from configs.schema import RetirementConfig
from configs.schema.withdrawal import BrownoutSeries
from tasks.adapters.smtp import Smtp
from tasks.communication.act import send_test, try_again
from tasks.communication.task import publish_pages, send_notices
from tasks.communication.view import assess, plan_now
from tasks.kernel.errors import ConfigError, DecisionRefused, LeaseHeld, NotFound
from tasks.kernel.stages import StageState
from tasks.ports.notifier import ChannelDown
from tasks.records import Book, Fence
from tasks.records.candidate import LifecycleCheck
from tasks.records.communication import Notice
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.smtp_server import Mailbox, smtp_server
from tests.fakes.webhook_server import Hook, webhook_server

NAMES = ("ada", "bo", "cy")


class Killed(BaseException):
    """As a kill: nothing after it runs."""


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with smtp_server() as served:
        yield served


@pytest.fixture
def hook() -> Iterator[Hook]:
    with webhook_server() as served:
        yield served


def mailed(box: Mailbox, *names: str, hook: Hook | None = None, **candidate: Any):
    owners = [{"name": n, "contact": f"{n}@example.org"} for n in names or NAMES]
    smtp = {"host": "127.0.0.1", "port": box.port, "security": "none", "timeout_seconds": 5.0}
    channels: dict[str, Any] = {"smtp": smtp}
    if hook is not None:
        channels["webhooks"] = [{"name": "ops", "url": hook.url}]
    return retirement(
        candidate={"owners": owners, **candidate}, communication={"channels": channels}
    )


def run_stage(config: RetirementConfig, fence: Fence) -> None:
    publish_pages.fn(config, fence)
    send_notices.fn(config, fence)


def notices(book: Book) -> dict[str, Notice]:
    """The latest notice of each contact."""
    with book.reading() as session:
        rows = session.exec(select(Notice)).all()
    return {row.contact: row for row in sorted(rows, key=lambda row: row.intended_at)}


def test_one_refused_and_one_busy_keep_nobody_back(
    book: Book, fence: Fence, clock: FakeClock, box: Mailbox
):
    config = mailed(box)
    box.at_receiver = {
        "ada@example.org": "550 5.1.1 no such user",
        "bo@example.org": "451 4.7.1 greylisted",
    }
    run_stage(config, fence)
    assert box.receivers == ["cy@example.org"]
    rows = notices(book)
    assert rows["cy@example.org"].receipt == "127.0.0.1: 250 2.0.0 queued as 4X7Y"
    assert rows["ada@example.org"].outcome == "refused"
    answer = assess(config, book, clock.now())
    assert answer.state is StageState.BLOCKED
    assert answer.reason == (
        "1 of 3 can't be told: refused for good: `emeritus notices plan aster-1` shows whom, and "
        "why; mend the contact in candidate.owners, try again with `emeritus notices retry`, or "
        "tell them and record it with `emeritus notices told`"
    )
    assert answer.until == rows["bo@example.org"].again_at

    entries = book.verify_audit().entries
    run_stage(config, fence)
    assert book.verify_audit().entries == entries, "neither is asked again at once"
    box.at_receiver = {"ada@example.org": "550 5.1.1 no such user"}
    clock.advance(minutes=16)
    run_stage(config, fence)
    assert box.receivers == ["cy@example.org", "bo@example.org"]
    assert notices(book)["ada@example.org"].tries == 1

    mended = mailed(box, "bo", "cy", "dee")
    assert assess(mended, book, clock.now()).state is StageState.DUE
    run_stage(mended, fence)
    assert box.receivers[-1] == "dee@example.org"
    assert assess(mended, book, clock.now()).state is StageState.DONE


def test_the_next_event_tries_a_refused_address_once_more(
    book: Book, fence: Fence, clock: FakeClock, box: Mailbox
):
    config = mailed(box, "ada")
    box.at_receiver = {"ada@example.org": "550 no"}
    run_stage(config, fence)
    box.at_receiver = {}
    clock.advance(days=20)
    run_stage(config, fence)
    assert box.receivers == []
    clock.advance(days=11)  # past T-60
    run_stage(config, fence)
    assert box.receivers == ["ada@example.org"]
    assert assess(config, book, clock.now()).state is StageState.DONE


def test_a_busy_server_is_left_in_peace_longer_and_longer(
    book: Book, fence: Fence, clock: FakeClock, box: Mailbox
):
    config = mailed(box, "ada")
    box.at_receiver = {"ada@example.org": "450 later"}
    waits = []
    for _ in range(9):
        run_stage(config, fence)
        row = notices(book)["ada@example.org"]
        assert row.again_at is not None
        waits.append((row.again_at - clock.now()).total_seconds() / 3600)
        answer = assess(config, book, clock.now())
        assert (answer.state, answer.until) == (StageState.WAITING, row.again_at)
        clock.advance(hours=waits[-1])
    assert waits == [0.25, 0.5, 1, 2, 4, 8, 16, 24, 24]


def test_a_server_that_is_down_is_asked_once_a_pass(
    book: Book, fence: Fence, clock: FakeClock, box: Mailbox, hook: Hook, monkeypatch
):
    config, asked = mailed(box, hook=hook), []

    def down(self, message):
        asked.append(message.to)
        raise ChannelDown("127.0.0.1:9: Connection refused")

    real = Smtp.send
    monkeypatch.setattr(Smtp, "send", down)
    with pytest.raises(ChannelDown):
        run_stage(config, fence)
    assert len(asked) == 1
    assert len(hook.posted) == 1, "another channel goes on"
    assert assess(config, book, clock.now()).state is StageState.DUE
    monkeypatch.setattr(Smtp, "send", real)
    run_stage(config, fence)
    assert len(box.mail) == 3
    assert assess(config, book, clock.now()).state is StageState.DONE


def test_a_missing_password_stops_mail_alone(
    book: Book, fence: Fence, clock: FakeClock, box: Mailbox, hook: Hook, monkeypatch
):
    monkeypatch.delenv("SMTP_PASSWORD", raising=False)
    config = mailed(box, hook=hook)
    smtp = config.communication.channels.smtp
    assert smtp is not None
    login = smtp.model_copy(update={"username": "x", "password_env": "SMTP_PASSWORD"})
    channels = config.communication.channels.model_copy(update={"smtp": login})
    part = config.communication.model_copy(update={"channels": channels})
    config = config.model_copy(update={"communication": part})
    with pytest.raises(ConfigError, match="SMTP_PASSWORD is not set"):
        run_stage(config, fence)
    assert (box.mail, len(hook.posted)) == ([], 1)


def test_a_lost_answer_is_sent_again_under_its_id_but_not_for_ever(
    book: Book, fence: Fence, clock: FakeClock, box: Mailbox
):
    config = mailed(box, "ada")
    box.at_data = [Mailbox.LOST] * 9
    for _ in range(6):
        run_stage(config, fence)
        clock.advance(days=1)
    assert len(box.mail) == 3
    assert len({mail["Message-ID"] for mail in box.mail}) == 1
    answer = assess(config, book, clock.now())
    assert answer.state is StageState.BLOCKED
    assert "1 of 1 may not have been told: no answer came in several tries" in answer.reason

    book.keep_lease(fence, clock.now(), free=True)
    assert try_again(config) == 1
    box.at_data = []
    again = book.take_lease("aster-1", "", clock.now()).fence
    run_stage(config, again)
    assert (len(box.mail), len({mail["Message-ID"] for mail in box.mail})) == (4, 1)
    assert assess(config, book, clock.now()).state is StageState.DONE


@pytest.mark.parametrize("moment", ["before sending", "after sending"])
def test_a_kill_costs_at_most_one_mail_more_and_that_is_recorded(
    moment: str, book: Book, fence: Fence, clock: FakeClock, box: Mailbox, monkeypatch
):
    config, real = mailed(box, "ada"), Smtp.send

    def killed(self, message):
        if moment == "after sending":
            real(self, message)
        raise Killed

    monkeypatch.setattr(Smtp, "send", killed)
    with pytest.raises(Killed):
        run_stage(config, fence)
    monkeypatch.setattr(Smtp, "send", real)
    clock.advance(hours=3)
    run_stage(config, fence)
    run_stage(config, fence)
    row = notices(book)["ada@example.org"]
    assert (row.outcome, row.tries, row.doubtful) == ("sent", 2, 1)
    assert len({bytes(mail) for mail in box.mail}) == 1
    assert len(box.mail) == (2 if moment == "after sending" else 1)
    assert not book.verify_audit().problems


def test_a_late_start_is_one_message_by_every_channel(
    fence: Fence, clock: FakeClock, box: Mailbox, hook: Hook
):
    clock.advance(days=80)
    run_stage(mailed(box, hook=hook), fence)
    assert [mail["Subject"] for mail in box.mail] == ["Aster 1 retires on 1 March 2027"] * 3
    (posted,) = hook.posted
    body = json.loads(posted.body)
    assert (body["type"], body["data"]["kind"]) == ("retirement.notice", "T-30")


def test_a_webhook_gets_each_event_once_and_no_names(
    book: Book, fence: Fence, clock: FakeClock, box: Mailbox, hook: Hook
):
    config = mailed(box, hook=hook)
    for _ in range(40):
        run_stage(config, fence)
        clock.advance(days=1)
    kinds = [json.loads(posted.body)["data"]["kind"] for posted in hook.posted]
    assert kinds == ["T-90", "T-60"]
    assert len({posted.headers["webhook-id"] for posted in hook.posted}) == 2
    assert not any(n.encode() + b"@" in posted.body for posted in hook.posted for n in NAMES)
    row = notices(book)["webhook:ops"]
    assert (row.channel, row.receipt, row.owner) == ("webhook", "ops: 204", "ops")


def test_a_webhook_gets_only_the_kinds_that_it_asked_for(
    fence: Fence, clock: FakeClock, box: Mailbox, hook: Hook
):
    config = mailed(box, hook=hook)
    channels = config.communication.channels
    only = channels.webhooks[0].model_copy(update={"kinds": ("T-60", "changed")})
    channels = channels.model_copy(update={"webhooks": (only,)})
    part = config.communication.model_copy(update={"channels": channels})
    config = config.model_copy(update={"communication": part})
    run_stage(config, fence)
    assert hook.posted == []
    clock.advance(days=31)
    run_stage(config, fence)
    later = mailed(box, hook=hook, surfaces=[{"name": "api", "retires_on": "2027-09-01"}])
    run_stage(later.model_copy(update={"communication": part}), fence)
    bodies = [json.loads(posted.body) for posted in hook.posted]
    assert [body["type"] for body in bodies] == ["retirement.notice", "retirement.changed"]
    assert bodies[1]["data"]["changes"] == [
        {"surface": "api", "before": "2027-03-01", "now": "2027-09-01"}
    ]


def test_a_webhook_is_told_of_brownouts_and_of_those_that_are_off(
    fence: Fence, clock: FakeClock, box: Mailbox, hook: Hook
):
    config = mailed(box, hook=hook)

    def with_brownout(days_before: int) -> RetirementConfig:
        series = BrownoutSeries(days_before=(days_before,), minutes=(10,))
        plan = config.access.withdrawal.model_copy(update={"brownout_series": series})
        access = config.access.model_copy(update={"withdrawal": plan})
        return config.model_copy(update={"access": access})

    for days_before in (28, 27):
        run_stage(with_brownout(days_before), fence)
        clock.advance(minutes=1)
    first, second = (json.loads(posted.body) for posted in hook.posted)
    window = ["2027-02-01T10:00:00.000000Z", "2027-02-01T10:10:00.000000Z"]
    assert (first["type"], first["data"]["brownouts"]) == ("retirement.notice", [window])
    assert second["type"] == "retirement.changed"
    assert second["text"] == "Aster 1 retires on 1 March 2027 (brownouts changed)"
    assert second["data"]["dropped_brownouts"] == [window]
    assert second["data"]["brownouts"] == [[t.replace("02-01", "02-02") for t in window]]


def test_a_webhook_that_is_gone_blocks_and_keeps_no_mail_back(
    book: Book, fence: Fence, clock: FakeClock, box: Mailbox, hook: Hook
):
    hook.answers = [(410, {}), (204, {})]
    config = mailed(box, hook=hook)
    run_stage(config, fence)
    assert len(box.mail) == 3
    answer = assess(config, book, clock.now())
    assert answer.state is StageState.BLOCKED
    assert "mend the webhook" in answer.reason
    with pytest.raises(LeaseHeld):
        try_again(config)
    book.keep_lease(fence, clock.now(), free=True)
    assert try_again(config, "webhook:ops") == 1
    run_stage(config, book.take_lease("aster-1", "", clock.now()).fence)
    assert len(hook.posted) == 2
    assert assess(config, book, clock.now()).state is StageState.DONE


def checked(book: Book, fence: Fence, clock: FakeClock, retires_at: datetime) -> None:
    with book.writing(clock.now(), fence=fence) as writing:
        row = LifecycleCheck(
            id=str(retires_at),
            model_id="aster-1",
            checked_at=clock.now(),
            lifecycle="deprecated",
            retires_at=retires_at,
            endpoint_model="aster-1",
            simulated=False,
        )
        writing.put(row, "candidate.lifecycle_asked")


def test_nobody_is_told_a_date_that_the_endpoint_contradicts(
    book: Book, fence: Fence, clock: FakeClock, box: Mailbox, home: Path
):
    config = mailed(box)
    checked(book, fence, clock, datetime(2027, 2, 1, tzinfo=UTC))
    run_stage(config, fence)
    assert box.mail == []
    assert not (home / "pages").exists()
    answer = assess(config, book, clock.now())
    assert answer.state is StageState.WAITING
    assert answer.reason.startswith(
        "the candidate stage: the endpoint retires the model on 2027-02"
    )
    clock.advance(days=1)
    checked(book, fence, clock, datetime(2027, 3, 1, tzinfo=UTC))
    run_stage(config, fence)
    assert len(box.mail) == 3


def test_a_date_cut_short_is_neither_told_nor_published(
    book: Book, fence: Fence, clock: FakeClock, box: Mailbox, home: Path
):
    run_stage(mailed(box, "ada"), fence)
    pages = {path: path.read_bytes() for path in (home / "pages").rglob("*") if path.is_file()}
    short = mailed(box, "ada", surfaces=[{"name": "api", "retires_on": "2027-01-20"}])
    clock.advance(hours=1)
    run_stage(short, fence)
    assert len(box.mail) == 1
    assert pages == {path: path.read_bytes() for path in pages}
    answer = assess(short, book, clock.now())
    assert answer.state is StageState.BLOCKED
    assert answer.reason.endswith("set retires_on to 2027-01-30 or later")
    allowed = mailed(box, "ada", surfaces=[{"name": "api", "retires_on": "2027-01-30"}])
    run_stage(allowed, fence)
    text = box.mail[1].get_content()
    assert "api: you were told 2027-03-01, it is now 2027-01-30." in text
    assert "20270130" in (home / "pages" / "aster-1" / "calendar.ics").read_text()


def test_a_legal_hold_is_told_and_no_last_day_comes_under_it(
    book: Book, fence: Fence, clock: FakeClock, box: Mailbox
):
    run_stage(mailed(box, "ada"), fence)
    held = mailed(box, "ada", legal_hold=True)
    run_stage(held, fence)
    assert "stays while a legal hold stands" in box.mail[1]["Subject"]
    clock.advance(days=120)  # past T-0 and, in between, past T-1
    run_stage(held, fence)
    kinds = [mail.get_content().splitlines()[-1].split(",")[0] for mail in box.mail]
    assert kinds == ["Notice T-90", "Notice T-90", "Notice T-1"]
    assert "You will be told of a new one in time." in box.mail[2].get_content()
    assert assess(held, book, clock.now()).reason.endswith(
        "none left to send while the legal hold stands"
    )
    lifted = mailed(box, "ada")
    assert "the legal hold" in assess(lifted, book, clock.now()).reason
    run_stage(lifted, fence)
    assert len(box.mail) == 3
    new = mailed(box, "ada", surfaces=[{"name": "api", "retires_on": "2027-06-30"}])
    run_stage(new, fence)
    assert "The legal hold is lifted." in box.mail[3].get_content()


def test_a_test_message_says_so_and_is_no_notice(
    book: Book, clock: FakeClock, box: Mailbox, hook: Hook
):
    config = mailed(box, hook=hook)
    assert "250" in send_test(config, "me@example.org")
    assert send_test(config, "ops") == "ops: 204"
    assert box.mail[0]["Subject"].startswith("TEST: ")
    assert "Nothing is announced by it" in box.mail[0].get_content()
    assert json.loads(hook.posted[0].body)["type"] == "retirement.test"
    assert notices(book) == {}
    with pytest.raises(NotFound, match="webhooks are ops"):
        send_test(config, "nobody")


def test_there_may_be_nothing_to_try_again(
    book: Book, fence: Fence, clock: FakeClock, box: Mailbox
):
    config = mailed(box, "ada")
    run_stage(config, fence)
    book.keep_lease(fence, clock.now(), free=True)
    with pytest.raises(DecisionRefused, match="no notice was given up"):
        try_again(config)
    assert book.take_lease("aster-1", "", clock.now()), "the lease is free again"


def test_the_plan_tells_whom_and_why(
    book: Book, fence: Fence, clock: FakeClock, box: Mailbox, hook: Hook
):
    config = mailed(box, hook=hook)
    box.at_receiver = {"ada@example.org": "550 no such user", "bo@example.org": "450 later"}
    run_stage(config, fence)
    plan, simulated = plan_now(config)
    owed = {line.contact: line.owed for line in plan.lines}
    assert owed == {
        "ada@example.org": "T-90: not tried again (refused: 127.0.0.1: 550 no such user)",
        "bo@example.org": "T-90: to be tried again after 2026-12-01 09:15 UTC "
        "(127.0.0.1: 450 later)",
        "cy@example.org": "",
        "webhook:ops": "",
    }
    assert plan.next is not None
    assert (plan.next.kind, simulated) == ("T-60", False)
