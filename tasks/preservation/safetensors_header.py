"""The header of a safetensors file, read more strictly than its own library does. Pure.

The format (github.com/huggingface/safetensors, "Format"): eight bytes give the header's length,
little-endian; the header is a JSON object of tensors, padded with spaces; then the tensors, without
holes. The library takes duplicate names, extra fields, and names that leave a folder; here all of
that is refused, since a file that two readers read differently can't be preserved for certain.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LARGEST_HEADER = (8 << 20) - 8  # bytes; memory stays bounded, and it is room for 60,000 tensors

_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip
_FIELDS = {"dtype", "shape", "data_offsets"}
_MOST_DEPTH = 4  # object, tensor, list; more is an attack on the parser


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
    length = int.from_bytes(first[:8], "little")
    if length > LARGEST_HEADER:
        raise HeaderRefused(f"its header would have {length} bytes, more than {LARGEST_HEADER}")
    if length < 2 or length > file_size - 8:
        raise HeaderRefused(f"its header would have {length} bytes in a file of {file_size}")
    return length


def parse_header(header: bytes, file_size: int) -> tuple[TensorSpan, ...]:
    """The tensors of a file, sorted by start.

    Args:
        header: the JSON, with its padding.
        file_size: bytes of the whole file.

    Raises:
        HeaderRefused: anything that the format does not allow.
    """
    base = 8 + len(header)
    if base % 8:
        raise HeaderRefused(f"its tensors begin at byte {base}, which is no multiple of 8")
    spans = [
        _span(name, told, base) for name, told in _object(header).items() if name != "__metadata__"
    ]
    spans.sort(key=lambda span: (span.start, span.end))
    _check_layout(spans, base, file_size)
    return tuple(spans)


def _object(header: bytes) -> dict[str, Any]:
    if not header.startswith(b"{"):
        raise HeaderRefused("its header does not begin with {")
    if _depth(header) > _MOST_DEPTH:
        raise HeaderRefused("its header is nested too deeply")
    try:
        value = json.loads(
            header.decode("utf-8").rstrip(" "),
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
            parse_float=_refuse_constant,
            parse_int=_bounded_int,
        )
    except HeaderRefused:
        raise
    except (ValueError, RecursionError) as error:
        raise HeaderRefused(f"its header is not JSON in UTF-8 ({error})") from None
    if not isinstance(value, dict):
        raise HeaderRefused("its header is no JSON object")
    metadata = value.get("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise HeaderRefused("__metadata__ holds more than texts")
    return value


def _depth(header: bytes) -> int:
    """Deepest nesting, brackets in strings counted too: an upper bound is enough."""
    depth = deepest = 0
    in_text = escaped = False
    for byte in header[: 1 << 16]:  # a bomb shows at once; the parser's own limit does for the rest
        if in_text:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_text = False
        elif byte == 0x22:
            in_text = True
        elif byte in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"}]":
            depth -= 1
    return deepest


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        name = next(n for n, _ in pairs if n in seen or seen.add(n))  # type: ignore[func-returns-value]
        raise HeaderRefused(f"{name!r} stands twice in it")
    return found


def _refuse_constant(text: str) -> Any:
    raise HeaderRefused(f"{text} is no whole number")


def _bounded_int(text: str) -> int:
    if len(text) > 20:
        raise HeaderRefused("a number in it has more than 20 digits")
    return int(text)


def _span(name: str, told: Any, base: int) -> TensorSpan:
    shown = repr(name if len(name) < 100 else name[:100] + "…")
    if not name or not name.isprintable() or name.startswith("/") or ".." in name.split("/"):
        raise HeaderRefused(f"tensor {shown} has a name that could mislead")
    if not isinstance(told, dict) or set(told) != _FIELDS:
        raise HeaderRefused(f"tensor {shown} has not exactly dtype, shape and data_offsets")
    dtype, shape, offsets = told["dtype"], told["shape"], told["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _BITS:
        raise HeaderRefused(f"tensor {shown} has an unknown dtype")
    if not _whole_numbers(shape) or not _whole_numbers(offsets) or len(offsets) != 2:
        raise HeaderRefused(f"tensor {shown}: shape and data_offsets are not whole numbers")
    start, end = offsets
    bits = math.prod(shape) * _BITS[dtype]
    if bits % 8 or bits // 8 != end - start:
        raise HeaderRefused(
            f"tensor {shown} of shape {shape} and {dtype} does not fill bytes {start} to {end}"
        )
    if _BITS[dtype] > 8 and start % (_BITS[dtype] // 8):
        raise HeaderRefused(f"tensor {shown} begins at byte {start}, misaligned for {dtype}")
    return TensorSpan(name, dtype, tuple(shape), base + start, base + end)


def _whole_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) is int and n >= 0 for n in value)


def _check_layout(spans: Sequence[TensorSpan], base: int, file_size: int) -> None:
    at, before = base, "the header"
    for span in spans:
        if span.start < at:
            raise HeaderRefused(f"tensor {span.name!r} overlaps {before}")
        if span.start > at:
            raise HeaderRefused(f"there is a hole before tensor {span.name!r}, after {before}")
        at, before = span.end, repr(span.name)
    if at != file_size:
        raise HeaderRefused(f"its tensors end at byte {at}, the file at {file_size}")
