"""What the records say of a package: its editions, where its replicas stand, what they share."""

import json
from collections.abc import Mapping, Sequence
from itertools import islice

from sqlalchemy import insert
from sqlmodel import Session, col, select

from configs.schema.preservation import Form
from tasks.kernel.digests import sha256_of
from tasks.kernel.spool import Spool, whole
from tasks.ports.archive import Archive
from tasks.preservation.edition import BagTags
from tasks.preservation.edition_rows import record_files, tags_in
from tasks.preservation.fixity import Copy
from tasks.preservation.manifest import DECLARATION, DECLARATION_FILE, INFO, PAYLOAD
from tasks.preservation.packaging import Made
from tasks.preservation.payload import StoredPiece
from tasks.preservation.sealing import FindShared, Shared
from tasks.records import Book
from tasks.records.book import Writing
from tasks.records.preservation import Edition, Package, Piece, Replica

_BATCH = 1000  # rows that are written at a time


def bag_of(package: Package, replica: Replica | None = None) -> str:
    """The name of a package's bag in a replica's archive."""
    if replica is not None and replica.bag:
        return replica.bag
    return package.bag or f"{package.model_id}-{package.id[:16]}"


def tags_of(session: Session, package: Package, replica: Replica | None, form: Form) -> BagTags:
    """What stands beside the payload: of the replica's edition, else of the form's first one.

    Raises:
        LookupError: the package was never made in that form.
    """
    own = select(Edition).where(Edition.package_id == package.id)
    query = own.where(Edition.form == form.value)
    if replica is not None and replica.edition_id:
        query = own.where(Edition.id == replica.edition_id)
    row = session.exec(query.order_by(col(Edition.made_at))).first()
    if row is not None:
        return tags_in(session, row)
    if package.bag_info and form is Form.FILES:  # packed before editions were kept
        tags = {DECLARATION_FILE: Spool([DECLARATION]), INFO: Spool([package.bag_info.encode()])}
        return BagTags.of(Form.FILES, Spool([package.manifest.encode()]), tags)
    raise LookupError(f"package {package.id[:12]} was never made in the form {form}")


def edition_tags(session: Session, edition_id: str) -> BagTags:
    """What stands beside the payload in an edition's bags."""
    return tags_in(session, session.get_one(Edition, edition_id))


def copy_of(
    session: Session,
    archive: Archive,
    package: Package,
    replica: Replica,
    tags: BagTags | None = None,
) -> Copy:
    """The bag of a recorded replica, as it should be. Raises `LookupError`.

    Args:
        session: open for reading.
        archive: where it stands.
        package: the replica's.
        replica: its row.
        tags: of its edition, where they are at hand: for a large model they take megabytes.
    """
    if tags is None or tags.id != replica.edition_id:
        tags = tags_of(session, package, replica, Form.FILES)
    origins: dict[str, tuple[str, str]] = {}
    if replica.fetch:
        pieces = session.exec(
            select(Piece).where(Piece.edition_id == tags.id, col(Piece.origin_bag) != "")
        )
        origins = {piece.path: (piece.origin_bag, piece.origin_path) for piece in pieces}
    sizes: dict[str, int] = {}
    if tags.form is Form.FILES and package.sizes:  # pieces are small: they are counted, not weighed
        sizes = {PAYLOAD + path: size for path, size in json.loads(package.sizes).items()}
    return Copy(archive, bag_of(package, replica), tags, replica.fetch, origins, sizes)


def replicas_of(session: Session, package: Package) -> dict[str, Replica]:
    """The package's recorded replicas, by name."""
    rows = session.exec(select(Replica).where(Replica.package_id == package.id))
    return {row.name: row for row in rows}


def record_package(
    writing: Writing, made: Made, *, model_id: str, bag: str, source: str
) -> Package:
    """Record a package that was written; it counts once one of its replicas read back whole."""
    package = Package(
        id=made.package_id,
        model_id=model_id,
        manifest=made.manifest,
        files=len(made.sizes),
        bytes=sum(made.sizes.values()),
        source_folder=source,
        created_at=writing.now,
        bag=bag,
        sizes=json.dumps(made.sizes, sort_keys=True),
        signature=whole(made.signature).decode(),
        public_key=made.public_key,
    )
    return writing.put(writing.session.merge(package), "preservation.packaged")


def record_edition(writing: Writing, made: Made, form: Form, *, package: Package) -> None:
    """Record one form of a package, and the pieces that later packages may share."""
    tags = made.editions[form]
    edition = Edition(
        id=tags.id,
        package_id=package.id,
        model_id=package.model_id,
        form=form.value,
        recipients=" ".join(tags.recipients),
        manifest="",
        tags="{}",
        made_at=writing.now,
    )
    writing.put(writing.session.merge(edition), "preservation.edition_made")
    record_files(writing.session, tags)
    pieces = (_piece(tags.id, piece) for piece in made.pieces.get(form, ()))
    while batch := list(islice(pieces, _BATCH)):  # a large model has a hundred thousand
        writing.session.execute(insert(Piece), batch)


def _piece(edition_id: str, piece: StoredPiece) -> dict[str, str | int]:
    """The values of a `Piece`."""
    return {
        "edition_id": edition_id,
        "path": piece.path,
        "blake3": piece.blake3,
        "sha256": piece.sha256,
        "bytes": piece.size,
        "origin_bag": piece.origin[0],
        "origin_path": piece.origin[1],
    }


class SharedPieces:
    """Finds pieces that every archive of a form holds verified, in the bag of another package.

    Args:
        book: the records.
        archives: names of the archives and where they are, by form: a piece is shared only with a
            bag that stands in each of them.
        recipients: whom encrypted pieces must be for; others can't be shared.
    """

    def __init__(
        self, book: Book, archives: Mapping[Form, Sequence[Archive]], recipients: Sequence[str]
    ) -> None:
        self._book = book
        self._recipients = " ".join(sorted(set(recipients)))
        self._bags = {form: self._usable(form, of) for form, of in archives.items()}

    def __call__(self, form: Form, blake3: str) -> Shared | None:
        """See `sealing.FindShared`."""
        bags = self._bags.get(form)
        if not bags:
            return None
        query = select(Piece).where(Piece.blake3 == blake3, col(Piece.edition_id).in_(bags.keys()))
        with self._book.reading() as session:
            piece = session.exec(query.limit(1)).first()
        if piece is None:
            return None
        bag, path = piece.origin_bag or bags[piece.edition_id], piece.origin_path or piece.path
        return Shared(bag, path, piece.bytes, piece.sha256)

    def _usable(self, form: Form, archives: Sequence[Archive]) -> dict[str, str]:
        """Edition -> bag, of editions whose verified replicas stand in all of these archives."""
        if form is Form.FILES:
            return {}
        query = select(Edition.id, Edition.package_id).where(  # its tags can be megabytes
            Edition.form == form.value,
            Edition.recipients == (self._recipients if form is Form.AGE else ""),
        )
        usable: dict[str, str] = {}
        with self._book.reading() as session:
            for edition_id, package_id in session.exec(query).all():
                package = session.get_one(Package, package_id)
                rows = replicas_of(session, package)
                held = [rows.get(archive.name) for archive in archives]
                bags = {bag_of(package, row) for row in held if row is not None}
                if len(bags) == 1 and all(
                    row is not None
                    and row.state == "verified"
                    and row.edition_id == edition_id
                    and row.location == archive.location(bag_of(package, row))
                    for row, archive in zip(held, archives, strict=True)
                ):
                    usable[edition_id] = bags.pop()
        return usable


def proven(find: FindShared, archives: Mapping[Form, Sequence[Archive]]) -> FindShared:
    """As `find`, but each piece is read first, and one that is damaged anywhere is not shared.

    A repair that linked to the damaged piece of another bag would repair nothing.

    Args:
        find: finds what the records call verified.
        archives: where a shared piece has to stand, by form.
    """

    def found(form: Form, blake3: str) -> Shared | None:
        shared = find(form, blake3)
        if shared is None or not all(_holds(one, shared) for one in archives.get(form, ())):
            return None
        return shared

    return found


def _holds(archive: Archive, piece: Shared) -> bool:
    try:
        return sha256_of(archive.read(piece.bag, piece.path)) == piece.sha256
    except OSError:
        return False
