"""Encryption in the age format (age-encryption.org/v1), with X25519 keys, by pyrage.

pyrage keeps Python's lock while it works. `pyrage.encrypt` does so for a whole piece, and fills
fresh memory for each. `pyrage.encrypt_io` hands over every 64 KiB, so that other threads get their
turn, and writes into memory that is used again: it is nearly twice as fast.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyrage

from tasks.adapters.key_files import read_key_file
from tasks.kernel.errors import ConfigError, DecryptionRefused
from tasks.ports.archive import Bytes

_CHUNK = 64 << 10
_TAG = 16
_HEADER = 4096
_STANZA = 256
_PUBLIC = "age1"
_PRIVATE = "AGE-SECRET-KEY-1"
_OTHER_KEYS = {
    "AGE-PLUGIN-": "needs a plugin or a hardware token",
    "AGE-SECRET-KEY-PQ-": "is a post-quantum key",
    "-----BEGIN AGE ENCRYPTED": "is protected by a passphrase",
    "-----BEGIN": "is not age's own",
    "age-encryption.org/": "is protected by a passphrase",
    "age1": "is a public key",
}


def sealed_room(plain_size: int, recipients: int) -> int:
    """Bytes that are enough for what `AgeCipher.encrypt` returns.

    age adds 16 bytes to each 64 KiB and a header. The header's size varies from one encryption to
    the next, since a stanza of random length is part of it.

    Args:
        plain_size: bytes of the piece.
        recipients: how many keys can open it.
    """
    return plain_size + _TAG * (plain_size // _CHUNK + 1) + _HEADER + _STANZA * recipients


class AgeCipher:
    """Encrypts to age recipients. See `ports.cipher.Cipher`.

    Raises:
        ConfigError: no recipient, or one that is no age public key: the checksum in it is checked.
    """

    def __init__(self, recipients: Sequence[str]) -> None:
        self._recipients = tuple(sorted(set(recipients)))
        if not self._recipients:
            raise ConfigError("preservation.recipients: is empty; list age public keys (`age1...`)")
        self._keys = [_public_key(one) for one in self._recipients]

    @property
    def recipients(self) -> Sequence[str]:
        """See `ports.cipher.Cipher`."""
        return self._recipients

    def encrypt(self, plain: Bytes, into: bytearray) -> memoryview:
        """See `ports.cipher.Cipher`; `sealed_room` tells how much memory is always enough.

        Raises:
            BufferError: `into` is too small, and can't grow since a view of it is still in use.
        """
        lacking = sealed_room(len(plain), len(self._keys)) - len(into)
        if lacking > 0:
            into.extend(bytes(lacking))
        with memoryview(into) as memory:
            writer = _Writer(memory)
            pyrage.encrypt_io(_Reader(plain), writer, self._keys)
        return memoryview(into)[: writer.size]


class AgeDecipher:
    """Decrypts with the keys of an age identity file. See `ports.cipher.Decipher`.

    Raises:
        DecryptionRefused: the file is missing or unreadable, others can read it, or it holds no
            key that can be used. No byte of it stands in the sentence.
    """

    def __init__(self, identity_file: Path) -> None:
        self._file = identity_file
        self._keys = _read_identities(identity_file)

    def decrypt(self, stored: Bytes) -> bytes:
        """See `ports.cipher.Decipher`."""
        plain = io.BytesIO()
        try:
            pyrage.decrypt_io(_Reader(stored), plain, self._keys)
        except (pyrage.DecryptError, OSError) as error:
            if "No matching keys" in str(error):
                raise DecryptionRefused(
                    f"an encrypted piece is not for any key in {self._file}; set "
                    "preservation.identity_file to the key of one of its recipients"
                ) from None
            raise DecryptionRefused(
                f"an encrypted piece was altered, is cut short, or is no age file ({error}); "
                "take it from another replica"
            ) from None
        return plain.getvalue()


class _Reader:
    """What pyrage reads from: memory, without a copy of the whole."""

    def __init__(self, memory: Bytes) -> None:
        self._memory = memoryview(memory)
        self._read = 0

    def read(self, size: int) -> bytes:
        start, self._read = self._read, self._read + size
        return self._memory[start : self._read].tobytes()


class _Writer:
    """What pyrage writes to: memory that is there already."""

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self.size = 0

    def write(self, data: bytes) -> int:
        end = self.size + len(data)
        self._memory[self.size : end] = data
        self.size = end
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


def _public_key(text: str) -> Any:
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        # a private key that stands here by mistake must not be repeated
        shown = f"{text[:12]}...{text[-4:]}" if text.startswith(_PUBLIC) else "an entry"
        raise ConfigError(
            f"preservation.recipients: {shown} is no age public key ({error}); copy it again "
            "from its owner, whole"
        ) from None


def _read_identities(path: Path) -> list[Any]:
    what, setting = "age identity file", "preservation.identity_file"
    data = read_key_file(path, what=what, setting=setting, refused=DecryptionRefused)
    keys = []
    for number, line in enumerate(data.decode("ascii", errors="replace").splitlines(), start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            keys.append(_identity(text, f"{path}:{number}"))
    if not keys:
        raise DecryptionRefused(f"{path}: holds no key; `age-keygen -o FILE` makes such a file")
    return keys


def _identity(text: str, where: str) -> Any:
    for start, reason in _OTHER_KEYS.items():
        if text.startswith(start):
            raise DecryptionRefused(
                f"{where}: {reason}, which can't be used here; name a file with an "
                f"unencrypted `{_PRIVATE}...` key (`age -d` opens one with a passphrase)"
            )
    try:
        return pyrage.x25519.Identity.from_str(text)
    except pyrage.IdentityError:
        raise DecryptionRefused(
            f"{where}: is no age private key; each line is `{_PRIVATE}...`, a comment, or empty"
        ) from None
