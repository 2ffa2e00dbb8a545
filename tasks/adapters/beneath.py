"""What lies below a folder, reached without ever following a link on the way.

A path is walked name by name with open folders (`dir_fd`), so that nobody can put a link in the
place of a folder between a look and a use.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO must not hold anybody up
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600

Step = Callable[[int, str], int]
"""An open folder and a name in it -> that folder, opened."""


def plain_parts(path: str) -> list[str]:
    """The names of a relative POSIX path.

    Raises:
        OSError: it is empty or absolute, has a second spelling (`a//b`, `./a`) or climbs up.
    """
    parts = path.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise OSError(errno.EINVAL, "is no plain relative path", path)
    return parts


def plain_name(name: str) -> str:
    """A bag's name, as it is.

    Raises:
        OSError: it is a path, or hidden.
    """
    if plain_parts(name) != [name] or name.startswith("."):
        raise OSError(errno.EINVAL, "is no plain name", name)
    return name


@contextmanager
def closing(handle: int) -> Iterator[int]:
    """Close a file descriptor at the block's end."""
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def named(place: Path) -> Iterator[None]:
    """Have an OSError of the block tell the whole path, for a person to find it."""
    try:
        yield
    except OSError as error:
        error.filename = str(place)
        if error.filename2 is not None:  # of a link or a renaming
            del error.filename2  # None would be told as a place
        raise


def open_top(folder: Path) -> int:
    """Open the folder below which all else lies; it is the operator's, and may be a link."""
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def enter(folder: int, name: str) -> int:
    """Open a folder in an open folder.

    Raises:
        OSError: there is none, or it is a link or no folder.
    """
    return os.open(name, _FOLDER, dir_fd=folder)


def make(folder: int, name: str) -> int:
    """Make a folder that only its owner may enter, and open it.

    Raises:
        FileExistsError: something has that name.
    """
    os.mkdir(name, PRIVATE_FOLDER, dir_fd=folder)
    made = enter(folder, name)
    os.fchmod(made, PRIVATE_FOLDER)  # whatever umask or default ACL there is
    return made


def enter_or_make(folder: int, name: str) -> int:
    """Open a folder, made where it is missing; its new entry is durable."""
    try:
        return enter(folder, name)
    except FileNotFoundError:
        made = make(folder, name)
        os.fsync(folder)
        return made


def descend(top: int, parts: Sequence[str], step: Step = enter) -> int:
    """Open the folder that `parts` lead to from `top`, which stays open."""
    here = os.dup(top)
    for part in parts:
        with closing(here):
            here = step(here, part)
    return here


def open_file(folder: int, name: str, flags: int = os.O_RDONLY) -> int:
    """Open a regular file in an open folder.

    Raises:
        OSError: there is none, or it is a link, a folder or a special file.
    """
    try:
        handle = os.open(name, flags | _FILE, dir_fd=folder)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise OSError(errno.ELOOP, "is a link", name) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "is not a regular file", name)
    return handle


def new_file(folder: int, name: str) -> int:
    """Open a new file for writing and reading; only its owner may use it.

    Raises:
        FileExistsError: something has that name.
    """
    handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | _FILE, PRIVATE_FILE, dir_fd=folder)
    os.fchmod(handle, PRIVATE_FILE)
    return handle


def look(folder: int, name: str) -> os.stat_result | None:
    """What has that name, a link not followed; None where nothing has it."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def names(folder: int) -> list[str]:
    """What an open folder holds, sorted."""
    return sorted(os.listdir(folder))


def write_all(handle: int, data: bytes | bytearray | memoryview) -> None:
    """Write every byte, however many calls that takes."""
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def walk(folder: int, place: Path, prefix: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """Everything below an open folder that is no folder, in no order.

    Args:
        folder: its file descriptor.
        place: where it stands, for errors.
        prefix: what its files' paths begin with.

    Yields:
        Path from the first folder on, and what stands there, a link not followed.

    Raises:
        OSError: a folder can't be listed, or something vanished meanwhile.
    """
    with named(place), os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        if is_folder:
            with named(place / name):
                deeper = enter(folder, name)
            with closing(deeper):
                yield from walk(deeper, place / name, f"{prefix}{name}/")
        else:
            with named(place / name):
                seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
            yield prefix + name, seen
