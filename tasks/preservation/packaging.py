"""From a source to whole bags in every archive: one read, tags, commit. Uses ports."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from configs.schema.preservation import Form
from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import SourceRefused
from tasks.kernel.spool import Content, whole
from tasks.ports.archive import Archive, BagWriter
from tasks.ports.manifest_signature import ManifestSigner
from tasks.ports.source import Source
from tasks.preservation.edition import About, BagTags, make_tags
from tasks.preservation.journal import Journal, NoJournal
from tasks.preservation.manifest import PAYLOAD, TAG_MANIFEST, render_fetch, render_manifest
from tasks.preservation.payload import PayloadFile
from tasks.preservation.sealing import Target
from tasks.preservation.stored_pieces import StoredPieces
from tasks.preservation.stream import Read, read_once
from tasks.preservation.terms import Terms

Describe = Callable[[Sequence[PayloadFile], str], Mapping[str, Content]]
"""Payload files and the package's id -> the description: path under metadata/ -> content."""

_AT_ONCE = 1 << 20  # bytes of a tag file that is written in one go


@dataclass(frozen=True, slots=True)
class Made:
    """A package as it was written; what a next pass needs to commit it in every archive.

    Attributes:
        model_id: whose package it is.
        manifest: of the payload in plain, as BagIt writes it.
        sizes: path in the source -> bytes.
        signature: OpenSSF model signature of the payload in plain.
        public_key: PEM; what verifies it.
        editions: tag files and stored manifest, by form.
        fetch: archive -> text of its fetch.txt, where another bag holds a part.
        pieces: stored pieces of the forms in pieces.
    """

    model_id: str
    manifest: str
    sizes: Mapping[str, int]
    signature: Content
    public_key: str
    editions: Mapping[Form, BagTags]
    fetch: Mapping[str, str]
    pieces: Mapping[Form, StoredPieces]

    @property
    def package_id(self) -> str:
        """See `package_id`."""
        return package_id(self.model_id, self.manifest)


@dataclass(frozen=True, slots=True)
class Place:
    """An archive, and the form that it holds."""

    archive: Archive
    form: Form


@dataclass(frozen=True, slots=True)
class Maker:
    """What packaging needs beside the source and the places.

    Attributes:
        model_id: whose package it is.
        about: what the bags tell of themselves; called with the package's id.
        describe: makes the description.
        signer: signs the package.
        terms: how the source is read.
        expect: the manifest in plain that the package must have, or empty.
    """

    model_id: str
    about: Callable[[str], About]
    describe: Describe
    signer: ManifestSigner
    terms: Terms
    expect: str = ""


def write_payload(
    source: Source, places: Sequence[Place], bag: str, *, journal: Journal, maker: Maker
) -> Made:
    """Read the source once into unfinished bags, and make everything else that belongs into them.

    Raises:
        SourceRefused: the source can't be preserved as it is, or is not the package expected.
        OSError: a place can't be written.
    """
    source.files()  # what can be refused by name is refused before anything is made
    with ExitStack() as stack:
        targets = [
            Target(place.archive.name, place.form, stack.enter_context(place.archive.writer(bag)))
            for place in places
        ]
        read = read_once(source, targets, journal=journal, terms=maker.terms)
    made = _finish(read, maker, {place.archive.name: place.form for place in places})
    if maker.expect and made.manifest != maker.expect:
        raise SourceRefused("what was read is not what was packaged: some file is another one now")
    return made


def commit(
    editions: Mapping[Form, BagTags], fetch: Mapping[str, str], places: Sequence[Place], bag: str
) -> None:
    """Write the tag files and make every bag visible. Safe to repeat.

    Args:
        editions: what stands beside the payload, by form.
        fetch: archive -> text of its fetch.txt.
        places: where the bags are.
        bag: their name.

    Raises:
        OSError: a place can't be written.
    """
    for place in places:
        if place.archive.exists(bag):
            continue
        with place.archive.writer(bag) as writer:
            finish_bag(writer, editions[place.form], fetch.get(place.archive.name, ""))


def finish_bag(writer: BagWriter, tags: BagTags, fetch: str = "") -> None:
    """Put the tag files beside a payload that is whole, and commit. Raises OSError."""
    for path, content in tags.files(fetch).items():
        if path == TAG_MANIFEST or content.size <= _AT_ONCE:  # the one is what makes a bag count
            writer.put(path, whole(content), content.sha256)
            continue
        file = writer.open_file(path, content.size)
        for part in content.parts():
            file.write(part)
        file.close()
    writer.commit()


def package_id(model_id: str, manifest: str) -> str:
    """A package's id: SHA-256 of the model's id, a newline, and the payload's manifest in plain.

    Two models may hold the same files; each is kept, and counted, on its own.
    """
    return sha256_hex(f"{model_id}\n{manifest}".encode())


def manifest_of(source: Source, terms: Terms) -> str:
    """The manifest of the package that a source would make. Reads it whole, and writes nothing.

    Raises:
        SourceRefused: it can't be preserved as it is.
    """
    read = read_once(source, (), journal=NoJournal(), terms=terms)
    return _plain_manifest(read.files)


def _plain_manifest(files: Sequence[PayloadFile]) -> str:
    return render_manifest({PAYLOAD + file.path: file.sha256 for file in files}).decode()


def _finish(read: Read, maker: Maker, forms: Mapping[str, Form]) -> Made:
    manifest = _plain_manifest(read.files)
    made_id = package_id(maker.model_id, manifest)
    about = maker.about(made_id)
    plain = {file.path: file.sha256 for file in read.files}
    signature = maker.signer.sign(maker.model_id, lambda: sorted(plain.items()))
    description = maker.describe(read.files, made_id)
    fetching = {forms[archive] for archive in read.fetch}
    editions = {
        form: make_tags(
            form,
            about,
            stored=stored,
            plain=plain,
            description=description,
            signature=signature,
            signer=maker.signer,
            cipher=maker.terms.cipher,
            fetch=form in fetching,
        )
        for form, stored in read.stored.items()
    }
    sizes = {form: {piece.path: piece.size for piece in read.stored[form]} for form in fetching}
    return Made(
        model_id=maker.model_id,
        manifest=manifest,
        sizes={file.path: file.size for file in read.files},
        signature=signature,
        public_key=maker.signer.public_key,
        editions=editions,
        fetch={
            archive: render_fetch(
                {path: (url, sizes[forms[archive]][path]) for path, url in urls.items()}
            )
            for archive, urls in read.fetch.items()
        },
        pieces={form: stored for form, stored in read.stored.items() if form is not Form.FILES},
    )
