"""BLAKE3 of each tensor as a file's bytes go by, in order."""

from collections.abc import Sequence
from typing import Any

from blake3 import blake3

from tasks.kernel.spool import Rows
from tasks.preservation.payload import TensorDigest, Tensors
from tasks.preservation.safetensors_header import TensorSpan


def tensor_rows() -> Rows[TensorDigest]:
    """For the tensors of a whole model, one file after another."""
    return Rows(_pack, _unpack)


class TensorDigests:
    """Digests of the tensors of one file.

    Args:
        spans: the file's tensors, sorted by start, without overlap.
        rows: gets the digests; nothing else is added before `finish`.
    """

    def __init__(self, spans: Sequence[TensorSpan], rows: Rows[TensorDigest]) -> None:
        self._spans, self._rows = spans, rows
        self._next = 0
        self._open: blake3 | None = None  # of a tensor that began in an earlier chunk
        self._begun: tuple[int, int] | None = None  # where the first digest stands

    def update(self, chunk: memoryview, start: int, whole: str = "") -> None:
        """The file's next bytes.

        Args:
            chunk: the bytes.
            start: where in the file they begin; the end of the chunk before.
            whole: their BLAKE3 in hex, where it is known: a chunk that is exactly one tensor is
                not hashed again.
        """
        end = start + len(chunk)
        while self._next < len(self._spans) and self._spans[self._next].start < end:
            span = self._spans[self._next]
            if whole and (span.start, span.end) == (start, end):
                self._close(span, whole)
                continue
            part = chunk[max(0, span.start - start) : span.end - start]
            if self._open is None and start <= span.start and span.end <= end:
                self._close(span, blake3(part).hexdigest())
                continue
            self._open = self._open or blake3()
            self._open.update(part)
            if span.end > end:
                return
            self._close(span, self._open.hexdigest())

    def finish(self) -> Tensors:
        """All digests, in file order; tensors without bytes at the file's end among them."""
        for span in self._spans[self._next :]:
            self._close(span, blake3().hexdigest())
        self._spans = ()
        return self._rows.since(self._begun) if self._begun is not None else ()

    def _close(self, span: TensorSpan, digest: str) -> None:
        self._begun = self._begun or self._rows.mark()
        self._rows.append(
            TensorDigest(span.name, span.dtype, span.shape, span.start, span.end, digest)
        )
        self._open = None
        self._next += 1


def _pack(one: TensorDigest) -> list[Any]:
    return [one.name, one.dtype, one.shape, one.start, one.end, one.blake3]


def _unpack(row: list[Any]) -> TensorDigest:
    name, dtype, shape, start, end, digest = row
    return TensorDigest(name, dtype, tuple(shape), start, end, digest)
