"""A header is read as its library reads it, or refused in one clause."""

import json
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import SafetensorError, deserialize
from safetensors.numpy import load, save

from tasks.preservation.safetensors_header import (
    LARGEST_HEADER,
    HeaderRefused,
    header_length,
    parse_header,
)

TYPES = [np.uint8, np.int16, np.float16, np.float32, np.float64, np.int64, np.complex64, np.bool_]
DTYPES = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "I16": 16, "U16": 16, "F16": 16,
    "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip
ONE = b'"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}'


def file_of(header: Any, data: bytes = b"", pad: bool = True) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    if pad:
        text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def parsed(file: bytes) -> dict[str, tuple[str, list[int], bytes]]:
    length = header_length(file[:8], len(file))
    spans = parse_header(file[8 : 8 + length], len(file))
    assert [s.start for s in spans] == sorted(s.start for s in spans)
    return {s.name: (s.dtype, list(s.shape), file[s.start : s.end]) for s in spans}


def by_the_library(file: bytes) -> dict[str, tuple[str, list[int], bytes]]:
    told = deserialize(file)
    return {name: (one["dtype"], one["shape"], bytes(one["data"])) for name, one in told}


def refused_or_read_as_by_the_library(file: bytes) -> bool:
    try:
        mine = parsed(file)
    except HeaderRefused:
        return False
    try:
        theirs = by_the_library(file)
    except SafetensorError as refused:
        raise AssertionError(f"more lenient than the library: {refused}: {file!r}") from refused
    assert mine == theirs
    return True


def tensor(start: int, end: int, **other: Any) -> dict[str, Any]:
    return {"dtype": "U8", "shape": [end - start], "data_offsets": [start, end], **other}


def field(name: str, value: bytes) -> bytes:
    """A header of one tensor of one byte, with one field's JSON replaced."""
    fields = {"dtype": b'"U8"', "shape": b"[1]", "data_offsets": b"[0,1]", name: value}
    inner = b",".join(b'"%s":%s' % (key.encode(), fields[key]) for key in fields)
    return file_of(b'{"a":{%s}}' % inner, b"x")


@given(
    st.dictionaries(
        st.text(st.characters(categories=["L", "N", "P", "Zs"], exclude_characters="/\\."),
                min_size=1, max_size=8),
        st.tuples(st.sampled_from(TYPES), st.lists(st.integers(0, 4), max_size=3)),
        max_size=6,
    ),
    st.none() | st.dictionaries(st.text(max_size=5), st.text(max_size=5), min_size=1),
)  # fmt: skip
def test_what_the_library_writes_is_read_the_same(
    shapes: dict[str, tuple[Any, list[int]]], metadata: dict[str, str] | None
) -> None:
    arrays = {n: np.ones(shape, dtype=dtype) for n, (dtype, shape) in shapes.items()}
    data = save(arrays, metadata)
    mine = parsed(data)
    assert mine == by_the_library(data)
    assert {n: one[2] for n, one in mine.items()} == {n: a.tobytes() for n, a in load(data).items()}


@pytest.mark.parametrize("dtype", [*DTYPES, "F8", "I4", "U4", "F128", "C128", "f32", "F8_E4M3FN"])
def test_every_dtype_of_the_library_is_known_and_no_other(dtype: str) -> None:
    size = DTYPES.get(dtype, 8)  # eight elements have as many bytes as one has bits
    one = {"dtype": dtype, "shape": [2, 4], "data_offsets": [0, size]}
    assert refused_or_read_as_by_the_library(file_of({"a": one}, bytes(size))) == (dtype in DTYPES)


@pytest.mark.parametrize(("dtype", "elements"), [("F4", 1), ("F4", 3), ("F6_E2M3", 3)])
def test_a_tensor_that_ends_within_a_byte_is_refused(dtype: str, elements: int) -> None:
    whole = DTYPES[dtype] * elements // 8
    for size in (whole, whole + 1):
        one = {"dtype": dtype, "shape": [elements], "data_offsets": [0, size]}
        assert not refused_or_read_as_by_the_library(file_of({"a": one}, bytes(size)))


MUTATED = bytes(
    save(
        {"a": np.ones(4, np.float32), "b": np.ones((3, 1), np.uint8), "c": np.ones(0, np.int16)},
        {"format": "pt"},
    )
)
JUNK = st.binary(min_size=1, max_size=3) | st.sampled_from(
    [b'"', b"}", b"{", b",", b"[", b"]", b" ", b"\n", b"-0", b"1e0", b"\\ud800", b"\\u0061", b"0"]
)


@given(JUNK, st.integers(0, len(MUTATED) - 1), st.integers(0, 3), st.sampled_from([b"", b"x"]))
def test_what_passes_after_a_mutation_passes_the_library_too(
    junk: bytes, at: int, gone: int, tail: bytes
) -> None:
    data = MUTATED[:at] + junk + MUTATED[at + gone :] + tail
    refused_or_read_as_by_the_library(data)
    end = 8 + int.from_bytes(MUTATED[:8], "little")
    if at >= 8 and at + gone <= end:  # the same, with the header's length mended
        text = MUTATED[8:at] + junk + MUTATED[at + gone : end]
        refused_or_read_as_by_the_library(file_of(text, MUTATED[end:]))


SIZES = st.sampled_from([0, 1, 2, 3, 4, 8, 2**32, 2**63, 2**64 - 1, 2**64, -1, True, 1.0, None])
NAMES = st.sampled_from(["a", "b", "c", "__metadata__", "a/b", "../c", "é", "\u202e", ""])
TOLD = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["U8", "F4", "F16", "F32", "I64", "X", 8]),
        "shape": st.lists(SIZES, max_size=3),
        "data_offsets": st.tuples(SIZES, SIZES),
    }
)


@given(st.dictionaries(NAMES, TOLD | st.dictionaries(NAMES, NAMES, max_size=2), max_size=3))
def test_what_passes_of_any_header_passes_the_library_too(header: dict[str, Any]) -> None:
    ends = [t["data_offsets"][1] for t in header.values() if "data_offsets" in t]
    whole = [end for end in ends if isinstance(end, int) and 0 <= end < 100]
    refused_or_read_as_by_the_library(file_of(header, bytes(max(whole, default=0))))


@given(st.lists(st.sampled_from([0, 2, 2**31, 2**32, 2**62, 2**63, 2**64 - 1, 2**64]), max_size=6))
def test_sizes_that_overflow_are_refused_where_the_library_refuses_them(shape: list[int]) -> None:
    file = file_of({"a": {"dtype": "F16", "shape": shape, "data_offsets": [0, 0]}})
    try:
        by_the_library(file)
    except SafetensorError:
        assert not refused_or_read_as_by_the_library(file)
    else:
        assert refused_or_read_as_by_the_library(file)


F32_AT_1 = {"dtype": "F32", "shape": [1], "data_offsets": [1, 5]}


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (file_of({"a": tensor(0, 4), "b": tensor(2, 6)}, bytes(6)), "'b' overlaps 'a' at byte 130"),
        (file_of({"a": tensor(0, 4), "b": tensor(5, 6)}, bytes(6)), "after 'a' and before 'b'"),
        (file_of({"a": tensor(1, 4)}, bytes(4)), "after the header and before 'a'"),
        (file_of({"a": tensor(0, 4)}, bytes(5)), "end at byte"),
        (file_of({"a": tensor(0, 4)}, bytes(3)), "end at byte"),
        (file_of({}, b"x"), "end at byte"),
        (file_of(b"{%s,%s}" % (ONE, ONE), b"x"), "'a' stands twice"),
        (file_of(b"{%s,%s}" % (ONE, ONE.replace(b'"a"', b'"\\u0061"')), b"x"), "'a' stands twice"),
        (file_of(b'{"__metadata__":{"k":"","k":""}}'), "'k' stands twice in __metadata__"),
        (file_of(b'{"__metadata__":{},"__metadata__":{}}'), "'__metadata__' stands twice"),
        (file_of(b'{"a":{"dtype":"U8",%s' % ONE[5:] + b"}", b"x"), "a field stands twice"),
        (file_of({"a": tensor(0, 1, extra=1)}, b"x"), "not exactly dtype"),
        (file_of({"a": {"dtype": "U8", "shape": []}}), "not exactly dtype"),
        (file_of({"a": 1}), "not exactly dtype"),
        (field("dtype", b'"U7"'), "unknown dtype 'U7'"),
        (field("dtype", b"[]"), "unknown dtype []"),
        (file_of({"a": {**tensor(0, 4), "dtype": "F32"}}, bytes(4)), "does not fill"),
        (field("shape", b"[1099511627776,1099511627776]"), "larger than 64 bits hold"),
        (field("shape", b"[99999999999999999999]"), "larger than 64 bits hold"),
        (field("shape", b"[" + b"1," * 64 + b"1]"), "65 dimensions"),
        (field("shape", b"[true]"), "not whole numbers"),
        (field("shape", b"[-1]"), "-1 is no whole number"),
        (field("shape", b"[-0,1]"), "-0 is no whole number"),
        (field("shape", b"[NaN]"), "NaN"),
        (field("shape", b"[Infinity]"), "Infinity"),
        (field("shape", b"[1.0]"), "1.0"),
        (field("shape", b"[1e0]"), "1e0"),
        (field("shape", b"[01]"), "is not JSON"),
        (field("shape", b'"1"'), "not whole numbers"),
        (field("data_offsets", b"[0,1,1]"), "not whole numbers"),
        (field("data_offsets", b"[1,0]"), "does not fill"),
        (file_of({"a": tensor(0, 1), "f": F32_AT_1}, bytes(5)), "misaligned for F32"),
        (file_of({"a": tensor(0, 1)}, b"x", pad=False), "multiple of 8"),
        (file_of({"../x": tensor(0, 1)}, b"x"), "leads out of a folder"),
        (file_of({"a/..": tensor(0, 1)}, b"x"), "leads out of a folder"),
        (file_of({"a\\..\\b": tensor(0, 1)}, b"x"), "leads out of a folder"),
        (file_of({"/etc": tensor(0, 1)}, b"x"), "leads out of a folder"),
        (file_of({"a\x07": tensor(0, 1)}, b"x"), "control characters"),
        (file_of({"a\nb": tensor(0, 1)}, b"x"), "control characters"),
        (file_of({"a\u202eb": tensor(0, 1)}, b"x"), "control characters"),
        (file_of({"": tensor(0, 1)}, b"x"), "empty name"),
        (file_of({"a" * 5000: tensor(0, 1)}, b"x"), "has 5000 characters"),
        (file_of(b'{"\\ud800":1}'), "surrogate"),
        (file_of(b'{"__metadata__":{"a":"\\udc00"}}'), "surrogate"),
        (file_of({"__metadata__": {"a": 1}}), "more than texts, at 'a'"),
        (file_of({"__metadata__": {"a": {}}}), "more than texts"),
        (file_of({"__metadata__": None}), "__metadata__ is no object"),
        (file_of(b"[]      "), "does not begin with {"),
        (file_of(b" {}"), "does not begin with {"),
        (file_of(b"\xef\xbb\xbf{}"), "does not begin with {"),
        (file_of(b"{}\n"), "more than spaces after"),
        (file_of(b"{}\0\0\0\0\0\0"), "more than spaces after"),
        (file_of(b"{%s,}" % ONE, b"x"), "not JSON"),
        (file_of(b"{%s" % ONE, b"x"), "not JSON"),
        (file_of(b"{a:1}"), "not JSON"),
        (file_of(b'{"a\nb":1}'), "not JSON"),
        (file_of(b'{"\xff": 1}'), "not UTF-8 at byte 10"),
        ((100).to_bytes(8, "little") + b"{}", "100 bytes in a file of 10"),
        (bytes(16), "0 bytes in a file of 16"),
        (b"\xff" * 16, "in a file of 16"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS pointer"),
        (b"short", "eight give the header's length"),
    ],
)  # fmt: skip
def test_what_breaks_the_format_is_refused_in_a_clause(file: bytes, said: str) -> None:
    with pytest.raises(HeaderRefused) as refused:
        parsed(file)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 300
    assert str(refused.value).isprintable()


def test_a_header_beyond_the_bound_is_refused_by_its_length_alone() -> None:
    assert header_length(LARGEST_HEADER.to_bytes(8, "little"), 1 << 40) == LARGEST_HEADER
    with pytest.raises(HeaderRefused, match="more than 8388600"):
        header_length((LARGEST_HEADER + 1).to_bytes(8, "little"), 1 << 40)


@pytest.mark.parametrize("name", ["a..b", "model.layers.0.weight", "a/b/c", "w é", "layer 1"])
def test_usual_names_are_taken(name: str) -> None:
    assert list(parsed(file_of({name: tensor(0, 1)}, b"x"))) == [name]


def test_tensors_without_elements_may_share_a_place() -> None:
    header = {
        "z": {"dtype": "F32", "shape": [0, 5], "data_offsets": [4, 4]},
        "scalar": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]},
        "y": {"dtype": "I16", "shape": [0], "data_offsets": [4, 4]},
        "x": {"dtype": "I64", "shape": [0], "data_offsets": [0, 0]},
    }
    file = file_of(header, b"abcd")
    assert parsed(file) == by_the_library(file)
    assert len(parsed(file)) == 4


ROOM = LARGEST_HEADER - 100
NINES = b"9" * 19


@pytest.mark.parametrize(
    "header",
    [
        b'{"a":[' + b"{}," * (ROOM // 3) + b"{}]}",
        b'{"a":[' + b"[{}]," * (ROOM // 5) + b"[]]}",
        b'{"a":' * (ROOM // 5),
        b'{"a":' + b"[" * ROOM,
        b'{"__metadata__":' + b"[" * ROOM,
        b'{"a":{"dtype":"U8","shape":[' + (NINES + b",") * (ROOM // 20) + b"1]}}",
        b'{"a":{"dtype":"U8","shape":[' + b"1000," * (ROOM // 5) + b"1]}}",
        b'{"a":{"dtype":"U8","shape":[' + b"[" * 4000 + b"]}}",
        b'{"a":{"dtype":"U8","shape":[' + b"9" * 4000 + b"]}}",
        b'{"__metadata__":{' + b",".join(b'"%x":""' % n for n in range(263_000)) + b"}}",
    ],
    ids=["objects", "lists", "deep", "deeper", "deep metadata", "product", "numbers",
         "deep shape", "digits", "metadata"],
)  # fmt: skip
def test_json_that_is_made_to_exhaust_the_reader_is_refused_in_little_memory(header: bytes) -> None:
    file = file_of(header)
    tracemalloc.start()
    try:
        with pytest.raises(HeaderRefused):
            parsed(file)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_a_header_of_sixty_thousand_tensors_is_read() -> None:
    names = [
        f"model.layers.{n // 768}.mlp.experts.{n % 768}.down_proj.weight" for n in range(60000)
    ]
    header = {name: tensor(n, n + 1) for n, name in enumerate(names)}
    file = file_of(header, bytes(60000))
    assert int.from_bytes(file[:8], "little") < LARGEST_HEADER
    assert list(parsed(file)) == names
