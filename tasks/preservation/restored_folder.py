"""The folder that a restore makes: whole or not at all, by one restore at a time."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tasks.kernel.errors import RestoreRefused, told

_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def appearing(dest: Path) -> Iterator[Path]:
    """A hidden folder beside `dest`, for its owner only, which becomes `dest` with the block's end.

    If the block fails, nothing is left of it. What a restore that was killed left there, which may
    be weights that stand encrypted elsewhere, is removed first: the hidden folder's name tells of
    `dest` alone, and a lock that ends with its holder tells whether somebody still writes there.

    Args:
        dest: the folder to make; folders above it are made too.

    Raises:
        RestoreRefused: `dest` exists, another restore makes it, or it can't be written.
    """
    part = dest.with_name(f".emeritus-restore~{dest.name}")
    try:
        _expect_free(dest)
        with _parents(dest), _alone(dest) as known:
            _expect_free(dest)  # another restore may just have made it
            if os.path.lexists(part):
                if not known:
                    raise RestoreRefused(
                        f"{part}: is of a restore that was killed, or that is under way, and this "
                        "disk knows no locks to tell; remove it if none is"
                    )
                shutil.rmtree(part)
            part.mkdir(mode=0o700)
            try:
                yield part
                part.rename(dest)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
    except OSError as error:
        raise RestoreRefused(
            f"{dest} was not made: {told(error)}; make room there, or name a folder that this user "
            "can make"
        ) from None


def _expect_free(dest: Path) -> None:
    if os.path.lexists(dest):
        raise RestoreRefused(f"{dest}: exists already; name a folder that does not")


@contextmanager
def _parents(dest: Path) -> Iterator[None]:
    """The folders above; those that were missing are gone again if the block fails."""
    missing = [folder for folder in dest.parents if not os.path.lexists(folder)]
    if os.path.lexists(dest.parent) and not dest.parent.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(dest.parent))
    try:
        dest.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder in missing:
            with suppress(OSError):  # somebody put something else there
                folder.rmdir()
        raise


@contextmanager
def _alone(dest: Path) -> Iterator[bool]:
    """Be the only restore to `dest`; tells whether its disk knows locks."""
    lock = dest.with_name(f".emeritus-restore-lock~{dest.name}")
    handle, known = _acquire(dest, lock)
    try:
        yield known
    finally:
        with suppress(OSError):  # an empty file that is left over hurts nobody
            lock.unlink()
        os.close(handle)


def _acquire(dest: Path, lock: Path) -> tuple[int, bool]:
    while True:
        handle = os.open(lock, _LOCK, 0o600)
        try:
            known = _locked(handle, dest)
            with suppress(FileNotFoundError):
                if os.path.samestat(lock.lstat(), os.fstat(handle)):
                    return handle, known
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # its last holder removed it before it became ours


def _locked(handle: int, dest: Path) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RestoreRefused(
            f"{dest}: another restore to it is under way; wait for its end, or name another folder"
        ) from None
    except OSError:  # a disk without locks
        return False
    return True
