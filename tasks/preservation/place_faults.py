"""What a replica's place refuses, told with the replica's name and how to mend it."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tasks.kernel.errors import ArchiveUnusable, told
from tasks.kernel.retry import is_transient_fault
from tasks.ports.archive import Archive

_NO_ROOM = "make room there, and run a pass, which goes on from where it was"
_NO_RIGHT = "give this user the right to it, and run a pass"
_TO_MEND = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
    errno.EROFS: "mount its disk for writing, and run a pass",
    errno.EIO: "look at its disk",
    errno.ENOENT: "see to it that its disk is mounted, and run a pass",
    errno.ENOTDIR: "a folder should be there: move what stands in its place away, and run a pass",
}


@contextmanager
def telling_replica(archives: Sequence[Archive]) -> Iterator[None]:
    """Have an OSError of the block name the replica in whose place it came about.

    Args:
        archives: the model's replicas.

    Raises:
        ArchiveUnusable: a place refused what was asked of it.
        ConnectionError, TimeoutError: a fault of the moment, as it came, but for the name.
        OSError: any that is not of a replica's place, as it came.
    """
    try:
        yield
    except OSError as error:
        names = [one.name for one in archives if _is_of(error, one)]
        if not names:
            raise
        whose = f"replica {', '.join(names)}"
        if is_transient_fault(error):
            error.filename = f"{whose}: {error.filename}"
            raise
        raise ArchiveUnusable(f"{whose}: {told(error)}{_to_mend(error)}") from None


def _is_of(error: OSError, archive: Archive) -> bool:
    """Whether it tells of something in an archive's place, or of a folder above, or its bucket."""
    place, top = str(error.filename or ""), archive.location("").rstrip("/")
    return bool(place) and (_within(place, top) or _within(top, place))


def _within(place: str, top: str) -> bool:
    return place == top or place.startswith(f"{top.rstrip('/')}/")


def _to_mend(error: OSError) -> str:
    """Advice for what the operating system says; our own words have some already."""
    number = error.errno or 0
    if error.strerror != os.strerror(number):
        return ""
    return f"; {_TO_MEND.get(number, 'mend it, and run a pass')}"
