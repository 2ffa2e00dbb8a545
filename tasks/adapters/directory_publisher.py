"""A folder that a web server serves."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from tasks.adapters.files import write_atomically
from tasks.kernel.errors import PublicationRefused


class DirectoryPublisher:
    """Publishes into one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def publish(self, files: Mapping[str, bytes]) -> tuple[str, ...]:
        """See `ports.publisher.Publisher`."""
        places = {path: self._place(path) for path in files}  # refuse before writing any
        return tuple(p for p, data in files.items() if write_atomically(places[p], data))

    def read(self, path: str) -> bytes | None:
        """See `ports.publisher.Publisher`."""
        place = self._place(path)
        return place.read_bytes() if place.is_file() else None

    def location(self, path: str) -> str:
        """See `ports.publisher.Publisher`."""
        return str(self._place(path))

    def _place(self, path: str) -> Path:
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts or not pure.parts:
            raise PublicationRefused(f"{path!r} is not a path inside {self._folder}")
        return self._folder / pure
