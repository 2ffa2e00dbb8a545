"""Taking secrets out of text: those that were resolved in this process, and shapes that are known.

The values that are remembered stay in this process's memory alone. What is too short to be told
from a word is never replaced: a key such as `none`, for a server without keys, is no secret.
"""

import base64
import json
import logging
import os
import re
import traceback
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote

from configs.error_chain import chain_of

HIDDEN: Final = "***"
_SHORTEST = 8
#: Whole values of these variables are secrets, whoever reads them.
_SECRET_VARIABLES: Final = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "PREFECT_API_KEY",
    "PREFECT_API_AUTH_STRING",
    "PREFECT_SERVER_API_AUTH_STRING",
)
#: Passwords in the URLs that these variables hold are.
_URL_VARIABLES: Final = (
    "EMERITUS_DATABASE_URL",
    "PREFECT_API_DATABASE_CONNECTION_URL",
    "PREFECT_SERVER_DATABASE_CONNECTION_URL",
    "PREFECT_API_URL",
)
#: What has to stand in a text for a shape to be looked for, and the shape.
_SHAPES: Final = {
    mark: re.compile(shape, re.DOTALL)
    for mark, shape in {
        "PRIVATE KEY": r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----",
        "AGE-SECRET-KEY": r"AGE-SECRET-KEY-1[0-9A-Z]{20,}",
        "sk-": r"\bsk-[A-Za-z0-9_-]{16,}",
        "AKIA": r"\bAKIA[0-9A-Z]{16}\b",
        "ASIA": r"\bASIA[0-9A-Z]{16}\b",
        "gh": r"\bgh[pousr]_[A-Za-z0-9]{20,}",
        "github_pat_": r"\bgithub_pat_[A-Za-z0-9_]{20,}",
        "pnu_": r"\bpnu_[A-Za-z0-9]{20,}",
        "whsec_": r"\bwhsec_[A-Za-z0-9+/=_-]{16,}",
        "Bearer ": r"(?<=Bearer )[A-Za-z0-9._~+/=-]{12,}",
        "Basic ": r"(?<=Basic )[A-Za-z0-9+/=]{12,}",
    }.items()
}
_IN_URL: Final = re.compile(r"(://[^\s/@:?#'\"]*):[^\s/@'\"]+(?=@)")
_URL_PASSWORD: Final = re.compile(
    r"://[^:/@]*:([^@]+)@"
)  # as SQLAlchemy reads it: `/` may stand in it
_remembered: set[str] = set()


def remember(secret: str) -> None:
    """Have a secret's value replaced in all that this process logs or raises from now on."""
    if len(secret) >= _SHORTEST:
        _remembered.update(_forms(secret))


def redact(text: str) -> str:
    """A text without secrets; `***` stands where one was."""
    for secret in sorted(_remembered | _from_environment(), key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, HIDDEN)
    for mark, shape in _SHAPES.items():
        if mark in text:
            text = shape.sub(HIDDEN, text)
    return _IN_URL.sub(rf"\1:{HIDDEN}", text) if "://" in text else text


def redact_error(error: BaseException) -> None:
    """Take secrets out of an error, of its causes, and of what is grouped in it, in place.

    Whoever tells of the error later, such as Prefect in the state of a run, tells none.
    """
    for one in chain_of(error):
        _redact_fields(one)


class RedactedRecord(logging.LogRecord):
    """A log record whose message and traceback hold no secret, whatever handler formats it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.exc_info and self.exc_info[1] is not None:
            redact_error(self.exc_info[1])
            told = "".join(traceback.format_exception(*self.exc_info)).rstrip("\n")
            if (clean := redact(told)) != told:  # in a line of code, say
                self.exc_text, self.exc_info = clean, None
        if self.stack_info:
            self.stack_info = redact(self.stack_info)

    def getMessage(self) -> str:  # noqa: N802 - the name that logging calls
        """The message with its arguments, without secrets."""
        return redact(super().getMessage())


def redact_logs() -> None:
    """Have every log record of this process made without secrets. Safe to repeat."""
    logging.setLogRecordFactory(RedactedRecord)


def _forms(secret: str) -> set[str]:
    """A value as it could come back: bare, quoted for a URL, escaped, in base64."""
    bare = secret.strip()
    forms = {
        secret,
        bare,
        bare.removeprefix("whsec_"),
        quote(bare, safe=""),
        quote_plus(bare),
        json.dumps(bare)[1:-1],
        repr(bare)[1:-1],
        base64.b64encode(bare.encode()).decode(),
    }
    return {one for one in forms if len(one) >= _SHORTEST}


def _from_environment() -> set[str]:
    """Secrets that libraries read from the environment by themselves."""
    found = {os.environ.get(name, "") for name in _SECRET_VARIABLES}
    found |= {_password(os.environ.get(name, "")) for name in _URL_VARIABLES}
    return {one for one in found if len(one) >= _SHORTEST}


@lru_cache(maxsize=16)
def _password(url: str) -> str:
    found = _URL_PASSWORD.search(url)
    return unquote(found[1]) if found else ""


def _redact_fields(error: BaseException) -> None:
    if any(isinstance(arg, str) and redact(arg) != arg for arg in error.args):
        error.args = tuple(redact(a) if isinstance(a, str) else a for a in error.args)
    fields = [*getattr(error, "__dict__", {})]
    if isinstance(error, OSError):
        fields += ["strerror", "filename", "filename2"]
    for name in fields:
        value = getattr(error, name, None)
        if isinstance(value, str) and (clean := redact(value)) != value:
            setattr(error, name, clean)
    for index, note in enumerate(getattr(error, "__notes__", ())):
        error.__notes__[index] = redact(note)
