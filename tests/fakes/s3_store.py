"""What the fake S3 keeps: objects and their versions on disk, and uploads under way."""

import hashlib
import itertools
import secrets
import threading
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

BLOCK = 256 << 10


@dataclass
class Received:
    """Bytes in a file, digested on arrival."""

    file: Path
    size: int
    sha256: bytes
    md5: bytes

    @property
    def checksum(self) -> str:
        return b64encode(self.sha256).decode()

    def rot(self, offset: int) -> None:
        """Turn a bit of what is stored; the digests stay those of what came."""
        data = bytearray(self.file.read_bytes())
        data[offset] ^= 1
        self.file.write_bytes(data)


@dataclass
class Stored:
    """One version of an object; without a file it is a delete marker."""

    file: Path | None
    size: int
    etag: str
    checksum: str
    version: str
    headers: dict[str, str] = field(default_factory=dict)
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def locked(self) -> bool:
        return "x-amz-object-lock-mode" in self.headers


@dataclass
class Upload:
    """A multipart upload under way."""

    id: str
    key: str
    headers: dict[str, str]
    parts: dict[int, Received] = field(default_factory=dict)
    initiated: datetime = field(default_factory=lambda: datetime.now(UTC))


class Store:
    """One bucket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.versioned = False
        self.versions: dict[str, list[Stored]] = {}
        self.uploads: dict[str, Upload] = {}
        self.lock = threading.RLock()
        self._numbers = itertools.count()

    def new_file(self) -> Path:
        return self.folder / f"{next(self._numbers):08d}"

    def receive(self, blocks: Iterator[bytes]) -> Received:
        file, size, sha256, md5 = self.new_file(), 0, hashlib.sha256(), hashlib.md5()
        with file.open("wb") as out:
            for block in blocks:
                out.write(block)
                sha256.update(block)
                md5.update(block)
                size += len(block)
        return Received(file, size, sha256.digest(), md5.digest())

    def current(self, key: str, version: str = "") -> Stored | None:
        for one in reversed(self.versions.get(key, [])):
            if version in ("", one.version):
                return one if one.file is not None else None
        return None

    def put(self, key: str, file: Path | None, size: int, etag: str, checksum: str,
            headers: dict[str, str]) -> Stored:  # fmt: skip
        with self.lock:
            version = secrets.token_hex(8) if self.versioned else ""
            new = Stored(file, size, etag, checksum, version, headers)
            if not self.versioned:
                self._forget(key)
            self.versions.setdefault(key, []).append(new)
            return new

    def delete(self, key: str, version: str = "") -> bool:
        """False where a lock forbids it."""
        with self.lock:
            if not version and self.versioned:
                self.put(key, None, 0, "", "", {})
                return True
            if any(one.locked for one in self.versions.get(key, []) if one.version == version):
                return False
            kept = [one for one in self.versions.get(key, []) if version and one.version != version]
            if not version:
                self._forget(key)
            self.versions[key] = kept
            return True

    def _forget(self, key: str) -> None:
        for one in self.versions.pop(key, []):
            if one.file is not None:
                one.file.unlink(missing_ok=True)

    def listed(self) -> list[str]:
        """As S3 lists them: in the order of their UTF-8 bytes."""
        with self.lock:
            found = [key for key in self.versions if self.current(key) is not None]
        return sorted(found, key=str.encode)

    def join(self, upload: Upload, numbers: list[int]) -> Stored:
        """Parts to one object, whose digests are those of the parts' digests."""
        parts = [upload.parts[number] for number in numbers]
        file, count = self.new_file(), len(parts)
        with file.open("wb") as out:
            for part in parts:
                with part.file.open("rb") as source:
                    while block := source.read(BLOCK):
                        out.write(block)
        etag = hashlib.md5(b"".join(p.md5 for p in parts)).hexdigest()
        checksum = b64encode(hashlib.sha256(b"".join(p.sha256 for p in parts)).digest()).decode()
        size = sum(part.size for part in parts)
        self.abort(upload.id)
        return self.put(
            upload.key, file, size, f"{etag}-{count}", f"{checksum}-{count}", upload.headers
        )

    def abort(self, upload_id: str) -> None:
        with self.lock:
            for part in self.uploads.pop(upload_id).parts.values():
                part.file.unlink(missing_ok=True)
