"""Debian's PostgreSQL on a folder of its own: it has pg_trgm, which Prefect's migrations want."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.operation.installation import wait_until

_SYSTEM = "postgres"  # PostgreSQL refuses to run as root


def programs() -> Path | None:
    """Where the programs of the newest PostgreSQL with contrib are; None where there is none."""
    found = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    with_trgm = Path("/usr/share/postgresql")
    usable = [f for f in found if (with_trgm / f.parts[-3] / "extension/pg_trgm.control").is_file()]
    return max(usable).parent if usable else None


@contextlib.contextmanager
def installed_postgres(
    folder: Path, port: int, *, password: str = "", settings: Sequence[str] = ()
) -> Iterator[Path]:
    """Run a server for the block, on loopback and on a socket.

    Args:
        folder: where its data and its log go; whoever runs PostgreSQL has to get in.
        port: on loopback.
        password: of its superuser `postgres`; empty for none.
        settings: `name=value` of postgresql.conf.

    Yields:
        The folder with its socket, which asks for no password.
    """
    found = programs()
    assert found is not None, "needs Debian's postgresql"
    place = folder / "database"
    place.mkdir()
    secret = folder / "superuser"
    secret.write_text(password)
    as_its_user: dict[str, object] = {}
    if os.getuid() == 0:
        for path in (place, secret):
            shutil.chown(path, _SYSTEM)
        as_its_user = {"user": _SYSTEM, "group": _SYSTEM, "extra_groups": []}
    host = [f"--pwfile={secret}", "--auth-host=scram-sha-256"] if password else []
    arguments = [f"--pgdata={place / 'data'}", "--username=postgres", "--no-sync", *host]
    subprocess.run(  # type: ignore[call-overload]
        [found / "initdb", *arguments, "--auth-local=trust"],
        cwd=place,
        check=True,
        capture_output=True,
        **as_its_user,
    )
    where = ["listen_addresses=127.0.0.1", f"unix_socket_directories={place}", "fsync=off"]
    told = [part for one in (*where, *settings) for part in ("-c", one)]
    with (folder / "database.log").open("wb") as log:
        server = subprocess.Popen(  # type: ignore[call-overload]
            [found / "postgres", "-D", place / "data", "-p", str(port), *told],
            cwd=place,
            stdout=log,
            stderr=subprocess.STDOUT,
            **as_its_user,
        )
    try:
        ready = [str(found / "pg_isready"), "--quiet", f"--host={place}", f"--port={port}"]
        wait_until(lambda: subprocess.run(ready, check=False).returncode == 0)
        yield place
    finally:
        server.send_signal(signal.SIGINT)  # as compose's stop_signal
        server.wait(60)
