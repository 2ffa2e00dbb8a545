"""One read of a source: file and tensor digests, ciphertext, and every replica. Threads and ports.

A piece is read into one of a few buffers and handed to lanes of one thread each: SHA-256 of the
file; BLAKE3 of tensors, and sharing; encryption and SHA-256 of what is stored; and one lane an
archive. Each lane keeps its order, and a buffer is free again when the last lane has done with it.
So the work overlaps on the cores there are, and memory does not grow with the model. hashlib,
blake3 and file writes leave Python's lock; pyrage holds it, so processes encrypt.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Protocol

from configs.schema.preservation import Form
from tasks.kernel.errors import SourceRefused
from tasks.ports.archive import BagFile
from tasks.ports.source import Source, SourceFile, SourceReader
from tasks.preservation.checkpoints import CheckpointLog
from tasks.preservation.journal import Journal, KeptFile, KeptPiece
from tasks.preservation.lanes import Lane, Lanes, Lent
from tasks.preservation.manifest import PAYLOAD
from tasks.preservation.memory import Memory, give_back, open_memory
from tasks.preservation.opened import look
from tasks.preservation.payload import PayloadFile, StoredPiece, Tensors
from tasks.preservation.pieces import plan_pieces
from tasks.preservation.sealing import Outlet, PieceResult, Sealer, Target
from tasks.preservation.stored_pieces import StoredPieces
from tasks.preservation.tensor_digests import TensorDigests, tensor_rows
from tasks.preservation.terms import Terms
from tasks.preservation.whole_files import WholeFiles, pays

_HASH = "hash"
_SLICE = 1 << 20


@dataclass(frozen=True, slots=True)
class Read:
    """What one read found out, and wrote.

    Attributes:
        files: in the source's order.
        stored: the payload's files as they stand in a bag, by form.
        fetch: archive -> path in the bag -> URL, of what another bag holds.
    """

    files: tuple[PayloadFile, ...]
    stored: Mapping[Form, StoredPieces]
    fetch: Mapping[str, Mapping[str, str]]


def read_once(source: Source, targets: Sequence[Target], *, journal: Journal, terms: Terms) -> Read:
    """Read a source once, write its payload to every target, and digest all of it.

    What the journal has is not read again, but for a file that was under way: its bytes are read
    from its start, since SHA-256 can't be taken up in the middle; what of it is stored already is
    not encrypted or written again.

    Raises:
        SourceRefused: the source can't be preserved as it is.
        OSError: a place can't be written.
    """
    seen = source.files()
    if _in_whole_files(seen, targets):
        writers = [target.writer for target in targets]
        whole = WholeFiles(source, writers, journal=journal, terms=terms)
        results: Sequence[_FileResult | KeptFile] = whole.run(seen)
    else:
        results = _in_lanes(source, seen, targets, journal=journal, terms=terms)
    give_back()  # the buffers: what is put together now takes memory of its own
    _expect_unchanged(seen, source.files())
    return _put_together(results, targets, journal)


def _in_lanes(
    source: Source,
    seen: Sequence[SourceFile],
    targets: Sequence[Target],
    *,
    journal: Journal,
    terms: Terms,
) -> "list[_FileResult | KeptFile]":
    cipher = terms.cipher if any(target.form is Form.AGE for target in targets) else None
    # without encryption the hash of the files is what takes longest
    favoured = _HASH if cipher is None else ""
    size = sum(file.size for file in seen)
    with open_memory(cipher, size) as memory, Lanes.open(favoured) as lanes:
        reading = _Reading(lanes, memory, source, targets, journal=journal, terms=terms)
        return reading.run(seen)


def _in_whole_files(seen: Sequence[SourceFile], targets: Sequence[Target]) -> bool:
    possible = all(one.form is Form.FILES and one.writer.at_once for one in targets)
    return possible and pays([file.size for file in seen], os.cpu_count() or 1)


class _Hash(Protocol):
    """What hashlib gives."""

    def update(self, data: memoryview, /) -> None: ...

    def hexdigest(self) -> str: ...


@dataclass(slots=True)
class _FileResult:
    """A file under way; lanes fill it in."""

    lanes: Lanes
    seen: SourceFile
    kind: str
    note: str
    sha256: Future[str]
    tensors: Future[Tensors]
    pieces: list[PieceResult]  # empty where the journal keeps them
    count: int  # of pieces

    def payload(self) -> PayloadFile:
        """What was found, once the lanes have done with it; `Stopped` when one failed."""
        tensors, sha256 = self.lanes.wait(self.tensors), self.lanes.wait(self.sha256)
        return PayloadFile(self.seen.path, self.seen.size, sha256, self.kind, tensors, self.note)


class _Reading:
    """The reader's side: one file after another, on the caller's thread."""

    def __init__(
        self,
        lanes: Lanes,
        memory: Memory,
        source: Source,
        targets: Sequence[Target],
        *,
        journal: Journal,
        terms: Terms,
    ) -> None:
        self._lanes, self._source, self._terms = lanes, source, terms
        self._outlets = [Outlet(target, lanes.lane(target.name)) for target in targets]
        self._whole = [one for one in self._outlets if one.target.form is Form.FILES]
        self._sealer = Sealer(lanes, self._outlets, memory=memory, shared=terms.shared)
        self._hash = lanes.lane(_HASH)
        self._buffers = memory.for_pieces(lanes)
        self._log = CheckpointLog(lanes, self._sealer, self._outlets, journal)
        self._journal = journal
        self._tensors, self._kept = tensor_rows(), tensor_rows()  # just read, and read earlier
        self._done = self._total = 0

    def run(self, seen: Sequence[SourceFile]) -> "list[_FileResult | KeptFile]":
        """Read every file that the journal does not have, and wait until all is durable."""
        self._total = sum(file.size for file in seen)
        results: list[_FileResult | KeptFile] = []
        for file in seen:
            held = self._journal.file(file.path, file.mark)
            if held is None:
                results.append(self._file(file))
            else:
                results.append(KeptFile(file.mark, self._spooled(held)))
                self._done += file.size
        self._log.finish()
        self._lanes.check()
        return results

    def _spooled(self, file: PayloadFile) -> PayloadFile:
        mark = self._kept.mark()
        for tensor in file.tensors:
            self._kept.append(tensor)
        return replace(file, tensors=self._kept.since(mark))

    def _file(self, file: SourceFile) -> _FileResult:
        known = self._journal.pieces(file.path, file.mark) if self._sealer.forms else {}
        path, digest = PAYLOAD + file.path, hashlib.sha256()
        copies = [
            (one.lane, one.lane.ask(partial(one.target.writer.open_file, path, file.size)))
            for one in self._whole
        ]
        sinks: _Sinks = [(self._hash, digest.update)]
        sinks += [(lane, partial(_write, opened)) for lane, opened in copies]
        with self._source.open(file) as reader:
            result = self._pieces(file, reader, digest, sinks, known)
        for lane, opened in copies:
            lane.do(partial(_close, opened))
        self._log.file_ended(file.mark, result.payload)
        return result

    def _pieces(
        self,
        file: SourceFile,
        reader: SourceReader,
        digest: "_Hash",
        sinks: "_Sinks",
        known: Mapping[int, KeptPiece],
    ) -> _FileResult:
        pieces, count = list[PieceResult](), 0
        first = self._buffers.take()
        opened = look(file, reader, first.memory, self._terms.opaque)
        lent: Lent | None = first
        digests = TensorDigests(opened.spans, self._tensors)
        filled = opened.filled
        for piece in plan_pieces(file.size, opened.spans, opened.header_end):
            lent = lent or self._buffers.take()
            view = lent.memory[: piece.end - piece.start]
            if not self._fill(reader, view, filled, lent, sinks):
                lent.release()
                break  # the file became shorter: closing it says so
            result = PieceResult(file.path, file.mark, piece.number)
            self._sealer.submit(
                result,
                lent,
                size=len(view),
                start=piece.start,
                digests=digests,
                known=known.get(piece.number),
            )
            lent.release()
            lent, filled = None, 0
            if self._sealer.forms:
                count += 1
                if not self._journal.keeps:
                    pieces.append(result)
                self._log.piece(result)
            self._done += len(view)
            self._log.read(len(view))
            self._terms.progress(file.path, self._done, self._total)
        tensors = self._sealer.code.ask(digests.finish)
        sha256 = self._hash.ask(digest.hexdigest)
        return _FileResult(
            self._lanes, file, opened.kind, opened.note, sha256, tensors, pieces, count
        )

    def _fill(
        self,
        reader: SourceReader,
        view: memoryview,
        filled: int,
        lent: Lent,
        sinks: "_Sinks",
    ) -> bool:
        """Read a piece slice by slice, and hand each on while it is in the processor's cache."""
        for start in range(0, len(view), _SLICE):
            part = view[start : start + _SLICE]
            have = max(0, min(len(part), filled - start))
            if have < len(part) and have + reader.readinto(part[have:]) < len(part):
                return False
            for lane, take in sinks:
                lane.do(partial(take, part), lent)
        return True


_Sinks = list[tuple[Lane, Callable[[memoryview], object]]]
"""Where each slice of a file goes: a lane, and what is done there."""


def _write(opened: "Future[BagFile]", part: memoryview) -> None:
    opened.result().write(part)  # opened by this lane before


def _close(opened: "Future[BagFile]") -> None:
    opened.result().close()


def _put_together(
    results: "Sequence[_FileResult | KeptFile]", targets: Sequence[Target], journal: Journal
) -> Read:
    """What was found in all files, once all lanes are done."""
    forms = {target.name: target.form for target in targets}
    files = tuple(r.file if isinstance(r, KeptFile) else r.payload() for r in results)
    fetch: dict[str, dict[str, str]] = {}

    def stored(form: Form) -> Iterator[StoredPiece]:
        if form is Form.FILES:
            yield from (StoredPiece(PAYLOAD + one.path, one.size, one.sha256) for one in files)
            return
        for result in results:
            for piece in _pieces_of(result, journal):
                one = piece.stored[form]
                yield one
                for archive, url in piece.fetch.items():
                    if forms[archive] is form:  # a piece stands in a path of its own in each
                        fetch.setdefault(archive, {})[one.path] = url

    in_a_bag = {form: StoredPieces(stored(form)) for form in sorted(set(forms.values()))}
    return Read(files, in_a_bag, fetch)


def _pieces_of(result: "_FileResult | KeptFile", journal: Journal) -> Iterator[KeptPiece]:
    if isinstance(result, KeptFile):
        yield from journal.each(result.file.path, result.mark)
    elif not journal.keeps:
        yield from (piece.kept() for piece in result.pieces)
    else:
        path = result.seen.path
        held = islice(journal.each(path, result.seen.mark), result.count)
        for number, piece in zip(range(result.count), held, strict=True):
            if piece.number != number:  # a package without it would read back as whole
                raise LookupError(f"{path}: the journal has no piece {number}")
            yield piece


def _expect_unchanged(before: Sequence[SourceFile], now: Sequence[SourceFile]) -> None:
    """Refuse a source that was not one model from the first byte read to the last.

    Raises:
        SourceRefused: a file came, went, or was written to after it had been read.
    """
    if before == now:
        return
    changed = {file.path for file in set(before) ^ set(now)}
    raise SourceRefused(
        f"{', '.join(sorted(changed)[:5])}: came, went or changed while the source was read; stop "
        "what writes to it, then start again"
    )
