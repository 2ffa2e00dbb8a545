"""What the first bytes of a source's file tell of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from tasks.kernel.errors import SourceRefused
from tasks.ports.source import SourceFile, SourceReader
from tasks.preservation.payload_kind import kind_of
from tasks.preservation.safetensors_header import (
    HeaderRefused,
    TensorSpan,
    header_length,
    parse_header,
)

_OPAQUE = "kept as opaque bytes, as the configuration says"
_LOOK_AT = 64 << 10  # bytes of a file that tell its kind


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is being read.

    Attributes:
        kind: see `PayloadFile`.
        note: likewise.
        filled: how many of its bytes were read.
        spans: its tensors, sorted by start.
        header_end: first byte after a safetensors header; 0 without one.
    """

    kind: str
    note: str
    filled: int
    spans: Sequence[TensorSpan] = ()
    header_end: int = 0


def look(
    file: SourceFile, reader: SourceReader, memory: memoryview, opaque: Sequence[str]
) -> Opened:
    """Read as far as it takes to know the file's kind, and its tensors if it has any.

    Args:
        file: the file.
        reader: at its first byte.
        memory: gets what is read; room for the largest header, and eight bytes.
        opaque: patterns of files that are kept as bytes though they break their format.

    Raises:
        SourceRefused: it can't be preserved as it is.
    """
    is_opaque = any(fnmatch(file.path, pattern) for pattern in opaque)
    if not file.path.lower().endswith(".safetensors") or is_opaque:
        filled = reader.readinto(memory[: min(_LOOK_AT, file.size)])
        kind, note = kind_of(file.path, bytes(memory[:filled]))
        if is_opaque:
            note = "; ".join(filter(None, (_OPAQUE, note)))
        return Opened(kind, note, filled)
    try:
        filled = reader.readinto(memory[: min(8, file.size)])
        length = header_length(bytes(memory[:filled]), file.size)
        filled += reader.readinto(memory[8 : 8 + length])
        if filled < 8 + length:
            raise SourceRefused(f"{file.path}: became shorter while it was read")
        spans = parse_header(bytes(memory[8:filled]), file.size)
    except HeaderRefused as error:
        raise SourceRefused(
            f"{file.path}: is no sound safetensors file: {error}; mend or replace it, or name "
            "it in preservation.opaque_files once a person has looked at it"
        ) from None
    return Opened("safetensors", "", filled, spans, 8 + length)
