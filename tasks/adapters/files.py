"""Files written whole or not at all."""

import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, data: bytes, *, mode: int = 0o644) -> bool:
    """Write a file so that a reader, or a kill, sees the old bytes or the new ones.

    Args:
        path: its folder is made where missing.
        data: all bytes.
        mode: permissions of the file.

    Returns:
        False when the file held these bytes already and nothing was written.

    Raises:
        OSError: not written; the old file stands as it was.
    """
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise
    sync_folder(path.parent)
    return True


def nearest(path: Path) -> Path:
    """The path, or the nearest folder around it that exists: where it would be made."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def sync_folder(folder: Path) -> None:
    """Make a folder's entries durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
