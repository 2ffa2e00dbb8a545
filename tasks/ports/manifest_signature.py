"""A signature over a folder's files, by their digests."""

from collections.abc import Mapping
from typing import Protocol


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

    def sign(self, name: str, digests: Mapping[str, str]) -> bytes:
        """The signature file.

        Args:
            name: what the folder is called.
            digests: path relative to the folder -> SHA-256 in hex.
        """
        ...


class ManifestVerifier(Protocol):
    """Checks signatures against one public key."""

    def verify(self, signature: bytes) -> Mapping[str, str]:
        """What was signed: path -> SHA-256 in hex.

        Raises:
            ManifestSignatureRefused: not by this key, or not such a signature.
        """
        ...
