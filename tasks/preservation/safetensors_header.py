"""The header of a safetensors file, read more strictly than its own library does. Pure.

The format (github.com/huggingface/safetensors, "Format"): eight bytes give the header's length,
little-endian; the header is a JSON object of tensors, padded with spaces; then the tensors, without
holes. The library takes duplicate names, extra fields, and names that leave a folder; here all of
that is refused, since a file that two readers read differently can't be preserved for certain. So
is a tensor that its type's size does not divide the place of: the format allows it, but some
readers can't map such a file.

The header comes from a stranger. It is walked entry by entry rather than parsed whole, since JSON
made of nothing but `[]` takes 35 times its size as Python values.
"""

import json
import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

LARGEST_HEADER = (8 << 20) - 8  # bytes; memory stays bounded, and it is room for 60,000 tensors

_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip
_METADATA = "__metadata__"
_FIELDS = {"dtype", "shape", "data_offsets"}
_MOST_NAMES = 1 << 18  # that an object's keys are remembered of, to tell duplicates
_LONGEST_NAME = 4096  # characters; as much as a path may have
_MOST_DIMENSIONS = 64  # as many as NumPy and PyTorch can hold
_UINT64 = (1 << 64) - 1
_LFS_POINTER = b"version "  # a common mistake; as a length it would be more than any disk holds

_OPEN = re.compile(r"\{[ \t\n\r]*")
_CLOSE = re.compile(r"\}")
_COLON = re.compile(r"[ \t\n\r]*:[ \t\n\r]*")
_NEXT = re.compile(r"[ \t\n\r]*(?:(,)[ \t\n\r]*|\})")
_TENSOR = re.compile(r"\{[^{}]{0,4096}\}")  # enough for every field at its largest
_SURROGATE = re.compile("[\ud800-\udfff]")
_LEAVES_A_FOLDER = re.compile(r"[/\\]|(.*[/\\])?\.\.([/\\]|\Z)", re.DOTALL)
_MISLEADING = {"Cc", "Cf", "Zl", "Zp"}  # controls, marks that reorder or hide text, line ends


class HeaderRefused(ValueError):
    """The header breaks the format; the message is one clause."""


@dataclass(frozen=True, slots=True)
class TensorSpan:
    """Where a tensor stands in its file: bytes `start` to `end`, counted from the file's start."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def header_length(first: bytes, file_size: int) -> int:
    """Length of the JSON, from a file's first eight bytes.

    Raises:
        HeaderRefused: the file has no room for it, or it is larger than `LARGEST_HEADER`.
    """
    if len(first) < 8:
        raise HeaderRefused(f"it has {file_size} bytes, and eight give the header's length")
    if first.startswith(_LFS_POINTER):
        raise HeaderRefused("it is a Git LFS pointer, not the file that it points to")
    length = int.from_bytes(first[:8], "little")
    if length < 2 or length > file_size - 8:
        raise HeaderRefused(f"its header would have {length} bytes in a file of {file_size}")
    if length > LARGEST_HEADER:
        raise HeaderRefused(f"its header has {length} bytes, more than {LARGEST_HEADER}")
    return length


def parse_header(header: bytes, file_size: int) -> tuple[TensorSpan, ...]:
    """The tensors of a file, sorted by start.

    Args:
        header: the JSON, with its padding; at most `LARGEST_HEADER` bytes.
        file_size: bytes of the whole file.

    Raises:
        HeaderRefused: anything that the format does not allow, or that this reader does not trust.
    """
    base = 8 + len(header)
    if base % 8:
        raise HeaderRefused(f"its tensors begin at byte {base}, which is no multiple of 8")
    if not header.startswith(b"{"):
        raise HeaderRefused("its header does not begin with {")
    try:
        cursor = _Cursor(header.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise HeaderRefused(f"its header is not UTF-8 at byte {8 + error.start}") from None
    spans = []
    for name in cursor.keys("its header"):
        if name == _METADATA:
            cursor.skip_metadata()
        else:
            spans.append(_span(name, cursor.tensor(name), base))
    cursor.end()
    spans.sort(key=lambda span: (span.start, span.end))
    _check_layout(spans, base, file_size)
    return tuple(spans)


def _refuse_number(text: str) -> Any:
    raise HeaderRefused(f"{text[:40]} is no whole number")


def _whole_number(text: str) -> int:
    if text.startswith("-"):
        _refuse_number(text)
    if len(text) > 20 or int(text) > _UINT64:
        raise HeaderRefused(f"the number {text[:24]}… is larger than 64 bits hold")
    return int(text)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise HeaderRefused("a field stands twice")
    return found


_TEXTS = json.JSONDecoder()
_FIELDS_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_duplicates,
    parse_constant=_refuse_number,
    parse_float=_refuse_number,
    parse_int=_whole_number,
)


class _Cursor:
    """Walks a header's JSON. Never holds more than one entry of it as values."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def keys(self, what: str) -> Iterator[str]:
        """The keys of the object that begins here; move past each one's value before the next."""
        self._expect(_OPEN)
        if self._take(_CLOSE):
            return
        seen: set[str] = set()
        while True:
            key = self._string()
            if key in seen:
                raise HeaderRefused(f"{_shown(key)} stands twice in {what}")
            if len(seen) == _MOST_NAMES:
                raise HeaderRefused(f"{what} has more than {_MOST_NAMES} entries")
            seen.add(key)
            self._expect(_COLON)
            yield key
            if self._expect(_NEXT)[1] is None:
                return

    def skip_metadata(self) -> None:
        """Move past the object of texts that begins here."""
        if not self._text.startswith("{", self._at):
            raise HeaderRefused(f"{_METADATA} is no object")
        for key in self.keys(_METADATA):
            if not self._text.startswith('"', self._at):
                raise HeaderRefused(f"{_METADATA} holds more than texts, at {_shown(key)}")
            self._string()

    def tensor(self, name: str) -> Any:
        """What is told of a tensor; move past it."""
        match = self._take(_TENSOR)
        if match is None:
            raise HeaderRefused(_wrong_fields(name))
        try:
            return _FIELDS_DECODER.decode(match[0])
        except HeaderRefused as error:
            raise HeaderRefused(f"tensor {_shown(name)}: {error}") from None
        except (ValueError, RecursionError):
            raise HeaderRefused(f"what tensor {_shown(name)} says is not JSON") from None

    def end(self) -> None:
        """Nothing but the padding may follow."""
        if self._text[self._at :].strip(" "):
            raise HeaderRefused("its header has more than spaces after the JSON")

    def _string(self) -> str:
        if not self._text.startswith('"', self._at):
            raise self._no_json()
        try:
            value, self._at = _TEXTS.raw_decode(self._text, self._at)
        except ValueError:
            raise self._no_json() from None
        assert isinstance(value, str), "it begins with a quote"
        if not value.isascii() and _SURROGATE.search(value):
            raise HeaderRefused(f"{_shown(value)} is no text: it has half of a surrogate pair")
        return value

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return match

    def _expect(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = self._take(pattern)
        if match is None:
            raise self._no_json()
        return match

    def _no_json(self) -> HeaderRefused:
        return HeaderRefused(f"its header is not JSON of tensors at character {self._at}")


def _span(name: str, told: dict[str, Any], base: int) -> TensorSpan:
    _check_name(name)
    shown = _shown(name)
    if set(told) != _FIELDS:
        raise HeaderRefused(_wrong_fields(name))
    dtype, shape, offsets = told["dtype"], told["shape"], told["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _BITS:
        raise HeaderRefused(f"tensor {shown} has the unknown dtype {_shown(dtype)}")
    if not _whole_numbers(shape) or not _whole_numbers(offsets) or len(offsets) != 2:
        raise HeaderRefused(f"tensor {shown}: shape and data_offsets are not whole numbers")
    start, end = offsets
    if _bits(shape, _BITS[dtype], shown) != 8 * (end - start):
        raise HeaderRefused(
            f"tensor {shown} of shape {_shown(shape)} and {dtype} does not fill "
            f"bytes {base + start} to {base + end}"
        )
    if _BITS[dtype] > 8 and start % (_BITS[dtype] // 8):
        raise HeaderRefused(f"tensor {shown} begins at byte {base + start}, misaligned for {dtype}")
    # a large model has a hundred thousand tensors, of a few types
    return TensorSpan(name, sys.intern(dtype), tuple(shape), base + start, base + end)


def _check_name(name: str) -> None:
    if not name:
        raise HeaderRefused("a tensor has an empty name")
    if len(name) > _LONGEST_NAME:
        raise HeaderRefused(f"the tensor name {_shown(name)} has {len(name)} characters")
    if _LEAVES_A_FOLDER.match(name):
        raise HeaderRefused(f"the tensor name {_shown(name)} leads out of a folder")
    plain = name.isascii() and name.isprintable()  # nearly every name, and quickly told
    if not plain and any(unicodedata.category(char) in _MISLEADING for char in name):
        raise HeaderRefused(f"the tensor name {_shown(name)} has control characters")


def _bits(shape: Sequence[int], bits: int, shown: str) -> int:
    """Size of a tensor. As in the library, no product on the way may pass 64 bits."""
    if len(shape) > _MOST_DIMENSIONS:
        raise HeaderRefused(f"tensor {shown} has {len(shape)} dimensions")
    elements = 1
    for size in (*shape, bits):
        elements *= size
        if elements > _UINT64:
            raise HeaderRefused(f"tensor {shown} has a size that is larger than 64 bits hold")
    return elements


def _whole_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) is int for n in value)


def _wrong_fields(name: str) -> str:
    return f"tensor {_shown(name)} has not exactly dtype, shape and data_offsets"


def _shown(value: object) -> str:
    """A value from the header, for a message: short, and without control characters."""
    text = ascii(value) if not isinstance(value, str) else repr(value[:80])
    return text if len(text) < 90 else f"{text[:88]}…"


def _check_layout(spans: Sequence[TensorSpan], base: int, file_size: int) -> None:
    at, before = base, "the header"
    for span in spans:
        if span.start < at:
            raise HeaderRefused(
                f"tensor {_shown(span.name)} overlaps {before} at byte {span.start}"
            )
        if span.start > at:
            raise HeaderRefused(
                f"there is a hole at byte {at}, after {before} and before {_shown(span.name)}"
            )
        at, before = span.end, _shown(span.name)
    if at != file_size:
        raise HeaderRefused(f"its tensors end at byte {at}, the file at {file_size}")
