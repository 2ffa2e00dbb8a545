"""A database that is away, restarting or busy: waited for within bounds, then told in a sentence.

Only the way to a transaction is waited for. What breaks inside one is rolled back whole, and told:
whoever called looks at the records and goes on.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from tasks.kernel.errors import RecordsAway

LONGEST_WAIT = 120.0  # seconds that a pass waits for a database, once; it survives a minute away
_FIRST_PAUSE = 0.25  # seconds; doubled with each try
_LONGEST_PAUSE = 5.0


class Patience:
    """Whether a connection is waited for; shared by all threads that use one book.

    It is asked for by a pass, which nobody looks at. A person at a terminal is told at once.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked_for = 0
        self._in_vain = False

    @contextmanager
    def asked_for(self) -> Iterator[None]:
        """Wait within the block, in every thread."""
        with self._lock:
            self._asked_for += 1
        try:
            yield
        finally:
            with self._lock:
                self._asked_for -= 1

    def connect(self, engine: Engine, *, wait: bool = True) -> Connection:
        """A connection; waited for where that was asked for, but once only until one is had again.

        Args:
            engine: the database. A file of SQLite's is there or not, and is never waited for.
            wait: False to try once, whatever was asked for.

        Raises:
            OperationalError: none was to be had.
        """
        waits = wait and self._asked_for and not self._in_vain and engine.dialect.name != "sqlite"
        until, pause = time.monotonic() + (LONGEST_WAIT if waits else 0.0), _FIRST_PAUSE
        while True:
            try:
                connection = engine.connect()
            except OperationalError:
                left = until - time.monotonic()
                if left <= 0:
                    self._in_vain = self._in_vain or bool(waits)
                    raise
                Event().wait(min(pause, left))
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                self._in_vain = False
                return connection


@contextmanager
def told_plainly() -> Iterator[None]:
    """Tell a database that went away, or ended our transaction, as `RecordsAway`.

    Raises:
        RecordsAway: in place of what the driver or the pool raised; nothing of the block is kept.
    """
    try:
        yield
    except (OperationalError, InterfaceError, NoConnectionFree) as error:
        raise RecordsAway(
            f"the records can't be used now: {reason(error)}; nothing of this step was written. "
            "Mend that if it lasts; the next pass, or the same command, goes on"
        ) from None


def reason(error: DBAPIError | NoConnectionFree) -> str:
    """What the database said, in its first line; it holds no password."""
    if isinstance(error, NoConnectionFree):
        return "every connection of this process is in use, and none came free in time"
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error.orig).__name__
