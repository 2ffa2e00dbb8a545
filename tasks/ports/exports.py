"""Where exports of figures lie that are not on this machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Listed:
    """One export there.

    Attributes:
        name: where a person finds it.
        key: what the place calls it.
        size: bytes.
        stamp: what changes with its bytes.
    """

    name: str
    key: str
    size: int
    stamp: str


class Exports(Protocol):
    """A place that exports are put into. Reads only."""

    def listed(self) -> tuple[Listed, ...]:
        """All exports there, by name.

        Raises:
            OSError: the place can't be read; `ConnectionError` and `TimeoutError` may pass.
        """
        ...

    def fetch(self, one: Listed, path: Path) -> None:
        """Write one into a new file.

        Raises:
            OSError: it can't be read, or changed since it was listed.
        """
        ...
