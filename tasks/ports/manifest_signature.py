"""A signature over a folder's files, by their digests."""

from collections.abc import Callable, Iterable
from typing import Protocol

from tasks.kernel.spool import Content

Digests = Callable[[], Iterable[tuple[str, str]]]
"""Gives paths relative to the folder, sorted, each with its SHA-256 in hex; anew with each call,
since there may be a hundred thousand."""


class ManifestSigner(Protocol):
    """Signs digests that were taken already: no file is read."""

    @property
    def public_key(self) -> str:
        """The public key, PEM."""
        ...

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key's PEM, hex."""
        ...

    def sign(self, name: str, digests: Digests) -> Content:
        """The signature file.

        Args:
            name: what the folder is called.
            digests: its files.
        """
        ...


class ManifestVerifier(Protocol):
    """Checks signatures against one public key."""

    def signs(self, signature: Content, digests: Digests) -> bool:
        """Whether exactly these files were signed, with these digests.

        Raises:
            ManifestSignatureRefused: not by this key, or not such a signature.
        """
        ...
