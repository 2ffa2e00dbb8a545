"""A hundred thousand stored pieces in a third of the memory that they take one by one."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from tasks.preservation.payload import StoredPiece

_SIZES = struct.Struct("<QB")  # bytes as stored, and bytes of the BLAKE3 digest: none, or 32
_SHA256 = 32


class StoredPieces(Sequence[StoredPiece]):
    """Stored pieces in order; each is put together anew when it is asked for.

    Args:
        pieces: the first ones.
    """

    def __init__(self, pieces: Iterable[StoredPiece] = ()) -> None:
        self._packed: list[bytes] = []
        self._origins: dict[int, tuple[str, str]] = {}  # of the pieces that another bag holds
        for piece in pieces:
            self.append(piece)

    def append(self, piece: StoredPiece) -> None:
        """Add one at the end."""
        if any(piece.origin):
            self._origins[len(self._packed)] = piece.origin
        sha256, blake3 = bytes.fromhex(piece.sha256), bytes.fromhex(piece.blake3)
        sizes = _SIZES.pack(piece.size, len(blake3))
        self._packed.append(b"".join((sizes, sha256, blake3, piece.path.encode())))

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, index: int) -> StoredPiece: ...

    @overload
    def __getitem__(self, index: slice) -> "StoredPieces": ...

    def __getitem__(self, index: "int | slice") -> "StoredPiece | StoredPieces":
        if isinstance(index, slice):
            return StoredPieces(self._at(number) for number in range(len(self))[index])
        return self._at(range(len(self))[index])

    def __iter__(self) -> Iterator[StoredPiece]:
        return map(self._at, range(len(self)))

    def _at(self, number: int) -> StoredPiece:
        packed = self._packed[number]
        size, length = _SIZES.unpack_from(packed)
        middle = _SIZES.size + _SHA256
        return StoredPiece(
            packed[middle + length :].decode(),
            size,
            packed[_SIZES.size : middle].hex(),
            packed[middle : middle + length].hex(),
            self._origins.get(number, ("", "")),
        )
