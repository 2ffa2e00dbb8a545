"""Reading a source whose files are kept as they are: several at once, each on one thread.

What one core has read, another one has to fetch: a slice that is read, hashed twice and written on
one core makes the most of its cache, and more cores make more of more files (ADR 27). Where a disk
is what takes long, one file after the other is best: a thread is only joined by another while it
computes.
"""

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from heapq import heapreplace

from tasks.kernel.errors import SourceRefused
from tasks.kernel.huge_pages import mapped
from tasks.ports.archive import BagFile, BagWriter
from tasks.ports.source import Source, SourceFile, SourceReader
from tasks.preservation.checkpoints import CHECKPOINT
from tasks.preservation.journal import Journal, KeptFile
from tasks.preservation.lanes import Stopped
from tasks.preservation.manifest import PAYLOAD
from tasks.preservation.opened import look
from tasks.preservation.payload import PayloadFile
from tasks.preservation.pieces import PIECE
from tasks.preservation.tensor_digests import TensorDigests, tensor_rows
from tasks.preservation.terms import Terms

_SLICE = 1 << 20
_MOST_THREADS = 8
_LOOK_EVERY = 4 << 20  # bytes of a thread's, after which it may be joined by another
_COMPUTING = 0.7  # share of its time
# what lanes make of one file, in what one thread makes of it: for each core, and at most
_LANES, _LANES_AT_MOST = 0.65, 2.1


def pays(sizes: Sequence[int], cores: int) -> bool:
    """Whether there are files enough for the cores, so that this is faster than lanes.

    Args:
        sizes: bytes of each file.
        cores: how many there are.
    """
    busy = [0] * min(cores, _MOST_THREADS)
    for size in sorted(sizes, reverse=True):
        heapreplace(busy, busy[0] + size)
    gain = sum(busy) / max(busy) if any(busy) else 1.0
    return gain >= min(_LANES * cores, _LANES_AT_MOST)


class WholeFiles:
    """One read.

    Args:
        source: what is read.
        writers: where it goes; each takes several files at once.
        journal: has what need not be read again.
        terms: how it is read.
    """

    def __init__(
        self, source: Source, writers: Sequence[BagWriter], *, journal: Journal, terms: Terms
    ) -> None:
        self._source, self._writers = source, writers
        self._journal, self._terms = journal, terms
        self._lock = threading.Lock()  # for what follows, and what is done to writers but write
        self._stopped = threading.Event()
        self._left = deque[SourceFile]()
        self._found: dict[str, KeptFile] = {}
        self._tensors = tensor_rows()
        self._untold, self._untold_bytes = list[KeptFile](), 0
        self._done = self._total = 0

    def run(self, seen: Sequence[SourceFile]) -> list[KeptFile]:
        """Read every file that the journal does not have, and make all of it durable.

        Returns:
            What was found, in the order of `seen`.
        """
        self._total = sum(file.size for file in seen)
        left = []
        for file in seen:
            held = self._journal.file(file.path, file.mark)
            if held is None:
                left.append(file)
            else:
                self._keep(KeptFile(file.mark, held))
                self._done += file.size
        self._left = deque(sorted(left, key=lambda file: file.size, reverse=True))
        _Crew(self._work, min(os.cpu_count() or 1, _MOST_THREADS)).work(self._stopped)
        self._tell()
        return [self._found[file.path] for file in seen]

    def _work(self, crew: "_Crew") -> None:
        """What each thread does."""
        memory = mapped(PIECE)  # a page of it is taken when it is used
        try:
            while (file := self._next()) is not None:
                with self._alone():
                    path = PAYLOAD + file.path
                    copies = [writer.open_file(path, file.size) for writer in self._writers]
                with self._source.open(file) as reader:
                    found = self._read(file, reader, memory, copies, crew)
                if found is not None:
                    self._end(KeptFile(file.mark, found), copies)
                else:
                    raise SourceRefused(f"{file.path}: became shorter while it was read")
        except Stopped:
            return
        except BaseException:
            self._stopped.set()
            raise

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The lock; `Stopped` for whoever gets it after something failed.

        A disk tells once that it lost what was written, and of all files that are open: whoever
        went on to sync would hear nothing, and tell the journal of it.
        """
        with self._lock:
            if self._stopped.is_set():
                raise Stopped
            try:
                yield
            except BaseException:
                self._stopped.set()
                raise

    def _next(self) -> SourceFile | None:
        with self._alone():
            return self._left.popleft() if self._left else None

    def _read(
        self,
        file: SourceFile,
        reader: SourceReader,
        memory: memoryview,
        copies: Sequence[BagFile],
        crew: "_Crew",
    ) -> PayloadFile | None:
        """One file to its end; None where it became shorter."""
        opened = look(file, reader, memory, self._terms.opaque)
        digest, tensors, at = hashlib.sha256(), TensorDigests(opened.spans, tensor_rows()), 0
        for part in _slices(reader, memory, opened.filled, file.size):
            digest.update(part)
            tensors.update(part, at)
            for copy in copies:
                copy.write(part)
            at += len(part)
            with self._alone():
                self._done += len(part)
                self._terms.progress(file.path, self._done, self._total)
            if crew.computes(len(part)) and self._left:
                crew.grow()
        if at < file.size:
            return None
        return PayloadFile(
            file.path, at, digest.hexdigest(), opened.kind, tensors.finish(), opened.note
        )

    def _end(self, found: KeptFile, copies: Sequence[BagFile]) -> None:
        """A file was read, and written everywhere."""
        with self._alone():
            for copy in copies:
                copy.close()
            self._untold.append(self._keep(found))
            self._untold_bytes += found.file.size
            if self._untold_bytes >= CHECKPOINT:
                self._tell()

    def _keep(self, found: KeptFile) -> KeptFile:
        """Hold what was found, its tensors in one list with all others."""
        mark = self._tensors.mark()
        for tensor in found.file.tensors:
            self._tensors.append(tensor)
        file = replace(found.file, tensors=self._tensors.since(mark))
        kept = self._found[file.path] = replace(found, file=file)
        return kept

    def _tell(self) -> None:
        """Have what was read made durable, and then tell the journal."""
        untold, self._untold, self._untold_bytes = self._untold, [], 0
        if not untold:
            return
        for writer in self._writers:
            writer.sync()
        self._journal.add([], untold)


def _slices(
    reader: SourceReader, memory: memoryview, filled: int, size: int
) -> Iterator[memoryview]:
    """A file's bytes in slices; fewer than `size` where it became shorter.

    Args:
        reader: behind what was read already.
        memory: begins with that, and is used again for each slice.
        filled: bytes that were read.
        size: the file's.
    """
    for start in range(0, filled, _SLICE):
        yield memory[start : min(start + _SLICE, filled)]
    at = filled
    while at < size:
        length = reader.readinto(memory[: min(_SLICE, size - at)])
        if not length:
            return
        yield memory[:length]
        at += length


class _Crew:
    """Threads that do the same work; it begins with one.

    Args:
        work: what each of them does.
        most: how many they may become.
    """

    def __init__(self, work: "Callable[[_Crew], None]", most: int) -> None:
        self._work, self._left = work, most
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="whole-files")
        self._at_work = deque[Future[None]]()
        self._lock = threading.Lock()
        self._own = threading.local()  # bytes of a thread, and its clocks when it last looked

    def work(self, stopped: threading.Event) -> None:
        """Have the work done; raises what a thread raised.

        Args:
            stopped: set with the end, whatever ended it: threads that are at work are waited for.
        """
        with self._threads:
            try:
                self.grow()
                while self._at_work:
                    self._at_work.popleft().result()
            finally:
                stopped.set()

    def grow(self) -> None:
        """One thread more, if it may be."""
        with self._lock:
            if self._left:
                self._left -= 1
                self._at_work.append(self._threads.submit(self._begin))

    def _begin(self) -> None:
        self._own.size, self._own.clocks = 0, _clocks()
        self._work(self)

    def computes(self, size: int) -> bool:
        """Whether the calling thread computed most of the time, over its last many bytes.

        Args:
            size: bytes that it has done with since it last asked.
        """
        own = self._own
        own.size += size
        if own.size < _LOOK_EVERY:
            return False
        (busy, at), (busy_now, now) = own.clocks, _clocks()
        own.size, own.clocks = 0, (busy_now, now)
        return bool(busy_now - busy > _COMPUTING * (now - at))


def _clocks() -> tuple[float, float]:
    """Seconds in which this thread computed, and seconds of all."""
    return time.thread_time(), time.perf_counter()
