"""What the records keep of an edition comes back as it was, whichever version recorded it."""

import base64
import json
from pathlib import Path

import pytest
from sqlmodel import select

from configs.schema.preservation import Form
from tasks import wiring
from tasks.adapters.directory_archive import DirectoryArchive
from tasks.kernel.spool import Spool, whole
from tasks.preservation import edition_rows
from tasks.preservation.edition import BagTags
from tasks.preservation.fixity import Copy
from tasks.preservation.holdings import edition_tags, record_edition, record_package
from tasks.preservation.manifest import render_manifest
from tasks.preservation.packaging import Made
from tasks.records import Book, Fence
from tasks.records.preservation import Edition, EditionFile

TAGS = {
    "RESTORE.md": b"# How\n",
    "metadata/empty.txt": b"",
    "metadata/exactly.bin": bytes(range(256)) * 2,
    "metadata/long.bin": bytes(range(255)) * 5,
    "metadata/\u00e4/\u00df.txt": b"\xff\x00",
}
MANIFEST = "".join(f"{number:064}  data/{number}\n" for number in range(9))


def _tags(form: Form, manifest: str, *recipients: str) -> BagTags:
    files = {path: Spool([data]) for path, data in TAGS.items()}
    return BagTags.of(form, Spool([manifest.encode()]), files, recipients)


EDITION = _tags(Form.AGE, MANIFEST, "age1a", "age1b")


def _expect_the_same(found: BagTags) -> None:
    """However it is read, and whole or in parts."""
    assert (found.id, found.form, found.recipients) == (
        EDITION.id, EDITION.form, EDITION.recipients)  # fmt: skip
    assert [*found.tags] == sorted(TAGS)
    assert {path: whole(content) for path, content in found.tags.items()} == TAGS
    assert whole(found.manifest).decode() == MANIFEST
    for path, content in {**found.tags, "": found.manifest}.items():
        made = EDITION.tags.get(path, EDITION.manifest)
        assert (content.size, content.sha256) == (made.size, made.sha256)


@pytest.fixture
def recorded(book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch) -> Book:
    monkeypatch.setattr(edition_rows, "_PART", 256)
    signature, editions = Spool([b"{}"]), {Form.AGE: EDITION}
    made = Made("aster-1", "manifest\n", {"a": 1}, signature, "key", editions, {}, {})
    with book.writing(wiring.clock().now(), fence=fence) as writing:
        package = record_package(writing, made, model_id="aster-1", bag="b", source="s")
        record_edition(writing, made, Form.AGE, package=package)
    return book


def test_tag_files_of_any_length_come_back(recorded: Book) -> None:
    with recorded.reading() as session:
        found = edition_tags(session, EDITION.id)
        parts = session.exec(select(EditionFile.data)).all()
    _expect_the_same(found)
    assert max(map(len, parts)) == 256


def test_an_edition_whose_manifest_stands_in_its_row_reads_the_same(
    recorded: Book, fence: Fence
) -> None:
    with recorded.writing(wiring.clock().now(), fence=fence) as writing:
        for part in writing.session.exec(select(EditionFile)):
            if part.path == "manifest-sha256.txt":
                writing.session.delete(part)
        row = writing.session.get_one(Edition, EDITION.id)
        row.manifest = MANIFEST
        writing.put(row, "preservation.edition_made")
    with recorded.reading() as session:
        found = edition_tags(session, EDITION.id)
    _expect_the_same(found)
    assert recorded.verify_audit().problems == ()


def test_an_edition_of_an_older_version_reads_the_same(recorded: Book, fence: Fence) -> None:
    """Before their files stood in rows of their own they were JSON, path -> base64."""
    with recorded.writing(wiring.clock().now(), fence=fence) as writing:
        for part in writing.session.exec(select(EditionFile)):
            writing.session.delete(part)
        row = writing.session.get_one(Edition, EDITION.id)
        row.manifest = MANIFEST
        row.tags = json.dumps({p: base64.b64encode(d).decode() for p, d in TAGS.items()})
        writing.put(row, "preservation.edition_made")
    with recorded.reading() as session:
        found = edition_tags(session, EDITION.id)
    _expect_the_same(found)
    assert recorded.verify_audit().problems == ()


@pytest.mark.parametrize("fetch", ["", "s3://b/k 1 data/a\n"])
def test_files_are_counted_without_their_digests(tmp_path: Path, fetch: str) -> None:
    manifest = render_manifest({"data/a": "0" * 64, "data/b\nc": "1" * 64}).decode()
    tags = _tags(Form.FILES, manifest)
    copy = Copy(DirectoryArchive("a", tmp_path), "b", tags, fetch)
    assert copy.total == len(list(copy.entries())) == 2 + len(TAGS) + 2 + bool(fetch)
