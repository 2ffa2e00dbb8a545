"""Records that are only looked at: none is made, none brought up to date, and none written."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, StaticPool, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlmodel import create_engine

from tasks.kernel.errors import RecordsUnusable
from tasks.records.book import Book, open_book, telling
from tasks.records.migrations import bring_up_to_date, is_up_to_date


def open_to_look(url: str) -> Book:
    """The records as they are; empty ones in memory, for one thread, where there are none yet.

    Raises:
        RecordsUnusable: not reachable, not a database, or made by another version.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        return open_book(url)  # which tells what is wrong with it
    shown = parsed.render_as_string(hide_password=True)
    if parsed.get_backend_name() == "sqlite":
        file = Path(parsed.database or "")
        if not file.is_file():
            return _empty()
        engine = _with_transactions(create_engine(f"sqlite:///file:{file}?mode=ro&uri=true"))
    elif parsed.get_backend_name() == "postgresql":
        engine = create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    else:
        return open_book(url)
    with telling(url):
        current = is_up_to_date(engine)
    if current is None:
        return _empty()
    if not current:
        raise RecordsUnusable(
            f"{shown}: was made by another version of Emeritus; `emeritus status` of this version "
            "brings older records up to date"
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
