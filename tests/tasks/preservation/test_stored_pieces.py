"""Stored pieces: what comes out is what went in."""

from hypothesis import given
from hypothesis import strategies as st

from tasks.preservation.payload import StoredPiece
from tasks.preservation.pieces import piece_path
from tasks.preservation.stored_pieces import StoredPieces

_DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_PIECES = st.lists(
    st.builds(
        StoredPiece,
        path=_TEXTS,
        size=st.integers(0, 2**64 - 1),
        sha256=_DIGESTS,
        blake3=st.just("") | _DIGESTS,
        origin=st.just(("", "")) | st.tuples(_TEXTS, _TEXTS),
    )
)


@given(_PIECES)
def test_they_come_out_as_they_went_in_sorted(pieces: list[StoredPiece]) -> None:
    packed = StoredPieces(pieces)
    assert len(packed) == len(pieces)
    for _ in range(2):
        assert list(packed) == sorted(pieces, key=lambda piece: piece.path)


def test_names_of_files_and_of_their_pieces_interleave_as_a_manifest_sorts_them() -> None:
    """In the order of the source, `a` comes before `a-b`; their pieces do not."""
    paths = [piece_path(path, 0, encrypted=False) for path in ("a", "a-b", "a.pieces/000000")]
    pieces = StoredPieces(StoredPiece(path, 1, "0" * 64) for path in paths)
    assert [piece.path for piece in pieces] == sorted(paths) != paths
