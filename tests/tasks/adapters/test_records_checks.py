"""The records are looked at and left as they are."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.adapters.clock_checks import Seen
from tasks.adapters.records_checks import records_checks
from tasks.ports.checks import Check
from tasks.records import open_book
from tasks.records.migrations import HEAD
from tests.contracts.postgres import postgres


def look(url: str) -> dict[str, Check]:
    return {check.name: check for check in records_checks(url) if isinstance(check, Check)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "records.sqlite"


@pytest.fixture
def url(file: Path) -> str:
    url = f"sqlite:///{file}"
    open_book(url)
    return url


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        for statement in statements:
            database.execute(statement)


def test_records_that_are_not_there_are_not_made(file: Path) -> None:
    assert look(f"sqlite:///{file}")["records"].state == "ok"
    assert not file.exists()


def test_sound_records_are_told_with_their_head(url: str) -> None:
    found = look(url)
    assert {name: check.state for name, check in found.items()} == {
        "records": "ok", "migrations": "ok", "audit chain": "ok",
    }  # fmt: skip
    assert "WAL" in found["records"].said
    assert HEAD in found["migrations"].said


def test_records_are_readable_by_their_owner_alone(file: Path, url: str) -> None:
    assert [p.stat().st_mode & 0o077 for p in file.parent.glob("records.sqlite*")] == [0, 0, 0]


def test_older_records_are_told_and_not_migrated(file: Path, url: str) -> None:
    change(file, "update alembic_version set version_num = '0001'")
    assert look(url)["migrations"].state == "warn"
    assert "back it up" in look(url)["migrations"].said


def test_records_of_a_later_version_fail(file: Path, url: str) -> None:
    change(file, "update alembic_version set version_num = '9999'")
    assert look(url)["migrations"].state == "fail"


def test_a_chain_without_its_head_fails(file: Path, url: str) -> None:
    change(file, "delete from audit_head")
    assert look(url)["audit chain"].state == "fail"


def test_what_is_no_database_fails(file: Path) -> None:
    file.write_bytes(b"no database " * 100)
    assert look(f"sqlite:///{file}")["records"].state == "fail"


@pytest.mark.parametrize("url", ["postgresql://u:hidden-word@127.0.0.1:1/x", "hidden-word"])
def test_a_database_that_is_away_fails_without_its_password(url: str) -> None:
    (found,) = look(url).values()
    assert found.state == "fail"
    assert "EMERITUS_DATABASE_URL" in found.said
    assert "hidden-word" not in found.said


def test_a_servers_version_and_clock_are_told() -> None:
    with postgres() as url:
        found = list(records_checks(url))
    assert [one.said for one in found if isinstance(one, Check)][1].startswith("no tables yet")
    assert any("PostgreSQL" in one.said for one in found if isinstance(one, Check))
    (clock,) = [one for one in found if isinstance(one, Seen)]
    assert abs((clock.at - datetime.now(UTC)).total_seconds()) < 60
    assert not clock.apart
