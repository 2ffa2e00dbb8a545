"""Directory archive: the contract; then links, stamps, sweeping and reading on a real disk."""

import errno
import os
import shutil
import threading
from pathlib import Path

import pytest

from tasks.adapters import read_ahead
from tasks.adapters.directory_archive import DirectoryArchive
from tests.contracts.archive import (
    ASIDE,
    BAG,
    LONGER_ID,
    NEXT,
    OLD,
    ArchiveContract,
    Make,
    content,
    contents,
    keep,
    put,
)

MIB = 1 << 20


class TestDirectoryArchive(ArchiveContract):
    @pytest.fixture
    def make(self, folder: Path) -> Make:
        return lambda: DirectoryArchive("a", folder)


# links and special files


def test_no_link_is_followed_when_reading(
    tmp_path: Path, folder: Path, archive: DirectoryArchive
) -> None:
    keep(archive, BAG, {"data/sub/f": b"kept", "data/g": b"g"})
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(folder / BAG, elsewhere)
    shutil.rmtree(folder / BAG / "data/sub")
    (folder / BAG / "data/sub").symlink_to(elsewhere / "data/sub")
    (folder / BAG / "data/link").symlink_to(elsewhere / "data/g")
    os.mkfifo(folder / BAG / "data/fifo")
    assert list(archive.files(BAG)) == ["data/fifo", "data/g", "data/link", "data/sub"]
    for path, why in (
        ("data/sub/f", "Not a directory"),
        ("data/link", "is a link"),
        ("data/fifo", "not a regular file"),
    ):
        with pytest.raises(OSError, match=f"{why}.*{BAG}/{path}"):
            content(archive, BAG, path)
    shutil.rmtree(folder / BAG)
    (folder / BAG).symlink_to(elsewhere)
    assert not archive.exists(BAG)
    assert archive.stamp(BAG) == ""
    with pytest.raises(OSError, match=BAG):
        content(archive, BAG, "data/g")
    with pytest.raises(FileExistsError, match="never written over"):
        keep(archive, BAG, {})


# what tells that a bag was touched


def test_the_stamp_tells_of_every_touch(folder: Path, archive: DirectoryArchive) -> None:
    file = folder / BAG / "data/f"
    keep(archive, BAG, {"data/f": b"weights", "data/w.pieces/000000": b"piece"})

    def write_in_place() -> None:
        file.write_bytes(b"WEIGHTS")

    def write_and_put_the_time_back() -> None:
        seen = file.stat()
        file.write_bytes(b"weights")
        os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))

    def exchange() -> None:
        shutil.copy2(file, file.with_name("new"))
        file.with_name("new").replace(file)

    def touch_a_piece() -> None:
        (folder / BAG / "data/w.pieces/000000").write_bytes(b"PIECE")

    def exchange_a_piece() -> None:
        piece = folder / BAG / "data/w.pieces/000000"
        shutil.copy2(piece, folder / "new")
        (folder / "new").replace(piece)

    def add() -> None:
        (folder / BAG / "stranger").write_bytes(b"")

    def make_it_a_link() -> None:
        file.unlink()
        file.symlink_to("/etc/os-release")

    seen = {archive.stamp(BAG)}
    acts = (write_in_place, write_and_put_the_time_back, exchange, touch_a_piece, exchange_a_piece)
    for number, act in enumerate((*acts, add, make_it_a_link, file.unlink), start=1):
        act()
        seen.add(archive.stamp(BAG))
        assert len(seen) == number + 1, act
        assert archive.stamp(BAG) in seen
    assert archive.stamp(OLD) == ""


# sweeping


def test_sweeping_removes_what_dead_passes_left_and_nothing_else(
    folder: Path, archive: DirectoryArchive
) -> None:
    keep(archive, OLD, {"a": b"committed"})
    swept = [
        f".partial~{BAG}",
        f".lock~{BAG}",
        f".lock~{NEXT}",
        ".partial~m~x8_wz1ab",
        f".mending~{OLD}~0123456789abcdef",
        ".mending~m-0123456789abcdef~0123456789abcdef",
    ]
    kept = [
        f".partial~{LONGER_ID}",
        f".lock~{LONGER_ID}",
        f".mending~{LONGER_ID}~0123456789abcdef",
        ".partial~m-1~x8_wz1ab",
        ".partial~m-20260101-0000aaaa.damaged",
        ".partial~am-20260101-0000aaaa",
        ".partial~m",
        ASIDE,
        "m-notes",
    ]
    for name in (*swept, *kept):
        if ".partial" in name:
            (folder / name / "data").mkdir(parents=True)
            (folder / name / "data" / "f").write_bytes(b"x")
        else:
            (folder / name).write_bytes(b"")
    archive.sweep("m")
    assert sorted(p.name for p in folder.iterdir()) == sorted([OLD, *kept])


def test_an_id_may_have_dashes_itself(folder: Path, archive: DirectoryArchive) -> None:
    with archive.writer(LONGER_ID) as writer:
        put(writer, "a", b"a")
    archive.sweep("m-1")
    assert list(folder.iterdir()) == []


def test_a_bag_that_is_being_written_is_not_swept(folder: Path, archive: DirectoryArchive) -> None:
    with archive.writer(BAG) as writer:
        put(writer, "a", b"a")
        DirectoryArchive("another", folder).sweep("m")
        put(writer, "b", b"b")
        writer.commit()
    assert contents(archive, BAG) == {"a": b"a", "b": b"b"}


# reading


@pytest.mark.parametrize("size", [1, MIB - 1, MIB, MIB + 1, 3 * MIB, 3 * MIB + 77])
def test_files_of_every_size_are_read_whole(archive: DirectoryArchive, size: int) -> None:
    data = os.urandom(size)
    keep(archive, BAG, {"f": data})
    assert content(archive, BAG, "f") == data


def test_a_reader_that_stops_early_leaves_nothing_running(archive: DirectoryArchive) -> None:
    keep(archive, BAG, {"f": b"x" * (4 * MIB)})
    before = threading.active_count()
    for chunk in archive.read(BAG, "f"):
        assert len(chunk) == read_ahead.CHUNK
        assert threading.active_count() == before + 1
        break
    assert threading.active_count() == before


@pytest.mark.parametrize("call", [1, 2, 4])
def test_a_disk_that_fails_while_it_is_read_is_an_error_that_names_the_file(
    archive: DirectoryArchive, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    keep(archive, BAG, {"data/f": b"x" * (5 * MIB)})
    calls, readv = 0, os.readv

    def failing(handle: int, buffers: list[memoryview]) -> int:
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return readv(handle, buffers)

    monkeypatch.setattr(os, "readv", failing)
    with pytest.raises(OSError, match=rf"Input/output error.*{BAG}/data/f"):
        content(archive, BAG, "data/f")
