"""Where a deployment keeps what it makes: `EMERITUS_HOME`, by default `var/` in the checkout."""

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def home() -> Path:
    """The folder that holds records, replicas, sites and reports."""
    return Path(os.environ.get("EMERITUS_HOME") or CHECKOUT / "var").resolve()


def under_home(path: Path) -> Path:
    """A configured path: absolute as it stands, relative to `EMERITUS_HOME` otherwise."""
    return path if path.is_absolute() else home() / path


def database_url() -> str:
    """SQLAlchemy URL of the records; `EMERITUS_DATABASE_URL`, or SQLite under home.

    Only ever read from the environment: a PostgreSQL URL may hold a password, which must not
    reach a flow parameter.
    """
    return os.environ.get("EMERITUS_DATABASE_URL") or f"sqlite:///{home() / 'emeritus.sqlite'}"
