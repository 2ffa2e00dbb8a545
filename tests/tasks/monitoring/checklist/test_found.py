"""Each line's finding follows from the rows that it names."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import col, delete

from configs.schema import RetirementConfig
from tasks.monitoring.checklist.core import Known
from tasks.monitoring.checklist.found import findings
from tasks.monitoring.checklist.view import assess_checklist
from tasks.records import Book
from tasks.records.access import Approval, Grant, GrantKey
from tasks.records.application import Application, ApplicationEvent
from tasks.records.communication import Notice
from tasks.records.incident import Incident
from tasks.records.monitoring import UsageAudit
from tasks.records.preservation import PreservationEvent, Replica
from tasks.records.retirement import StageStatus
from tasks.records.validation import LedgerEntry, Verdict
from tests.fakes.clock import FakeClock
from tests.tasks.monitoring.checklist.conftest import BY_HAND, drill, put


def _known(config: RetirementConfig, book: Book, clock: FakeClock) -> dict[str, Known]:
    audit = book.verify_audit()
    with book.reading() as session:
        found = findings(config, session, clock.now(), audit)
    assert all(one.said for one in found.values())
    return {name: one.known for name, one in found.items()}


def test_all_is_told_once_all_is_done(
    finished: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    found = _known(finished, book, clock)
    assert set(found.values()) == {Known.YES}
    assert not set(found) & set(BY_HAND)


def test_nothing_is_told_of_empty_records(
    config: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    found = _known(config, book, clock)
    said_yes = {name for name, known in found.items() if known is Known.YES}
    # what never was needs no end; verdicts are asked for by the line before
    assert said_yes == {
        *("ledger", "applications", "grants", "keys", "incidents", "audit", "last-day")
    }


def _gone(table: type, *conditions: object) -> Callable[[Book, FakeClock], None]:
    def act(book: Book, clock: FakeClock) -> None:
        with book.writing(clock.now()) as writing:
            writing.session.exec(delete(table).where(*conditions))  # type: ignore[arg-type]

    return act


def _damaged(book: Book, clock: FakeClock) -> None:
    with book.writing(clock.now()) as writing:
        row = writing.session.get_one(Replica, ("a" * 64, "b"))
        row.state = "damaged"
        writing.put(row, "x")


def _drill_failed(book: Book, clock: FakeClock) -> None:
    put(book, clock.now(), drill("aster-1", "failure", clock.now()))


def _essay_waits(book: Book, clock: FakeClock) -> None:
    with book.writing(clock.now()) as writing:
        row = writing.session.get_one(StageStatus, ("aster-1", "essays"))
        row.state, row.reason = "waiting", "a review"
        writing.put(row, "x")


def _used(state: str) -> Callable[[Book, FakeClock], None]:
    def act(book: Book, clock: FakeClock) -> None:
        with book.writing(clock.now()) as writing:
            row = writing.session.get_one(UsageAudit, "u")
            row.body = row.body.replace("unused_in_window", state).replace("[]", '["no log"]')
            writing.put(row, "x")

    return act


def _granted(book: Book, clock: FakeClock) -> None:
    now = clock.now()
    grant = Grant(
        id="g",
        model_id="aster-1",
        packet_digest="p" * 64,
        kind="research",
        starts_at=now,
        ends_at=now + timedelta(days=30),
        holder="lab",
    )
    put(book, now, grant)


def _key(book: Book, clock: FakeClock) -> None:
    now = clock.now()
    key = GrantKey(
        id="k",
        model_id="aster-1",
        grant_id="g",
        holder="lab",
        token_id="t" * 64,
        gateway="x",
        issued_by="alice",
        issued_at=now,
    )
    put(book, now, key)


def _applied(*kinds: str) -> Callable[[Book, FakeClock], None]:
    def act(book: Book, clock: FakeClock) -> None:
        now = clock.now()
        row = Application(
            id="application",
            model_id="aster-1",
            applicant="Lab",
            contact="lab@example.org",
            affiliation="University",
            affiliation_public=True,
            purpose="p",
            data_handling="d",
            study_days=30,
            source="cli",
            entered_by="alice",
            terms="{}",
            received_at=now,
        )
        events = [
            ApplicationEvent(
                id=kind,
                model_id="aster-1",
                application_id="application",
                kind=kind,
                person="alice",
                at=now + timedelta(seconds=place),
            )
            for place, kind in enumerate(kinds)
        ]
        put(book, now, row, *events)

    return act


def _incident(book: Book, clock: FakeClock) -> None:
    row = Incident(
        id="incident",
        model_id="aster-1",
        kind="alarm",
        subject="unsafe",
        severity="high",
        summary="s",
        evidence="{}",
        simulated=True,
        raised_at=clock.now(),
    )
    put(book, clock.now(), row)


@pytest.mark.parametrize(
    ("line", "known", "change"),
    [
        ("preserved", Known.NO, _gone(Replica, col(Replica.name) == "b")),
        ("preserved", Known.NO, _damaged),
        ("drill", Known.NO, _drill_failed),
        ("drill", Known.NOT_KNOWN, _gone(PreservationEvent)),
        ("interviewed", Known.NOT_KNOWN, _gone(Verdict)),
        ("ledger", Known.NO, _gone(LedgerEntry)),
        ("essays", Known.NO, _essay_waits),
        ("access", Known.NO, _gone(Approval, col(Approval.person) == "bob")),
        ("notices", Known.NOT_KNOWN, _gone(Notice)),
        ("unused", Known.NO, _used("in_use")),
        ("unused", Known.NOT_KNOWN, _used("not_known")),
        ("unused", Known.NOT_KNOWN, _gone(UsageAudit)),
        ("grants", Known.NO, _granted),
        ("keys", Known.NO, _key),
        ("applications", Known.NO, _applied()),
        ("applications", Known.NO, _applied("received", "declined", "appealed")),
        ("incidents", Known.NO, _incident),
    ],
)
def test_a_line_opens_with_what_it_rests_on(
    line: str,
    known: Known,
    change: Callable[[Book, FakeClock], None],
    *,
    finished: RetirementConfig,
    book: Book,
    clock: FakeClock,
) -> None:
    change(book, clock)
    found = _known(finished, book, clock)
    assert found[line] is known


def test_what_was_answered_or_is_over_keeps_nothing_open(
    finished: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    _applied("received", "asked", "withdrawn", "told")(book, clock)
    _granted(book, clock)
    clock.advance(days=31)
    found = _known(finished, book, clock)
    assert (found["applications"], found["grants"]) == (Known.YES, Known.YES)


def test_a_changed_row_opens_the_line_of_the_chain(
    finished: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    with book.writing(clock.now()) as writing:
        row = writing.session.get_one(UsageAudit, "u")
        row.location = "elsewhere"
        writing.session.add(row)  # without its audit entry
    audit = book.verify_audit()
    with book.reading() as session:
        found = findings(finished.model_copy(), session, clock.now(), audit)
    assert found["audit"].known is Known.NO


def test_a_stage_speaks_of_closing_only_after_the_last_day(
    finished: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    with book.reading() as session:
        early = assess_checklist(finished, session, clock.now() - timedelta(days=100))
        late = assess_checklist(finished, session, clock.now())
    assert early is None
    assert late is not None
    assert f"{len(BY_HAND)} of 19 lines" in late.reason
    assert late.command == "emeritus checklist show aster-1"
