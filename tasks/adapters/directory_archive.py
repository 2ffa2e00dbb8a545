"""Bags in a folder: written beside their place, made durable, then renamed into it."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tasks.adapters.files import sync_folder
from tasks.kernel.digests import canonical_json

CHUNK = 1 << 20


def _partial(owner: str) -> str:
    """Prefix of a model's unfinished bags; ids hold no `~`, so that none is another's prefix."""
    return f".partial~{owner}~"


class DirectoryArchive:
    """One replica's folder. Files are readable by their owner only."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name, self._folder = name, folder

    @property
    def name(self) -> str:
        """See `ports.archive.Archive`."""
        return self._name

    def location(self, bag: str) -> str:
        """See `ports.archive.Archive`."""
        return str(self._folder / bag)

    def exists(self, bag: str) -> bool:
        """See `ports.archive.Archive`."""
        return (self._folder / bag).is_dir()

    @contextmanager
    def create(self, owner: str) -> Iterator["_DirectoryBagWriter"]:
        """See `ports.archive.Archive`."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = Path(tempfile.mkdtemp(dir=self._folder, prefix=_partial(owner)))
        writer = _DirectoryBagWriter(partial, self._folder)
        try:
            yield writer
        finally:
            writer.close()
            if partial.exists():
                shutil.rmtree(partial)

    def sweep(self, owner: str) -> None:
        """See `ports.archive.Archive`."""
        for left in self._folder.glob(f"{_partial(owner)}*"):
            shutil.rmtree(left)

    def files(self, bag: str) -> Sequence[str]:
        """See `ports.archive.Archive`."""
        root = self._folder / bag
        if not root.is_dir():
            raise FileNotFoundError(f"{root}: no such bag")
        return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if not p.is_dir())

    def read(self, bag: str, path: str) -> Iterator[bytes]:
        """See `ports.archive.Archive`."""
        # a FIFO must not hold the pass up, nor a link pass for the file that it points to
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        with open(self._folder / bag / path, "rb", opener=lambda p, _: os.open(p, flags)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(f"{bag}/{path}: is not a regular file")
            while chunk := file.read(CHUNK):
                yield chunk

    def stamp(self, bag: str) -> str:
        """See `ports.archive.Archive`."""
        root = self._folder / bag
        if not root.is_dir():
            return ""
        marks = []
        for path in self.files(bag):
            seen = (root / path).lstat()
            marks.append([path, seen.st_size, str(seen.st_mtime_ns), str(seen.st_ctime_ns)])
        return canonical_json(marks).decode()

    def set_aside(self, bag: str, suffix: str) -> str:
        """See `ports.archive.Archive`."""
        target = self._folder / f"{bag}.{suffix}"
        (self._folder / bag).rename(target)
        sync_folder(self._folder)
        return str(target)


class _DirectoryBagWriter:
    """See `ports.archive.BagWriter`."""

    def __init__(self, partial: Path, folder: Path) -> None:
        self._partial, self._folder = partial, folder
        self._file: BinaryIO | None = None

    def open_file(self, path: str) -> None:
        self.close()
        if not self._partial.is_dir():
            raise FileNotFoundError(f"{self._partial}: was removed while it was written")
        place = self._partial / path
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(handle, "wb")

    def write(self, chunk: bytes) -> None:
        assert self._file is not None, "open_file comes first"
        self._file.write(chunk)

    def commit(self, bag: str) -> None:
        self.close()
        for folder, _, _ in os.walk(self._partial):
            sync_folder(Path(folder))
        self._partial.rename(self._folder / bag)
        sync_folder(self._folder)

    def close(self) -> None:
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
