"""Records that are only looked at: none is made, none brought up to date, and none written."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, StaticPool, event
from sqlmodel import create_engine

from tasks.kernel.errors import RecordsUnusable
from tasks.records.address import address_of, shown
from tasks.records.book import Book, telling
from tasks.records.migrations import bring_up_to_date, is_up_to_date


def open_to_look(url: str) -> Book:
    """The records as they are; empty ones in memory, for one thread, where there are none yet.

    Raises:
        RecordsUnusable: not reachable, not a database, or made by another version.
    """
    address = address_of(url)
    if address.get_backend_name() == "sqlite":
        file = Path(address.database or "")
        if not file.is_file():
            return _empty()
        engine = _with_transactions(create_engine(f"sqlite:///file:{file}?mode=ro&uri=true"))
    else:
        engine = create_engine(address, pool_pre_ping=True)
    with telling(url):
        current = is_up_to_date(engine)
    if current is None:
        return _empty()
    if not current:
        raise RecordsUnusable(
            f"{shown(address)}: was made by another version of Emeritus; `emeritus status` of this "
            "version brings older records up to date"
        )
    return Book(engine)


def _empty() -> Book:
    engine = _with_transactions(create_engine("sqlite://", poolclass=StaticPool))
    bring_up_to_date(engine)
    return Book(engine)


def _with_transactions(engine: Engine) -> Engine:
    def configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", begin)
    return engine
