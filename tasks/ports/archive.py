"""A place that keeps bags."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

Bytes = bytes | bytearray | memoryview


class BagFile(Protocol):
    """A file of an unfinished bag that comes in chunks, from its first byte."""

    def write(self, chunk: Bytes) -> None:
        """Its next bytes; their memory belongs to the caller, as with `BagWriter.put`."""
        ...

    def close(self) -> None:
        """It is whole."""
        ...


class BagWriter(Protocol):
    """Writes one bag that counts for nothing before `commit`.

    Every method is called from one thread at a time, and so is `BagFile.close`. A writer takes up
    what a dead pass left of the same bag: what stands there already and is the same need not be
    written again.
    """

    @property
    def at_once(self) -> bool:
        """Whether several files may be open at once, each written by a thread of its own."""
        ...

    def put(self, path: str, data: Bytes, sha256: str) -> None:
        """Store a whole small file; replaces what a dead pass left under that path.

        `data` belongs to the caller, who may use its memory anew once this returns.

        Args:
            path: relative POSIX path in the bag.
            data: the file.
            sha256: its digest in hex, for a store that can check it on arrival.
        """
        ...

    def open_file(self, path: str, size: int) -> BagFile:
        """Begin a file of so many bytes.

        What a dead pass left of it is compared with what comes, and kept as far as it is the same.
        """
        ...

    def link(self, path: str, bag: str, origin: str) -> str:
        """Have a file of another bag in this archive stand in this bag too, without a copy.

        Args:
            path: where it stands in this bag.
            bag: the other bag, committed.
            origin: its path there.

        Returns:
            Empty when it stands at `path` now; otherwise its URL, for the bag's fetch.txt.

        Raises:
            OSError: the other file is not there.
        """
        ...

    def sync(self) -> None:
        """All that was put, linked or written so far outlives a power failure (an open file: as
        far as the archive can keep a part of it)."""
        ...

    def commit(self) -> None:
        """Make the whole bag durable and visible under its name."""
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

    def begun(self, bag: str) -> bool:
        """Whether anything of a bag stands there, finished or not. Raises OSError."""
        ...

    def writer(self, bag: str) -> AbstractContextManager[BagWriter]:
        """Start a bag, or go on with the one that a dead pass left.

        Leaving the block without `commit` keeps what was written for the next try.

        Raises:
            OSError: no space, no right, or no such place.
        """
        ...

    def sweep(self, owner: str, keep: str = "") -> None:
        """Remove unfinished bags of this model (their names begin with `<owner>-`), but `keep`.

        Only the holder of the model's lease may call it: models may share a place. What was
        committed is never removed.
        """
        ...

    def files(self, bag: str) -> Iterator[str]:
        """All files of the bag, sorted. An unlistable bag is an OSError, before the first one."""
        ...

    def read(self, bag: str, path: str) -> Iterator[memoryview]:
        """A file's bytes in chunks; a chunk's memory is good until the next one is asked for.

        Raises:
            OSError: the file can't be read, or is a link or a special file.
        """
        ...

    def stamp(self, bag: str) -> str:
        """A text that changes whenever a file's size or times change; cheap to take."""
        ...

    def replace(self, bag: str, path: str, chunks: Iterable[Bytes], aside: str) -> None:
        """Mend one file of a committed bag: the old one, if any, is kept under the bag `aside`.

        The new file becomes visible whole or not at all; an error of `chunks` leaves all as it was.
        """
        ...

    def set_aside(self, bag: str, path: str, aside: str) -> None:
        """Move a file that does not belong there under the bag `aside`, keeping it."""
        ...
