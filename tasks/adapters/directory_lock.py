"""One unfinished bag, one process that writes or removes it."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tasks.adapters import beneath

_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}


def lock_name(bag: str) -> str:
    """The file that is locked while somebody writes the bag; it stands beside the bag."""
    return f".lock~{bag}"


@contextmanager
def locked(top: int, folder: Path, bag: str) -> Iterator[None]:
    """Be the only one who writes or removes an unfinished bag; the block's end, or a kill, ends it.

    On a disk that knows no locks the model's lease alone must do.

    Args:
        top: the archive's folder, open.
        folder: where that is.
        bag: the bag's name.

    Raises:
        BlockingIOError: another process has it.
    """
    name = lock_name(bag)
    with beneath.named(folder / name):
        handle = _acquire(top, name)
    with beneath.closing(handle):
        try:
            yield
        finally:
            with suppress(OSError):  # an empty file that is left over hurts nobody
                os.unlink(name, dir_fd=top)


def _acquire(top: int, name: str) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        handle = os.open(name, flags, beneath.PRIVATE_FILE, dir_fd=top)
        try:
            _lock(handle)
            seen = beneath.look(top, name)
            if seen is not None and os.path.samestat(seen, os.fstat(handle)):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # its last holder removed it before it became ours


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BlockingIOError(
            errno.EAGAIN, "another process writes this bag; start again when it has ended"
        ) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
