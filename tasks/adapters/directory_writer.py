"""Writes one bag into a hidden folder beside its place, and renames it there once it is durable."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tasks.adapters import beneath, read_ahead
from tasks.adapters.directory_lock import locked
from tasks.adapters.directory_stream import FileStream, start_write_out
from tasks.ports.archive import Bytes

_OPEN_AT_ONCE = 64  # written files that wait for `sync`, each with an open descriptor
# what a disk answers that knows no hard links, or bears no more of them on this file
_NO_LINKS = {errno.EPERM, errno.EMLINK, errno.EXDEV, errno.ENOTSUP, errno.ENOSYS}


def partial_name(bag: str) -> str:
    """The hidden folder in which a bag is written; a bag's name holds no `~`."""
    return f".partial~{bag}"


@contextmanager
def writing(folder: Path, bag: str) -> Iterator["DirectoryBagWriter"]:
    """Start a bag, or go on with what a dead pass left. See `ports.archive.Archive.writer`."""
    beneath.plain_name(bag)
    _make_with_parents(folder)
    with ExitStack() as held:
        top = held.enter_context(beneath.closing(beneath.open_top(folder)))
        held.enter_context(locked(top, folder, bag))
        _refuse_second(top, folder, bag)
        with beneath.named(folder / partial_name(bag)):
            resumed = beneath.look(top, partial_name(bag)) is not None
            root = beneath.enter_or_make(top, partial_name(bag))
        held.enter_context(beneath.closing(root))
        writer = DirectoryBagWriter(folder, bag, top=top, root=root, resumed=resumed)
        held.callback(writer.release)
        yield writer


class DirectoryBagWriter:
    """See `ports.archive.BagWriter`; `writing` makes one.

    Everything is done from the folder that was opened at the start: when a disk is unmounted
    meanwhile, what lies below its mount point is never written to.
    """

    at_once = True

    def __init__(self, folder: Path, bag: str, *, top: int, root: int, resumed: bool) -> None:
        self._folder, self._bag, self._top, self._root = folder, bag, top, root
        self._partial = folder / partial_name(bag)
        self._resumed, self._committed, self._lost = resumed, False, False
        self._open: set[DirectoryBagFile] = set()
        self._unsynced: list[tuple[int, str]] = []  # descriptor and path of written files
        self._entered: set[tuple[str, ...]] = {()}  # folders whose entries are not durable yet

    def put(self, path: str, data: Bytes, sha256: str) -> None:
        """See `ports.archive.BagWriter`."""
        with self._at(path) as (folder, name):
            handle = self._anew(folder, name)
            self._unsynced.append((handle, path))
            beneath.write_all(handle, data)
            start_write_out(handle, 0, len(data))
        self._bound()

    def open_file(self, path: str, size: int) -> "DirectoryBagFile":
        """See `ports.archive.BagWriter`. A disk with too little room is refused before the copy."""
        with self._at(path) as (folder, name):
            stream = FileStream(self._left(folder, name), path)
            try:
                stream.expect(size, sum(one.stream.missing(one.size) for one in self._open))
            except BaseException:
                os.close(stream.handle)
                raise
        file = DirectoryBagFile(stream, size, self._partial / path, self._ended)
        self._open.add(file)
        return file

    def _ended(self, file: "DirectoryBagFile") -> None:
        self._open.remove(file)
        self._unsynced.append((file.stream.handle, file.stream.path))
        with beneath.named(file.place):
            file.stream.end()
        self._bound()

    def link(self, path: str, bag: str, origin: str) -> str:
        """See `ports.archive.BagWriter`. Always empty: where no link can be made, it copies."""
        with ExitStack() as held:
            with beneath.named(self._folder / bag / origin):
                *parents, last = [beneath.plain_name(bag), *beneath.plain_parts(origin)]
                there = held.enter_context(beneath.closing(beneath.descend(self._top, parents)))
                source = held.enter_context(beneath.closing(beneath.open_file(there, last)))
            folder, name = held.enter_context(self._at(path))
            if beneath.look(folder, name) is not None:
                os.unlink(name, dir_fd=folder)
            try:
                os.link(last, name, src_dir_fd=there, dst_dir_fd=folder, follow_symlinks=False)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                self._copy(source, folder, name, path)
        return ""

    def sync(self) -> None:
        """See `ports.archive.BagWriter`."""
        self._expect_place()
        with self._or_lost():
            for file in self._open:
                with beneath.named(file.place):
                    os.fdatasync(file.stream.handle)
            while self._unsynced:
                self._sync_one()
            for parts in sorted(self._entered, key=len, reverse=True):
                with (
                    beneath.named(self._partial.joinpath(*parts)),
                    beneath.closing(beneath.descend(self._root, parts)) as folder,
                ):
                    os.fsync(folder)
            self._entered.clear()

    def commit(self) -> None:
        """See `ports.archive.BagWriter`.

        Raises:
            FileExistsError: a bag, or anything else, has that name.
        """
        assert not self._open, "a bag is whole when it is committed"
        self.sync()
        if self._resumed:  # what a dead pass wrote, and did not live to sync
            _sync_all(self._root, self._partial)
        _refuse_second(self._top, self._folder, self._bag)
        with beneath.named(self._folder / self._bag):
            os.rename(self._partial.name, self._bag, src_dir_fd=self._top, dst_dir_fd=self._top)
            self._committed = True
            os.fsync(self._top)

    def release(self) -> None:
        """Close what is open; `writing` calls it."""
        for handle, _ in self._unsynced:
            os.close(handle)
        self._unsynced.clear()
        for file in self._open:
            os.close(file.stream.handle)
        self._open.clear()

    @contextmanager
    def _at(self, path: str) -> Iterator[tuple[int, str]]:
        """The folder of a file, made where missing and open for the block; and the file's name."""
        assert not self._committed, "a committed bag is not written to"
        with beneath.named(self._partial / path):
            *parents, name = beneath.plain_parts(path)
            try:
                opened = self._make_all(parents)
            except FileNotFoundError:
                self._expect_place()
                raise
            with beneath.closing(opened) as folder:
                self._entered.add(tuple(parents))
                yield folder, name

    def _make_all(self, parents: list[str]) -> int:
        depth = 0

        def step(here: int, name: str) -> int:
            nonlocal depth
            depth += 1
            try:
                return beneath.enter(here, name)
            except FileNotFoundError:
                self._entered.add(tuple(parents[: depth - 1]))
                return beneath.make(here, name)

        return beneath.descend(self._root, parents, step)

    def _anew(self, folder: int, name: str) -> int:
        """A new file. An old one is not written into: another bag may share it by a hard link."""
        if beneath.look(folder, name) is not None:
            os.unlink(name, dir_fd=folder)
        return beneath.new_file(folder, name)

    def _left(self, folder: int, name: str) -> int:
        """What a dead pass left of a file, or a new one."""
        seen = beneath.look(folder, name)
        if seen is None or not stat.S_ISREG(seen.st_mode) or seen.st_nlink > 1:
            return self._anew(folder, name)
        return beneath.open_file(folder, name, os.O_RDWR)

    def _copy(self, source: int, folder: int, name: str, path: str) -> None:
        handle = self._anew(folder, name)
        self._unsynced.append((handle, path))
        for chunk in read_ahead.chunks(source):
            beneath.write_all(handle, chunk)

    def _bound(self) -> None:
        with self._or_lost():
            while len(self._unsynced) > _OPEN_AT_ONCE:
                self._sync_one()

    @contextmanager
    def _or_lost(self) -> Iterator[None]:
        """Once a sync failed no later one may tell that all is well: the disk tells it once."""
        if self._lost:
            said = "an earlier sync failed; look at the disk, then start again"
            raise OSError(errno.EIO, said, str(self._partial))
        try:
            yield
        except OSError:
            self._lost = True
            raise

    def _sync_one(self) -> None:
        handle, path = self._unsynced.pop(0)
        with beneath.named(self._partial / path), beneath.closing(handle):
            os.fdatasync(handle)

    def _expect_place(self) -> None:
        try:
            there = os.path.samestat(self._partial.lstat(), os.fstat(self._root))
        except FileNotFoundError:
            there = False
        if not there:
            raise FileNotFoundError(
                errno.ENOENT,
                "was removed, or its disk unmounted, while it was written; see to it that the "
                "disk is there, then start again",
                str(self._partial),
            )


class DirectoryBagFile:
    """See `ports.archive.BagFile`; `DirectoryBagWriter.open_file` makes one.

    Attributes:
        stream: what is written.
        size: bytes that it will have.
        place: where it stands.
    """

    def __init__(
        self,
        stream: FileStream,
        size: int,
        place: Path,
        ended: "Callable[[DirectoryBagFile], None]",
    ) -> None:
        self.stream, self.size, self.place, self._ended = stream, size, place, ended

    def write(self, chunk: Bytes) -> None:
        """See `ports.archive.BagFile`."""
        with beneath.named(self.place):
            self.stream.write(memoryview(chunk))

    def close(self) -> None:
        """See `ports.archive.BagFile`."""
        self._ended(self)


def _refuse_second(top: int, folder: Path, bag: str) -> None:
    if beneath.look(top, bag) is not None:
        raise FileExistsError(errno.EEXIST, "a bag is never written over", str(folder / bag))


def _make_with_parents(folder: Path) -> None:
    """The archive's folder, once, before anything is written; only its owner may enter it."""
    if folder.is_dir():
        return
    if not folder.parent.is_dir():
        _make_with_parents(folder.parent)
    with (
        beneath.named(folder),
        beneath.closing(beneath.open_top(folder.parent)) as parent,
    ):
        try:
            os.close(beneath.make(parent, folder.name))
        except FileExistsError:  # another process was faster
            return
        os.fsync(parent)


def _sync_all(folder: int, place: Path) -> None:
    """Make everything below an open folder durable, the deepest first."""
    with beneath.named(place):
        found = beneath.names(folder)
    for name in found:
        with beneath.named(place / name):
            seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISDIR(seen.st_mode):
                with beneath.closing(beneath.enter(folder, name)) as deeper:
                    _sync_all(deeper, place / name)
            elif stat.S_ISREG(seen.st_mode):
                with beneath.closing(beneath.open_file(folder, name)) as handle:
                    os.fdatasync(handle)
    with beneath.named(place):
        os.fsync(folder)
