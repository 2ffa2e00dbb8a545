"""Bags in a folder: written beside their place, made durable, then renamed into it."""

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

from tasks.adapters import beneath, read_ahead
from tasks.adapters.directory_lock import locked
from tasks.adapters.directory_mending import Mending
from tasks.adapters.directory_writer import DirectoryBagWriter, partial_name, writing
from tasks.kernel.spool import in_order
from tasks.ports.archive import Bytes

# What a dead pass leaves. A bag's name ends in a date and digits (of older versions: in digits), so
# that a model's bags are not taken for those of another whose id begins likewise.
_LEFT = re.compile(
    r"\.(?:partial|lock)~(?P<bag>(?P<owner>.+)-\d{8}-[0-9a-f]{8})"
    r"|\.partial~(?P<older>[^~]+)~[^~]+"
    r"|\.mending~(?P<mended>.+)-(?:\d{8}-[0-9a-f]{8}|[0-9a-f]{16})~[0-9a-f]{16}"
)
_PIECES = ".pieces/"  # in a path: a piece, which a later bag may share by a hard link


class DirectoryArchive:
    """One replica's folder. Bags are for their owner only, and no link in them is followed."""

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
        return self._is_folder(beneath.plain_name(bag))

    def begun(self, bag: str) -> bool:
        """See `ports.archive.Archive`."""
        return self.exists(bag) or self._is_folder(partial_name(bag))

    def writer(self, bag: str) -> AbstractContextManager[DirectoryBagWriter]:
        """See `ports.archive.Archive`."""
        return writing(self._folder, bag)

    def sweep(self, owner: str, keep: str = "") -> None:
        """See `ports.archive.Archive`. What another process is writing right now stays too."""
        if not self._folder.is_dir():
            return
        with (
            beneath.named(self._folder),
            beneath.closing(beneath.open_top(self._folder)) as top,
        ):
            for name in beneath.names(top):
                left = _LEFT.fullmatch(name)
                if left is None or owner not in (left["owner"], left["older"], left["mended"]):
                    continue
                if left["bag"] is None:
                    _remove(top, name)
                elif left["bag"] != keep:
                    with suppress(BlockingIOError), locked(top, self._folder, left["bag"]):
                        _remove(top, partial_name(left["bag"]))

    def files(self, bag: str) -> Iterator[str]:
        """See `ports.archive.Archive`. Links and special files are listed like files."""
        with self._opened(bag) as root:
            found = beneath.walk(root, self._folder / bag)
            return in_order((path for path, _ in found), key=str)

    def read(self, bag: str, path: str) -> Iterator[memoryview]:
        """See `ports.archive.Archive`."""
        with beneath.named(self._folder / bag / path):
            *parents, name = beneath.plain_parts(path)
            with (
                self._opened(bag) as root,
                beneath.closing(beneath.descend(root, parents)) as folder,
                beneath.closing(beneath.open_file(folder, name)) as handle,
                closing(read_ahead.chunks(handle)) as chunks,
            ):
                yield from chunks

    def stamp(self, bag: str) -> str:
        """See `ports.archive.Archive`; empty where there is no bag.

        A file's ctime counts too, as it tells of changes that put the mtime back, but for a file
        that another bag shares, or may come to share: each hard link changes it.
        """
        if not self.exists(bag):
            return ""
        with self._opened(bag) as root:
            marks = (_mark(*found) for found in beneath.walk(root, self._folder / bag))
            ordered = in_order((mark.decode("latin-1") for mark in marks), key=str)
        digest = hashlib.sha256()
        for number, mark in enumerate(ordered):
            digest.update((b"\n" if number else b"") + mark.encode("latin-1"))
        return digest.hexdigest()

    def replace(self, bag: str, path: str, chunks: Iterable[Bytes], aside: str) -> None:
        """See `ports.archive.Archive`. Whatever stands at `path` is moved aside, never deleted."""
        Mending(self._folder, bag, aside).replace(path, chunks)

    def set_aside(self, bag: str, path: str, aside: str) -> None:
        """See `ports.archive.Archive`."""
        Mending(self._folder, bag, aside).set_aside(path)

    def _is_folder(self, name: str) -> bool:
        try:
            seen = (self._folder / name).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return stat.S_ISDIR(seen.st_mode)

    @contextmanager
    def _opened(self, bag: str) -> Iterator[int]:
        with beneath.named(self._folder / bag):
            name = beneath.plain_name(bag)
            with beneath.closing(beneath.open_top(self._folder)) as top:
                root = beneath.enter(top, name)
        with beneath.closing(root):
            yield root


def _remove(top: int, name: str) -> None:
    seen = beneath.look(top, name)
    if seen is not None and stat.S_ISDIR(seen.st_mode):
        shutil.rmtree(name, dir_fd=top)
    elif seen is not None:
        os.unlink(name, dir_fd=top)


def _mark(path: str, seen: os.stat_result) -> bytes:
    shared = seen.st_nlink > 1 or _PIECES in path
    times = [seen.st_mtime_ns] if shared else [seen.st_mtime_ns, seen.st_ctime_ns]
    values = [stat.S_IFMT(seen.st_mode), seen.st_size, seen.st_ino, *times]
    return os.fsencode(path) + b"\0" + " ".join(map(str, values)).encode()
