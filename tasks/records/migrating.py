"""Brings records up to date in a process of its own, which ends with the 14 MiB that Alembic takes.

A pass keeps what it has imported until its end, and what it may take has a limit.
"""

import os
import subprocess
import sys

from tasks.kernel.errors import RecordsUnusable

_REFUSED = 3
_PROGRAM = f"import sys; from {__name__} import migrate; sys.exit(migrate())"


def bring_up_to_date_apart(url: str) -> None:
    """Make the tables, or migrate them. Safe to repeat, and from several processes at once.

    Raises:
        RecordsUnusable: not reachable, not a database, or made by a later version.
    """
    paths = os.pathsep.join(filter(None, sys.path))  # a flow's code may stand anywhere
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        input=url,  # it may hold a password, which a command line would show
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode == _REFUSED:
        raise RecordsUnusable(ran.stdout.strip())
    if ran.returncode:
        raise RuntimeError(f"migrating ended with status {ran.returncode}:\n{ran.stderr}")


def migrate() -> int:
    """The process's side: reads the URL, and says what refuses it."""
    from tasks.records.book import connect, telling
    from tasks.records.migrations import bring_up_to_date

    url = sys.stdin.read()
    try:
        with telling(url):
            bring_up_to_date(connect(url))
    except RecordsUnusable as error:
        sys.stdout.write(f"{error}\n")
        return _REFUSED
    return 0
