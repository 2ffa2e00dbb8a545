"""The files of an edition in the records; each is read from there when it is asked for."""

import base64
import json
from collections.abc import Iterator

from sqlalchemy import LargeBinary, cast, insert
from sqlmodel import Session, col, select

from configs.schema.preservation import Form
from tasks import wiring
from tasks.kernel.spool import Content, Spool, in_parts
from tasks.preservation.edition import BagTags
from tasks.preservation.manifest import MANIFEST
from tasks.records import Book
from tasks.records.preservation import Edition, EditionFile

_PART = 1 << 20  # bytes of a file in one row


class _Recorded:
    """Implements `kernel.spool.Content`; read from the records once, when it is first asked for.

    Whoever reads a bag by it may take days, in which the records may be away.
    """

    def __init__(self, book: Book, edition_id: str, path: str) -> None:
        self._book, self._edition_id, self._path = book, edition_id, path
        self._read: Spool | None = None

    @property
    def size(self) -> int:
        return self._spooled().size

    @property
    def sha256(self) -> str:
        return self._spooled().sha256

    def parts(self) -> Iterator[bytes]:
        return self._spooled().parts()

    def _spooled(self) -> Spool:
        self._read = self._read or Spool(self._rows())
        return self._read

    def _rows(self) -> Iterator[bytes]:
        number = -1
        while True:
            query = (
                select(EditionFile.number, cast(EditionFile.data, LargeBinary))
                .where(EditionFile.edition_id == self._edition_id, EditionFile.path == self._path)
                .where(EditionFile.number > number)
                .order_by(col(EditionFile.number))
                .limit(1)
            )
            with self._book.reading() as session:
                found = session.exec(query).first()
            if found is None:
                return
            number, data = found
            yield data


def record_files(session: Session, tags: BagTags) -> None:
    """Write an edition's files but its tag manifest, within a transaction of the caller's."""
    for path, content in {**tags.tags, MANIFEST: tags.manifest}.items():
        parts = in_parts(content.parts(), _PART) if content.size else [b""]
        for number, part in enumerate(parts):
            values = {"edition_id": tags.id, "path": path, "number": number, "data": part}
            session.execute(insert(EditionFile), values)


def tags_in(session: Session, row: Edition) -> BagTags:
    """What stands beside the payload, as an edition's rows tell."""
    paths = select(EditionFile.path).where(EditionFile.edition_id == row.id).distinct()
    book, older = wiring.book(), json.loads(row.tags)
    files: dict[str, Content] = {
        **{path: Spool([base64.b64decode(data)]) for path, data in older.items()},
        **{path: _Recorded(book, row.id, path) for path in session.exec(paths)},
    }
    manifest = files.pop(MANIFEST, None) or Spool([row.manifest.encode()])
    recipients = tuple(row.recipients.split())
    return BagTags(row.id, Form(row.form), manifest, dict(sorted(files.items())), recipients)
