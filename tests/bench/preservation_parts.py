"""What packaging is made of, each part alone on one core: what cores allow at the most."""

import hashlib
import io
import mmap
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from tasks.adapters.age_worker import encrypt_into

BLOCK = 8 << 20  # as a piece
_BLOCKS = 64


@dataclass(frozen=True, slots=True)
class Parts:
    """Rates of one core, in MiB a second."""

    read: float
    sha256: float
    blake3: float
    write: float
    encrypt: float

    def plain(self, cores: int) -> float:
        """A byte is read, hashed twice and written; all of it divided among cores without loss."""
        return cores / (1 / self.read + 1 / self.sha256 + 1 / self.blake3 + 1 / self.write)

    def sealed(self, cores: int) -> float:
        """As `plain`, and encrypted, and hashed once more as stored.

        BLAKE3 counts twice: of the piece, and of a tensor that is larger than one.
        """
        more = 1 / self.encrypt + 1 / self.sha256 + 1 / self.blake3
        return cores / (cores / self.plain(cores) + more)


def measure(folder: Path, keys: list[object]) -> Parts:
    """All of them, the best of three runs each.

    Args:
        folder: on the disk whose reading and writing counts.
        keys: age recipients.
    """
    block, room = memoryview(os.urandom(BLOCK)), memoryview(bytearray(BLOCK + (1 << 20)))
    file, buffer = folder / "part", memoryview(mmap.mmap(-1, 1 << 20))

    def write() -> None:
        with io.FileIO(file, "w") as out:
            for _ in range(_BLOCKS):
                out.write(block)

    def read() -> None:
        with io.FileIO(file) as opened:
            while opened.readinto(buffer):
                pass

    def hashed(digest: "hashlib._Hash | blake3") -> None:
        for _ in range(_BLOCKS):
            digest.update(block)

    def rate(work: Callable[[], object], blocks: int = _BLOCKS) -> float:
        found = []
        for _ in range(3):
            warm(folder, BLOCK * blocks)
            start = time.perf_counter()
            work()
            found.append(blocks * BLOCK / 2**20 / (time.perf_counter() - start))
        return max(found)

    parts = Parts(
        write=rate(write),
        read=rate(read),
        sha256=rate(lambda: hashed(hashlib.sha256())),
        blake3=rate(lambda: hashed(blake3())),
        encrypt=rate(lambda: encrypt_into(block, room, keys), 1),
    )
    file.unlink()
    return parts


def warm(folder: Path, size: int) -> None:
    """Have the machine's memory at hand, whoever is timed next.

    A virtual machine may give free memory back to its host, and pays when it takes it again. Else
    whoever comes first after a pause would pay for all who come after it.
    """
    size = min(size, shutil.disk_usage(folder).free // 2)
    file, block = folder / "warm", bytes(BLOCK)
    with io.FileIO(file, "w") as out:
        for _ in range(size // BLOCK):
            out.write(block)
    file.unlink()
