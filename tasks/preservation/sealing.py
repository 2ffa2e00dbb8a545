"""From a piece in plain to what every archive stores: shared, in plain, or encrypted."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from blake3 import blake3

from configs.schema.preservation import Form
from tasks.ports.archive import BagWriter
from tasks.preservation.journal import KeptPiece
from tasks.preservation.lanes import Lane, Lanes, Lent
from tasks.preservation.memory import Memory
from tasks.preservation.payload import StoredPiece
from tasks.preservation.pieces import piece_path
from tasks.preservation.tensor_digests import TensorDigests


@dataclass(frozen=True, slots=True)
class Target:
    """One archive that the read writes to.

    Attributes:
        name: the replica's.
        form: how it holds the payload.
        writer: of the bag.
    """

    name: str
    form: Form
    writer: BagWriter


@dataclass(frozen=True, slots=True)
class Shared:
    """A stored piece of another bag that holds the same plain bytes, in every archive of a form."""

    bag: str
    path: str
    size: int
    sha256: str


FindShared = Callable[[Form, str], Shared | None]
"""Form and BLAKE3 of a piece in plain -> where the archives of that form hold it already."""


@dataclass(slots=True)
class PieceResult:
    """A piece under way; lanes fill it in. See `KeptPiece`."""

    path: str
    mark: str
    number: int
    blake3: str = ""
    stored: dict[Form, StoredPiece] = field(default_factory=dict)
    fetch: dict[str, str] = field(default_factory=dict)

    def kept(self) -> KeptPiece:
        """As the journal keeps it, once every lane has done with it."""
        return KeptPiece(
            self.path, self.mark, self.number, self.blake3, dict(self.stored), dict(self.fetch)
        )


@dataclass(frozen=True, slots=True)
class Outlet:
    """A target and the lane that writes to it."""

    target: Target
    lane: Lane


class Sealer:
    """Turns pieces into stored pieces, once a form, however many archives hold that form.

    Attributes:
        code: the lane that a piece comes through first.
        stores: the lanes that encrypt and hash what is stored, each every so many pieces.
    """

    def __init__(
        self,
        lanes: Lanes,
        outlets: Sequence[Outlet],
        *,
        memory: Memory,
        shared: FindShared | None,
    ) -> None:
        self._lanes, self._crew, self._shared = lanes, memory.crew, shared
        self._of = {
            form: [one for one in outlets if one.target.form is form]
            for form in (Form.PIECES, Form.AGE)
            if any(one.target.form is form for one in outlets)
        }
        self.code = lanes.lane("code")
        members = self._crew.members if self._crew else 1
        self.stores = [lanes.lane("store") for _ in range(members)]
        self._sealed = memory.for_ciphertext(lanes)
        self._turn = 0

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms that stand in pieces."""
        return tuple(self._of)

    def submit(
        self,
        result: PieceResult,
        lent: Lent,
        *,
        size: int,
        start: int,
        digests: TensorDigests,
        known: KeptPiece | None,
    ) -> None:
        """Queue a piece: its tensors' digests, and what the forms in pieces store of it.

        Args:
            result: filled in as the lanes get to it.
            lent: memory that begins with the piece.
            size: the piece's, in bytes.
            start: where it begins in its file.
            digests: of the file's tensors.
            known: what the journal has of this piece.
        """

        def encode() -> None:
            view = lent.memory[:size]
            if self._of:
                result.blake3 = blake3(view).hexdigest()
            digests.update(view, start, result.blake3)
            self._place(result, lent, size, known)

        self.code.do(encode, lent)

    def _place(self, result: PieceResult, lent: Lent, size: int, known: KeptPiece | None) -> None:
        if known and known.blake3 == result.blake3 and set(known.stored) == set(self._of):
            result.stored.update(known.stored)
            result.fetch.update(known.fetch)
            return
        member = self._turn = (self._turn + 1) % len(self.stores)
        for form in self._of:
            if not self._link(form, result):
                work = self._seal if form is Form.AGE else self._keep
                self.stores[member].do(partial(work, result, lent, size, member), lent)

    def _link(self, form: Form, result: PieceResult) -> bool:
        shared = self._shared(form, result.blake3) if self._shared else None
        if shared is None:
            return False
        path = piece_path(result.path, result.number, encrypted=form is Form.AGE)
        links = [
            one.lane.ask(partial(_link, one.target.writer, path, shared)) for one in self._of[form]
        ]
        urls = [self._lanes.wait(link) for link in links]
        if None in urls:  # it is gone in one archive: all of them get the bytes themselves
            return False
        for one, url in zip(self._of[form], urls, strict=True):
            if url:
                result.fetch[one.target.name] = url
        origin = (shared.bag, shared.path)
        result.stored[form] = StoredPiece(path, shared.size, shared.sha256, result.blake3, origin)
        return True

    def _keep(self, result: PieceResult, lent: Lent, size: int, member: int) -> None:
        """Store a piece as it is."""
        view = lent.memory[:size]
        self._store(Form.PIECES, result, view, hashlib.sha256(view).hexdigest(), lent)

    def _seal(self, result: PieceResult, lent: Lent, size: int, member: int) -> None:
        """Store a piece encrypted."""
        assert self._crew is not None, "the configuration has recipients"
        sealed = self._sealed.take()
        try:
            plain = slice(lent.place.start, lent.place.start + size)
            length, digest = self._crew.encrypt(member, plain, sealed.place)
            self._store(Form.AGE, result, sealed.memory[:length], digest, sealed)
        finally:
            sealed.release()

    def _store(
        self, form: Form, result: PieceResult, data: memoryview, digest: str, lent: Lent
    ) -> None:
        path = piece_path(result.path, result.number, encrypted=form is Form.AGE)
        result.stored[form] = StoredPiece(path, len(data), digest, result.blake3)
        for one in self._of[form]:
            one.lane.do(partial(one.target.writer.put, path, data, digest), lent)


def _link(writer: BagWriter, path: str, shared: Shared) -> str | None:
    with suppress(OSError):
        return writer.link(path, shared.bag, shared.path)
    return None
