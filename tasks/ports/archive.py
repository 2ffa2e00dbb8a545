"""A place that keeps bags."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol


class BagWriter(Protocol):
    """Writes one bag that nobody sees before `commit`."""

    def open_file(self, path: str) -> None:
        """Start a file of the bag; closes the one before."""
        ...

    def write(self, chunk: bytes) -> None:
        """Append to the open file."""
        ...

    def commit(self, bag: str) -> None:
        """Make the bag durable and visible under its name, whole."""
        ...


class Archive(Protocol):
    """One replica's place. Bag names and paths are relative POSIX paths."""

    @property
    def name(self) -> str:
        """The replica's name in the configuration."""
        ...

    def location(self, bag: str) -> str:
        """Where a person finds the bag."""
        ...

    def exists(self, bag: str) -> bool:
        """True when the whole bag was committed."""
        ...

    def create(self, owner: str) -> AbstractContextManager[BagWriter]:
        """Start a bag for a model; leaving the block without `commit` leaves nothing visible.

        Raises:
            OSError: no space, no right, or no such place.
        """
        ...

    def sweep(self, owner: str) -> None:
        """Remove what a pass over this model left half-written when it died.

        Only the holder of the model's lease may call it: models may share a place.
        """
        ...

    def files(self, bag: str) -> Sequence[str]:
        """All files of the bag, sorted.

        Raises:
            OSError: the bag can't be listed.
        """
        ...

    def read(self, bag: str, path: str) -> Iterator[bytes]:
        """A file's bytes in chunks.

        Raises:
            OSError: the file can't be read, or is a link or a special file.
        """
        ...

    def stamp(self, bag: str) -> str:
        """A text that changes whenever a file's size or times change; cheap to take."""
        ...

    def set_aside(self, bag: str, suffix: str) -> str:
        """Rename a damaged bag out of the way, keeping it; returns where it went."""
        ...


class Source(Protocol):
    """What is to be preserved; only ever read."""

    def files(self) -> Sequence[str]:
        """All files, sorted, as relative POSIX paths.

        Raises:
            SourceRefused: a link, a special file, an unreadable or an unsafe name; it is named.
        """
        ...

    def read(self, path: str) -> Iterator[bytes]:
        """A file's bytes in chunks.

        Raises:
            SourceRefused: the file changed, or vanished, while it was read.
        """
        ...
