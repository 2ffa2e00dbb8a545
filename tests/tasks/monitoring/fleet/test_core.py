"""The fleet page: a row a model, from the records alone."""

from datetime import date, timedelta

import pytest

from tasks.monitoring.dossier.holdings import hold
from tasks.monitoring.fleet.core import Fleet, Held, fleet_of
from tasks.monitoring.plots import spark
from tasks.monitoring.render import fill
from tasks.records import Book
from tasks.records.checklist import Closing
from tasks.records.preservation import Replica
from tasks.records.retirement import StageStatus
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.watched_rows import incidents, reading, usage_days
from tests.tasks.monitoring.dossier.test_page import Page

ONE = retirement()
TWO = retirement().model_copy(update={"id": "birch-7b", "display_name": "Birch <7B>"})


@pytest.fixture
def put(book: Book, clock: FakeClock):
    def record(*rows) -> None:
        with book.writing(clock.now()) as writing:
            for row in rows:
                writing.put(row, "test.put")

    return record


@pytest.fixture
def fleet(book: Book, clock: FakeClock):
    def made() -> Fleet:
        held = [Held(one, hold(one, book), f"{one.id}/dossier.html") for one in (TWO, ONE)]
        return fleet_of(held, clock.now())

    return made


def status(now, stage: str, state: str, reason: str, model: str = "aster-1", days: int = 0):
    until = now + timedelta(days=days) if days else None
    return StageStatus(
        model_id=model, stage=stage, state=state, reason=reason, until=until, since=now
    )


def test_a_row_says_the_worst_stage_what_it_waits_for_and_the_next_date(
    put, fleet, clock: FakeClock
):
    now = clock.now()
    put(
        status(now, "candidate", "done", "fine", days=2),
        status(now, "essays", "waiting", "a review of 2026-12-05", days=5),
        status(now, "monitoring", "blocked", "the usage log is missing"),
    )
    row = fleet().rows[0]
    assert (row.model_id, row.state, row.stage) == ("aster-1", "blocked", "monitoring")
    assert row.waits_for == "the usage log is missing"
    assert row.next_at == "3 Dec 2026, 09:00"
    assert row.decision == "not decided yet"


def test_a_model_without_records_claims_nothing(fleet):
    for row in fleet().rows:
        assert (row.state, row.calls, row.cost_usd, row.usage) == ("unknown", None, None, None)
        assert row.copies == "none yet"
    assert dict(fleet().totals)["Calls counted"] == "not measured"


def test_totals_say_how_many_models_they_leave_out(put, fleet, clock: FakeClock):
    put(reading(clock.now(), days=usage_days(date(2026, 11, 2), 13)))
    totals = dict(fleet().totals)
    assert totals["Calls counted"] == "2,522; 1 model is not measured"
    assert totals["Cost measured"] == "12.61 USD; 1 model is not measured"


def test_two_sources_of_the_same_calls_are_not_added(put, fleet, clock: FakeClock):
    put(reading(clock.now(), days=usage_days(date(2026, 11, 2), 14)))
    put(reading(clock.now(), source="billing", days=usage_days(date(2026, 11, 2), 7)))
    assert fleet().rows[0].calls == 2709


def test_open_incidents_and_damaged_copies_are_counted(put, fleet, clock: FakeClock):
    put(*incidents(clock.now()))
    put(
        Replica(
            package_id="a" * 64,
            name="first",
            model_id="birch-7b",
            location="/x",
            state="damaged",
            stamp="s",
            verified_at=clock.now(),
        )
    )
    found = fleet()
    assert [row.open_incidents for row in found.rows] == [1, 0]
    assert [row.damaged for row in found.rows] == [False, True]
    assert dict(found.totals)["Open incidents"] == "1"


def test_a_closed_model_waits_for_nothing(put, fleet, clock: FakeClock):
    put(
        status(clock.now(), "essays", "waiting", "a review", days=3),
        Closing(model_id="aster-1", digest="c" * 64, people="ada, bo", closed_at=clock.now()),
    )
    row = fleet().rows[0]
    assert (row.state, row.next_at) == ("closed", "")
    assert row.waits_for.endswith("by ada, bo")


def test_dates_ahead_of_all_models_stand_in_one_order(put, fleet, clock: FakeClock):
    now = clock.now()
    put(status(now, "essays", "waiting", "a review", days=5))
    put(status(now, "essays", "waiting", "a draft", model="birch-7b", days=1))
    ahead = fleet().ahead
    assert [one.model_id for one in ahead][:2] == ["birch-7b", "aster-1"]
    assert {"Last day of service: api"} <= {one.text for one in ahead}


def test_the_page_escapes_labels_and_is_whole(put, fleet, clock: FakeClock):
    put(reading(clock.now(), days=usage_days(date(2026, 11, 2), 30)), *incidents(clock.now()))
    html = fill("fleet.html.j2", f=fleet())
    page = Page(html)
    assert "SIMULATED" in page.text
    assert "what is told of Aster 1 is of a simulation" in " ".join(page.text.split())
    assert "Birch <7B>" in page.text
    assert "<7B>" not in html
    assert "script" not in page.tags
    assert len(set(page.ids)) == len(page.ids)
    assert page.tags.count("svg") == page.tags.count("title") - 1
    assert ("href", "aster-1/dossier.html") in page.attributes


def test_the_same_records_make_the_same_page(put, fleet, clock: FakeClock):
    put(status(clock.now(), "essays", "waiting", "a review", days=5))
    before = fill("fleet.html.j2", f=fleet())
    clock.advance(seconds=3600)
    assert fill("fleet.html.j2", f=fleet()) == before


def test_a_broken_chain_is_told(put, fleet, book: Book, clock: FakeClock):
    put(status(clock.now(), "essays", "waiting", "a review"))
    with book.reading() as session:
        row = session.get_one(StageStatus, ("aster-1", "essays"))
        row.reason = "something else"
        session.add(row)
        session.commit()  # past the audit chain
    assert "The audit chain is broken" in fill("fleet.html.j2", f=fleet())


def test_an_empty_fleet_says_how_to_begin(clock: FakeClock):
    html = fill("fleet.html.j2", f=fleet_of([], clock.now()))
    assert "No retirement yet" in html


def test_a_sparkline_breaks_where_there_is_no_data():
    found = spark([("a", 10), ("b", 5), ("c", None), ("d", 3)])
    assert found.paths == ("M0 1L33.33 10",)
    assert found.dots == ((100.0, 13.6),)
    assert (
        found.says == "4 weeks; calls a week from 10 to 3, at most 10; 1 week is not covered whole"
    )
    assert spark([("a", None)]) is None
