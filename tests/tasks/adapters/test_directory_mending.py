"""Mending on a disk: whatever stands in a file's place is kept."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.adapters.directory_archive import DirectoryArchive
from tests.contracts.archive import (
    ASIDE,
    BAG,
    NEXT,
    contents,
    keep,
)
from tests.fakes.disk import hidden


def test_whatever_stands_in_a_files_place_is_kept_aside(
    tmp_path: Path, folder: Path, archive: DirectoryArchive
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "f").write_bytes(b"precious")
    keep(archive, BAG, {"a": b"whole"})
    data = folder / BAG / "data"
    data.mkdir()
    (data / "link").symlink_to(elsewhere / "f")
    os.mkfifo(data / "fifo")
    (data / "folder").mkdir()
    (data / "folder" / "inside").write_bytes(b"inside")
    (data / "away").symlink_to(elsewhere)
    (data / "file").write_bytes(b"where a folder was")
    for path in ("link", "fifo", "folder", "away/f", "file/deep/f"):
        archive.replace(BAG, f"data/{path}", [b"new ", path.encode()], ASIDE)
    assert contents(archive, BAG) == {
        "a": b"whole",
        "data/away/f": b"new away/f",
        "data/fifo": b"new fifo",
        "data/file/deep/f": b"new file/deep/f",
        "data/folder": b"new folder",
        "data/link": b"new link",
    }
    assert (elsewhere / "f").read_bytes() == b"precious"
    aside = folder / ASIDE / "data"
    assert (aside / "link").is_symlink()
    assert (aside / "away").is_symlink()
    assert (aside / "fifo").is_fifo()
    assert (aside / "folder/inside").read_bytes() == b"inside"
    assert (aside / "file").read_bytes() == b"where a folder was"
    # the file aside has the name of the folder that the next one would go to
    archive.replace(BAG, "data/file/deep/f", [b"newer"], ASIDE)
    assert (aside / "file.1/deep/f").read_bytes() == b"new file/deep/f"
    assert hidden(folder) == []


def test_a_broken_mend_leaves_nothing_behind(folder: Path, archive: DirectoryArchive) -> None:
    keep(archive, BAG, {"a": b"old"})

    def broken() -> Iterator[bytes]:
        yield b"x"
        raise OSError(errno.EIO, "the good copy can't be read")

    with pytest.raises(OSError, match="good copy") as raised:
        archive.replace(BAG, "a", broken(), ASIDE)
    assert str(folder) not in str(raised.value)  # it is not this disk's
    with pytest.raises(OSError, match="plain"):
        archive.replace(BAG, "../a", [b""], ASIDE)
    with pytest.raises(FileNotFoundError):
        archive.replace(NEXT, "a", [b""], ASIDE)
    assert sorted(p.name for p in folder.iterdir()) == [BAG]
    assert contents(archive, BAG) == {"a": b"old"}


def test_a_link_that_does_not_belong_there_is_set_aside(
    folder: Path, archive: DirectoryArchive
) -> None:
    keep(archive, BAG, {"a": b"a"})
    (folder / BAG / "data").symlink_to("/etc")
    archive.set_aside(BAG, "data", ASIDE)
    assert contents(archive, BAG) == {"a": b"a"}
    assert (folder / ASIDE / "data").is_symlink()
