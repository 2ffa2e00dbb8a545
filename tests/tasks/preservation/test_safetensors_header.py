"""A header is read as its library reads it, or refused in one clause."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import SafetensorError
from safetensors.numpy import load, save

from tasks.preservation.safetensors_header import (
    LARGEST_HEADER,
    HeaderRefused,
    header_length,
    parse_header,
)

TYPES = [np.uint8, np.int16, np.float16, np.float32, np.float64, np.int64, np.bool_]


ONE = b'"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}'


def file_of(header: Any, data: bytes = b"", pad: bool = True) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    if pad:
        text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def parsed(file: bytes) -> dict[str, bytes]:
    length = header_length(file[:8], len(file))
    spans = parse_header(file[8 : 8 + length], len(file))
    return {span.name: file[span.start : span.end] for span in spans}


def tensor(start: int, end: int, **other: Any) -> dict[str, Any]:
    return {"dtype": "U8", "shape": [end - start], "data_offsets": [start, end], **other}


@given(
    st.dictionaries(
        st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8),
        st.tuples(st.sampled_from(TYPES), st.lists(st.integers(0, 4), max_size=3)),
        max_size=6,
    ),
    st.none() | st.dictionaries(st.text(max_size=5), st.text(max_size=5), min_size=1),
)
def test_what_the_library_writes_is_read_the_same(
    shapes: dict[str, tuple[Any, list[int]]], metadata: dict[str, str] | None
) -> None:
    arrays = {n: np.ones(shape, dtype=dtype) for n, (dtype, shape) in shapes.items()}
    data = save(arrays, metadata)
    assert parsed(data) == {name: a.tobytes() for name, a in load(data).items()}


@given(st.binary(min_size=1, max_size=3), st.integers(0, 200))
def test_what_passes_after_a_mutation_passes_the_library_too(junk: bytes, at: int) -> None:
    data = bytearray(save({"a": np.ones(4, np.float32), "b": np.ones(3, np.uint8)}))
    at %= len(data)
    data[at : at + len(junk)] = junk
    try:
        mine = parsed(bytes(data))
    except HeaderRefused:
        return
    try:
        theirs = load(bytes(data))
    except SafetensorError as refused:  # more lenient than the library would be a bug
        raise AssertionError(f"{refused}: {bytes(data)!r}") from refused
    assert set(mine) == set(theirs)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (file_of({"a": tensor(0, 4), "b": tensor(2, 6)}, bytes(6)), "'b' overlaps 'a'"),
        (file_of({"a": tensor(0, 4), "b": tensor(5, 6)}, bytes(6)), "hole before tensor 'b'"),
        (file_of({"a": tensor(0, 4)}, bytes(5)), "end at byte"),
        (file_of({"a": tensor(0, 4)}, bytes(3)), "end at byte"),
        (file_of(b"{%s,%s}" % (ONE, ONE), b"x"), "'a' stands twice"),
        (file_of({"a": tensor(0, 1, extra=1)}, b"x"), "not exactly dtype"),
        (file_of({"a": {**tensor(0, 1), "dtype": "U7"}}, b"x"), "unknown dtype"),
        (file_of({"a": {**tensor(0, 4), "dtype": "F32"}}, bytes(4)), "does not fill"),
        (file_of({"a": {**tensor(0, 4), "shape": [2**40, 2**40]}}, bytes(4)), "does not fill"),
        (file_of({"a": {**tensor(0, 1), "shape": [True]}}, b"x"), "not whole numbers"),
        (file_of({"a": {**tensor(0, 1), "shape": [-1]}}, b"x"), "not whole numbers"),
        (file_of(b'{"a":{"dtype":"U8","shape":[NaN],"data_offsets":[0,1]}}', b"x"), "NaN"),
        (file_of(b'{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}', b"x"), "1.0"),
        (file_of({"a": tensor(0, 1), "f": {"dtype": "F32", "shape": [1], "data_offsets": [1, 5]}},
                 bytes(5)), "misaligned"),
        (file_of({"a": tensor(0, 1)}, b"x", pad=False), "multiple of 8"),
        (file_of({"../x": tensor(0, 1)}, b"x"), "could mislead"),
        (file_of({"a\x07": tensor(0, 1)}, b"x"), "could mislead"),
        (file_of({"": tensor(0, 1)}, b"x"), "could mislead"),
        (file_of({"__metadata__": {"a": 1}}), "more than texts"),
        (file_of(b"[]      "), "does not begin with {"),
        (file_of(b"\xef\xbb\xbf{}"), "does not begin with {"),
        (file_of(b"{" + b'"a":{' * 20 + b"}" * 21), "nested too deeply"),
        (file_of(b'{"a": ' + b"9" * 5000 + b"}"), "20 digits"),
        (file_of(b'{"\xff": 1}'), "not JSON in UTF-8"),
        ((LARGEST_HEADER + 1).to_bytes(8, "little") + b"{}", "more than"),
        ((100).to_bytes(8, "little") + b"{}", "in a file of 10"),
        (b"short", "eight give the header's length"),
    ],
)  # fmt: skip
def test_what_breaks_the_format_is_refused_in_a_clause(file: bytes, said: str) -> None:
    with pytest.raises(HeaderRefused) as refused:
        parsed(file)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 300
