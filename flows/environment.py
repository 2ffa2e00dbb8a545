"""What must be set before Prefect is imported, and how its logs are kept fit for people."""

import logging
import os
from pathlib import Path

from configs.errors import ConfigError, EmeritusError
from configs.home import home

_DEFAULTS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",  # its telemetry prints tracebacks on a fresh home
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",  # the command tells it; the UI has all
    "PREFECT_LOGGING_EXTRA_LOGGERS": "emeritus",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
    "PREFECT_CLI_COLORS": "false",
}


def prepare() -> None:
    """Set defaults that the environment leaves open. Call before Prefect is imported."""
    os.environ.setdefault("PREFECT_HOME", str(home() / "prefect"))
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)


def make_prefect_home() -> None:
    """Make Prefect's folder, which it can't make itself below a home that is not there yet.

    Apart from `prepare`, so that a command that is refused makes nothing.

    Raises:
        ConfigError: EMERITUS_HOME can't be made.
    """
    folder = Path(os.environ["PREFECT_HOME"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{folder}: can't be made ({error.strerror}); set EMERITUS_HOME to a folder of yours"
        ) from None


class _SentenceOnly(logging.Filter):
    """Tell a user's mistake as its sentence, without a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, EmeritusError):
            record.exc_info = record.exc_text = None
            record.msg, record.args = f"{error} [{error.code}]", ()
        return True


def tell_mistakes_plainly() -> None:
    """Strip tracebacks of `EmeritusError` from Prefect's run loggers."""
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logger = logging.getLogger(name)
        if not any(isinstance(f, _SentenceOnly) for f in logger.filters):
            logger.addFilter(_SentenceOnly())
