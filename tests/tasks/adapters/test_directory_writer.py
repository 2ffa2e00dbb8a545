"""Writing a bag to a disk: rights, what is durable, a disk that is full or gone, links."""

import errno
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.adapters.directory_archive import DirectoryArchive
from tests.contracts.archive import (
    ASIDE,
    BAG,
    NEXT,
    OLD,
    content,
    contents,
    keep,
    put,
    stream,
)
from tests.fakes.disk import hidden

MIB = 1 << 20


def part(folder: Path, bag: str = BAG) -> Path:
    return folder / f".partial~{bag}"


# rights


@pytest.mark.parametrize(
    "umask",
    [
        *(0o000, 0o027, 0o077),
        pytest.param(0o777, marks=pytest.mark.skipif(os.geteuid() != 0, reason="takes root")),
    ],
)
def test_nobody_else_can_read_whatever_the_umask(
    folder: Path, archive: DirectoryArchive, umask: int
) -> None:
    before = os.umask(umask)
    try:
        keep(archive, OLD, {"data/p": b"p"})
        archive.replace(OLD, "data/p", [b"q"], ASIDE)
        with archive.writer(BAG) as writer:
            put(writer, "data/deep/a", b"a")
            stream(writer, "data/b", b"b")
            writer.link("linked/p", OLD, "data/p")
    finally:
        os.umask(before)
    made = [folder.parent, folder, *folder.rglob("*")]
    assert len(made) == 15
    for path in made:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_the_mode_of_the_operators_folder_is_left_alone(
    folder: Path, archive: DirectoryArchive
) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    keep(archive, BAG, {"a": b""})
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_the_operators_folder_may_be_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to("disk")
    keep(DirectoryArchive("a", tmp_path / "link"), BAG, {"data/a": b"a"})
    assert (tmp_path / "disk" / BAG / "data/a").read_bytes() == b"a"


def immutable(folder: Path) -> bool:
    return bool(shutil.which("chattr")) and not subprocess.call(["chattr", "+i", str(folder)])


def test_a_folder_that_takes_nothing_is_an_error_that_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "replica"
    folder.mkdir()
    folder.chmod(0o500)
    if os.geteuid() == 0 and not immutable(folder):
        pytest.skip("root may write anywhere, and this disk has no immutable folders")
    try:
        with pytest.raises(OSError, match=str(folder)):
            keep(DirectoryArchive("a", folder), BAG, {"a": b""})
    finally:
        if os.geteuid() == 0:
            subprocess.run(["chattr", "-i", str(folder)], check=True)
        folder.chmod(0o700)


# durable


def test_sync_and_commit_reach_every_file_and_folder(
    folder: Path, archive: DirectoryArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(archive, OLD, {"data/p": b"shared"})
    with archive.writer(BAG) as writer:
        put(writer, "left/by/dead", b"pass")
        stream(writer, "left/too", b"x")
    synced: set[int] = set()

    def noting(handle: int) -> None:
        synced.add(os.fstat(handle).st_ino)

    monkeypatch.setattr(os, "fsync", noting)
    monkeypatch.setattr(os, "fdatasync", noting)
    with archive.writer(BAG) as writer:
        for number in range(100):
            put(writer, f"data/only/folders/many/{number}", b"small")
        stream(writer, "data/b", b"b")
        writer.link("data/l/p", OLD, "data/p")
        half = writer.open_file("data/open", 10)
        half.write(b"half")
        writer.sync()
        new = [part(folder) / "data", *(part(folder) / "data").rglob("*")]
        new = [p for p in new if p.name != "p"]  # the link's bytes are durable since OLD is
        assert len(new) == 107
        assert {p.stat().st_ino for p in new} <= synced
        assert part(folder).stat().st_ino in synced
        synced.clear()
        writer.sync()
        assert synced <= {(part(folder) / "data/open").stat().st_ino}
        put(writer, "bagit.txt", b"last")
        half.close()
        writer.commit()
    bag = folder / BAG
    left = [bag, bag / "bagit.txt", *(bag / "left").rglob("*"), bag / "left", folder]
    assert {p.stat().st_ino for p in left} <= synced


def test_a_sync_that_fails_is_an_error_that_names_the_file(
    archive: DirectoryArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with archive.writer(BAG) as writer:
        put(writer, "data/a", b"a")
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", broken)
            with pytest.raises(OSError, match=r"Input/output error.*data/a"):
                writer.commit()
        for again in (writer.sync, writer.commit):  # the disk tells once of what it lost
            with pytest.raises(OSError, match="earlier sync failed"):
                again()
    assert not archive.exists(BAG)


def test_open_descriptors_are_bounded_and_none_is_left(archive: DirectoryArchive) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = count()
    with archive.writer(BAG) as writer:
        for number in range(200):
            put(writer, f"data/{number}", b"small")
        assert count() < before + 80
        writer.commit()
    with archive.writer(NEXT) as writer:
        put(writer, "data/a", b"a")
        writer.open_file("data/b", 1)
        writer.link("data/c", BAG, "data/7")
        with pytest.raises(OSError, match="none"):
            writer.link("data/d", BAG, "data/none")
        with pytest.raises(OSError, match="no plain relative"):
            put(writer, "../out", b"")
    archive.replace(BAG, "data/1", [b"new"], ASIDE)
    archive.set_aside(BAG, "data/2", ASIDE)
    archive.stamp(BAG)
    archive.sweep("m")
    with pytest.raises(OSError, match="regular"):
        content(archive, BAG, "data")
    assert len(list(archive.files(BAG))) == 199
    assert count() == before


# a disk that is full, or gone


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A real disk of one MiB."""
    mount = tmp_path / "tiny"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(mount)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("takes the right to mount a disk")
    try:
        yield mount
    finally:
        subprocess.run(["umount", "--lazy", str(mount)], check=True)


def test_a_file_that_does_not_fit_is_refused_before_it_is_copied(tiny: Path) -> None:
    archive = DirectoryArchive("a", tiny)
    with archive.writer(BAG) as writer:
        stream(writer, "data/fits", b"x" * 500_000)
        with pytest.raises(OSError, match="make room") as full:
            writer.open_file("data/large", MIB)
        assert full.value.errno == errno.ENOSPC
        assert "data/large" in str(full.value)
        with pytest.raises(OSError, match="No space left") as full:
            put(writer, "data/put", b"x" * MIB)
        assert str(part(tiny) / "data/put") in str(full.value)
    assert not archive.exists(BAG)
    subprocess.run(["mount", "-o", "remount,size=4m", str(tiny)], check=True)
    with archive.writer(BAG) as writer:
        stream(writer, "data/large", b"x" * MIB)
        put(writer, "data/put", b"y" * MIB)
        writer.commit()
    assert [len(data) for data in contents(archive, BAG).values()] == [500_000, MIB, MIB]


@pytest.mark.parametrize("blocks", [1000, 0])  # some network disks tell no sizes at all
def test_only_a_disk_that_tells_its_size_is_taken_for_full(
    archive: DirectoryArchive, monkeypatch: pytest.MonkeyPatch, blocks: int
) -> None:
    def nearly_full(_: int) -> os.statvfs_result:
        return os.statvfs_result((4096, 4096, blocks, 1, 1, 0, 0, 0, 0, 255))

    monkeypatch.setattr(os, "fstatvfs", nearly_full)
    with archive.writer(BAG) as writer:
        stream(writer, "fits", b"x" * 4096)
        if blocks:
            with pytest.raises(OSError, match=r"4,097 more bytes .* 4,096 are free; make room"):
                writer.open_file("large", 4097)
        else:
            stream(writer, "large", b"x" * 4097)


def test_files_that_fit_one_by_one_but_not_together_are_refused(
    archive: DirectoryArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nearly_full(_: int) -> os.statvfs_result:
        return os.statvfs_result((4096, 4096, 1000, 2, 2, 0, 0, 0, 0, 255))

    monkeypatch.setattr(os, "fstatvfs", nearly_full)
    with archive.writer(BAG) as writer:
        writer.open_file("one", 5000)
        with pytest.raises(OSError, match=r"10,000 more bytes .* 8,192 are free"):
            writer.open_file("two", 5000)


def test_a_write_that_fails_is_an_error_that_names_the_file(
    folder: Path, archive: DirectoryArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with archive.writer(BAG) as writer:
        file = writer.open_file("data/s", 2)
        monkeypatch.setattr(os, "write", full)
        for path, act in (
            ("data/p", lambda: put(writer, "data/p", b"x")),
            ("data/s", lambda: file.write(b"x")),
        ):
            with pytest.raises(OSError, match=f"No space left.*{part(folder)}/{path}"):
                act()


def test_what_a_dead_pass_left_counts_as_room_taken_already(tiny: Path) -> None:
    archive = DirectoryArchive("a", tiny)
    with archive.writer(BAG) as writer:
        writer.open_file("f", 700_000).write(b"x" * 600_000)
    with archive.writer(BAG) as writer:
        stream(writer, "f", b"x" * 700_000)
        writer.commit()
    assert content(archive, BAG, "f") == b"x" * 700_000


def test_an_unmounted_disk_is_an_error_and_nothing_is_written_below_it(tiny: Path) -> None:
    archive = DirectoryArchive("a", tiny / "replica")
    with archive.writer(BAG) as writer:
        put(writer, "a", b"a")
        subprocess.run(["umount", "--lazy", str(tiny)], check=True)
        try:
            put(writer, "b", b"b")
            for act in (writer.sync, writer.commit):
                with pytest.raises(FileNotFoundError, match="its disk unmounted"):
                    act()
            assert list(tiny.iterdir()) == []
        finally:  # what the fixture unmounts at its end
            subprocess.run(["mount", "-t", "tmpfs", "none", str(tiny)], check=True)


def test_a_folder_that_vanishes_or_is_exchanged_is_not_made_again(
    folder: Path, archive: DirectoryArchive
) -> None:
    with archive.writer(BAG) as writer:
        put(writer, "data/a", b"a")
        folder.rename(folder.with_name("moved"))
        folder.mkdir()
        for act in (writer.sync, writer.commit):
            with pytest.raises(FileNotFoundError, match="was removed"):
                act()
    assert list(folder.iterdir()) == []
    with archive.writer(BAG) as writer:
        shutil.rmtree(folder)
        with pytest.raises(FileNotFoundError, match="was removed"):
            put(writer, "data/deep/b", b"b")
    assert not folder.exists()


# links


def test_no_link_is_followed_when_writing(
    tmp_path: Path, folder: Path, archive: DirectoryArchive
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "f").write_bytes(b"precious")
    with archive.writer(BAG) as writer:
        put(writer, "x", b"")
        (part(folder) / "data").symlink_to(elsewhere)
        for path in ("f", "g"):
            (part(folder) / path).symlink_to(elsewhere / "f")
        with pytest.raises(OSError, match="data/f"):
            put(writer, "data/f", b"over")
        put(writer, "f", b"own")
        stream(writer, "g", b"own too")
    assert (elsewhere / "f").read_bytes() == b"precious"
    assert os.listdir(elsewhere) == ["f"]
    assert (part(folder) / "f").read_bytes() == b"own"
    shutil.rmtree(part(folder))
    part(folder).symlink_to(elsewhere)
    with pytest.raises(OSError, match="partial"):
        keep(archive, BAG, {"f": b"over"})
    archive.sweep("m")
    assert (elsewhere / "f").read_bytes() == b"precious"
    assert hidden(folder) == []


# hard links


def test_a_shared_piece_takes_no_room_and_no_second_read(
    folder: Path, archive: DirectoryArchive
) -> None:
    piece = "data/w.pieces/000000"
    keep(archive, OLD, {piece: b"shared"})
    stamp = archive.stamp(OLD)
    with archive.writer(BAG) as writer:
        assert writer.link(piece, OLD, piece) == ""
        writer.commit()
    assert (folder / OLD / piece).samefile(folder / BAG / piece)
    assert archive.stamp(OLD) == stamp
    assert content(archive, BAG, piece) == b"shared"


def test_a_link_by_a_third_bag_changes_no_stamp(archive: DirectoryArchive) -> None:
    keep(archive, OLD, {"p": b"shared"})
    stamps = []
    for bag in (BAG, NEXT):
        with archive.writer(bag) as writer:
            writer.link("p", OLD, "p")
            writer.commit()
        stamps.append(archive.stamp(OLD))
    assert stamps[0] == stamps[1]


@pytest.mark.parametrize("code", [errno.EPERM, errno.EMLINK, errno.EXDEV, errno.EOPNOTSUPP])
def test_a_disk_without_hard_links_gets_a_copy(
    folder: Path, archive: DirectoryArchive, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def unable(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    data = os.urandom(3 * MIB + 1)
    keep(archive, OLD, {"p": data})
    monkeypatch.setattr(os, "link", unable)
    with archive.writer(BAG) as writer:
        assert writer.link("data/p", OLD, "p") == ""
        writer.commit()
    assert content(archive, BAG, "data/p") == data
    assert not (folder / OLD / "p").samefile(folder / BAG / "data/p")


def test_only_a_regular_file_is_linked(folder: Path, archive: DirectoryArchive) -> None:
    keep(archive, OLD, {"p": b"p", "d/q": b"q"})
    (folder / OLD / "link").symlink_to("p")
    (folder / OLD / "folder").symlink_to("d")
    with archive.writer(BAG) as writer:
        for origin in ("link", "folder/q", "d", "../p", "/p"):
            with pytest.raises(OSError, match=r"link|folder|regular|plain"):
                writer.link("x", OLD, origin)
        with pytest.raises(OSError, match="plain"):
            writer.link("x", f"../replica/{OLD}", "p")
        writer.commit()
    assert contents(archive, BAG) == {}
