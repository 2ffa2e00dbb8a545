"""Brings records up to date in a process of its own, which ends with the 14 MiB that Alembic takes.

A pass keeps what it has imported until its end, and what it may take has a limit.
"""

import json
import subprocess
import sys

from tasks.kernel.errors import RecordsUnusable

_REFUSED = 3
_PROGRAM = f"""
import json, sys
told = json.load(sys.stdin.buffer)
sys.path[:] = told["path"]
from {__name__} import migrate
sys.exit(migrate(told["url"]))
"""


def bring_up_to_date_apart(url: str) -> None:
    """Make the tables, or migrate them. Safe to repeat, and from several processes at once.

    Raises:
        RecordsUnusable: not reachable, not a database, made by a later version, or the process was
            stopped.
    """
    # the URL may hold a password, which a command line would show; a flow's code may stand anywhere
    told = {"url": url, "path": sys.path}
    ran = subprocess.run(
        [sys.executable, "-I", "-c", _PROGRAM],
        input=json.dumps(told).encode(),
        capture_output=True,
        check=False,
    )
    if ran.returncode == _REFUSED:
        raise RecordsUnusable(ran.stdout.decode().strip())
    if ran.returncode < 0:
        raise RecordsUnusable(
            f"the process that brings the records up to date was stopped by signal "
            f"{-ran.returncode}; is memory short? The same command tries again, nothing was changed"
        )
    if ran.returncode:
        said = ran.stderr.decode(errors="replace")
        raise RuntimeError(f"migrating ended with status {ran.returncode}:\n{said}")


def migrate(url: str) -> int:
    """The process's side: says what refuses it on its standard output."""
    from tasks.records.book import connect, telling
    from tasks.records.migrations import bring_up_to_date

    try:
        with telling(url):
            bring_up_to_date(connect(url))
    except RecordsUnusable as error:
        sys.stdout.buffer.write(str(error).encode(errors="replace"))
        return _REFUSED
    return 0
