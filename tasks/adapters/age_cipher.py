"""Encryption in the age format (age-encryption.org/v1), with X25519 keys, by pyrage."""

import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from mmap import mmap
from pathlib import Path
from typing import Any

import pyrage

from tasks.adapters.age_worker import AgeWorker, Reader, encrypt_into
from tasks.adapters.key_files import read_key_file
from tasks.kernel.errors import ConfigError, DecryptionRefused, WrongKey
from tasks.kernel.spool import Content, Spool
from tasks.ports.archive import Bytes
from tasks.ports.cipher import Crew

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

    def room(self, plain_size: int) -> int:
        """See `ports.cipher.Cipher`.

        age adds 16 bytes to each 64 KiB and a header. The header's size varies from one encryption
        to the next, since a stanza of random length is part of it.
        """
        header = _HEADER + _STANZA * len(self._keys)
        return plain_size + _TAG * (plain_size // _CHUNK + 1) + header

    def encrypt(self, plain: Content) -> Spool:
        """See `ports.cipher.Cipher`."""
        pipe = _Pipe(plain)
        try:
            pyrage.encrypt_io(pipe, pipe, self._keys)
        finally:
            if pipe.problem is not None:
                raise pipe.problem from None
        return pipe.sealed

    @contextmanager
    def crew(self, size: int, *, workers: int) -> Iterator[Crew]:
        """See `ports.cipher.Cipher`. Where memory can't be shared, nobody helps."""
        if not workers or not hasattr(os, "memfd_create"):
            yield _Alone(self._keys, memoryview(bytearray(size)))
            return
        with ExitStack() as held:
            handle = os.memfd_create("emeritus-pieces")
            held.callback(os.close, handle)
            os.ftruncate(handle, size)
            memory = memoryview(mmap(handle, size))  # goes when the last view of it does
            crew = _Processes(self._recipients, handle, memory, workers)
            held.callback(crew.close)
            yield crew


class _Pipe:
    """What pyrage reads from and writes to, part by part.

    Attributes:
        sealed: what was written.
        problem: what went wrong there; pyrage may keep it to itself.
    """

    def __init__(self, plain: Content) -> None:
        self._parts, self._rest = plain.parts(), memoryview(b"")
        self.sealed = Spool()
        self.problem: BaseException | None = None

    def read(self, size: int) -> bytes:
        """The next bytes; none at the end."""
        with self._noting():
            while not self._rest:
                part = next(self._parts, None)
                if part is None:
                    return b""
                self._rest = memoryview(part)
        read, self._rest = self._rest[:size], self._rest[size:]
        return bytes(read)

    def write(self, data: bytes) -> int:
        """Add to what is sealed."""
        with self._noting():
            self.sealed.append(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:  # a person may stop it here too
            self.problem = self.problem or error
            raise


class _Alone:
    """No crew: what asks encrypts. See `ports.cipher.Crew`."""

    members = 1

    def __init__(self, keys: Sequence[Any], memory: memoryview) -> None:
        self._keys, self.memory = keys, memory

    def encrypt(self, member: int, plain: slice, room: slice) -> tuple[int, str]:
        sealed = encrypt_into(self.memory[plain], self.memory[room], self._keys)
        return len(sealed), hashlib.sha256(sealed).hexdigest()


class _Processes:
    """A crew of processes. See `ports.cipher.Crew`."""

    def __init__(
        self, recipients: Sequence[str], handle: int, memory: memoryview, workers: int
    ) -> None:
        self.memory = memory
        self._workers = [AgeWorker(recipients, handle) for _ in range(workers)]

    @property
    def members(self) -> int:
        return len(self._workers)

    def encrypt(self, member: int, plain: slice, room: slice) -> tuple[int, str]:
        return self._workers[member].encrypt(plain, room)

    def close(self) -> None:
        for worker in self._workers:
            worker.close()


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
            pyrage.decrypt_io(Reader(memoryview(stored)), plain, self._keys)
        except (pyrage.DecryptError, OSError) as error:
            if "No matching keys" in str(error):
                raise WrongKey(
                    f"it is encrypted for other keys than those in {self._file}; name the key of "
                    "one of its recipients with --identity, or in preservation.identity_file"
                ) from None
            reason = str(error).partition("\n")[0].rstrip(".")  # below it: to upgrade the program
            raise DecryptionRefused(
                f"an encrypted piece was altered, is cut short, or is no age file ({reason}); "
                "take it from another replica"
            ) from None
        return plain.getvalue()


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
    what, setting = "age identity file", "--identity or preservation.identity_file"
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
