"""The memory that a read works in, and those who encrypt in it. Uses a port."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tasks.ports.cipher import Cipher, Crew
from tasks.preservation.lanes import Buffers, Lanes
from tasks.preservation.pieces import PIECE

_PIECES = 3  # one is read, one hashed, one written
_MOST_WORKERS = 3  # SHA-256 of the files, which one core makes, is as fast as three encrypt
_WORTH_IT = 64 << 20  # bytes of source from which on it pays to start processes
_PAGE = 4096


@dataclass(frozen=True, slots=True)
class Memory:
    """Where pieces and their ciphertext stand while they are under way.

    Attributes:
        whole: all of it.
        pieces: parts of `PIECE` bytes, from its start.
        sealed: parts of `room` bytes, behind them.
        room: bytes that are always enough for a piece's ciphertext.
        crew: encrypts in it; None where nothing is encrypted.
    """

    whole: memoryview
    pieces: int
    sealed: int = 0
    room: int = 0
    crew: Crew | None = None

    def for_pieces(self, lanes: Lanes) -> Buffers:
        """The parts for pieces."""
        return Buffers(lanes, self.whole, PIECE, start=0, count=self.pieces)

    def for_ciphertext(self, lanes: Lanes) -> Buffers:
        """The parts for ciphertext."""
        behind = self.pieces * PIECE
        return Buffers(lanes, self.whole, self.room, start=behind, count=self.sealed)


@contextmanager
def open_memory(cipher: Cipher | None, size: int) -> Iterator[Memory]:
    """Memory for one read, the same however large the source is.

    Args:
        cipher: what encrypts; None where nothing is encrypted.
        size: bytes of the source.
    """
    if cipher is None:
        yield Memory(memoryview(bytearray(_PIECES * PIECE)), _PIECES)
        return
    cores = os.cpu_count() or 1
    workers = min(cores, _MOST_WORKERS) if size >= _WORTH_IT and cores > 1 else 0
    count = max(workers, 1) + 1  # who encrypts holds one; more than one beside is no faster
    sealed = max(workers, 2)  # likewise, and writes are short
    room = -(-cipher.room(PIECE) // _PAGE) * _PAGE
    with cipher.crew(count * PIECE + sealed * room, workers=workers) as crew:
        yield Memory(crew.memory, count, sealed, room, crew)


def give_back() -> None:
    """Have the C library return what is free in its heap to the system.

    By itself it keeps the room of a large list or text that is gone, for the next one. Other
    libraries than glibc have no such call.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
