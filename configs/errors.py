"""The base of every error that a person may see, and the one that configuration raises."""

from typing import ClassVar


class EmeritusError(Exception):
    """Base of all errors that are told to a person without a traceback."""

    code: ClassVar[str] = "EM000"
    exit_status: ClassVar[int] = 1


class ConfigError(EmeritusError):
    """A configuration file can't be used; nothing was written."""

    code = "EM100"
    exit_status = 2
