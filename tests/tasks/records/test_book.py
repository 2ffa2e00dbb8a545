"""What every database must do: whole writes, one chain, no lost update."""

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlmodel import SQLModel, select

from tasks.kernel.errors import RecordsUnusable
from tasks.records import Book, open_book, tables
from tasks.records.audit import AuditEntry
from tasks.records.looking import open_to_look
from tasks.records.retirement import Retirement
from tests.fakes.clock import FakeClock

NOW = FakeClock().now()


@pytest.fixture
def template() -> str:
    """Here every database is migrated for real."""
    return "template1"


@pytest.fixture(autouse=True)
def migrated_once() -> None:
    """Here every database is migrated for real."""


def _row(model_id: str, name: str = "A") -> Retirement:
    return Retirement(
        model_id=model_id, display_name=name, config_json="{}", config_sha256="0", opened_at=NOW
    )


def test_a_row_comes_back_as_it_went(book: Book) -> None:
    row = _row("a")
    with book.writing(NOW) as writing:
        writing.put(row, "opened")
    with book.reading() as session:
        assert session.get_one(Retirement, "a").witness() == row.witness()


def test_a_failed_write_leaves_nothing(book: Book) -> None:
    def fail() -> None:
        with book.writing(NOW) as writing:
            writing.put(_row("a"), "opened")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with book.reading() as session:
        assert session.exec(select(Retirement)).all() == []
        assert session.exec(select(AuditEntry)).all() == []


def test_concurrent_writers_lose_no_update_and_keep_one_chain(book: Book) -> None:
    with book.writing(NOW) as writing:
        writing.put(_row("a", "0"), "opened")

    def add() -> None:
        for _ in range(20):
            with book.writing(NOW) as writing:
                row = writing.session.get_one(Retirement, "a", with_for_update=True)
                row.display_name = str(int(row.display_name) + 1)
                writing.put(row, "counted")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with book.reading() as session:
        assert session.get_one(Retirement, "a").display_name == "80"
    report = book.verify_audit()
    assert (report.entries, report.problems) == (81, ())


def test_numbers_of_grants_files_rise_and_none_is_given_out_twice(book: Book) -> None:
    assert book.last_serial("a") == 0
    assert (book.next_serial("a"), book.next_serial("b"), book.next_serial("a")) == (1, 1, 2)
    assert book.next_serial("a", above=40) == 41
    assert book.next_serial("a", above=7) == 42
    given: list[int] = []

    def take() -> None:
        given.extend(book.next_serial("a") for _ in range(10))

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(43, 73))
    assert book.last_serial("a") == 72


def test_migrations_make_exactly_the_tables_that_the_code_reads(url: str, book: Book) -> None:
    assert tables.AUDITED
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_every_table_is_audited_or_bookkeeping() -> None:
    told = {str(table.__tablename__) for table in (*tables.AUDITED, *tables.BOOKKEEPING)}
    assert told == set(SQLModel.metadata.tables)


def test_a_later_versions_database_is_refused(url: str, book: Book) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    open_book.cache_clear()
    with pytest.raises(RecordsUnusable, match="another version"):
        open_book(url)


@pytest.mark.parametrize(
    "bad",
    [
        "nonsense",
        "mysql://u:secret@h/x",
        "postgresql://u:secret@127.0.0.1:1/x",
        "postgresql://u@127.0.0.1:1/x?password=secret",
        "postgresql://u@h:secret/x",
        "postgresql://u:top@secret@h/x",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:////dev/null/x.sqlite",
    ],
)
def test_an_unusable_url_is_one_sentence_without_its_password(bad: str) -> None:
    for opened in (open_book, open_to_look):
        if "/dev/null" in bad and opened is open_to_look:
            continue  # nothing is there, and looking makes nothing
        with pytest.raises(RecordsUnusable) as refused:
            opened(bad)
        assert "secret" not in str(refused.value)
        assert "\n" not in str(refused.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite").write_text("not a database, but long enough to be looked at " * 20)
    with pytest.raises(RecordsUnusable):
        open_book(f"sqlite:///{tmp_path / 'x.sqlite'}")
