"""Whether the records can be used as they stand. Reads only: nothing is made or migrated."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, inspect, select, text
from sqlalchemy.exc import DBAPIError

from tasks.adapters.clock_checks import Seen
from tasks.kernel.errors import RecordsUnusable
from tasks.ports.checks import Check
from tasks.records.address import address_of, shown
from tasks.records.audit import AuditHead
from tasks.records.away import reason
from tasks.records.migrations import HEAD

_CONNECT_SECONDS = 5
_NAME = "records"


def records_checks(url: str) -> Iterator[Check | Seen]:
    """Look at the database behind a URL; its clock is told too, where it has one of its own.

    Args:
        url: see `configs.home.database_url`.
    """
    try:
        address = address_of(url)
    except RecordsUnusable as error:
        yield Check(_NAME, "fail", str(error))
        return
    if address.get_backend_name() == "sqlite":
        file = Path(address.database or "")
        if not file.exists():
            yield Check(_NAME, "ok", f"{file} is not there yet; the first pass makes it")
            return
        yield _journal(file)
    yield from _asked(address)


def _journal(file: Path) -> Check:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as database:
            mode = str(database.execute("PRAGMA journal_mode").fetchone()[0])
    except sqlite3.Error as error:
        return Check(_NAME, "fail", f"{file} can't be read: {error}; restore it from a backup")
    if mode != "wal":
        said = f"{file} has journal mode {mode}, not WAL; the next pass sets it"
        return Check(_NAME, "warn", said)
    return Check(_NAME, "ok", f"{file}: SQLite {sqlite3.sqlite_version}, WAL; for one machine")


def _asked(url: URL) -> Iterator[Check | Seen]:
    postgresql = url.get_backend_name() == "postgresql"
    waits = {"connect_timeout": _CONNECT_SECONDS} if postgresql else {"timeout": _CONNECT_SECONDS}
    engine = create_engine(url, connect_args=waits)
    try:
        with engine.connect() as connection:
            if postgresql:
                yield from _server(connection, shown(url))
            yield from _content(connection)
    except DBAPIError as error:
        said = f"{shown(url)}: {reason(error)}; is it up, and is EMERITUS_DATABASE_URL right?"
        yield Check(_NAME, "fail", said)
    finally:
        engine.dispose()


def _server(connection: Connection, where: str) -> Iterator[Check | Seen]:
    version = connection.execute(text("SHOW server_version")).scalar()
    yield Check(_NAME, "ok", f"{where}: PostgreSQL {version}")
    before = datetime.now(UTC)
    now = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    yield Seen("the database server", now.astimezone(UTC), before, datetime.now(UTC))


def _content(connection: Connection) -> Iterator[Check]:
    if not inspect(connection).has_table("alembic_version"):
        yield Check("migrations", "ok", "no tables yet; the first pass makes them")
        return
    found = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")
    if found > HEAD:  # four digits each
        said = f"the database is at {found}, and this version knows {HEAD}; use the later version"
        yield Check("migrations", "fail", said)
        return
    if found < HEAD:
        said = f"the database is at {found}; the next pass migrates it to {HEAD}: back it up first"
        yield Check("migrations", "warn", said)
    else:
        yield Check("migrations", "ok", f"at {HEAD}, which is this version's")
    yield _head(connection)


def _head(connection: Connection) -> Check:
    table = AuditHead.__table__  # type: ignore[attr-defined]
    head = connection.execute(select(table)).one_or_none()
    if head is None:
        return Check(
            "audit chain", "fail", "its head is gone: nothing is written any more; restore a backup"
        )
    said = f"{head.seq} entries, head {head.digest[:12]}…; `emeritus audit verify` checks them all"
    return Check("audit chain", "ok", said)
