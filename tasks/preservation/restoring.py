"""From bags to the files as they were, every bit checked before they count. Uses ports."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from tasks.kernel.errors import DecryptionRefused, RestoreRefused, SourceRefused, WrongKey, told
from tasks.ports.source import Source, SourceFile
from tasks.preservation.core import some
from tasks.preservation.manifest import parse_payload
from tasks.preservation.terms import Progress, no_progress
from tasks.records.preservation import Package

_CHUNK = 8 << 20


def restore_into(
    sources: Mapping[str, Source], package: Package, part: Path, *, progress: Progress = no_progress
) -> dict[str, int]:
    """Write a package's files into a new folder.

    Each file comes from the first source that gives it as it was preserved.

    Args:
        sources: give the payload in plain, by the names of their replicas.
        package: what it must be, by its recorded manifest.
        part: the folder; empty. See `restored_folder.appearing`.
        progress: told after every chunk.

    Returns:
        Replica -> how many files came from it; only of those that gave any.

    Raises:
        RestoreRefused: no source gives some file.
        OSError: `part` can't be written.
    """
    restore = _Restore(sources, part, progress)
    for path, sha256 in sorted(parse_payload(package.manifest).items()):
        restore.write(path, sha256)
    restore.expect_all()
    return restore.given


class _Restore:
    """One restore under way.

    Attributes:
        given: replica -> how many files came from it.
    """

    def __init__(self, sources: Mapping[str, Source], part: Path, progress: Progress) -> None:
        self._sources, self._part, self._progress = dict(sources), part, progress
        self._files = {
            name: {file.path: file for file in source.files()} for name, source in sources.items()
        }
        self._done = 0
        self._total = max(sum(f.size for f in files.values()) for files in self._files.values())
        self._lost: list[str] = []  # files that no source gave, and why
        self._away: list[str] = []  # sources that do not answer now, or can't be opened
        self.given: dict[str, int] = {}

    def write(self, path: str, sha256: str) -> None:
        """Write one file from the first source in which it is whole. Raises OSError."""
        problems = []
        for name in list(self._sources):
            try:
                problem = self._try(name, path, sha256)
            except (ConnectionError, TimeoutError) as error:
                del self._sources[name]  # it was waited for once, and is not for every file
                self._away.append(f"{name}: {told(error)}")
                continue
            except WrongKey as error:
                if name in self.given:
                    problem = str(error)
                else:  # nothing in it can be opened, so this is said once
                    del self._sources[name]
                    self._away.append(f"{name}: {error}")
                    continue
            if not problem:
                self.given[name] = self.given.get(name, 0) + 1
                return
            problems.append(f"{name}: {problem}")
        self._lost.append(f"{path} ({'; '.join(problems)})" if problems else path)

    def expect_all(self) -> None:
        """Raise `RestoreRefused` unless every file was written."""
        if self._lost:
            said = f"not whole in replica {', '.join(self._files)}: {some(self._lost)}"
            raise RestoreRefused("; ".join([said, *self._away]))

    def _try(self, name: str, path: str, sha256: str) -> str:
        """Write a file from one source; tells what is wrong with it there, and leaves nothing."""
        file = self._files[name].get(path)
        if file is None:
            return "is not there"
        before, whole, problem = self._done, False, "is not as it was preserved"
        try:
            whole = self._copy(self._sources[name], file) == sha256
        except WrongKey:
            raise
        except (SourceRefused, DecryptionRefused) as error:
            problem = str(error)
        finally:
            if not whole:
                self._done = before
                (self._part / path).unlink(missing_ok=True)
        return "" if whole else problem

    def _copy(self, source: Source, file: SourceFile) -> str:
        """Write a file, and make it durable; returns its SHA-256."""
        digest, left, place = hashlib.sha256(), file.size, self._part / file.path
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
                self._done += size
                self._progress(file.path, self._done, self._total)
            out.flush()
            os.fsync(out.fileno())
        return digest.hexdigest()
