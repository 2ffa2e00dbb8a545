"""A zip of which the same files make the same bytes, written whole or not at all."""

import io
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tasks.adapters.files import sync_folder
from tasks.kernel.errors import EvidenceRefused, told

_NEVER = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can tell
_UNIX = 3
_MODE = 0o100644 << 16


def zipped(files: Mapping[str, bytes], folder: str) -> bytes:
    """A zip with all files in one folder, sorted, without times of its own.

    Args:
        files: path -> bytes.
        folder: what everything stands in once it is unpacked.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(f"{folder}/{path}", _NEVER)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = _UNIX, _MODE
            archive.writestr(entry, files[path])
    return made.getvalue()


def write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there yet, whole or not at all; nothing is ever overwritten.

    Raises:
        EvidenceRefused: something stands there, or it can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o600)  # it names people
            path.hardlink_to(name)  # a rename would overwrite
        finally:
            Path(name).unlink()
        sync_folder(path.parent)
    except FileExistsError:
        raise EvidenceRefused(
            f"{path}: is there already, and evidence is never overwritten; name another file"
        ) from None
    except OSError as error:
        raise EvidenceRefused(
            f"{told(error, str(path))}; name a file that can be written"
        ) from None
