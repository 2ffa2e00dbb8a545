"""Files and outbox: whole or not at all."""

from email import message_from_bytes
from pathlib import Path

import pytest

from tasks.adapters.files import write_atomically
from tasks.adapters.outbox import Outbox
from tasks.ports.notifier import Message
from tests.fakes.clock import FakeClock


def test_the_same_bytes_are_written_once(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "file"
    assert write_atomically(file, b"one")
    seen = file.stat()
    assert not write_atomically(file, b"one")
    assert file.stat().st_mtime_ns == seen.st_mtime_ns
    assert write_atomically(file, b"two")
    assert [p.name for p in file.parent.iterdir()] == ["file"]


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    write_atomically(file, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_message_is_one_file_whatever_happens(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    message = Message(
        "id-1", "a@example.org", "b@example.org", "Grüße, Aster", "Ünï\n", FakeClock().now()
    )
    first = outbox.send(message)
    assert outbox.send(message) == first
    (file,) = tmp_path.iterdir()
    mail = message_from_bytes(file.read_bytes())
    assert mail["To"] == "b@example.org"
    assert mail.get_payload(decode=True).decode() == "Ünï\n"  # type: ignore[union-attr]


def test_a_header_cannot_be_injected(tmp_path: Path) -> None:
    message = Message("i", "a@x.org", "b@x.org", "Hi\nBcc: c@x.org", "", FakeClock().now())
    with pytest.raises(ValueError, match="linefeed"):
        Outbox(tmp_path).send(message)
