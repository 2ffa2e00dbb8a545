"""A file's bytes from its disk, the next ones being read while the caller is busy with these.

Past the page cache, where the disk allows it (`O_DIRECT`): what the disk holds is to be read, not
what memory remembers of a write a moment ago, and not what a server that has the file mapped keeps
there for good. And a terabyte that is read once drives nothing out of the cache.
"""

import errno
import fcntl
import os
import threading
from collections.abc import Generator, Iterator
from queue import Empty, SimpleQueue

from tasks.kernel.huge_pages import HUGE, mapped

# One huge page. Measured with SHA-256 at 1.8 GB/s from the page cache: one thread that reads and
# hashes in turn reaches 0.84 to 0.92 of the hash's own rate at any size from 64 KiB to 4 MiB; with
# a second one that reads ahead it is 0.92 at 256 KiB, 0.95 at 512 KiB and 0.97 from 1 MiB on. Past
# the cache, for each second of a processor: 0.87 at 1 MiB, 0.90 at 2 MiB in a huge page, and no
# more beyond.
CHUNK = HUGE

# Buffers that wait for the next file: fresh memory for each costs more than to read a small file
# into it. Direct reads need them to begin with a page.
_spare: SimpleQueue[memoryview] = SimpleQueue()


def chunks(handle: int) -> Generator[memoryview]:
    """Yield the rest of an open file; a chunk's memory is good until the next one is asked for.

    Args:
        handle: a file descriptor at a multiple of `CHUNK`. It must stay open, and be used by nobody
            else, until the iterator is exhausted or closed.

    Raises:
        OSError: it can't be read.
    """
    file, first = _File(handle), _buffer()
    length = file.readinto(first)
    if length < CHUNK:  # a small file needs no second thread
        try:
            while length:
                yield first[:length]
                length = file.readinto(first)
        finally:
            _spare.put(first)
        return
    ahead = _Ahead(file)
    try:
        yield first
        yield from ahead.chunks(first)
    finally:
        ahead.stop()


def _buffer() -> memoryview:
    try:
        return _spare.get_nowait()
    except Empty:
        return mapped(CHUNK)


class _File:
    """Reads an open file past the page cache, or through it where that can't be."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        # where the cache can't be passed by: at least what nobody else uses of it is dropped
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        self._direct = self._pass_by(True)

    def readinto(self, buffer: memoryview) -> int:
        """The next bytes; 0 at the end. Raises OSError."""
        try:
            return os.readv(self._handle, [buffer])
        except OSError as error:
            # some disks refuse only now, or an end that is no multiple of their blocks
            if error.errno != errno.EINVAL or not self._direct:
                raise
            self._direct = self._pass_by(False)
            return os.readv(self._handle, [buffer])

    def _pass_by(self, direct: bool) -> bool:
        """Whether reads are direct from now on."""
        if not hasattr(os, "O_DIRECT"):
            return False
        flags = fcntl.fcntl(self._handle, fcntl.F_GETFL) & ~os.O_DIRECT
        try:
            fcntl.fcntl(self._handle, fcntl.F_SETFL, flags | (os.O_DIRECT if direct else 0))
        except OSError:  # this disk knows no direct reads
            return False
        return direct


class _Ahead:
    """A thread that fills two buffers in turn."""

    def __init__(self, file: _File) -> None:
        self._file = file
        self._empty: SimpleQueue[memoryview | None] = SimpleQueue()
        self._full: SimpleQueue[tuple[memoryview, int] | OSError] = SimpleQueue()
        self._empty.put(_buffer())
        # daemon: a disk that never answers must not keep the program from ending
        self._thread = threading.Thread(target=self._run, name="read-ahead", daemon=True)
        self._thread.start()

    def chunks(self, spare: memoryview) -> Iterator[memoryview]:
        """All that is read, in order; `spare` is the second buffer."""
        while True:
            self._empty.put(spare)
            read = self._full.get()
            if isinstance(read, OSError):
                raise read
            spare, length = read
            if not length:
                _spare.put(spare)
                return
            yield spare[:length]

    def stop(self) -> None:
        """End the thread; nothing reads from the file any more after this."""
        self._empty.put(None)
        self._thread.join()
        while not self._empty.empty():
            if (left := self._empty.get()) is not None:
                _spare.put(left)

    def _run(self) -> None:
        while (buffer := self._empty.get()) is not None:
            try:
                length = self._file.readinto(buffer)
            except OSError as error:
                self._full.put(error)
                return
            self._full.put((buffer, length))
            if not length:
                return
