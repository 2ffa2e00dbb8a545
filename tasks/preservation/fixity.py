"""Reading bags back: every byte hashed and compared with what was recorded. Uses a port."""

import hashlib
import os
import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property

from tasks.kernel.digests import sha256_hex
from tasks.kernel.retry import is_transient_fault
from tasks.ports.archive import Archive
from tasks.preservation.core import FixityReport, compare
from tasks.preservation.edition import BagTags
from tasks.preservation.manifest import parse_fetch, parse_manifest
from tasks.preservation.stream import Progress, no_progress

_MOST_THREADS = 4


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
    """

    archive: Archive
    bag: str
    tags: BagTags
    fetch: str = ""
    origins: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @cached_property
    def expected(self) -> Mapping[str, str]:
        """Path in the bag -> SHA-256, payload and tag files."""
        tags = {path: sha256_hex(data) for path, data in self.tags.files(self.fetch).items()}
        return {**parse_manifest(self.tags.manifest), **tags}

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
        progress: told after every file; counts files, not bytes.

    Raises:
        ConnectionError, TimeoutError: the place can't be asked now; nothing is known of the bag.
    """
    expected = copy.expected
    try:
        listed = set(copy.archive.files(copy.bag)) | copy.elsewhere()
    except OSError as error:
        if is_transient_fault(error):
            raise
        return compare(expected, {})
    wanted = sorted(expected.keys() & listed if only is None else set(only) & listed)
    found = {path: expected.get(path, "") for path in listed}
    lock, done = threading.Lock(), 0

    def hash_one(path: str) -> None:
        nonlocal done
        digest = ""
        try:
            digest = _digest(copy, path)
        except OSError as error:
            if is_transient_fault(error):
                raise
        with lock:
            if digest:
                found[path] = digest
            else:
                found.pop(path)
            done += 1
            progress(f"{copy.archive.name}: {path}", done, len(wanted), "files")

    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as threads:
        list(threads.map(hash_one, wanted))
    return compare(expected, found)


def _digest(copy: Copy, path: str) -> str:
    digest = hashlib.sha256()
    for chunk in copy.read(path):
        digest.update(chunk)
    return digest.hexdigest()
