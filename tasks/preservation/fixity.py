"""Reading bags back: every byte hashed and compared with what was recorded. Uses a port."""

import hashlib
import os
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from heapq import merge
from typing import TypeVar

from tasks.kernel.retry import is_transient_fault
from tasks.ports.archive import Archive
from tasks.preservation.core import FixityReport, side_by_side
from tasks.preservation.edition import BagTags
from tasks.preservation.manifest import count_entries, manifest_entries, parse_fetch
from tasks.preservation.terms import Progress, no_progress

_T = TypeVar("_T")
_MOST_THREADS = 4
_TOLD_EVERY = 4 << 20  # bytes of a file


@dataclass(frozen=True)
class Copy:
    """One bag in one archive, as it should be.

    Attributes:
        archive: where it stands.
        bag: its name there.
        tags: what stands beside the payload, and the payload's manifest.
        fetch: text of its fetch.txt; empty when it holds everything itself.
        origins: path -> bag and path where another bag of the archive holds it; for the paths that
            fetch.txt lists.
        sizes: path in the bag -> bytes, where they are known; for progress only.
    """

    archive: Archive
    bag: str
    tags: BagTags
    fetch: str = ""
    origins: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)

    def entries(self) -> Iterator[tuple[str, str]]:
        """Every file's path in the bag and SHA-256, sorted by path; made anew each time.

        A model of a terabyte stands in a hundred thousand pieces, in several places.
        """
        tags = sorted((path, tag.sha256) for path, tag in self.tags.files(self.fetch).items())
        return merge(manifest_entries(self.tags.manifest), tags)

    @property
    def total(self) -> int:
        """How many files `entries` gives."""
        return count_entries(self.tags.manifest) + len(self.tags.tags) + 2 + bool(self.fetch)

    def read(self, path: str) -> Iterator[memoryview]:
        """A file's bytes in chunks, from wherever they stand. Raises OSError."""
        return self.archive.read(*self.where(path))

    def where(self, path: str) -> tuple[str, str]:
        """The bag of the archive, and the path there, at which a file's bytes stand."""
        return self.origins.get(path, (self.bag, path)) if self.fetch else (self.bag, path)

    def elsewhere(self) -> frozenset[str]:
        """Paths that another bag holds."""
        return frozenset(parse_fetch(self.fetch))


def choose_sample(
    paths: Iterable[str], *, total: int, fraction: float, seed: str
) -> tuple[str, ...]:
    """A random sample of `total` paths, at least one; the same for the same seed."""
    count = min(total, max(1, round(total * fraction)))
    chosen = set(random.Random(seed).sample(range(total), count))
    return tuple(path for number, path in enumerate(paths) if number in chosen)


def read_back(
    copy: Copy, *, only: Collection[str] | None = None, progress: Progress = no_progress
) -> FixityReport:
    """Hash a bag's files and compare them with what was recorded.

    A file that can't be read, a link and a special file count as missing. A place that does not
    answer is no damage.

    Args:
        copy: the bag.
        only: hash these paths and no others; what is missing or unlisted is told of all.
        progress: told every few MiB where sizes are known, and then counts bytes; else told after
            every file, and counts files.

    Raises:
        ConnectionError, TimeoutError: the place can't be asked now; nothing is known of the bag.
    """
    try:
        listed = merge(copy.archive.files(copy.bag), sorted(copy.elsewhere()))
    except OSError as error:
        if is_transient_fault(error):
            raise
        return FixityReport(tuple(path for path, _ in copy.entries()), (), ())
    missing, altered, unlisted = list[str](), list[str](), list[str]()
    wanted = None if only is None else frozenset(only)
    tally = _Tally(copy, wanted, progress)

    def look(entry: tuple[str, str, bool]) -> None:
        path, expected, is_there = entry
        if not is_there:
            missing.append(path)
        elif not expected:
            unlisted.append(path)
            return
        elif wanted is None or path in wanted:
            digest = _digest_or_none(copy, path, tally)
            if digest is None:
                missing.append(path)
            elif digest != expected:
                altered.append(path)
        if wanted is None or path in wanted:
            tally.end(path)

    _each(look, side_by_side(copy.entries(), listed))
    return FixityReport(*(tuple(sorted(paths)) for paths in (missing, altered, unlisted)))


def _each(work: Callable[[_T], None], things: Iterator[_T]) -> None:
    """Do some work for each thing, in several threads; the first error ends it.

    The threads take things from one line: a future for each of a hundred thousand pieces would take
    more memory than anything else here.
    """
    taking, ended = threading.Lock(), threading.Event()

    def take() -> None:
        while not ended.is_set():
            try:
                with taking:
                    one = next(things, None)
                if one is None:
                    return
                work(one)
            except BaseException:
                ended.set()  # nothing more is begun
                raise

    number = min(_MOST_THREADS, os.cpu_count() or 1)
    with ThreadPoolExecutor(number) as threads:
        try:
            for one in [threads.submit(take) for _ in range(number)]:
                one.result()
        finally:
            ended.set()  # where the caller is stopped: the threads are waited for


def _digest_or_none(copy: Copy, path: str, tally: "_Tally") -> str | None:
    """None where the file can't be read."""
    try:
        return _digest(copy, path, tally)
    except OSError as error:
        if is_transient_fault(error):
            raise
        return None


def _digest(copy: Copy, path: str, tally: "_Tally") -> str:
    digest, untold = hashlib.sha256(), 0
    for chunk in copy.read(path):
        digest.update(chunk)
        untold += len(chunk)
        if untold >= _TOLD_EVERY:
            tally.add(path, untold)
            untold = 0
    return digest.hexdigest()


class _Tally:
    """Counts what several threads have read of a bag: bytes if its sizes are known, else files."""

    def __init__(self, copy: Copy, only: Collection[str] | None, progress: Progress) -> None:
        self._name, self._progress, self._done = copy.archive.name, progress, 0
        # of each file; empty where files are counted
        sizes = {p: s for p, s in copy.sizes.items() if only is None or p in only}
        self._left = defaultdict[str, int](int, sizes)
        self._unit = "bytes" if any(self._left.values()) else "files"
        if self._unit == "bytes":
            self._total = sum(self._left.values())
        else:
            self._total = copy.total if only is None else len(only)
        self._lock = threading.Lock()

    def add(self, path: str, size: int) -> None:
        """Some bytes of a file were read; a file that is longer than it should be counts once."""
        if self._unit == "bytes":
            self._count(path, min(size, self._left[path]))

    def end(self, path: str) -> None:
        """All of a file was read that is there."""
        self._count(path, self._left[path] if self._unit == "bytes" else 1)

    def _count(self, path: str, number: int) -> None:
        with self._lock:
            if self._unit == "bytes":
                self._left[path] -= number
            self._done += number
            self._progress(f"{self._name}: {path}", self._done, self._total, self._unit)
