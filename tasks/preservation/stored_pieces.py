"""A hundred thousand stored pieces, of which memory holds a few."""

from collections.abc import Iterable, Iterator
from typing import Any

from tasks.kernel.spool import Rows, in_order
from tasks.preservation.payload import StoredPiece


class StoredPieces:
    """Stored pieces, sorted by path; each is put together anew when it is asked for.

    Args:
        pieces: all of them, in any order.

    Raises:
        TemporaryFilesUnusable: see `kernel.spool.Spool`.
    """

    def __init__(self, pieces: Iterable[StoredPiece] = ()) -> None:
        self._rows = Rows[StoredPiece](_pack, _unpack)
        before, ascending = "", True
        for piece in pieces:
            self._rows.append(piece)
            before, ascending = piece.path, ascending and before < piece.path
        if not ascending:
            packed = in_order(map(_pack, self._rows), key=lambda row: row[0])
            self._rows = Rows(_pack, _unpack, map(_unpack, packed))

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[StoredPiece]:
        return iter(self._rows)


def _pack(piece: StoredPiece) -> list[Any]:
    return [piece.path, piece.size, piece.sha256, piece.blake3, *piece.origin]


def _unpack(row: list[Any]) -> StoredPiece:
    path, size, sha256, blake3, *origin = row
    return StoredPiece(path, size, sha256, blake3, (origin[0], origin[1]))
