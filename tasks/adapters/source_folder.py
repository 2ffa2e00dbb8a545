"""A folder of weights, read as opaque bytes: nothing in it is ever loaded or executed."""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from tasks.kernel.errors import SourceRefused

CHUNK = 1 << 20


class SourceFolder:
    """Reads one folder, refusing what could not be restored as it was."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def files(self) -> Sequence[str]:
        """See `ports.archive.Source`."""
        if not self._folder.is_dir():
            raise SourceRefused(
                f"{self._folder}: no such folder; set preservation.source_folder to the model's"
            )
        found = sorted(self._walk(self._folder))
        if not found:
            raise SourceRefused(f"{self._folder}: is empty; there is nothing to preserve")
        return found

    def _walk(self, folder: Path) -> Iterator[str]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            raise SourceRefused(f"{folder}: can't be listed: {error.strerror}") from None
        for entry in entries:
            path = Path(entry.path)
            shown = repr(path.relative_to(self._folder).as_posix())
            if not entry.name.isprintable():
                raise SourceRefused(f"{shown}: control characters in a name; rename the file")
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode):
                raise SourceRefused(f"{shown}: is a link; replace it by the file itself")
            if stat.S_ISDIR(mode):
                yield from self._walk(path)
            elif stat.S_ISREG(mode):
                yield path.relative_to(self._folder).as_posix()
            else:
                raise SourceRefused(f"{shown}: is neither file nor folder; move it away")

    def read(self, path: str) -> Iterator[bytes]:
        """See `ports.archive.Source`."""
        place = self._folder / path
        try:
            with place.open("rb") as file:
                before = os.fstat(file.fileno())
                left = before.st_size  # a file that grows as fast as it is read must end too
                while chunk := file.read(min(CHUNK, left)):
                    left -= len(chunk)
                    yield chunk
                after = place.stat()
        except OSError as error:
            raise SourceRefused(f"{place}: can't be read: {error.strerror}") from None
        if _mark(before) != _mark(after):
            raise SourceRefused(f"{place}: changed while it was read; stop what writes to it")


def _mark(seen: os.stat_result) -> tuple[int, int, int]:
    return seen.st_size, seen.st_mtime_ns, seen.st_ino
