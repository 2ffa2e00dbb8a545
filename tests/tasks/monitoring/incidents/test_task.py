"""Signals judged, an incident opened once, people told once."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.digests import canonical_json
from tasks.kernel.errors import FenceLost
from tasks.kernel.stages import StageState
from tasks.monitoring.incidents import telling
from tasks.monitoring.incidents.judgement import judgement, judgement_file
from tasks.monitoring.incidents.rows import incidents_of, open_incidents, tellings_of
from tasks.monitoring.incidents.task import tell_of_incidents, watch_signals
from tasks.monitoring.incidents.view import assess_incidents, due_now
from tasks.ports.notifier import ChannelDown, Message, PerhapsDelivered, RefusedForGood
from tasks.records import Book, Fence
from tasks.records.incident import Incident, IncidentTelling
from tasks.records.monitoring import SourceReading
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.readings import FIRST, SOURCES, put, reading, unsafe
from tests.fakes.smtp_server import Mailbox, smtp_server
from tests.fakes.webhook_server import Hook, webhook_server

DOUBLED = unsafe(*[2] * 28, *[9] * 10)
TEAM = ("ada@example.org", "bo@example.org")


def config_of(contacts: tuple[str, ...] = TEAM, **other: Any) -> RetirementConfig:
    channels = other.pop("channels", {})
    alarms = {"contacts": list(contacts), "baseline_days": 28, "signals": ["unsafe"], **other}
    monitoring = {"alarms": alarms, "sources": SOURCES}
    return retirement(monitoring=monitoring, communication={"channels": channels})


CONFIG = config_of()


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with smtp_server() as served:
        yield served


@pytest.fixture
def hook() -> Iterator[Hook]:
    with webhook_server() as served:
        yield served


def run(config: RetirementConfig, fence: Fence) -> None:
    watch_signals.fn(config, fence)
    tell_of_incidents.fn(config, fence)


def incidents(book: Book) -> list[Incident]:
    with book.reading() as session:
        return list(incidents_of(session, "aster-1"))


def tellings(book: Book) -> dict[str, IncidentTelling]:
    with book.reading() as session:
        return {row.contact: row for row in tellings_of(session, "aster-1")}


def state(book: Book, config: RetirementConfig, clock: FakeClock) -> Any:
    with book.reading() as session:
        return assess_incidents(config, session, clock.now())


def mailed(box: Mailbox, **other: Any) -> RetirementConfig:
    smtp = {"host": "127.0.0.1", "port": box.port, "security": "none", "timeout_seconds": 5.0}
    return config_of(channels={"smtp": smtp}, **other)


def test_a_crossing_is_one_incident_and_each_contact_gets_one_message(
    book: Book, fence: Fence, clock: FakeClock, home: Path
):
    put(book, reading(DOUBLED, clock.now()))
    assert state(book, CONFIG, clock).state is StageState.DUE
    run(CONFIG, fence)
    (incident,) = incidents(book)
    assert (incident.kind, incident.subject, incident.severity) == (
        "alarm",
        "unsafe:gateway",
        "high",
    )
    assert json.loads(incident.evidence)["crossing"]["onset"] == str(FIRST + timedelta(28))
    letters = sorted((home / "outbox").glob("*.eml"))
    assert len(letters) == 2
    text = letters[0].read_text()
    assert "URGENT" in text
    assert incident.id[:12] in text
    assert "alarm on" in text.replace("\n", " ")
    before = [path.stat().st_mtime_ns for path in letters]
    for _ in range(3):
        clock.advance(days=1)
        run(CONFIG, fence)
    assert len(incidents(book)) == 1
    assert [path.stat().st_mtime_ns for path in letters] == before
    assert all(row.tries == 1 for row in tellings(book).values())
    found = state(book, CONFIG, clock)
    assert found.state is StageState.WAITING
    assert found.command == f"emeritus incidents show aster-1 {incident.id[:12]}"
    assert not book.verify_audit().problems


def test_nothing_is_due_after_a_pass_until_a_source_brings_something_new(
    book: Book, fence: Fence, clock: FakeClock
):
    put(book, reading(unsafe(*[2] * 40), clock.now()))
    run(CONFIG, fence)
    found = state(book, CONFIG, clock)
    assert (found.state, found.reason) == (
        StageState.DONE,
        "1 signal watched; no incident is open",
    )
    clock.advance(days=1)
    put(book, reading(unsafe(*[2] * 41), clock.now()))
    assert state(book, CONFIG, clock).state is StageState.DUE


def test_the_file_of_the_judgement_can_be_lost_and_comes_again_the_same(
    book: Book, fence: Fence, clock: FakeClock
):
    put(book, reading(DOUBLED, clock.now()))
    run(CONFIG, fence)
    file = judgement_file(CONFIG)
    was = file.read_bytes()
    for harm in (b"", b"[1]", b'{"basis": "other"}'):
        file.write_bytes(harm)
        assert state(book, CONFIG, clock).state is StageState.DUE
        run(CONFIG, fence)
        assert file.read_bytes() == was
    assert len(incidents(book)) == 1


def test_more_bad_days_open_no_second_incident_while_one_is_open(
    book: Book, fence: Fence, clock: FakeClock
):
    for number in (8, 12, 20):
        put(book, reading(unsafe(*[2] * 28, *[9] * number), clock.now()))
        run(CONFIG, fence)
        clock.advance(days=1)
    assert len(incidents(book)) == 1


def test_a_channel_that_is_down_is_tried_again_later_and_not_at_once(
    book: Book, fence: Fence, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
):
    sent: list[Message] = []

    class Down:
        def send(self, message: Message) -> str:
            sent.append(message)
            if len(sent) <= 2:
                raise ChannelDown("mail.example.org: connection refused")
            return "ok"

    monkeypatch.setattr(wiring, "notifier", lambda _: Down())
    put(book, reading(DOUBLED, clock.now()))
    run(CONFIG, fence)
    found = state(book, CONFIG, clock)
    assert found.state is StageState.WAITING
    assert "ada@example.org was not told (mail.example.org: connection refused" in found.reason
    assert found.until == clock.now() + timedelta(minutes=15)
    run(CONFIG, fence)
    assert len(sent) == 2, "not before its time"
    clock.advance(minutes=16)
    assert state(book, CONFIG, clock).state is StageState.DUE
    run(CONFIG, fence)
    clock.advance(days=2)
    run(CONFIG, fence)
    assert [message.id for message in sent[2:]] == [message.id for message in sent[:2]]
    assert [message.body for message in sent[2:]] == [message.body for message in sent[:2]]
    assert len({message.id for message in sent}) == 2
    assert all(row.receipt == "ok" for row in tellings(book).values())


def test_a_kill_in_the_middle_of_a_try_sends_the_same_message_again(
    book: Book, fence: Fence, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
):
    class Killed(BaseException):
        pass

    sent: list[Message] = []

    class Cut:
        def send(self, message: Message) -> str:
            sent.append(message)
            if len(sent) == 1:
                raise Killed
            return "ok"

    monkeypatch.setattr(wiring, "notifier", lambda _: Cut())
    config = config_of(("ada@example.org",))
    put(book, reading(DOUBLED, clock.now()))
    with pytest.raises(Killed):
        run(config, fence)
    clock.advance(minutes=5)
    run(config, fence)
    run(config, fence)
    assert len(sent) == 2
    assert sent[0] == sent[1], "the same bytes under the same id"


@pytest.mark.parametrize(
    ("error", "tries"),
    [(RefusedForGood("550 no such user"), 1), (PerhapsDelivered("no answer"), 3)],
)
def test_what_is_refused_or_may_have_arrived_is_not_tried_for_ever(
    book: Book,
    fence: Fence,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    tries: int,
):
    class Never:
        def send(self, message: Message) -> str:
            raise error

    monkeypatch.setattr(wiring, "notifier", lambda _: Never())
    smtp = {"host": "127.0.0.1", "port": 9, "security": "none"}
    config = config_of(("ada@example.org",), channels={"smtp": smtp})
    put(book, reading(DOUBLED, clock.now()))
    for _ in range(8):
        run(config, fence)
        clock.advance(days=2)
    (row,) = tellings(book).values()
    assert row.tries == tries
    assert "not tried again" in state(book, config, clock).reason


def test_one_refused_keeps_nobody_back(book: Book, fence: Fence, clock: FakeClock, box: Mailbox):
    box.at_receiver = {"ada@example.org": "550 5.1.1 no such user"}
    put(book, reading(DOUBLED, clock.now()))
    run(mailed(box), fence)
    assert box.receivers == ["bo@example.org"]
    rows = tellings(book)
    assert rows["ada@example.org"].outcome == "refused"
    assert rows["bo@example.org"].sent_at is not None


def test_a_webhook_is_told_once_and_carries_the_evidence(
    book: Book, fence: Fence, clock: FakeClock, hook: Hook
):
    channels = {"webhooks": [{"name": "ops", "url": hook.url}]}
    config = config_of((), channels=channels, webhooks=["ops"])
    put(book, reading(DOUBLED, clock.now()))
    run(config, fence)
    run(config, fence)
    assert len(tellings(book)) == 1
    (row,) = tellings(book).values()
    assert (row.contact, row.channel, row.outcome) == ("webhook:ops", "webhook", "sent")


def test_a_webhook_that_no_channel_has_is_told_before_anything_is_missed(
    book: Book, clock: FakeClock
):
    found = state(book, config_of(webhooks=["ops"]), clock)
    assert found.state is StageState.BLOCKED
    assert "'ops'" in found.reason


def test_without_contacts_the_open_incident_says_that_nobody_is_told(
    book: Book, fence: Fence, clock: FakeClock
):
    config = config_of(())
    put(book, reading(DOUBLED, clock.now()))
    run(config, fence)
    assert "nobody is told" in state(book, config, clock).reason


def test_what_comes_from_a_simulation_says_so_in_subject_and_text(
    book: Book, fence: Fence, clock: FakeClock, home: Path
):
    put(book, reading(DOUBLED, clock.now(), simulated=True))
    run(config_of(("ada@example.org",)), fence)
    (letter,) = (home / "outbox").glob("*.eml")
    assert letter.read_text().count("SIMULATED") == 2


def test_a_source_that_stays_late_is_an_incident_after_some_days(
    book: Book, fence: Fence, clock: FakeClock
):
    findings = [{"code": "late", "says": "the export ends two days early"}]
    put(book, reading(unsafe(*[2] * 30), clock.now(), state="late", findings=findings))
    run(CONFIG, fence)
    assert incidents(book) == []
    clock.advance(days=3)
    assert state(book, CONFIG, clock).state is StageState.DUE
    run(CONFIG, fence)
    (incident,) = incidents(book)
    assert (incident.kind, incident.subject, incident.severity) == ("source", "gateway", "low")
    assert "the export ends two days early" in incident.summary
    clock.advance(days=3)
    run(CONFIG, fence)
    assert len(incidents(book)) == 1


def test_a_source_that_came_back_is_no_incident(book: Book, fence: Fence, clock: FakeClock):
    put(book, reading(unsafe(2, 2), clock.now(), state="unusable"))
    clock.advance(days=2)
    put(book, reading(unsafe(2, 2, 2), clock.now()))
    clock.advance(days=5)
    run(CONFIG, fence)
    assert incidents(book) == []


def test_where_nothing_is_watched_there_is_nothing_to_say(book: Book, clock: FakeClock):
    assert state(book, retirement(), clock) is None


def test_a_pass_that_lost_its_lease_writes_and_sends_nothing(
    book: Book, fence: Fence, clock: FakeClock, home: Path
):
    put(book, reading(DOUBLED, clock.now()))
    clock.advance(minutes=5)
    book.take_lease("aster-1", "", clock.now())
    with pytest.raises(FenceLost):
        run(CONFIG, fence)
    assert incidents(book) == []
    assert not (home / "outbox").exists()


def test_a_closed_incident_is_told_to_nobody_any_more(
    book: Book, fence: Fence, clock: FakeClock, home: Path
):
    put(book, reading(DOUBLED, clock.now()))
    watch_signals.fn(CONFIG, fence)
    with book.writing(clock.now()) as writing:
        (row,) = open_incidents(writing.session, "aster-1")
        row.closed_at = clock.now()
        writing.put(row, "monitoring.incident_closed")
    tell_of_incidents.fn(CONFIG, fence)
    assert tellings(book) == {}
    with book.reading() as session:
        assert due_now(CONFIG, session, clock.now()), "the closing makes its signal judged anew"
    run(CONFIG, fence)
    with book.reading() as session:
        assert not due_now(CONFIG, session, clock.now())
        assert telling.owed(CONFIG, open_incidents(session, "aster-1"), ()) == ()


def test_a_source_that_was_taken_off_the_configuration_counts_no_more(
    book: Book, fence: Fence, clock: FakeClock
):
    put(book, reading(DOUBLED, clock.now(), source="old-gateway", state="late"))
    clock.advance(days=9)
    run(CONFIG, fence)
    assert incidents(book) == []
    with book.reading() as session:
        assert not due_now(CONFIG, session, clock.now())


def test_that_a_source_was_looked_at_again_is_nothing_new(
    book: Book, fence: Fence, clock: FakeClock
):
    row = reading(unsafe(*[2] * 40), clock.now())
    put(book, row)
    run(CONFIG, fence)
    with book.writing(clock.now()) as writing:
        row = writing.session.get_one(SourceReading, row.id)
        row.body = canonical_json({**json.loads(row.body), "looked_at": "later"}).decode()
        writing.put(row, "monitoring.source_looked")
    assert state(book, CONFIG, clock).state is StageState.DONE


def test_a_log_that_is_rotated_does_not_move_the_baseline(
    book: Book, fence: Fence, clock: FakeClock
):
    """A slow rise, read through a window of 40 days: none of them is seen beside the first ones."""
    counts = [2] * 28 + [2 + day // 10 for day in range(60)]
    for end in range(40, len(counts) + 1, 6):
        first = FIRST + timedelta(end - 40)
        put(book, reading(unsafe(*counts[end - 40 : end], first=first), clock.now()))
        clock.advance(days=1)
    with book.reading() as session:
        (signal,) = judgement(CONFIG, session)["signals"]
    assert (signal["baseline"]["from"], signal["baseline"]["days"]) == (str(FIRST), 28)
    assert signal["state"] == "alarm"
