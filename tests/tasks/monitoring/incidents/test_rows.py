"""One finding is one incident."""

from typing import Any

from tasks.monitoring.incidents.rows import (
    incident_id,
    latest_incident,
    open_incidents,
    raise_incident,
)
from tasks.records import Book
from tasks.records.incident import Incident
from tests.fakes.clock import FakeClock


def raised(book: Book, clock: FakeClock, **other: Any) -> Incident:
    values: dict[str, Any] = {
        "model_id": "aster-1",
        "kind": "same_model",
        "subject": "weekly",
        "began": "2026-11-30",
        "severity": "high",
        "summary": "today's answers differ from the frozen ones",
        "evidence": {"p_value": 0.001},
        "simulated": False,
        **other,
    }
    with book.writing(clock.now()) as writing:
        return raise_incident(writing, now=clock.now(), **values)


def test_the_same_finding_is_raised_once_and_its_first_words_stand(book: Book, clock: FakeClock):
    first = raised(book, clock)
    clock.advance(days=1)
    again = raised(book, clock, summary="other words")
    assert (again.id, again.summary, again.raised_at) == (first.id, first.summary, first.raised_at)
    with book.reading() as session:
        assert len(open_incidents(session, "aster-1")) == 1
    assert not book.verify_audit().problems


def test_a_later_beginning_is_another_incident(book: Book, clock: FakeClock):
    first = raised(book, clock)
    clock.advance(days=7)
    second = raised(book, clock, began="2026-12-07")
    assert second.id != first.id
    with book.reading() as session:
        latest = latest_incident(session, "aster-1", "same_model", "weekly")
        assert [row.id for row in open_incidents(session, "aster-1")] == [first.id, second.id]
    assert latest is not None
    assert latest.id == second.id


def test_what_a_person_closed_stays_closed(book: Book, clock: FakeClock):
    row = raised(book, clock)
    with book.writing(clock.now()) as writing:
        row = writing.session.get_one(Incident, row.id)
        row.closed_at = clock.now()
        writing.put(row, "monitoring.incident_closed")
    assert raised(book, clock).closed_at is not None
    with book.reading() as session:
        assert open_incidents(session, "aster-1") == []


def test_the_id_is_that_of_what_was_found():
    one = incident_id("aster-1", "alarm", "unsafe:gateway", "2026-11-20")
    assert one == incident_id("aster-1", "alarm", "unsafe:gateway", "2026-11-20")
    assert one != incident_id("aster-2", "alarm", "unsafe:gateway", "2026-11-20")
