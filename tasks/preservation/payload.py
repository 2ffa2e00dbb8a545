"""What one read of a source finds out about its files. Plain values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TensorDigest:
    """One tensor of a safetensors file.

    Attributes:
        name: as the header gives it.
        dtype: likewise, such as `BF16`.
        shape: its dimensions.
        start: first byte in the file, counted from the file's start.
        end: first byte after it.
        blake3: BLAKE3 of those bytes, 64 hex digits.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int
    blake3: str


class Tensors(Protocol):
    """The tensors of a file, in its order: a tuple, or rows of a list that is too long to hold."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[TensorDigest]: ...


@dataclass(frozen=True, slots=True)
class PayloadFile:
    """One file of the payload, in plain.

    Attributes:
        path: relative POSIX path in the source.
        size: bytes.
        sha256: hex digest of the whole file.
        kind: `safetensors`, `gguf`, `pickle` or `other`, by what its bytes say. All of them are
            kept as bytes; none is ever loaded.
        tensors: empty unless `safetensors`.
        note: what a person should know, such as that a pickle runs code when it is loaded.
    """

    path: str
    size: int
    sha256: str
    kind: str
    tensors: Tensors = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class StoredPiece:
    """One stored file of a bag's payload.

    Attributes:
        path: in the bag, such as `data/model.safetensors.pieces/000000.age`.
        size: bytes as stored.
        sha256: of the bytes as stored.
        blake3: of the piece in plain; empty for a file that is not in pieces.
        origin: bag and path in the same archive where the bytes stand, when another bag holds
            them; else empty strings.
    """

    path: str
    size: int
    sha256: str
    blake3: str = ""
    origin: tuple[str, str] = ("", "")
