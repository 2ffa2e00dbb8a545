"""How a file is cut into pieces, so that files which share tensors share pieces. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tasks.preservation.safetensors_header import TensorSpan

PIECE = 8 << 20  # most bytes of a piece in plain
# Tensors below this share a piece, and change with their neighbours. A piece takes 350 bytes of tag
# files, which every later bag has anew: more than half a percent of a smaller one.
SMALL = 64 << 10

_MOST_PIECES = 1_000_000  # of a file: six digits, as RESTORE.md's commands expect; 8 TB

_STORED = re.compile(r"data/(?P<path>.+)\.pieces/(?P<number>[0-9]{6})(\.age)?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes `start` to `end` of a file; `number` counts from 0."""

    number: int
    start: int
    end: int


def plan_pieces(
    size: int,
    spans: Sequence[TensorSpan] = (),
    header_end: int = 0,
    *,
    limit: int = PIECE,
    small: int = SMALL,
) -> Iterator[Piece]:
    """Cut a file into pieces that cover it exactly, in order; an empty file is one empty piece.

    A header is cut off on its own, and so is each tensor of at least `small` bytes; runs of
    smaller ones go together, up to `small` bytes. What is larger than `limit` is cut at its
    multiples. So a changed tensor changes its own pieces and no other's, wherever it stands.

    Args:
        size: bytes of the file.
        spans: its tensors, sorted by start, without overlap; empty for a file without any.
        header_end: first byte after the header; 0 for none.
        limit: most bytes of a piece.
        small: see above; at most `limit`.
    """
    number = 0
    for start, end in _parts(size, spans, header_end, small):
        for at in range(start, end, limit):
            yield Piece(number, at, min(at + limit, end))
            number += 1
    if number == 0:
        yield Piece(0, 0, 0)


def _parts(
    size: int, spans: Sequence[TensorSpan], header_end: int, small: int
) -> Iterator[tuple[int, int]]:
    """Consecutive parts of a file, some empty: header, large tensors, runs of small ones."""
    yield 0, header_end
    begun = header_end  # of the run of small tensors that is under way
    for span in spans:
        if span.end - span.start >= small:
            yield begun, span.start
            yield span.start, span.end
            begun = span.end
        elif span.end - begun > small:
            yield begun, span.start
            begun = span.start
    yield begun, size


def piece_path(path: str, number: int, *, encrypted: bool) -> str:
    """Where a piece stands in a bag: `data/<path>.pieces/000000`, with `.age` when encrypted.

    Raises:
        ValueError: the number needs more than six digits, so a shell would sort it wrongly.
    """
    if not 0 <= number < _MOST_PIECES:
        raise ValueError(f"{path}: has more than {_MOST_PIECES} pieces; split the file")
    return f"data/{path}.pieces/{number:06}{'.age' if encrypted else ''}"


def restored_path(stored: str) -> tuple[str, int]:
    """The inverse of `piece_path`: path in the source, and number.

    Raises:
        ValueError: not the path of a piece, or of one that would leave the folder it is put in.
    """
    match = _STORED.match(stored)
    if match is None or not {"", ".", ".."}.isdisjoint(match["path"].split("/")):
        raise ValueError(f"{stored!r} is not the path of a piece")
    return match["path"], int(match["number"])
