"""A last look for secrets before anything is packed. Pure, but for the values that it is given."""

from collections.abc import Iterator, Mapping
from typing import Any

from tasks.kernel.errors import EvidenceRefused

_MARKS = {
    b"PRIVATE KEY-----": "a private key",
    b"AGE-SECRET-KEY-1": "a private age key",
}
_SHORTEST = 8  # shorter values would be found by chance


def named_secrets(config: Mapping[str, Any]) -> Iterator[str]:
    """Every reference to a secret in a configuration: what its fields `..._env` hold."""
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from named_secrets(value)
        elif isinstance(value, list):
            for one in value:
                if isinstance(one, Mapping):
                    yield from named_secrets(one)
        elif name.endswith("_env") and isinstance(value, str) and value:
            yield value


def refuse_secrets(files: Mapping[str, bytes], secrets: Mapping[str, str]) -> None:
    """Refuse to pack a secret.

    Args:
        files: path -> bytes.
        secrets: reference, such as the name of an environment variable -> its value.

    Raises:
        EvidenceRefused: a file holds one; the sentence names the file and the variable, never the
            value.
    """
    wanted = {
        value.encode(): f"the value of {name}"
        for name, value in sorted(secrets.items())
        if len(value) >= _SHORTEST
    }
    for path, data in files.items():
        for mark, what in (*_MARKS.items(), *wanted.items()):
            if mark in data:
                raise EvidenceRefused(
                    f"{path} would hold {what}, and a secret is never packed; find out how it came "
                    "into the records, and change it where it is used"
                )
