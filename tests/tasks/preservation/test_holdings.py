"""What the records keep of an edition comes back as it was, whichever version recorded it."""

import base64
import json
from pathlib import Path

import pytest
from sqlmodel import select

from configs.schema.preservation import Form
from tasks import wiring
from tasks.adapters.directory_archive import DirectoryArchive
from tasks.preservation import holdings
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
EDITION = BagTags.of(Form.AGE, "manifest\n", TAGS, ("age1a", "age1b"))


@pytest.fixture
def recorded(book: Book, fence: Fence, monkeypatch: pytest.MonkeyPatch) -> Book:
    monkeypatch.setattr(holdings, "_PART", 256)
    made = Made("aster-1", "manifest\n", {"a": 1}, b"{}", "key", {Form.AGE: EDITION}, {}, {})
    with book.writing(wiring.clock().now(), fence=fence) as writing:
        package = record_package(writing, made, model_id="aster-1", bag="b", source="s")
        record_edition(writing, made, Form.AGE, package=package)
    return book


def test_tag_files_of_any_length_come_back(recorded: Book) -> None:
    with recorded.reading() as session:
        assert edition_tags(session, EDITION.id) == EDITION
        parts = session.exec(select(EditionFile.data)).all()
    assert max(map(len, parts)) == 256


def test_an_edition_of_an_older_version_reads_the_same(recorded: Book, fence: Fence) -> None:
    """Before their files stood in rows of their own they were JSON, path -> base64."""
    with recorded.writing(wiring.clock().now(), fence=fence) as writing:
        for part in writing.session.exec(select(EditionFile)):
            writing.session.delete(part)
        row = writing.session.get_one(Edition, EDITION.id)
        row.tags = json.dumps({p: base64.b64encode(d).decode() for p, d in TAGS.items()})
        writing.put(row, "preservation.edition_made")
    with recorded.reading() as session:
        assert edition_tags(session, EDITION.id) == EDITION
    assert recorded.verify_audit().problems == ()


@pytest.mark.parametrize("fetch", ["", "s3://b/k 1 data/a\n"])
def test_files_are_counted_without_their_digests(tmp_path: Path, fetch: str) -> None:
    manifest = render_manifest({"data/a": "0" * 64, "data/b\nc": "1" * 64}).decode()
    tags = BagTags.of(Form.FILES, manifest, TAGS)
    copy = Copy(DirectoryArchive("a", tmp_path), "b", tags, fetch)
    assert copy.total == len(copy.expected) == 2 + len(TAGS) + 2 + bool(fetch)
