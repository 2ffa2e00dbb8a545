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
    "PREFECT_CLI_COLORS": "false",
    # waits double from 2 s: two minutes in all, as long as a pass waits for its records. With
    # Prefect's own five, a fleet of fifty lost a pass to a server busy with eight at once
    "PREFECT_CLIENT_MAX_RETRIES": "6",
    "DO_NOT_TRACK": "1",  # its client's telemetry, which begins with a notice on a terminal
}


class PrefectUnreachable(EmeritusError):
    """No Prefect server answers, neither the configured one nor a temporary one."""

    code = "EM720"
    exit_status = 75  # EX_TEMPFAIL of sysexits.h: try again later


def as_prefect_fault(error: Exception) -> PrefectUnreachable | None:
    """Tell Prefect's own words for a server that does not answer; None for any other error."""
    said = str(error)
    if isinstance(error, RuntimeError) and said.startswith("Failed to reach API"):
        return PrefectUnreachable(
            f"{said.rstrip('.')}: set PREFECT_API_URL to a Prefect server that is up, or unset it "
            "to have a temporary one started; nothing was changed"
        )
    if _asked_the_server(error):
        return PrefectUnreachable(
            f"the Prefect server went away ({type(error).__name__}: {said}): bring it up; what was "
            "recorded stands, and the next pass goes on"
        )
    return None


def _asked_the_server(error: Exception) -> bool:
    """Whether it came of a call of Prefect's own; its client tried again for a minute by then."""
    from httpx import HTTPError  # slow to import
    from prefect.settings import get_current_settings

    if not isinstance(error, HTTPError):
        return False
    try:
        url = str(error.request.url)
    except RuntimeError:  # httpx's way to say that the error knows of none
        return False
    return url.startswith(get_current_settings().api.url or "\0")


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
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # logs and a database stand in it
    except OSError as error:
        raise ConfigError(
            f"{folder}: can't be made ({error.strerror}); set EMERITUS_HOME to a folder of yours"
        ) from None


def ready_prefect() -> None:
    """Make Prefect's folder; where no server is configured, start one that ends with this process.

    Raises:
        ConfigError: EMERITUS_HOME can't be made.
        PrefectUnreachable: no server can be started.
    """
    make_prefect_home()
    from prefect.settings import get_current_settings

    if not get_current_settings().api.url:
        from flows.temporary_server import start

        start()


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
