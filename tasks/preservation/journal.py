"""What of an unfinished package every replica holds already, so that a kill costs one chunk."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from sqlmodel import col, delete, select

from configs.schema.preservation import Form
from tasks.preservation.payload import PayloadFile, StoredPiece, TensorDigest
from tasks.records import Book, Fence
from tasks.records.preservation import JournalEntry, Unfinished

_BATCH = 500  # entries that are read at a time
_WHOLE = -1  # number of the entry that tells of a whole file


@dataclass(frozen=True, slots=True)
class KeptPiece:
    """One piece that every replica holds.

    Attributes:
        path: the file, in the source.
        mark: the source file's mark when it was read.
        number: the piece's.
        blake3: of the piece in plain.
        stored: how it stands, by form.
        fetch: archive -> URL, where another bag holds it as that archive's form stores it.
    """

    path: str
    mark: str
    number: int
    blake3: str
    stored: Mapping[Form, StoredPiece]
    fetch: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One whole file that every replica holds."""

    mark: str
    file: PayloadFile


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a commit needs, once all was read.

    Attributes:
        package_id: of the package, which is recorded.
        editions: form -> id of the edition, which is recorded.
        fetch: archive -> text of its fetch.txt, where another bag holds a part.
    """

    package_id: str
    editions: Mapping[str, str]
    fetch: Mapping[str, str]


class Journal(Protocol):
    """Remembers across passes."""

    @property
    def keeps(self) -> bool:
        """Whether `each` gives what `add` got, so that nobody else has to hold it."""
        ...

    def each(self, path: str, mark: str) -> Iterator[KeptPiece]:
        """As `pieces`, in order, and not all in memory at once."""
        ...

    def file(self, path: str, mark: str) -> PayloadFile | None:
        """A file that is held whole and was not written to since; else None."""
        ...

    def pieces(self, path: str, mark: str) -> Mapping[int, KeptPiece]:
        """Its pieces that are held, by number."""
        ...

    def add(self, pieces: Sequence[KeptPiece], files: Sequence[KeptFile]) -> None:
        """Remember; called once all of it is durable in every replica."""
        ...


class NoJournal:
    """Remembers nothing: for a read that need not be resumed."""

    keeps = False

    def each(self, path: str, mark: str) -> Iterator[KeptPiece]:
        """See `Journal`."""
        return iter(())

    def file(self, path: str, mark: str) -> PayloadFile | None:
        """See `Journal`."""
        return None

    def pieces(self, path: str, mark: str) -> Mapping[int, KeptPiece]:
        """See `Journal`."""
        return {}

    def add(self, pieces: Sequence[KeptPiece], files: Sequence[KeptFile]) -> None:
        """See `Journal`."""


class RecordedJournal:
    """The journal in the records; written under the pass's fence."""

    keeps = True

    def __init__(self, book: Book, fence: Fence, clock: Callable[[], datetime]) -> None:
        self._book, self._fence, self._clock = book, fence, clock

    def begin(self, bag: str, terms: Mapping[str, Any]) -> str:
        """Go on with an unfinished package of the same terms, or begin `bag`.

        Returns:
            The name of the bag to write.
        """
        text, model = json.dumps(terms, sort_keys=True), self._fence.model_id
        with self._book.writing(self._clock(), fence=self._fence) as writing:
            row = writing.session.get(Unfinished, model)
            if row is not None and row.terms == text:
                return row.bag
            self._clear(writing.session)
            begun = Unfinished(
                model_id=model, bag=bag, terms=text, sealed="", started_at=writing.now
            )
            writing.session.merge(begun)
        return bag

    def seal(self, session: Any, sealed: "Sealed") -> None:
        """All was read and recorded; what is left is to commit. In the caller's transaction."""
        row = session.get_one(Unfinished, self._fence.model_id)
        row.sealed = json.dumps(asdict(sealed))
        session.add(row)

    def sealed(self) -> "Sealed | None":
        """What `seal` kept, or None while the read is not at its end."""
        with self._book.reading() as session:
            text = session.get_one(Unfinished, self._fence.model_id).sealed
        return Sealed(**json.loads(text)) if text else None

    def tells(self) -> bool:
        """Whether it tells of anything that replicas hold, of a package that was not yet sealed."""
        model = self._fence.model_id
        entry = select(JournalEntry.number).where(JournalEntry.model_id == model).limit(1)
        with self._book.reading() as session:
            sealed = session.get_one(Unfinished, model).sealed
            return not sealed and session.exec(entry).first() is not None

    def forget(self) -> None:
        """Drop the unfinished package: it is finished, or was found damaged."""
        with self._book.writing(self._clock(), fence=self._fence) as writing:
            self.clear(writing.session)

    def clear(self, session: Any) -> None:
        """As `forget`, within a transaction of the caller's."""
        self._clear(session)
        session.exec(delete(Unfinished).where(col(Unfinished.model_id) == self._fence.model_id))

    def _clear(self, session: Any) -> None:
        session.exec(delete(JournalEntry).where(col(JournalEntry.model_id) == self._fence.model_id))

    def file(self, path: str, mark: str) -> PayloadFile | None:
        """See `Journal`."""
        with self._book.reading() as session:
            row = session.get(JournalEntry, (self._fence.model_id, path, _WHOLE))
        body = json.loads(row.body) if row else {}
        return _file_from(body["file"]) if body.get("mark") == mark else None

    def pieces(self, path: str, mark: str) -> Mapping[int, KeptPiece]:
        """See `Journal`."""
        return {piece.number: piece for piece in self.each(path, mark)}

    def each(self, path: str, mark: str) -> Iterator[KeptPiece]:
        """See `Journal`."""
        query = (
            select(JournalEntry.number, JournalEntry.body)  # columns: a row object takes 1 kB more
            .where(
                JournalEntry.model_id == self._fence.model_id,
                JournalEntry.path == path,
                JournalEntry.number > _WHOLE,
            )
            .order_by(col(JournalEntry.number))
        )
        with self._book.reading() as session:
            for number, body in session.exec(query, execution_options={"yield_per": _BATCH}):
                piece = _piece_from(path, number, json.loads(body))
                if piece.mark == mark:
                    yield piece

    def add(self, pieces: Sequence[KeptPiece], files: Sequence[KeptFile]) -> None:
        """See `Journal`."""
        model = self._fence.model_id
        with self._book.writing(self._clock(), fence=self._fence) as writing:
            for piece in pieces:
                body = {
                    "mark": piece.mark,
                    "blake3": piece.blake3,
                    "stored": {form.value: asdict(one) for form, one in piece.stored.items()},
                    "fetch": dict(piece.fetch),
                }
                row = JournalEntry(
                    model_id=model, path=piece.path, number=piece.number, body=json.dumps(body)
                )
                writing.session.merge(row)
            for kept in files:
                body = {"mark": kept.mark, "file": _file_body(kept.file)}
                row = JournalEntry(
                    model_id=model, path=kept.file.path, number=_WHOLE, body=json.dumps(body)
                )
                writing.session.merge(row)


def _file_body(file: PayloadFile) -> dict[str, Any]:
    tensors = [asdict(tensor) for tensor in file.tensors]
    return {**asdict(replace(file, tensors=())), "tensors": tensors}


def _file_from(body: dict[str, Any]) -> PayloadFile:
    tensors = tuple(TensorDigest(**{**t, "shape": tuple(t["shape"])}) for t in body["tensors"])
    return PayloadFile(**{**body, "tensors": tensors})


def _piece_from(path: str, number: int, body: dict[str, Any]) -> KeptPiece:
    stored = {Form(form): _stored_from(one) for form, one in body["stored"].items()}
    return KeptPiece(path, body["mark"], number, body["blake3"], stored, body["fetch"])


def _stored_from(body: dict[str, Any]) -> StoredPiece:
    origin = tuple(body.pop("origin"))
    return StoredPiece(**body, origin=origin) if any(origin) else StoredPiece(**body)
