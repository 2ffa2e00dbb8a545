"""From a bag to the files as they were, every bit checked before they count. Uses ports."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tasks.kernel.errors import RestoreRefused, SourceRefused
from tasks.ports.source import Source, SourceFile
from tasks.preservation.manifest import parse_payload
from tasks.preservation.stream import Progress, no_progress
from tasks.records.preservation import Package

_CHUNK = 8 << 20


def restore_into(
    source: Source, package: Package, dest: Path, *, progress: Progress = no_progress
) -> None:
    """Write a package's files under `dest`, which must not exist; it appears whole or not at all.

    Args:
        source: gives the payload in plain.
        package: what it must be, by its recorded manifest.
        dest: the folder to make.
        progress: told after every chunk.

    Raises:
        RestoreRefused: `dest` exists, or a file is not as it was preserved; `dest` was not made.
        OSError: `dest` can't be written; it was not made.
    """
    if os.path.lexists(dest):
        raise RestoreRefused(f"{dest}: exists already; name a folder that does not")
    expected = parse_payload(package.manifest)
    dest.parent.mkdir(parents=True, exist_ok=True)
    part = dest.with_name(f".{dest.name}.{os.getpid()}.part")
    try:
        part.mkdir(mode=0o700)
        files = source.files()
        total, done = sum(file.size for file in files), 0
        for file in files:

            def told(size: int, path: str = file.path) -> None:
                nonlocal done
                done += size
                progress(path, done, total)

            found = _write(source, file, part / file.path, told)
            if found != expected.get(file.path):
                raise RestoreRefused(f"{file.path}: is not as it was preserved; {_ADVICE}")
        absent = sorted(expected.keys() - {file.path for file in files})
        if absent:
            raise RestoreRefused(f"{', '.join(absent)}: not in that replica; {_ADVICE}")
        part.rename(dest)
    except SourceRefused as error:
        raise RestoreRefused(f"{error}; {_ADVICE}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


_ADVICE = "`emeritus fixity` tells which replicas verify; restore from another with --replica"


def _write(source: Source, file: SourceFile, place: Path, told: Callable[[int], None]) -> str:
    digest, left = hashlib.sha256(), file.size
    place.parent.mkdir(parents=True, exist_ok=True)
    memory = memoryview(bytearray(min(_CHUNK, max(1, left))))
    with source.open(file) as reader, place.open("xb") as out:
        while left:
            size = reader.readinto(memory[: min(len(memory), left)])
            if not size:
                break
            digest.update(memory[:size])
            out.write(memory[:size])
            left -= size
            told(size)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()
