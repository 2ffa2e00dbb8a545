"""Stored pieces, packed: what comes out is what went in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.preservation.payload import StoredPiece
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


@given(_PIECES, st.slices(20))
def test_they_come_out_as_they_went_in(pieces: list[StoredPiece], part: slice) -> None:
    packed = StoredPieces(pieces)
    assert list(packed) == pieces
    assert [packed[number] for number in range(len(packed))] == pieces
    assert list(packed[part]) == pieces[part]
    assert list(reversed(packed)) == pieces[::-1]


def test_there_is_none_beyond_the_end() -> None:
    packed = StoredPieces([StoredPiece("a", 1, "0" * 64)])
    assert packed[-1].path == "a"
    with pytest.raises(IndexError):
        packed[1]
