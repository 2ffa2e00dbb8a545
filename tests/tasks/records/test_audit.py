"""The chain finds whatever was changed behind its back."""

import pytest
from sqlalchemy import create_engine, text

from tasks.records import Book
from tasks.records.retirement import Retirement
from tests.fakes.clock import FakeClock

NOW = FakeClock().now()


@pytest.fixture
def filled(book: Book) -> Book:
    for name in ("a", "b", "c"):
        with book.writing(NOW, actor="alice") as writing:
            row = Retirement(
                model_id=name, display_name=name, config_json="{}", config_sha256="0", opened_at=NOW
            )
            writing.put(row, "opened")
    with book.writing(NOW) as writing:
        row = writing.session.get_one(Retirement, "a")
        row.display_name = "A"
        writing.put(row, "renamed")
    assert book.verify_audit().problems == ()
    return book


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            "UPDATE retirement SET display_name = 'x' WHERE model_id = 'b'",
            "row b of retirement is not",
        ),
        ("DELETE FROM retirement WHERE model_id = 'b'", "row b of retirement is gone"),
        ("UPDATE audit_entry SET actor = 'mallory' WHERE seq = 2", "entry 2 was changed"),
        ("UPDATE audit_entry SET row_sha256 = 'x' WHERE seq = 2", "entry 2 was changed"),
        ("DELETE FROM audit_entry WHERE seq = 2", "entry 2 is missing"),
        ("DELETE FROM audit_entry WHERE seq = 4", "not the recorded head"),
        ("UPDATE audit_head SET digest = 'x'", "not the recorded head"),
        (
            "INSERT INTO stage_status VALUES ('a', 'access', 'done', '', NULL, "
            "'2026-12-01T00:00:00.000000Z', false)",
            "added unseen",
        ),
        ("UPDATE retirement SET opened_at = 'garbage' WHERE model_id = 'b'", "row b of retirement"),
        ("UPDATE audit_entry SET at = 'garbage' WHERE seq = 2", "row 2 of audit_entry can't be"),
        ("DROP TABLE review", "table review can't be read"),
    ],
)
def test_tampering_is_found(filled: Book, url: str, statement: str, problem: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
    assert any(problem in said for said in filled.verify_audit().problems)
    told = [said for name in "abc" for said in filled.verify_model(name).problems]
    assert any(problem in said for said in told)


def test_one_model_is_verified_with_its_own_rows_and_everybodys_links(
    filled: Book, url: str
) -> None:
    whole = filled.verify_audit()
    assert filled.verify_model("a") == whole
    assert filled.verify_model("nobody") == whole
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE retirement SET display_name = 'x' WHERE model_id = 'b'"))
    assert filled.verify_model("a").problems == ()
    assert filled.verify_model("b").problems != ()
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit_entry SET previous = 'x' WHERE seq = 2"))
    engine.dispose()
    (broken,) = filled.verify_model("a").problems
    assert broken == "entry 2 does not continue the entry before it"


def test_more_rows_than_are_read_at_a_time_are_all_verified(book: Book, url: str) -> None:
    with book.writing(NOW) as writing:
        rows = [
            Retirement(
                model_id=f"{n:04}", display_name="", config_json="", config_sha256="", opened_at=NOW
            )
            for n in range(1201)
        ]
        writing.put_all([(row, "opened") for row in rows])
    assert book.verify_audit().problems == ()
    engine = create_engine(url)
    with engine.begin() as connection:
        for column, key in (
            ("display_name", "0003"),
            ("opened_at", "0700"),
            ("config_json", "1200"),
        ):
            statement = f"UPDATE retirement SET {column} = 'x' WHERE model_id = '{key}'"
            connection.execute(text(statement))
    engine.dispose()
    problems = book.verify_audit().problems
    assert len(problems) == 3, problems
    assert [said.split()[1] for said in sorted(problems)] == ["0003", "0700", "1200"]


def test_a_chain_cut_together_with_its_rows_is_found_by_a_digest_kept_elsewhere(
    filled: Book, url: str
) -> None:
    kept = filled.verify_audit().head
    engine = create_engine(url)
    with engine.begin() as connection:
        for table in ("retirement", "audit_entry", "audit_head"):
            connection.execute(text(f"DELETE FROM {table}"))
    engine.dispose()
    assert filled.verify_audit().problems == ()
    assert filled.verify_audit(kept).problems != ()
