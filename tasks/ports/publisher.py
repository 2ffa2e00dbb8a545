"""A place where pages become public."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from tasks.kernel.errors import PublicationRefused

_ESSAYS = "essays"
_PROOF = ("index.md", "prompt.txt", "allowed_signers", "SHA256SUMS")
_APPROVAL = "approval.json"  # and its signature


class Publisher(Protocol):
    """Puts files in public, in order, each whole or not at all.

    After a kill the same call completes what is missing. Files of which `stands_for_good` is true
    are made once and never overwritten.
    """

    def publish(self, files: Mapping[str, bytes]) -> tuple[str, ...]:
        """Write what differs, in the mapping's order; returns the paths that were written.

        What is refused is refused before anything is written.

        Args:
            files: relative POSIX path -> bytes.

        Raises:
            PublicationRefused: a path leaves the place or leads over a link; or other bytes stand
                where a file stands for good.
            OSError: the place can't be written; files before that one are public.
        """
        ...

    def read(self, path: str) -> bytes | None:
        """The public bytes of a path, read anew; None where there is no file.

        Raises:
            PublicationRefused: the path leaves the place or leads over a link.
            OSError: the place can't be read.
        """
        ...

    def remove(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Take files from the public, in order; returns those that were there. Safe to repeat.

        Raises:
            PublicationRefused, OSError: as `publish`.
        """
        ...

    def listing(self, prefix: str = "") -> tuple[str, ...]:
        """Paths of all public files that begin so, sorted. Raises as `read` does."""
        ...

    def location(self, path: str) -> str:
        """Where a person finds the path."""
        ...


def stands_for_good(path: str) -> bool:
    """Whether a file is an essay or its proof, which never change once they are public."""
    parts = path.split("/")
    if len(parts) != 3 or parts[0] != _ESSAYS:
        return False
    return parts[2] in _PROOF or parts[2].startswith(_APPROVAL)


def other_bytes(place: str) -> PublicationRefused:
    """What is raised where other bytes stand where a file stands for good."""
    return PublicationRefused(
        f"{place} holds other bytes than the approved ones; published essays never change: find "
        "out who wrote it, and move it away"
    )


def public_path(path: str, place: str) -> tuple[str, ...]:
    """A path's names.

    Raises:
        PublicationRefused: it is empty or absolute, climbs up, or has a second spelling.
    """
    parts = tuple(path.split("/"))
    odd = any(part in ("", ".", "..") or not part.isprintable() for part in parts)
    if odd:
        raise PublicationRefused(f"{path!r} is not a path inside {place}")
    return parts
