"""A database that goes away, comes back, or ends a transaction: PostgreSQL, for real."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlmodel import Session, select

from tasks.kernel.errors import RecordsAway
from tasks.kernel.retry import is_transient_fault
from tasks.records import Book, away, open_book
from tasks.records.lease import Lease
from tasks.records.retirement import Retirement
from tests.fakes.clock import FakeClock

NOW = FakeClock().now()


@pytest.fixture(params=["postgresql"])
def url(request: pytest.FixtureRequest, server: str, template: str) -> str:
    """A database of PostgreSQL's for each test."""
    name = f"away{abs(hash(request.node.nodeid)):x}"
    _ask(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    return make_url(server).set(database=name).render_as_string(hide_password=False)


class Database:
    """One database, as whoever runs the server can treat it."""

    def __init__(self, server: str, url: str) -> None:
        self._server, self._name = server, make_url(url).database

    def cut(self) -> None:
        """End every connection to it."""
        theirs = f"pg_stat_activity WHERE datname = '{self._name}'"
        _ask(self._server, f"SELECT pg_terminate_backend(pid) FROM {theirs}")

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let nobody in within the block, as a server that is down does."""
        _ask(self._server, f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS false")
        self.cut()
        try:
            yield
        finally:
            _ask(self._server, f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS true")


def _ask(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def database(server: str, url: str) -> Database:
    return Database(server, url)


def _row(model_id: str) -> Retirement:
    return Retirement(
        model_id=model_id, display_name="M", config_json="{}", config_sha256="0", opened_at=NOW
    )


def _known(book: Book) -> list[str]:
    with book.reading() as session:
        return sorted(row.model_id for row in session.exec(select(Retirement)))


def test_connections_that_were_cut_while_idle_are_not_used(book: Book, database: Database) -> None:
    assert _known(book) == []
    database.cut()
    assert _known(book) == []
    database.cut()
    with book.writing(NOW) as writing:
        writing.put(_row("a"), "opened")
    assert _known(book) == ["a"]


def test_a_connection_lost_within_a_write_loses_all_of_it_and_says_so(
    book: Book, database: Database
) -> None:
    def write() -> None:
        with book.writing(NOW) as writing:
            writing.put(_row("a"), "opened")
            database.cut()
            writing.put(_row("b"), "opened")

    with pytest.raises(RecordsAway, match=r"can't be used now: .*nothing of this step") as lost:
        write()
    assert is_transient_fault(lost.value), "a task tries again"
    assert _known(book) == []
    with book.writing(NOW) as writing:
        writing.put(_row("c"), "opened")
    assert book.verify_audit().problems == ()
    assert book.verify_audit().entries == 1


def test_a_person_is_told_at_once_that_the_records_are_away(book: Book, database: Database) -> None:
    with database.away():
        started = time.monotonic()
        with pytest.raises(RecordsAway), book.reading():
            pass
        with pytest.raises(RecordsAway):
            book.take_lease("m", "", NOW)
        assert time.monotonic() - started < away.LONGEST_WAIT / 2
    assert _known(book) == []


def test_a_pass_waits_for_records_that_come_back(book: Book, database: Database) -> None:
    fence = book.take_lease("m", "", NOW).fence
    tried = threading.Event()

    def write() -> None:
        tried.set()
        with book.writing(NOW, fence=fence) as writing:
            writing.put(_row("m"), "opened")

    with book.patient(), ThreadPoolExecutor(1) as thread:
        with database.away():
            written = thread.submit(write)
            tried.wait()
            with pytest.raises(RecordsAway):
                book.keep_lease(fence, NOW)  # a beat tries once
            assert not written.done()
        written.result()
    assert _known(book) == ["m"]


def test_a_pass_waits_once_and_not_at_every_step(
    book: Book, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(away, "LONGEST_WAIT", 0.5)
    with book.patient(), database.away():
        with pytest.raises(RecordsAway), book.reading():
            pass
        monkeypatch.setattr(away, "LONGEST_WAIT", 600.0)
        with pytest.raises(RecordsAway), book.reading():
            pass
    with book.patient():
        assert _known(book) == []


def test_a_deadlock_ends_one_of_two_with_a_sentence(book: Book) -> None:
    for model in ("a", "b"):
        book.take_lease(model, "", NOW)
    met = threading.Barrier(2)

    def hold_both(order: str) -> str:
        try:
            with book.writing(NOW) as writing:
                _hold(writing.session, order[0])
                met.wait()
                _hold(writing.session, order[1])
        except RecordsAway as told:
            return str(told)
        return "written"

    with ThreadPoolExecutor(2) as threads:
        outcomes = sorted(threads.map(hold_both, ["ab", "ba"]))
    assert outcomes[1] == "written"
    assert "deadlock detected" in outcomes[0]


def _hold(session: Session, model: str) -> None:
    lease = session.exec(select(Lease).where(Lease.model_id == model).with_for_update()).one()
    lease.expires_at = NOW + timedelta(seconds=1)
    session.add(lease)
    session.flush()


def test_no_free_connection_is_told_as_such(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    book = open_book(url)
    pool = book._reads.pool
    monkeypatch.setattr(pool, "_timeout", 0.1)
    taken = [pool.connect() for _ in range(pool._pool.maxsize + pool._max_overflow)]
    with pytest.raises(RecordsAway, match="every connection of this process is in use"):
        _known(book)
    for one in taken:
        one.close()
    assert _known(book) == []
