"""A folder of weights, read as opaque bytes: nothing in it is ever loaded or executed."""

import errno
import os
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tasks.adapters import beneath
from tasks.kernel.errors import SourceRefused
from tasks.ports.source import SourceFile, SourceReader

NAME_BYTES = 248  # of 255 that disks take: a file in pieces has `.pieces` added to its name
PATH_BYTES = 800  # of 1024 that S3 takes: the bucket's prefix and the bag's name come before it

_NO_FILE_NOW = {errno.ELOOP, errno.ENOTDIR, errno.EINVAL}  # a link, or something of another kind
# Bytes that the disk is asked for before they are read. Left to itself, Linux asks for 128 KiB, and
# whoever hashes between two reads waits for the disk.
_AHEAD, _STEP = 4 << 20, 1 << 20


class SourceFolder:
    """Reads one folder, refusing what could not be restored as it was."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def files(self) -> Sequence[SourceFile]:
        """See `ports.source.Source`. The first thing that is refused is named."""
        if not self._folder.is_dir():
            raise SourceRefused(
                f"{self._folder}: no such folder; set preservation.source_folder to the model's"
            )
        with self._telling(self._folder), beneath.closing(beneath.open_top(self._folder)) as top:
            found = sorted(self._walk(top, ""), key=lambda file: file.path)
        if not found:
            raise SourceRefused(f"{self._folder}: is empty; there is nothing to preserve")
        return found

    @contextmanager
    def open(self, file: SourceFile) -> Iterator[SourceReader]:
        """See `ports.source.Source`."""
        place = self._folder / file.path
        with ExitStack() as held:
            with self._telling(place):
                handle = held.enter_context(self._opened(file.path))
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_SEQUENTIAL)
            if _mark(os.fstat(handle)) != file.mark:
                raise _changed(place, "since it was listed")
            reader = _Reader(handle, place, file.size)
            yield reader
            with self._telling(place):
                reader.expect_end()
                seen = self._look(file.path)
            if _mark(seen) != file.mark:
                raise _changed(place, "while it was read")

    def _walk(self, folder: int, prefix: str) -> Iterator[SourceFile]:
        with self._telling(self._folder / prefix):
            names = beneath.names(folder)
        _expect_apart(prefix, names)
        for name in names:
            path = prefix + name
            _expect_sound(path, name)
            with self._telling(self._folder / path):
                seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
            mode = seen.st_mode
            if stat.S_ISLNK(mode):
                raise SourceRefused(f"{path!r}: is a link; replace it by the file itself")
            if stat.S_ISDIR(mode):
                with self._telling(self._folder / path):
                    opened = beneath.enter(folder, name)
                with beneath.closing(opened) as deeper:
                    yield from self._walk(deeper, f"{path}/")
            elif not stat.S_ISREG(mode):
                raise SourceRefused(f"{path!r}: is neither file nor folder; move it away")
            elif not os.access(name, os.R_OK, dir_fd=folder, effective_ids=True):
                raise SourceRefused(f"{path!r}: may not be read; give this user the right to")
            else:
                yield SourceFile(path, seen.st_size, _mark(seen))

    @contextmanager
    def _parent(self, path: str) -> Iterator[tuple[int, str]]:
        *parents, name = beneath.plain_parts(path)
        with (
            beneath.closing(beneath.open_top(self._folder)) as top,
            beneath.closing(beneath.descend(top, parents)) as folder,
        ):
            yield folder, name

    @contextmanager
    def _opened(self, path: str) -> Iterator[int]:
        with self._parent(path) as (folder, name):
            handle = beneath.open_file(folder, name)
        with beneath.closing(handle):
            yield handle

    def _look(self, path: str) -> os.stat_result:
        with self._parent(path) as (folder, name):
            return os.stat(name, dir_fd=folder, follow_symlinks=False)

    @staticmethod
    @contextmanager
    def _telling(place: Path) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise _changed(place, "or vanished while it was read") from None
        except OSError as error:
            raise _unreadable(place, error) from None


class _Reader:
    """See `ports.source.SourceReader`."""

    def __init__(self, handle: int, place: Path, size: int) -> None:
        self._handle, self._place, self._left = handle, place, size
        self._size, self._asked = size, 0

    def readinto(self, buffer: memoryview) -> int:
        while self._left and self._asked < self._size - self._left + _AHEAD:
            with suppress(OSError):  # a disk that takes no hints
                os.posix_fadvise(self._handle, self._asked, _STEP, os.POSIX_FADV_WILLNEED)
            self._asked += _STEP
        room = buffer[: min(len(buffer), self._left)]  # a growing file must come to an end too
        done = 0
        while done < len(room):
            try:
                length = os.readv(self._handle, [room[done:]])
            except OSError as error:
                raise _unreadable(self._place, error) from None
            if not length:
                raise _changed(self._place, "while it was read")
            done += length
        self._left -= done
        return done

    def expect_end(self) -> None:
        """When all was read there must be no more."""
        if not self._left and os.read(self._handle, 1):
            raise _changed(self._place, "while it was read")


def _mark(seen: os.stat_result) -> str:
    return f"{seen.st_size} {seen.st_mtime_ns} {seen.st_ctime_ns} {seen.st_ino}"


def _changed(place: Path, when: str) -> SourceRefused:
    return SourceRefused(f"{place}: changed {when}; stop what writes to it, then start again")


def _unreadable(place: Path, error: OSError) -> SourceRefused:
    if error.errno in _NO_FILE_NOW:  # it was one when it was listed
        return _changed(place, f"while it was read ({error.strerror})")
    return SourceRefused(f"{place}: can't be read: {error.strerror}; check its rights and its disk")


def _expect_sound(path: str, name: str) -> None:
    """A name that every disk, manifest and shell can hold."""
    try:
        raw, whole = name.encode(), path.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path)
        raise SourceRefused(f"{shown!r}: its name is not UTF-8; rename the file") from None
    if not name.isprintable():
        raise SourceRefused(f"{path!r}: control characters in a name; rename the file")
    if "%" in name or name.endswith(" "):  # BagIt asks for %25, which bagit-python does not know
        what = "has a %" if "%" in name else "ends in a space"
        raise SourceRefused(
            f"{path!r}: its name {what}, and programs that check bags don't agree on how such a "
            "name is written; rename it"
        )
    if len(raw) > NAME_BYTES:
        raise SourceRefused(f"{path!r}: its name has over {NAME_BYTES} bytes; shorten it")
    if len(whole) > PATH_BYTES:
        raise SourceRefused(f"{path!r}: its path has over {PATH_BYTES} bytes; shorten it")


def _expect_apart(prefix: str, names: Sequence[str]) -> None:
    """No two names that some disks take for one."""
    seen: dict[str, str] = {}
    for name in names:
        spelled = unicodedata.normalize("NFC", name)
        other = seen.setdefault(spelled.casefold(), name)
        if other == name:
            continue
        how = "in how Unicode spells them"
        if spelled != unicodedata.normalize("NFC", other):
            how = "in capital and small letters"
        raise SourceRefused(
            f"{prefix + name!r} and {prefix + other!r} look alike and differ only {how}; some "
            "disks take them for one; rename one"
        )
