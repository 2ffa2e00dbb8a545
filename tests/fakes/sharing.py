"""Stored pieces that an archive holds already, looked up without records."""

from collections.abc import Sequence

from configs.schema.preservation import Form
from tasks.preservation.payload import StoredPiece
from tasks.preservation.sealing import FindShared, Shared


def shared_with(pieces: Sequence[StoredPiece], bag: str) -> FindShared:
    held = {piece.blake3: Shared(bag, piece.path, piece.size, piece.sha256) for piece in pieces}
    return lambda form, blake3: held.get(blake3) if form is not Form.FILES else None
