"""Copies of the files that the configuration names."""

import os
from pathlib import Path

import pytest

from configs.schema.metadata import MetadataConfig
from tasks.kernel.errors import MetadataMissing
from tasks.preservation import description_files
from tasks.preservation.description_files import read_texts


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMERITUS_HOME", str(tmp_path))


def read(**fields: object) -> dict[str, bytes]:
    return read_texts(MetadataConfig.model_validate(fields))


def refusal(**fields: object) -> str:
    with pytest.raises(MetadataMissing) as caught:
        read(**fields)
    said = str(caught.value)
    assert said.startswith("preservation.metadata.")
    return said


def test_files_are_copied_under_their_names(tmp_path: Path) -> None:
    (tmp_path / "LICENSE.md").write_bytes(b"\xc2\xa9 us\r\n")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "run.MD").write_text("# Notes")
    (tmp_path / "system card.pdf").write_bytes(b"\xff\x00")
    texts = read(
        licence_file="LICENSE.md",
        training_notes_file="notes/run.MD",
        attachments=[str(tmp_path / "system card.pdf")],
    )
    assert texts == {
        "licence.txt": b"\xc2\xa9 us\r\n",
        "training-notes.md": b"# Notes",
        "attachments/system card.pdf": b"\xff\x00",
    }
    (tmp_path / "notes.log").write_text("plain")
    assert read(training_notes_file="notes.log") == {"training-notes.txt": b"plain"}
    assert read() == {}


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "real").write_text("x")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "empty").touch()
    assert "No such file" in refusal(licence_file="absent")
    assert "is not a file" in refusal(licence_file="folder")
    assert "is not a file" in refusal(attachments=["fifo"])
    assert "is a link" in refusal(licence_file="link")
    assert "is a link" in refusal(training_notes_file="dangling")
    assert "is empty" in refusal(attachments=["empty"])
    assert "null" in refusal(licence_file="a\0b")


def test_a_text_is_utf8(tmp_path: Path) -> None:
    (tmp_path / "licence").write_bytes(b"\xe9")
    assert "not text in UTF-8" in refusal(licence_file="licence")


def test_files_that_memory_would_not_hold_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(description_files, "LARGEST", 2 << 20)
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(bytes(1 << 20))
    assert len(read(attachments=["a", "b"])) == 2
    (tmp_path / "c").write_bytes(b"x")
    said = refusal(attachments=["a", "b", "c"])
    assert f"attachments: {tmp_path / 'c'}: the files of a description may have 2 MiB" in said


def test_a_giant_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "giant").open("wb") as file:
        file.truncate(1 << 40)
    assert "16 MiB" in refusal(attachments=["giant"])


@pytest.mark.parametrize("other", ["card.md", "CARD.md"])
def test_two_attachments_of_one_name_are_refused(tmp_path: Path, other: str) -> None:
    for folder, name in (("one", "card.md"), ("two", other)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text("x")
    said = refusal(attachments=["one/card.md", f"two/{other}"])
    assert f"two/{other}: two attachments have this name" in said


@pytest.mark.parametrize("name", ["a\nb", "n" * 249, "a\u202eb", "100%.md", "card.md "])
def test_a_name_that_can_not_be_kept_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    assert "its name has control characters, a %, a space at its end" in refusal(attachments=[name])
