"""Encryption of pieces, each on its own, for several people."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from tasks.kernel.spool import Content
from tasks.ports.archive import Bytes


class Cipher(Protocol):
    """Encrypts to recipients who are not here."""

    @property
    def recipients(self) -> Sequence[str]:
        """Public keys, sorted; any one of them opens what was encrypted."""
        ...

    def encrypt(self, plain: Content) -> Content:
        """The ciphertext of a tag file."""
        ...

    def room(self, plain_size: int) -> int:
        """Bytes that are always enough for the ciphertext of a piece of so many bytes."""
        ...

    def crew(self, size: int, *, workers: int) -> AbstractContextManager["Crew"]:
        """Have pieces encrypted on several cores for the length of a block.

        Args:
            size: bytes of the memory that the crew shares.
            workers: how many processes, started and ended here; 0 to encrypt in this one, which
                is soonest done where there is little.
        """
        ...


class Crew(Protocol):
    """Encrypts pieces that stand in its memory."""

    @property
    def members(self) -> int:
        """How many pieces can be encrypted at once; at least 1."""
        ...

    @property
    def memory(self) -> memoryview:
        """What the members share: pieces in plain, and room for their ciphertext."""
        ...

    def encrypt(self, member: int, plain: slice, room: slice) -> tuple[int, str]:
        """Encrypt one piece. A member is asked by one thread at a time.

        Args:
            member: who, from 0.
            plain: where in `memory` the piece stands.
            room: where its ciphertext goes: as long as `Cipher.room` says, or longer.

        Returns:
            The ciphertext's bytes and SHA-256 in hex; it begins where `room` does.

        Raises:
            ChildProcessError: the member is gone.
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
