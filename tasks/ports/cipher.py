"""Encryption of pieces, each on its own, for several people."""

from collections.abc import Sequence
from typing import Protocol

from tasks.ports.archive import Bytes


class Cipher(Protocol):
    """Encrypts to recipients who are not here."""

    @property
    def recipients(self) -> Sequence[str]:
        """Public keys, sorted; any one of them opens what was encrypted."""
        ...

    def encrypt(self, plain: Bytes, into: bytearray) -> memoryview:
        """Encrypt one piece.

        Args:
            plain: the piece.
            into: memory for the result, grown where it is too small.

        Returns:
            The ciphertext: a view of `into`.
        """
        ...


class Decipher(Protocol):
    """Opens what was encrypted, with a key that stands on this machine."""

    def decrypt(self, stored: Bytes) -> bytes:
        """One piece in plain.

        Raises:
            DecryptionRefused: not for this key, or altered.
        """
        ...
