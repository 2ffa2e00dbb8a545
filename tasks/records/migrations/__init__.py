"""Alembic migrations of the records, run when a book is opened."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from tasks.kernel.errors import RecordsUnusable

HEAD = "0011"
_FOLDER = Path(__file__).parent


def bring_up_to_date(engine: Engine) -> None:
    """Migrate to HEAD. Safe to repeat, and from several processes at once.

    Raises:
        RecordsUnusable: the database was made by a later version of Emeritus.
    """
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with engine.execution_options(emeritus_writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(715364202)"))
        if _revision(connection) != HEAD:
            _upgrade(connection)


def is_up_to_date(engine: Engine) -> bool | None:
    """Whether the tables are those of this version; None where there are none. Reads only."""
    with engine.connect() as connection:
        found = _revision(connection)
    return found == HEAD if found else None


def _revision(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def _upgrade(connection: Connection) -> None:
    from alembic import command  # slow to import, and seldom needed
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, HEAD)
    except CommandError as error:
        raise RecordsUnusable(
            f"the database was made by another version of Emeritus ({error}); "
            "use that version, or a later one"
        ) from None
