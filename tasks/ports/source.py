"""What is to be preserved; only ever read."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source.

    Attributes:
        path: relative POSIX path.
        size: bytes.
        mark: a text that changes when the file is written to; two equal marks stand for the same
            bytes, so that a resumed pass need not read a finished file again.
    """

    path: str
    size: int
    mark: str


class SourceReader(Protocol):
    """One open file."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill the buffer from the file's next bytes, whole unless the file ends before.

        Raises:
            SourceRefused: it can't be read any more.
        """
        ...


class Source(Protocol):
    """What is to be preserved; only ever read."""

    def files(self) -> Sequence[SourceFile]:
        """All files, sorted by path.

        Raises:
            SourceRefused: a link, a special file, an unreadable or an unsafe name; it is named.
        """
        ...

    def open(self, file: SourceFile) -> AbstractContextManager[SourceReader]:
        """Open one file that `files` gave.

        Raises:
            SourceRefused: at the start or the end of the block: the file vanished, or is not what
                `files` saw (another size or mark).
        """
        ...
