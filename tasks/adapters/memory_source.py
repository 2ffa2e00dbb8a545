"""A payload that Emeritus made itself, such as a model's frozen answers."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tasks.kernel.errors import SourceRefused
from tasks.ports.source import SourceFile, SourceReader


class MemorySource:
    """See `ports.source.Source`; the files are in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(files)

    def files(self) -> Sequence[SourceFile]:
        """See `ports.source.Source`. A file's mark is its SHA-256."""
        if not self._files:
            raise SourceRefused("there is nothing to preserve: no answer was kept yet")
        return [
            SourceFile(path, len(data), hashlib.sha256(data).hexdigest())
            for path, data in sorted(self._files.items())
        ]

    @contextmanager
    def open(self, file: SourceFile) -> Iterator[SourceReader]:
        """See `ports.source.Source`."""
        data = self._files.get(file.path)
        if data is None or hashlib.sha256(data).hexdigest() != file.mark:
            raise SourceRefused(f"{file.path}: is not what was listed; start again")
        yield _Reader(data)


class _Reader:
    """See `ports.source.SourceReader`."""

    def __init__(self, data: bytes) -> None:
        self._left = memoryview(data)

    def readinto(self, buffer: memoryview) -> int:
        length = min(len(buffer), len(self._left))
        buffer[:length] = self._left[:length]
        self._left = self._left[length:]
        return length
