"""Reading bags back: every byte hashed and compared with what was recorded. Uses a port."""

import hashlib
import os
import random
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tasks.kernel.digests import sha256_hex
from tasks.kernel.retry import is_transient_fault
from tasks.ports.archive import Archive
from tasks.preservation.core import FixityReport, compare
from tasks.preservation.edition import BagTags
from tasks.preservation.manifest import parse_fetch, parse_manifest
from tasks.preservation.stream import Progress, no_progress

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

    @property
    def expected(self) -> Mapping[str, str]:
        """Path in the bag -> SHA-256, payload and tag files; made anew each time.

        A model of a terabyte stands in a hundred thousand pieces, in several places.
        """
        tags = {path: sha256_hex(data) for path, data in self.tags.files(self.fetch).items()}
        return {**parse_manifest(self.tags.manifest), **tags}

    @property
    def total(self) -> int:
        """How many files `expected` lists."""
        manifests = 2 + bool(self.fetch)
        return self.tags.manifest.count("\n") + len(self.tags.tags) + manifests

    def read(self, path: str) -> Iterator[memoryview]:
        """A file's bytes in chunks, from wherever they stand. Raises OSError."""
        return self.archive.read(*self.where(path))

    def where(self, path: str) -> tuple[str, str]:
        """The bag of the archive, and the path there, at which a file's bytes stand."""
        return self.origins.get(path, (self.bag, path)) if self.fetch else (self.bag, path)

    def elsewhere(self) -> frozenset[str]:
        """Paths that another bag holds."""
        return frozenset(parse_fetch(self.fetch))


def choose_sample(paths: Sequence[str], fraction: float, seed: str) -> tuple[str, ...]:
    """A random sample of paths, at least one; the same for the same seed."""
    count = min(len(paths), max(1, round(len(paths) * fraction)))
    return tuple(sorted(random.Random(seed).sample(sorted(paths), count)))


def read_back(
    copy: Copy, *, only: Sequence[str] | None = None, progress: Progress = no_progress
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
    expected = copy.expected
    try:
        listed = [*copy.archive.files(copy.bag), *copy.elsewhere()]
    except OSError as error:
        if is_transient_fault(error):
            raise
        return compare(expected, {})
    found = {path: expected.get(path, "") for path in listed}
    del listed
    wanted = sorted(path for path in (expected if only is None else set(only)) if path in found)
    tally = _Tally(copy, wanted, progress)

    def hash_one(path: str) -> None:
        digest = ""
        try:
            digest = _digest(copy, path, tally)
        except OSError as error:
            if is_transient_fault(error):
                raise
        if not digest:
            found.pop(path)
        elif digest != found[path]:
            found[path] = digest
        tally.end(path)

    _each(hash_one, wanted)
    return compare(expected, found)


def _each(work: Callable[[str], None], paths: Sequence[str]) -> None:
    """Do some work for each path, in several threads; the first error ends it.

    The threads take paths from one line: a future for each of a hundred thousand pieces would take
    more memory than anything else here.
    """
    left, taking = iter(paths), threading.Lock()

    def take() -> None:
        while True:
            with taking:
                path = next(left, None)
            if path is None:
                return
            try:
                work(path)
            except BaseException:
                with taking:
                    deque(left, maxlen=0)  # nothing more is begun
                raise

    number = min(_MOST_THREADS, os.cpu_count() or 1, len(paths))
    with ThreadPoolExecutor(max(1, number)) as threads:
        for one in [threads.submit(take) for _ in range(number)]:
            one.result()


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

    def __init__(self, copy: Copy, paths: Sequence[str], progress: Progress) -> None:
        self._name, self._progress, self._done = copy.archive.name, progress, 0
        # of each file; empty where files are counted
        self._left = {path: copy.sizes.get(path, 0) for path in paths} if copy.sizes else {}
        self._unit = "bytes" if any(self._left.values()) else "files"
        self._total = sum(self._left.values()) if self._unit == "bytes" else len(paths)
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
