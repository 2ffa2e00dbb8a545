"""The commit stands in the chain, and chains from before it still verify."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tasks.kernel.digests import digest_of
from tasks.kernel.errors import RecordsUnusable
from tasks.kernel.instants import to_text
from tasks.records import Book, migrations, open_book
from tasks.records.audit import GENESIS, AuditEntry
from tasks.records.candidate import LifecycleCheck
from tasks.records.looking import open_to_look
from tasks.records.migrations import bring_up_to_date
from tests.fakes.clock import FakeClock

NOW = FakeClock().now()


def check(name: str) -> LifecycleCheck:
    return LifecycleCheck(
        id=name, model_id="a", checked_at=NOW, lifecycle="active", endpoint_model="a",
        simulated=False,
    )  # fmt: skip


def test_what_a_pass_writes_holds_its_commit(book: Book, url: str) -> None:
    fence = book.take_lease("a", "", NOW).fence.model_copy(update={"config_commit": "f" * 40})
    with book.writing(NOW, fence=fence) as writing:
        writing.put(check("one"), "asked")
    with book.writing(NOW, actor="alice") as writing:  # a person's act comes from no file
        writing.put(check("two"), "asked")
    with book.reading() as session:
        commits = [session.get_one(AuditEntry, seq).config_commit for seq in (1, 2)]
    assert commits == ["f" * 40, ""]
    assert book.verify_audit().problems == ()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit_entry SET config_commit = '' WHERE seq = 1"))
    engine.dispose()
    assert any("entry 1 was changed" in said for said in book.verify_audit().problems)


def test_a_chain_of_an_earlier_version_verifies_after_the_migration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "old.sqlite"
    engine = create_engine(f"sqlite:///{file}")
    monkeypatch.setattr(migrations, "HEAD", "0008")
    bring_up_to_date(engine)
    row = check("one")
    entry = {
        "seq": 1, "at": to_text(NOW), "actor": "pass", "action": "asked", "model_id": "a",
        "row_table": "lifecycle_check", "row_key": "one", "row_sha256": digest_of(row.witness()),
        "previous": GENESIS,
    }  # fmt: skip
    entry["digest"] = digest_of(entry)
    with engine.begin() as connection:
        for table, values in (("lifecycle_check", row.witness()), ("audit_entry", entry)):
            names = ", ".join(values)
            places = ", ".join(f":{name}" for name in values)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)
        head = text("UPDATE audit_head SET seq = 1, digest = :digest")
        connection.execute(head, {"digest": entry["digest"]})
    engine.dispose()
    monkeypatch.undo()
    with pytest.raises(RecordsUnusable, match="another version"):
        open_to_look(f"sqlite:///{file}")
    report = open_book(f"sqlite:///{file}").verify_audit()
    assert (report.entries, report.problems) == (1, ())


def test_looking_makes_no_records(book: Book, url: str, tmp_path: Path) -> None:
    missing = tmp_path / "none.sqlite"
    with open_to_look(f"sqlite:///{missing}").reading() as session:
        assert session.get(AuditEntry, 1) is None
    assert not missing.exists()
    with book.writing(NOW, actor="alice") as writing:
        writing.put(check("one"), "asked")
    with open_to_look(url).reading() as session:
        assert session.get_one(AuditEntry, 1).actor == "alice"
