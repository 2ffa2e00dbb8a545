"""A place where pages become public."""

from collections.abc import Mapping
from typing import Protocol


class Publisher(Protocol):
    """Puts files in public, one at a time, each whole or not at all."""

    def publish(self, files: Mapping[str, bytes]) -> tuple[str, ...]:
        """Write what differs, in the mapping's order; returns the paths that were written.

        Args:
            files: relative POSIX path -> bytes.

        Raises:
            PublicationRefused: a path leaves the place.
            OSError: the place can't be written.
        """
        ...

    def read(self, path: str) -> bytes | None:
        """The public bytes of a path, or None."""
        ...

    def location(self, path: str) -> str:
        """Where a person finds the path."""
        ...
