"""Pieces: they cover a file exactly, and a changed tensor changes no other's."""

from collections import Counter
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from tasks.preservation.pieces import PIECE, Piece, piece_path, plan_pieces, restored_path
from tasks.preservation.safetensors_header import LARGEST_HEADER, TensorSpan, parse_header

LIMIT, SMALL = 64, 16  # small, so that small tensors show all cases


SIZES = st.lists(st.integers(0, SMALL + 1) | st.integers(0, 300), max_size=12)


def in_a_row(sizes: list[int], header: int) -> list[TensorSpan]:
    spans, at = [], header
    for number, size in enumerate(sizes):
        spans.append(TensorSpan(f"t{number}", "U8", (size,), at, at + size))
        at += size
    return spans


def bounds(pieces: list[Piece]) -> list[tuple[int, int]]:
    return [(piece.start, piece.end) for piece in pieces]


@given(st.integers(0, 40), SIZES, st.integers(0, 50))
def test_pieces_cover_a_file_exactly_and_stay_below_the_limit(
    header: int, sizes: list[int], tail: int
) -> None:
    spans = in_a_row(sizes, header)
    size = header + sum(sizes) + tail
    pieces = list(plan_pieces(size, spans, header, limit=LIMIT, small=SMALL))
    assert [p.number for p in pieces] == list(range(len(pieces)))
    assert pieces[0].start == 0
    assert pieces[-1].end == size
    assert all(a.end == b.start for a, b in pairwise(pieces))
    assert all(p.end - p.start <= LIMIT for p in pieces)
    assert all(p.end > p.start for p in pieces) or pieces == [Piece(0, 0, 0)]
    assert header == 0 or (0, header) in bounds(pieces), "the header is a piece of its own"


@given(st.integers(0, 40), SIZES)
def test_a_large_tensor_is_cut_from_its_own_start_and_small_ones_are_grouped(
    header: int, sizes: list[int]
) -> None:
    spans = in_a_row(sizes, header)
    pieces = list(plan_pieces(header + sum(sizes), spans, header, limit=LIMIT, small=SMALL))
    large = [s for s in spans if s.end - s.start >= SMALL]
    own = [(at, min(at + LIMIT, s.end)) for s in large for at in range(s.start, s.end, LIMIT)]
    groups = [b for b in bounds(pieces) if b not in own and b != (0, header) and b[0] < b[1]]
    assert set(own) <= set(bounds(pieces))
    assert all(end - start <= SMALL for start, end in groups)
    edges = {s.start for s in spans} | {header + sum(sizes)}
    assert all(start in edges and end in edges for start, end in groups), "no small one is cut"
    for (start, end), (following, _) in pairwise(groups):
        first = next(s.end for s in spans if s.start == following and s.end > s.start)
        assert end != following or first - start > SMALL, "groups are as full as they can be"


def cut(data: bytes) -> tuple[list[Piece], tuple[TensorSpan, ...], int]:
    end = 8 + int.from_bytes(data[:8], "little")
    spans = parse_header(data[8:end], len(data))
    return list(plan_pieces(len(data), spans, end, limit=LIMIT, small=SMALL)), spans, end


@given(
    st.lists(st.integers(1, 7) | st.integers(1, 40), min_size=1, max_size=12),
    st.sets(st.integers(0, 11), max_size=4),
    st.integers(0, 3),
)
def test_only_pieces_that_hold_a_changed_byte_are_new_though_the_header_grew(
    sizes: list[int], chosen: set[int], longer: int
) -> None:
    rng = np.random.default_rng(5)
    base = {f"t{n:02}": rng.integers(0, 255, s * 3, dtype=np.uint8) for n, s in enumerate(sizes)}
    changed = {name for n, name in enumerate(sorted(base)) if n in chosen}
    tuned = {name: array ^ 1 if name in changed else array for name, array in base.items()}
    one, other = save(base), save(tuned, metadata={"note": "a longer header" * longer})
    held = Counter(one[p.start : p.end] for p in cut(one)[0])
    pieces, spans, header_end = cut(other)
    touched = [(0, header_end)] + [(s.start, s.end) for s in spans if s.name in changed]
    for piece in pieces:
        untouched = all(piece.end <= start or end <= piece.start for start, end in touched)
        held[other[piece.start : piece.end]] -= 1
        assert not untouched or held[other[piece.start : piece.end]] >= 0


@given(st.integers(0, 5), st.lists(st.integers(SMALL, 300), min_size=1, max_size=8))
def test_a_tensor_that_comes_in_between_leaves_large_ones_their_pieces(
    at: int, sizes: list[int]
) -> None:
    rng = np.random.default_rng(6)
    parts = [rng.bytes(size) for size in sizes]
    grown = [*parts[:at], rng.bytes(7), *parts[at:]]

    def contents(header: bytes, tensors: list[bytes]) -> set[bytes]:
        data = header + b"".join(tensors)
        spans = in_a_row([len(t) for t in tensors], len(header))
        plan = plan_pieces(len(data), spans, len(header), limit=LIMIT, small=SMALL)
        return {data[p.start : p.end] for p in plan}

    assert len(contents(b"longer", grown) - contents(b"short", parts)) == 2  # header, newcomer


def _in_files(tensors: list[bytes], files: int) -> set[bytes]:
    """What pieces hold, of tensors that stand in so many files; the headers left out."""
    found = set()
    for number in range(files):
        mine = tensors[number::files]
        data, spans = b"".join(mine), in_a_row([len(one) for one in mine], 0)
        found |= {data[piece.start : piece.end] for piece in plan_pieces(len(data), spans)}
    return found


@pytest.mark.parametrize("files", [1, 3])
def test_tensors_of_a_hundred_kilobytes_are_shared_in_any_order_and_any_files(files: int) -> None:
    """As a model of 150 MB has them by the thousand. A fine-tune changes one in fifteen here."""
    rng = np.random.default_rng(7)
    base = [rng.bytes(100_000) for _ in range(60)]
    tuned = [rng.bytes(100_000) if n % 15 == 0 else one for n, one in enumerate(base)]
    held = _in_files(base, 1)
    assert _in_files(base[::-1], files) == held
    assert sum(map(len, _in_files(tuned[::-1], files) - held)) == 4 * 100_000


def test_an_empty_file_is_one_empty_piece() -> None:
    assert list(plan_pieces(0)) == [Piece(0, 0, 0)]


def test_a_file_without_tensors_is_cut_at_the_limit() -> None:
    assert bounds(list(plan_pieces(150, limit=64))) == [(0, 64), (64, 128), (128, 150)]
    assert bounds(list(plan_pieces(128, limit=64))) == [(0, 64), (64, 128)]


def test_a_header_at_its_largest_is_one_piece() -> None:
    end = 8 + LARGEST_HEADER
    assert bounds(list(plan_pieces(end, header_end=end))) == [(0, PIECE)]


def test_a_file_of_two_terabytes_is_planned_as_it_is_read() -> None:
    first = list(islice(plan_pieces(2 << 40), 3))
    assert [p.end for p in first] == [PIECE, 2 * PIECE, 3 * PIECE]


COMPONENT = st.text(min_size=1).filter(lambda text: "/" not in text and text not in {".", ".."})


@given(st.lists(COMPONENT, min_size=1), st.integers(0, 999_999), st.booleans())
def test_a_stored_path_leads_back(parts: list[str], number: int, encrypted: bool) -> None:
    path = "/".join(parts)
    assert restored_path(piece_path(path, number, encrypted=encrypted)) == (path, number)


@pytest.mark.parametrize("path", ["x.pieces/000000", "x.age", "a.pieces", "x\n", "data/x"])
def test_a_name_that_looks_like_a_piece_leads_back(path: str) -> None:
    assert restored_path(piece_path(path, 7, encrypted=True)) == (path, 7)


def test_names_of_pieces_sort_in_their_order() -> None:
    numbers = [0, 9, 10, 99_999, 100_000, 999_999]
    paths = [piece_path("x", number, encrypted=False) for number in numbers]
    assert sorted(paths) == paths
    with pytest.raises(ValueError, match="more than 1000000 pieces"):
        piece_path("x", 1_000_000, encrypted=False)


@pytest.mark.parametrize(
    "path",
    [
        "data/x",
        "x.pieces/000000",
        "data/.pieces/000000",
        "data/x.pieces/1",
        "data/x.pieces/0000001",
        "data/x.pieces/00000١",
        "data/x.pieces/000000.gpg",
        "data/x.pieces/000000\n",
        "data/../x.pieces/000000",
        "data//etc/x.pieces/000000",
        "data/a/./x.pieces/000000",
        "",
    ],
)
def test_what_is_no_piece_or_leaves_its_folder_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is not the path of a piece"):
        restored_path(path)
