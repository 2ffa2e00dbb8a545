"""Records are brought up to date beside the program, which takes none of Alembic's memory."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tasks.kernel.errors import RecordsUnusable
from tasks.records import book, migrating
from tasks.records.migrating import bring_up_to_date_apart
from tasks.records.migrations import is_up_to_date

PROGRAM = """
import sys
from tasks.records import open_book
book = open_book(sys.argv[1])
print(book.verify_audit().entries, sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_a_program_that_makes_records_does_not_import_what_makes_them(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new folder' / 'records.sqlite'}"
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, url], capture_output=True, text=True, check=True
    )
    entries, _, modules = ran.stdout.partition(" ")
    assert entries == "0"
    assert "'sqlalchemy'" in modules
    assert "'alembic'" not in modules
    assert (tmp_path / "new folder" / "records.sqlite").stat().st_mode & 0o077 == 0


def test_new_records_are_whole_and_bringing_them_up_to_date_again_does_nothing(
    tmp_path: Path,
) -> None:
    file = tmp_path / "records.sqlite"
    for _ in range(2):
        bring_up_to_date_apart(f"sqlite:///{file}")
        engine = create_engine(f"sqlite:///{file}")
        assert is_up_to_date(engine)
        engine.dispose()


def test_what_stands_in_the_folder_one_is_in_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tasks.py", "sqlalchemy.py", "alembic.py"):
        (tmp_path / name).write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    bring_up_to_date_apart(f"sqlite:///{tmp_path / 'records.sqlite'}")


def test_two_at_once_make_one_set_of_tables(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'records.sqlite'}"
    both = [subprocess.Popen([sys.executable, "-c", PROGRAM, url], stdout=-1) for _ in range(2)]
    for one in both:
        said, _ = one.communicate()
        assert one.returncode == 0
        assert said.startswith(b"0 ")


def test_a_database_that_can_not_be_had_is_told_of_without_its_password() -> None:
    with pytest.raises(RecordsUnusable, match="can't be used") as refused:
        bring_up_to_date_apart("postgresql://u:secret@127.0.0.1:1/x")
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_later_versions_tables_are_left_as_they_are(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'records.sqlite'}"
    bring_up_to_date_apart(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RecordsUnusable, match="another version"):
        bring_up_to_date_apart(url)
    with engine.connect() as connection:
        left = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    assert left == "9999"
    engine.dispose()


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-16"])
def test_a_path_means_the_same_to_both_whatever_python_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    monkeypatch.setenv("PYTHONINSPECT", "1")
    folder = tmp_path / "hömé: 日本"
    bring_up_to_date_apart(f"sqlite:///{folder / 'records.sqlite'}")
    assert [file.name for file in tmp_path.iterdir()] == [folder.name]
    assert (folder / "records.sqlite").stat().st_size


def test_a_process_that_is_killed_is_told_of_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "_PROGRAM", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(RecordsUnusable, match="stopped by signal 9; is memory short"):
        bring_up_to_date_apart(f"sqlite:///{tmp_path / 'records.sqlite'}")


def test_tables_that_are_not_up_to_date_afterwards_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "is_up_to_date", lambda _: False)
    monkeypatch.setattr(book, "bring_up_to_date_apart", lambda _: None)
    with pytest.raises(RecordsUnusable, match="another version"):
        book.open_book(f"sqlite:///{tmp_path / 'records.sqlite'}")


def test_a_process_that_dies_is_no_records_that_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating.sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match="status 1"):
        bring_up_to_date_apart(f"sqlite:///{tmp_path / 'records.sqlite'}")
