"""Continuity and safety figures out of the records."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from tasks.monitoring.sources.from_records import Rows, Series, figures_of, rows_of
from tasks.records import Book
from tasks.records.access import Grant
from tasks.records.application import Application, ApplicationEvent
from tasks.records.essay import Draft, ReaderReport, Review
from tasks.records.replay import ReplayRun

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def at(day: int, hour: int = 8) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def grant(name: str, start: int, days: int, **more: Any) -> Grant:
    values = {"id": name, "model_id": "aster-1", "packet_digest": "p", "kind": "research"}
    times = {"starts_at": at(start), "ends_at": at(start) + timedelta(days=days)}
    return Grant.model_validate({**values, **times, "application_id": f"for {name}", **more})


def review(slot: str, action: str, person: str, day: int) -> Review:
    return Review(
        id=f"{slot}{action}{person}",
        model_id="aster-1",
        slot_id=slot,
        draft_sha256="s",
        action=action,
        reason="r",
        person=person,
        fingerprint=person,
        signature="",
        received_at=at(day),
    )


def draft(slot: str, outcome: str, day: int) -> Draft:
    return Draft(
        slot_id=slot,
        number=1,
        opens_at=at(day),
        model_id="aster-1",
        outcome=outcome,
        prompt="",
        asked_at=at(day),
        simulated=True,
    )


def figure(rows: Rows, name: str) -> Series:
    return next(one for one in figures_of(rows, NOW) if one.name == name)


def test_nothing_recorded_is_zero_everywhere():
    found = figures_of(Rows(), NOW)
    assert {one.total for one in found} == {0}
    assert all(one.by_day == () for one in found)
    assert {one.about for one in found} == {"continuity", "safety"}


def test_grants_in_use_by_day_and_studies_that_ended():
    rows = Rows(
        grants=[
            grant("a", 1, 10),
            grant("b", 5, 90),
            grant("c", 6, 90, revoked_at=at(8)),
            grant("d", 20, 90, revoked_at=at(19)),  # before it began
            grant("e", 1, 90, kind="paid_users"),
            grant("f", 29, 90, starts_at=NOW + timedelta(days=3)),
        ]
    )
    found = figure(rows, "grants_in_use")
    assert (found.now, found.total) == (1, 4)
    told = {day.day: count for day, count in found.by_day}
    assert told == {1: 1, 5: 2, 6: 3, 9: 2, 12: 1}
    assert figure(rows, "studies_finished").by_day == ((date(2026, 11, 11), 1),)
    assert figure(rows, "studies_stopped").total == 2


def test_two_people_who_veto_one_text_are_one_veto():
    rows = Rows(
        drafts=[draft("s1", "drafted", 1), draft("s2", "declined", 2), draft("s3", "missed", 3)],
        reviews=[
            review("s1", "hold", "ann", 4),
            review("s1", "veto", "ann", 6),
            review("s1", "veto", "bob", 5),
            review("s2", "approve", "ann", 6),
        ],
    )
    assert figure(rows, "drafts_vetoed").by_day == ((date(2026, 11, 5), 1),)
    assert figure(rows, "drafts_held").total == 1
    assert figure(rows, "drafts_declined").total == 1
    assert figure(rows, "drafts_missed").total == 1
    assert figure(rows, "drafts_vetoed").simulated


def test_what_the_records_of_a_model_hold(book: Book):
    application = Application(
        id="x",
        model_id="aster-1",
        applicant="Ann",
        contact="a@example.org",
        affiliation="",
        affiliation_public=False,
        purpose="",
        data_handling="",
        study_days=3,
        source="cli",
        entered_by="Ann",
        terms="{}",
        received_at=at(2),
    )
    event = ApplicationEvent(
        id="y", model_id="aster-1", application_id="x", kind="accepted", person="bob", at=at(3)
    )
    report = ReaderReport(
        id="z",
        model_id="aster-1",
        slot_id="s1",
        kind="k",
        words="",
        source="form",
        received_at=at(4),
    )
    runs = [
        ReplayRun(
            id=purpose,
            model_id="aster-1",
            purpose=purpose,
            period="p",
            subject="aster-2",
            basis="b",
            state="judged",
            simulated=False,
            started_at=at(5),
            judged_at=at(6),
        )
        for purpose in ("successor", "same_model")
    ]
    other = grant("other", 1, 9, model_id="aster-2")
    with book.writing(NOW) as writing:
        for row in (application, event, report, other, *runs):
            writing.put(row, "monitoring.test")
    with book.reading() as session:
        rows = rows_of(session, "aster-1")
    told = {one.name: one.total for one in figures_of(rows, NOW) if one.total}
    assert told == {
        "applications": 1,
        "applications_accepted": 1,
        "comparisons_run": 1,
        "reader_reports": 1,
    }
    assert figure(rows, "comparisons_run").as_json()["by_day"] == [["2026-11-06", 1]]
