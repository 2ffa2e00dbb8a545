"""Sources over a retirement: read once, again when they change, told when they are late."""

import json
import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.errors import EndpointBusy, FenceLost, SourceMoved
from tasks.kernel.stages import StageState
from tasks.monitoring.sources import task as task_module
from tasks.monitoring.sources.rows import (
    Reading,
    latest_readings,
    latest_usable_readings,
    parsed_readings,
)
from tasks.monitoring.sources.task import read_sources
from tasks.monitoring.sources.view import assess_sources, due_sources
from tasks.records import Book, Fence
from tasks.records.monitoring import SourceReading
from tests.fakes.anthropic_admin import KEY, AdminServer, admin_server
from tests.fakes.clock import FakeClock
from tests.fakes.s3_server import S3Server
from tests.tasks.adapters.s3_scene import alone_here, one_server, server
from tests.tasks.monitoring.sources.scene import HEADER, call, config_of, usage, write

__all__ = ["alone_here", "one_server", "server"]
pytestmark = pytest.mark.xdist_group("s3")


@pytest.fixture
def today(clock: FakeClock) -> date:
    return clock.now().date()


def calls_of(day: date, number: int, first: int = 0) -> str:
    return "".join(call(first + n, f"{day}T23:{n:02}:00Z") for n in range(number))


def rows(book: Book) -> list[SourceReading]:
    with book.reading() as session:
        return list(session.exec(select(SourceReading)))


def latest(book: Book, name: str = "gateway") -> Reading:
    with book.reading() as session:
        return parsed_readings(session, "aster-1")[name]


def stands(config: RetirementConfig, book: Book) -> tuple[StageState, str]:
    with book.reading() as session:
        found = assess_sources(config, session, wiring.clock().now())
    assert found is not None
    return found.state, found.reason


def test_without_sources_there_is_nothing_to_say(book: Book, clock: FakeClock):
    with book.reading() as session:
        assert assess_sources(config_of(), session, clock.now()) is None
        assert due_sources(config_of(), session, clock.now()) == ""


def test_a_source_is_read_once(book: Book, fence: Fence, home: Path, today: date):
    write(home, HEADER + calls_of(today - timedelta(days=1), 4))
    config = config_of(usage("usage.csv"))
    assert stands(config, book) == (StageState.DUE, "gateway is to be read")
    read_sources.fn(config, fence)
    assert stands(config, book) == (StageState.DONE, "1 source read")
    entries = book.verify_audit().entries
    read_sources.fn(config, fence)
    assert book.verify_audit().entries == entries
    found = latest(book)
    assert found.usable
    assert found.covers == (today - timedelta(days=1),) * 2
    assert (found.days[0].calls, found.days[0].tickets, found.days[0].part) == (4, None, False)
    assert found.mix[0].groups == {"Search": 4}
    assert not found.simulated
    assert not book.verify_audit().problems


def test_the_same_bytes_make_no_second_row(book: Book, fence: Fence, home: Path, today: date):
    path = write(home, HEADER + calls_of(today - timedelta(days=1), 4))
    config = config_of(usage("usage.csv"))
    read_sources.fn(config, fence)
    (before,) = rows(book)
    os.utime(path, ns=(1, 1))
    assert stands(config, book)[0] is StageState.DUE
    read_sources.fn(config, fence)
    (after,) = rows(book)
    assert stands(config, book)[0] is StageState.DONE
    assert (after.id, after.read_at) == (before.id, before.read_at)


def test_a_changed_source_is_a_new_reading_and_an_old_state_can_come_back(
    book: Book, fence: Fence, home: Path, clock: FakeClock, today: date
):
    first = HEADER + calls_of(today - timedelta(days=1), 4)
    config = config_of(usage("usage.csv"))
    for data, calls, number in (
        (first, 4, 1),
        (first + calls_of(today, 1, 9), 5, 2),
        (first, 4, 2),
    ):
        path = write(home, data)
        os.utime(path, ns=(number, clock.advance(seconds=60).microsecond + number * 7))
        read_sources.fn(config, fence)
        assert sum(day.calls or 0 for day in latest(book).days) == calls
        assert len(rows(book)) == number
        assert stands(config, book)[0] is StageState.DONE


def test_a_mended_column_map_makes_the_same_bytes_be_read(
    book: Book, fence: Fence, home: Path, today: date
):
    write(home, (HEADER + calls_of(today, 2)).replace("at,who", "at,caller"))
    wrong = config_of(usage("usage.csv"))
    read_sources.fn(wrong, fence)
    state, reason = stands(wrong, book)
    assert state is StageState.BLOCKED
    assert "has no column 'who'" in reason
    columns = {"timestamp": "at", "callers": ["caller"], "model": "model"}
    mended = config_of(usage("usage.csv", columns=columns))
    assert stands(mended, book)[0] is StageState.DUE
    read_sources.fn(mended, fence)
    assert stands(mended, book)[0] is StageState.DONE


def test_one_bad_source_stops_no_other_and_what_was_known_of_it_stays(
    book: Book, fence: Fence, home: Path, clock: FakeClock, today: date
):
    write(home, HEADER + calls_of(today, 2))
    write(home, HEADER + calls_of(today, 3), "b.csv")
    config = config_of(usage("usage.csv"), usage("b.csv", name="other"))
    read_sources.fn(config, fence)
    write(home, "no,such\n1,2\n")
    write(home, HEADER + calls_of(today, 5), "b.csv")
    clock.advance(minutes=1)
    read_sources.fn(config, fence)
    assert latest(book).state == "unusable"
    assert not latest(book).usable
    assert latest(book, "other").days[0].calls == 5
    with book.reading() as session:
        known = latest_usable_readings(session, "aster-1")["gateway"]
    assert Reading.of(known).days[0].calls == 2


def test_a_source_turns_late_once_without_being_read(
    book: Book,
    fence: Fence,
    home: Path,
    clock: FakeClock,
    today: date,
    monkeypatch: pytest.MonkeyPatch,
):
    write(home, HEADER + calls_of(today - timedelta(days=1), 4))
    config = config_of(usage("usage.csv"))
    read_sources.fn(config, fence)
    with book.reading() as session:
        found = assess_sources(config, session, clock.now())
    assert found is not None
    assert found.until is not None
    clock.advance(seconds=(found.until - clock.now()).total_seconds())
    assert stands(config, book) == (StageState.DUE, "gateway is late")
    monkeypatch.setattr(task_module, "read_files", None)
    read_sources.fn(config, fence)
    assert stands(config, book) == (StageState.DONE, "1 source read; the source gateway is late")
    (row,) = rows(book)
    assert (row.state, row.read_at) == ("late", clock.now())
    assert latest(book).findings[-1].code == "late"
    assert latest(book).days[0].calls == 4
    clock.advance(days=9)
    assert stands(config, book)[0] is StageState.DONE
    assert not book.verify_audit().problems


def test_an_empty_source_blocks_and_says_why(book: Book, fence: Fence, home: Path):
    write(home, HEADER)
    config = config_of(usage("usage.csv"))
    read_sources.fn(config, fence)
    state, reason = stands(config, book)
    assert state is StageState.BLOCKED
    assert "either nothing happened, or nothing was exported" in reason


def test_a_file_that_changes_while_it_is_read_is_left_to_a_later_pass(
    book: Book, fence: Fence, home: Path, today: date, monkeypatch: pytest.MonkeyPatch
):
    path = write(home, HEADER + calls_of(today, 2))
    config = config_of(usage("usage.csv"))
    read = task_module.read_files

    def slow(*args: Any) -> Any:
        found = read(*args)
        path.write_text(HEADER + calls_of(today, 3))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(task_module, "read_files", slow)
        with pytest.raises(SourceMoved, match="source gateway: its files changed"):
            read_sources.fn(config, fence)
    assert rows(book) == []
    read_sources.fn(config, fence)
    assert latest(book).days[0].calls == 3


def test_a_pass_that_lost_its_lease_records_nothing(
    book: Book, fence: Fence, home: Path, clock: FakeClock, today: date
):
    write(home, HEADER + calls_of(today, 2))
    book.take_lease("aster-1", "", clock.advance(days=1))
    with pytest.raises(FenceLost):
        read_sources.fn(config_of(usage("usage.csv")), fence)
    assert rows(book) == []


def test_a_simulated_source_is_labelled(book: Book, fence: Fence, home: Path, today: date):
    write(home, HEADER + calls_of(today, 2))
    read_sources.fn(config_of(usage("usage.csv", simulated=True)), fence)
    assert latest(book).simulated


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> Iterator[AdminServer]:
    monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", KEY)
    monkeypatch.setattr("anthropic._base_client.BaseClient._calculate_retry_timeout", lambda *_: 0)
    with admin_server() as one:
        yield one


def organization(admin: AdminServer, report: str = "usage", **fields: Any) -> dict[str, Any]:
    values = {"kind": "anthropic_admin", "name": "org", "report": report, "base_url": admin.url}
    return {**values, "window_days": 10, "attempts": 1, **fields}


def test_an_organizations_report_covers_days_without_use(
    book: Book, fence: Fence, clock: FakeClock, today: date, admin: AdminServer
):
    admin.use(today - timedelta(days=3), "aster-1", 7, key="search-key")
    admin.use(today - timedelta(days=3), "aster-2", 100)
    config = config_of(organization(admin, owners_by="api_key_id"))
    read_sources.fn(config, fence)
    found = latest(book, "org")
    assert (found.kind, found.state) == ("anthropic_usage", "whole")
    told = {day.day: day.calls for day in found.days}
    assert len(told) == 10
    assert sum(told.values()) == told[today - timedelta(days=3)] == 7
    assert found.days[-1].part
    assert not found.days[-2].part
    assert {one.by: one.groups for one in found.mix}["owner"] == {"Search": 7}
    assert stands(config, book)[0] is StageState.DONE
    assert KEY not in json.dumps([row.witness() for row in rows(book)])


def test_an_organization_is_asked_on_its_schedule(
    book: Book, fence: Fence, clock: FakeClock, today: date, admin: AdminServer
):
    admin.use(today, "aster-1", 7)
    config = config_of(organization(admin, "cost"))
    read_sources.fn(config, fence)
    read_sources.fn(config, fence)
    assert len(admin.asked) == 1
    clock.advance(minutes=13 * 60 if clock.now().hour < 10 else 60)
    clock.advance(hours=12)
    assert stands(config, book)[0] is StageState.DUE
    read_sources.fn(config, fence)
    assert len(admin.asked) == 2
    assert stands(config, book)[0] is StageState.DONE
    assert latest(book, "org").kind == "anthropic_cost"
    assert sum(day.cost_usd or 0 for day in latest(book, "org").days) == 0.125


def test_a_report_that_knows_less_than_asked_is_late(
    book: Book, fence: Fence, clock: FakeClock, today: date, admin: AdminServer
):
    admin.use(today - timedelta(days=8), "aster-1", 7)
    admin.refreshed_at = clock.now() - timedelta(days=6)
    read_sources.fn(config_of(organization(admin)), fence)
    found = latest(book, "org")
    assert found.state == "late"
    assert found.covers is not None
    assert found.covers[1] == today - timedelta(days=6)


def test_a_busy_organization_stops_no_other_source_and_is_asked_again(
    book: Book, fence: Fence, home: Path, today: date, admin: AdminServer
):
    write(home, HEADER + calls_of(today, 2))
    config = config_of(organization(admin), usage("usage.csv"))
    admin.faults = [529]
    with pytest.raises(EndpointBusy):
        read_sources.fn(config, fence)
    assert [row.source for row in rows(book)] == ["gateway"]
    read_sources.fn(config, fence)
    assert len(rows(book)) == 2


def test_a_refused_organization_is_told_of_and_asked_later(
    book: Book, fence: Fence, clock: FakeClock, admin: AdminServer
):
    config = config_of(organization(admin))
    admin.faults = [403]
    read_sources.fn(config, fence)
    state, reason = stands(config, book)
    assert state is StageState.BLOCKED
    assert "read:analytics" in reason
    clock.advance(hours=13)
    read_sources.fn(config, fence)
    assert stands(config, book)[0] is StageState.DONE


def plant(server: S3Server, key: str, data: str) -> None:
    got = server.store.receive(iter([data.encode()]))
    server.store.put(key, got.file, got.size, got.md5.hex(), "", {})


@pytest.mark.usefixtures("alone_here")
def test_a_bucket_is_listed_on_its_schedule_and_fetched_when_it_changed(
    book: Book, fence: Fence, clock: FakeClock, today: date, server: S3Server
):
    bucket = {"bucket": "bags", "prefix": "usage", "endpoint_url": server.url}
    values = {name: value for name, value in usage("x").items() if name != "path"}
    config = config_of({**values, "bucket": bucket, "pattern": "*.csv"})
    plant(server, "usage/1.csv", HEADER + calls_of(today - timedelta(days=1), 3))
    read_sources.fn(config, fence)
    assert stands(config, book)[0] is StageState.DONE
    assert latest(book).days[0].calls == 3
    clock.advance(hours=13)
    assert stands(config, book)[0] is StageState.DUE
    read_sources.fn(config, fence)
    assert server.count("GetObject") == 1
    assert stands(config, book)[0] is StageState.DONE
    plant(server, "usage/2.csv", HEADER + calls_of(today, 5, 50))
    clock.advance(hours=13)
    read_sources.fn(config, fence)
    assert [day.calls for day in latest(book).days] == [3, 5]
    assert latest(book).findings == ()


@pytest.mark.usefixtures("alone_here")
def test_a_bucket_that_holds_too_much_is_not_fetched(
    book: Book, fence: Fence, today: date, server: S3Server
):
    bucket = {"bucket": "bags", "prefix": "usage", "endpoint_url": server.url}
    values = {name: value for name, value in usage("x").items() if name != "path"}
    config = config_of({**values, "bucket": bucket, "most_megabytes": 1})
    plant(server, "usage/1.csv", "x" * 1_100_000)
    read_sources.fn(config, fence)
    assert "raise it, or narrow the pattern" in stands(config, book)[1]
    assert server.count("GetObject") == 0


def test_the_latest_reading_of_each_source_stands(book: Book, clock: FakeClock):
    with book.reading() as session:
        assert latest_readings(session, "aster-1") == {}
