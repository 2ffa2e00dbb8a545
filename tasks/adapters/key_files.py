"""Files that hold a private key: read only where nobody but their owner can read them."""

import os
import shlex
import stat
from pathlib import Path

from tasks.kernel.errors import EmeritusError

_LARGEST = 64 << 10


def read_key_file(
    path: Path,
    *,
    what: str,
    setting: str,
    refused: type[EmeritusError],
    owned_by_us: bool = False,
) -> bytes:
    """A key file's bytes. A link to such a file is followed, as secrets are often mounted so.

    Args:
        path: the file.
        what: what it should be, for the sentence.
        setting: the configuration's field that names it, for the sentence.
        refused: class of the error.
        owned_by_us: whether it must belong to whoever runs this, or to root.

    Raises:
        refused: missing, unreadable, no regular file, too large, another user's where that is
            asked, or readable by group or world.
            No byte of the file stands in the sentence.
    """
    try:
        # a pipe that nobody writes to would keep a plain open waiting for ever
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise refused(f"{path}: there is no {what}; set {setting} to where it stands") from None
    except OSError as error:
        raise refused(f"{path}: the {what} can't be opened: {error.strerror}") from None
    try:
        seen = os.fstat(handle)
        if not stat.S_ISREG(seen.st_mode):
            raise refused(f"{path}: is no file; set {setting} to the {what}")
        if seen.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise refused(
                f"{path}: others than its owner can get at this {what}; "
                f"run `chmod 600 {shlex.quote(str(path))}`"
            )
        if owned_by_us and seen.st_uid not in (0, os.geteuid()):
            raise refused(f"{path}: belongs to another user, who can change this {what}; chown it")
        data = os.read(handle, _LARGEST + 1)
    finally:
        os.close(handle)
    if len(data) > _LARGEST:
        raise refused(f"{path}: is larger than any {what}; set {setting} to the right file")
    return data
