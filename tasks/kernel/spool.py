"""Bytes and rows that are written once and read as often as asked, few of them held in memory.

A large model has a hundred thousand tensors and pieces, and each of them a line in several lists.
"""

import heapq
import json
import os
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import IO, Any, Generic, Protocol, TypeVar

from tasks.kernel.digests import sha256_of
from tasks.kernel.errors import TemporaryFilesUnusable, told

_PART = 1 << 18  # bytes that are held, and read at a time
_RUN = 10_000  # rows that are sorted in memory

_Row = TypeVar("_Row")


class Content(Protocol):
    """Bytes that may be many."""

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def sha256(self) -> str:
        """Their digest in hex."""
        ...

    def parts(self) -> Iterator[bytes]:
        """All of them from the first one on, anew with each call."""
        ...


class Spool:
    """A `Content` in memory while it is short, then in a file without a name.

    The file goes with the spool, or with the process. One thread adds to it, and others may read
    meanwhile.

    Args:
        parts: the first bytes.

    Raises:
        TemporaryFilesUnusable: of every method: the folder for temporary files (`TMPDIR`) can't be
            used. No OSError: whoever writes to a replica or reads one takes that for its fault.
    """

    def __init__(self, parts: Iterable[bytes] = ()) -> None:
        self._tail = bytearray()
        self._file: IO[bytes] | None = None
        self._written = 0
        self._lock = threading.Lock()
        self._digest = (-1, "")  # and the size that it is of
        for part in parts:
            self.append(part)

    @property
    def size(self) -> int:
        """See `Content`."""
        with self._lock:
            return self._written + len(self._tail)

    @property
    def sha256(self) -> str:
        """See `Content`."""
        if self._digest[0] != self.size:
            self._digest = (self.size, sha256_of(self.parts()))
        return self._digest[1]

    def append(self, data: bytes) -> None:
        """Add bytes at the end."""
        with self._lock:
            self._tail += data
            if len(self._tail) < _PART:
                return
            with _telling():
                if self._file is None:
                    self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (see below)
                    weakref.finalize(self, self._file.close)
                self._write(self._file.fileno())

    def _write(self, handle: int) -> None:
        at = 0
        with memoryview(self._tail) as view:
            while at < len(view):  # to its place: a try that failed may have written a part
                at += os.pwrite(handle, view[at:], self._written + at)
        self._written += at
        self._tail.clear()

    def parts(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """See `Content`; or those from `start` up to, not including, `end`."""
        end = self.size if end is None else end
        while start < end:
            part = self._part(start, min(end, start + _PART))
            yield part
            start += len(part)

    def _part(self, start: int, end: int) -> bytes:
        with self._lock:
            if self._file is None or start >= self._written:
                return bytes(self._tail[start - self._written : end - self._written])
            with _telling():
                return os.pread(self._file.fileno(), min(end, self._written) - start, start)


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TemporaryFilesUnusable(
            f"temporary files: {told(error)}; lists of a large model stand there while they are "
            "used: make room, or set TMPDIR to a folder with some, and start again"
        ) from None


def whole(content: Content) -> bytes:
    """All of it at once: for what is known to be short."""
    return b"".join(content.parts())


def in_parts(parts: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes, `size` at a time; fewer at the end."""
    held = bytearray()
    for part in parts:
        held += part
        end = len(held) - len(held) % size
        for start in range(0, end, size):
            yield bytes(held[start : start + size])
        del held[:end]
    if held:
        yield bytes(held)


def lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Lines, each with its line feed, of bytes that come in parts of any size."""
    rest = b""
    for part in parts:
        *ended, rest = (rest + part).split(b"\n")
        for line in ended:
            yield line + b"\n"
    if rest:
        yield rest


class Rows(Generic[_Row]):
    """Rows in the order in which they were added.

    Args:
        pack: a row as a JSON value.
        unpack: its inverse.
        rows: the first ones.
    """

    def __init__(
        self,
        pack: Callable[[_Row], Any],
        unpack: Callable[[Any], _Row],
        rows: Iterable[_Row] = (),
    ) -> None:
        self._pack, self._unpack, self._spool, self._count = pack, unpack, Spool(), 0
        for row in rows:
            self.append(row)

    def append(self, row: _Row) -> None:
        """Add one at the end."""
        self._spool.append(f"{json.dumps(self._pack(row))}\n".encode())
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[_Row]:
        return self._between(0, None)

    def since(self, mark: tuple[int, int]) -> "RowsSince[_Row]":
        """The rows that were added after a mark, and up to now."""
        return RowsSince(self._between, (mark, self.mark()))

    def mark(self) -> tuple[int, int]:
        """Where the next row will stand."""
        return self._count, self._spool.size

    def _between(self, start: int, end: int | None) -> Iterator[_Row]:
        return (self._unpack(json.loads(line)) for line in lines(self._spool.parts(start, end)))


class RowsSince(Generic[_Row]):
    """Some rows that follow each other; see `Rows.since`."""

    def __init__(
        self,
        between: Callable[[int, int | None], Iterator[_Row]],
        marks: tuple[tuple[int, int], tuple[int, int]],
    ) -> None:
        (first, self._start), (last, self._end) = marks
        self._between, self._count = between, last - first

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[_Row]:
        return self._between(self._start, self._end)


def in_order(rows: Iterable[_Row], key: Callable[[_Row], Any]) -> Iterator[_Row]:
    """As `sorted`, of rows that are JSON values: all but some ten thousand stand in a file.

    Raises:
        TemporaryFilesUnusable: see `Spool`.
    """
    left, runs = iter(rows), list[Rows[_Row]]()
    while batch := sorted(islice(left, _RUN), key=key):
        if not runs and len(batch) < _RUN:
            return iter(batch)
        runs.append(Rows(_same, _same, batch))
    return heapq.merge(*runs, key=key)


def _same(row: Any) -> Any:
    return row
