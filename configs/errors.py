"""The base of every error that a person may see, and the one that configuration raises."""

from typing import ClassVar

from configs.redaction import redact


class EmeritusError(Exception):
    """Base of all errors that are told to a person without a traceback.

    No secret stands in its sentence, whoever wrote it: an endpoint may repeat a key.
    """

    code: ClassVar[str] = "EM000"
    exit_status: ClassVar[int] = 1

    def __init__(self, *args: object) -> None:
        super().__init__(*(redact(arg) if isinstance(arg, str) else arg for arg in args))


class ConfigError(EmeritusError):
    """A configuration file can't be used; nothing was written."""

    code = "EM100"
    exit_status = 2
