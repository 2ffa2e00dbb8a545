"""Where the records stand: the URL that EMERITUS_DATABASE_URL gives, and how it is shown."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from tasks.kernel.errors import RecordsUnusable


def address_of(url: str) -> URL:
    """A URL in its parts, with the driver that we use.

    Raises:
        RecordsUnusable: it is not the URL of a database that can hold records.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # of a port
        parsed = None
    if parsed is None or "@" in (parsed.host or ""):  # of a password that is not quoted
        raise RecordsUnusable(
            "EMERITUS_DATABASE_URL is not a database URL; write sqlite:////path/file.sqlite or "
            "postgresql+psycopg://user@host/name (in a password, %40 for @, %3A for :, %2F for /)"
        )
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise RecordsUnusable(f"{shown(parsed)}: only sqlite and postgresql are supported")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise RecordsUnusable(
            f"{shown(parsed)}: what is kept in memory is gone with the command; name a file, "
            "sqlite:////path/file.sqlite"
        )
    return parsed.set(drivername="postgresql+psycopg") if backend == "postgresql" else parsed


def shown(address: URL) -> str:
    """For people, without what may be secret: a password may stand among the parameters too."""
    return address.set(query={}).render_as_string(hide_password=True)
