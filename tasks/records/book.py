"""The book: one database, read in snapshots, written in short exclusive transactions."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, create_engine

from tasks.kernel.errors import LeaseHeld, RecordsUnusable
from tasks.records import audit, lease, tables
from tasks.records.access import GrantsSerial
from tasks.records.address import address_of, shown
from tasks.records.away import Patience, reason, told_plainly
from tasks.records.columns import Row
from tasks.records.lease import Fence, Taken
from tasks.records.migrating import bring_up_to_date_apart
from tasks.records.migrations import is_up_to_date

_Row = TypeVar("_Row", bound=Row)


@dataclass(frozen=True, slots=True)
class Writing:
    """One open write transaction; leaving its block commits, an exception rolls all back.

    Attributes:
        session: for reading rows within the transaction.
        now: the instant that the transaction's audit entries carry.
        actor: who acts: `pass`, or a person's name.
        config_commit: git commit of the configurations that a pass goes by; empty without one.
    """

    session: Session
    now: datetime
    actor: str
    config_commit: str = ""

    def put(self, row: _Row, action: str) -> _Row:
        """Write a new or changed row, and the audit entry that tells of it."""
        self.put_all([(row, action)])
        return row

    def put_all(self, changes: Sequence[tuple[Row, str]]) -> None:
        """Write many rows, each with its action, at a fraction of what single ones cost."""
        self.session.add_all(row for row, _ in changes)
        self.session.flush()
        audit.append(
            self.session,
            changes,
            at=self.now,
            actor=self.actor,
            config_commit=self.config_commit,
        )


class Book:
    """The records behind one database URL.

    SQLite runs in WAL mode and every write begins IMMEDIATE, since it loses concurrent updates
    silently otherwise; PostgreSQL locks the rows that writers share.
    """

    def __init__(self, engine: Engine) -> None:
        snapshot = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        self._reads = engine.execution_options(**snapshot)
        self._writes = engine.execution_options(emeritus_writes=True)
        self._patience = Patience()

    def patient(self) -> AbstractContextManager[None]:
        """Wait within the block for a database that is away, in every thread; see `away`."""
        return self._patience.asked_for()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading; what it reads stays usable after the block.

        Raises:
            RecordsAway: the database is away or too busy.
        """
        with self._session(self._reads) as session:
            yield session

    @contextmanager
    def _session(self, engine: Engine, *, wait: bool = True) -> Iterator[Session]:
        with (
            told_plainly(),
            self._patience.connect(engine, wait=wait) as connection,
            Session(connection, expire_on_commit=False) as session,
        ):
            yield session

    @contextmanager
    def writing(
        self, now: datetime, *, fence: Fence | None = None, actor: str = "pass"
    ) -> Iterator[Writing]:
        """A write transaction.

        Args:
            now: instant for audit entries and the lease.
            fence: a pass's right to write; None for a person's act, which adds one row.
            actor: who acts.

        Raises:
            FenceLost: a later pass took the lease; nothing was written.
            RecordsAway: the database is away or too busy, or ended the transaction; likewise. Where
                the connection was lost in the commit itself, only the records can tell.
        """
        with self._session(self._writes) as session, session.begin():
            if fence is not None:
                lease.check(session, fence, now)
            yield Writing(session, now, actor, fence.config_commit if fence is not None else "")

    def take_lease(self, model_id: str, flow_run_id: str, now: datetime) -> Taken:
        """See `lease.acquire`."""
        try:
            with self._session(self._writes) as session, session.begin():
                return lease.acquire(session, model_id, flow_run_id, now)
        except IntegrityError:  # two passes opened this model at once; the other was first
            raise LeaseHeld(f"{model_id}: another pass has just begun; try again later") from None

    def keep_lease(self, fence: Fence, now: datetime, *, free: bool = False) -> None:
        """See `lease.check`. Tries once: a beat is soon followed by another."""
        with self._session(self._writes, wait=False) as session, session.begin():
            lease.check(session, fence, now, free=free)

    def holding(self, now: datetime) -> dict[str, bool]:
        """See `lease.holding`."""
        with self.reading() as session:
            return lease.holding(session, now)

    def last_serial(self, model_id: str) -> int:
        """Number of the grants file that was begun last for a model; 0 before the first."""
        with self.reading() as session:
            row = session.get(GrantsSerial, model_id)
            return row.serial if row is not None else 0

    def next_serial(self, model_id: str, *, above: int = 0) -> int:
        """A number for a model's next grants file, higher than any before. Not safe to repeat.

        Args:
            model_id: the model.
            above: a number that is known to be used; it counts where these records are older.
        """
        try:
            return self._raise_serial(model_id, above)
        except IntegrityError:  # another process made the model's first number in this moment
            return self._raise_serial(model_id, above)

    def _raise_serial(self, model_id: str, above: int) -> int:
        with self._session(self._writes) as session, session.begin():
            row = session.get(GrantsSerial, model_id, with_for_update=True)
            row = row or GrantsSerial(model_id=model_id, serial=0)
            row.serial = max(row.serial, above) + 1
            session.add(row)
            return row.serial

    def verify_model(self, model_id: str) -> audit.AuditReport:
        """See `audit.verify_model`. Reads only."""
        with self.reading() as session:
            return audit.verify_model(session, tables.AUDITED, model_id)

    def verify_audit(self, expect: str = "") -> audit.AuditReport:
        """See `audit.verify`. Reads only."""
        with self.reading() as session:
            return audit.verify(session, tables.AUDITED, expect=expect)


@cache
def open_book(url: str) -> Book:
    """Open the records, making or migrating the tables where needed; one book a URL.

    Raises:
        RecordsUnusable: not reachable, not a database, or made by a later version.
    """
    engine = connect(url)
    with telling(url):
        if not is_up_to_date(engine):
            bring_up_to_date_apart(url)
            if not is_up_to_date(engine):
                raise RecordsUnusable(
                    f"{shown(address_of(url))}: another version of Emeritus brought the tables up "
                    "to date meanwhile; use one version only"
                )
    return Book(engine)


def connect(url: str) -> Engine:
    """An engine that starts transactions as a book expects it; a new file is its owner's alone.

    Raises:
        RecordsUnusable: not the URL of a database that can hold records.
    """
    address = address_of(url)
    if address.get_backend_name() == "sqlite":
        return _sqlite(url, Path(address.database or ""))
    return create_engine(address, pool_pre_ping=True)


@contextmanager
def telling(url: str) -> Iterator[None]:
    """Have what a database refuses in the block raise RecordsUnusable, which names it."""
    try:
        yield
    except DBAPIError as error:
        where = shown(address_of(url))
        raise RecordsUnusable(f"{where}: the database can't be used: {reason(error)}") from None


def _sqlite(url: str, file: Path) -> Engine:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # before SQLite makes it with the umask's mode; what it puts beside it takes the same
        file.touch(mode=0o600)
    except OSError as error:
        raise RecordsUnusable(f"{file}: its folder can't be made: {error.strerror}") from None
    engine = create_engine(url, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours: see _begin
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("emeritus_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
