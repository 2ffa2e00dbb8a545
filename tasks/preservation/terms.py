"""How a source is read. Plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tasks.ports.cipher import Cipher
from tasks.preservation.sealing import FindShared


class Progress(Protocol):
    """Told after every piece."""

    def __call__(self, path: str, done: int, total: int, unit: str = "bytes") -> None:
        """A file's name, and what is done so far and in all, in bytes or files."""
        ...


def no_progress(path: str, done: int, total: int, unit: str = "bytes") -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a source is read.

    Attributes:
        cipher: for archives of encrypted pieces; None where there is none.
        shared: finds pieces that the archives hold already; None to look for none.
        opaque: patterns of files that are kept as bytes though they break their format.
        progress: told after every piece.
    """

    cipher: Cipher | None = None
    shared: FindShared | None = None
    opaque: Sequence[str] = ()
    progress: Progress = no_progress
