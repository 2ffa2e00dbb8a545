"""Pieces: they cover a file exactly, and a changed tensor changes no other's."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from tasks.preservation.pieces import Piece, piece_path, plan_pieces, restored_path
from tasks.preservation.safetensors_header import TensorSpan, parse_header

LIMIT, SMALL = 64, 16


def planned(data: bytes) -> list[bytes]:
    """A safetensors file's pieces, cut with small limits so that small tensors show all cases."""
    end = 8 + int.from_bytes(data[:8], "little")
    spans = parse_header(data[8:end], len(data))
    pieces = plan_pieces(len(data), spans, end, limit=LIMIT, small=SMALL)
    return [data[piece.start : piece.end] for piece in pieces]


@given(
    st.integers(0, 40),
    st.lists(st.integers(0, 300), max_size=12),
    st.integers(0, 50),
)
def test_pieces_cover_a_file_exactly_and_stay_below_the_limit(
    header: int, sizes: list[int], tail: int
) -> None:
    spans, at = [], header
    for number, size in enumerate(sizes):
        spans.append(TensorSpan(f"t{number}", "U8", (size,), at, at + size))
        at += size
    pieces = list(plan_pieces(at + tail, spans, header, limit=LIMIT, small=SMALL))
    assert [p.number for p in pieces] == list(range(len(pieces)))
    assert pieces[0].start == 0
    assert pieces[-1].end == at + tail
    assert all(a.end == b.start for a, b in pairwise(pieces))
    assert all(p.end - p.start <= LIMIT for p in pieces)
    assert all(p.end > p.start for p in pieces) or pieces == [Piece(0, 0, 0)]
    for span in spans:
        if span.end - span.start >= SMALL:
            assert any(p.start == span.start for p in pieces), "a large tensor begins a piece"
            assert any(p.end == span.end for p in pieces), "and ends one"


@given(st.lists(st.integers(1, 40), min_size=1, max_size=10), st.data())
def test_a_changed_tensor_changes_its_own_pieces_and_the_header_at_most(
    sizes: list[int], data: st.DataObject
) -> None:
    rng = np.random.default_rng(5)
    base = {f"t{n:02}": rng.integers(0, 255, s * 8, dtype=np.uint8) for n, s in enumerate(sizes)}
    changed = data.draw(st.sampled_from(sorted(base)))
    tuned = {**base, changed: base[changed] ^ 1}
    one = Counter(planned(save(base)))
    other = Counter(planned(save(tuned, metadata={"a longer": "header"})))
    fresh = sum((other - one).values())
    own = -(-len(base[changed]) // LIMIT)
    assert fresh <= own + -(-(8 + 4096) // LIMIT), "the header's pieces beside its own"
    tensors_only = [p for p in (other - one).elements() if b"data_offsets" not in p]
    assert sum(map(len, tensors_only)) <= len(base[changed]) + 2 * SMALL + 512


def test_an_empty_file_is_one_empty_piece() -> None:
    assert list(plan_pieces(0)) == [Piece(0, 0, 0)]


def test_a_file_without_tensors_is_cut_at_the_limit() -> None:
    cut = [(p.start, p.end) for p in plan_pieces(150, limit=64)]
    assert cut == [(0, 64), (64, 128), (128, 150)]


@given(st.text(min_size=1), st.integers(0, 10**7), st.booleans())
def test_a_stored_path_leads_back(path: str, number: int, encrypted: bool) -> None:
    assert restored_path(piece_path(path, number, encrypted=encrypted)) == (path, number)


@pytest.mark.parametrize(
    "path", ["data/x", "x.pieces/000000", "data/x.pieces/1", "data/x.pieces/000000.gpg", ""]
)
def test_what_is_no_piece_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is not the path of a piece"):
        restored_path(path)
