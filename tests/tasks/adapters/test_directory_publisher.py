"""The folder that a web server serves: the port's contract, and what a disk adds to it."""

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.adapters import directory_publisher
from tasks.adapters.directory_publisher import DirectoryPublisher
from tasks.kernel.errors import PublicationRefused, told
from tests.contracts.publisher import ESSAY, SITE, Dying, Killed, Make, Plant, PublisherContract


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "srv" / "site"


@pytest.fixture
def make(folder: Path) -> Make:
    return lambda: DirectoryPublisher(folder)


@pytest.fixture
def plant(folder: Path) -> Plant:
    def plant(path: str, data: bytes) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)

    return plant


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Dying:
    @contextmanager
    def dying(files: int) -> Iterator[None]:
        left, rename, unlink = [files], os.replace, os.unlink

        def replace(*names: str, **folders: int) -> None:
            if not left[0]:
                raise Killed
            left[0] -= 1
            rename(*names, **folders)

        with monkeypatch.context() as patch:
            patch.setattr(directory_publisher.os, "replace", replace)
            patch.setattr(directory_publisher.os, "unlink", lambda *_, **__: None)
            yield
        assert unlink is os.unlink

    return dying


class TestDirectoryPublisher(PublisherContract):
    pass


def everything(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_unchanged_file_keeps_its_time(folder: Path, make: Make) -> None:
    make().publish(SITE)
    seen = {path: path.stat().st_mtime_ns for path in everything(folder)}
    make().publish(SITE)
    assert {path: path.stat().st_mtime_ns for path in everything(folder)} == seen


@pytest.mark.parametrize(("public", "folders"), [(True, 0o755), (False, 0o700)])
def test_a_web_server_may_read_it_whatever_the_umask(
    folder: Path, public: bool, folders: int
) -> None:
    before = os.umask(0o077)
    try:
        DirectoryPublisher(folder, public=public).publish(SITE)
    finally:
        os.umask(before)
    assert {mode(path) for path in everything(folder) if path.is_dir()} == {folders}
    assert mode(folder) == folders
    assert {mode(path) for path in everything(folder) if path.is_file()} == {0o644}


def test_what_a_folder_hands_on_stays(folder: Path, make: Make) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o2750)  # an operator's: its group serves it
    make().publish(SITE)
    assert mode(folder) == 0o2750
    assert mode(folder / "essays") == 0o2755


class TestLinks:
    """Nothing is written or read outside."""

    @pytest.fixture
    def outside(self, tmp_path: Path, folder: Path) -> Path:
        folder.mkdir(parents=True)
        outside = tmp_path / "outside"
        outside.mkdir()
        return outside

    def test_a_folder(self, folder: Path, make: Make, outside: Path) -> None:
        (folder / "essays").symlink_to(outside)
        for act in (
            lambda: make().publish(SITE),
            lambda: make().read(ESSAY),
            lambda: make().remove([ESSAY]),
            lambda: make().listing("essays/"),
        ):
            with pytest.raises(PublicationRefused, match=r"essays.*move it away"):
                act()
        assert everything(outside) == []
        assert everything(folder) == [folder / "essays"]

    def test_a_file(self, folder: Path, make: Make, outside: Path) -> None:
        secret = outside / "secret"
        secret.write_bytes(b"of somebody")
        (folder / "index.html").symlink_to(secret)
        with pytest.raises(PublicationRefused, match="index"):
            make().publish(SITE)
        with pytest.raises(PublicationRefused, match="index"):
            make().read("index.html")
        assert secret.read_bytes() == b"of somebody"
        assert make().remove(["index.html"]) == ("index.html",)
        assert secret.exists()

    def test_the_site_itself_may_be_one(self, folder: Path, outside: Path) -> None:
        folder.rmdir()
        folder.symlink_to(outside)
        DirectoryPublisher(folder).publish(SITE)
        assert (outside / ESSAY).read_bytes() == SITE[ESSAY]

    def test_a_folder_in_a_files_place(self, folder: Path, make: Make, outside: Path) -> None:
        (folder / "feed.xml").mkdir()
        with pytest.raises(PublicationRefused, match="feed"):
            make().publish(SITE)
        assert everything(folder) == [folder / "feed.xml"]


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_whole_files_alone(
    folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    make().publish({"index.html": b"old", "feed.xml": b"old"})
    seen = everything(folder)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(directory_publisher.os, call, full)
        with pytest.raises(OSError, match="No space") as caught:
            make().publish({"index.html": b"new", "feed.xml": b"new"})
    assert told(caught.value) == f"{folder}: No space left on device"
    assert everything(folder) == seen
    assert make().read("index.html") == make().read("feed.xml") == b"old"


def test_no_file_is_public_before_it_is_on_the_disk(
    folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    rename, sync = os.replace, os.fsync
    monkeypatch.setattr(
        directory_publisher.os, "fsync", lambda fd: (sync(fd), synced.add(os.fstat(fd).st_ino))
    )

    def replace(source: str, target: str, **folders: int) -> None:
        assert os.stat(source, dir_fd=folders["src_dir_fd"]).st_ino in synced
        rename(source, target, **folders)

    monkeypatch.setattr(directory_publisher.os, "replace", replace)
    make().publish({f"{n}.html": b"x" for n in range(100)})
    assert folder.stat().st_ino in synced


def test_two_passes_share_a_site(folder: Path, make: Make) -> None:
    bodies = [letter * 100_000 for letter in (b"a", b"b")]
    start, faults = threading.Barrier(2), list[Exception]()

    def publish(data: bytes) -> None:
        start.wait()
        try:
            for _ in range(5):
                make().publish({"deep/er/index.html": data, "deep/feed.xml": data})
                assert make().read("deep/er/index.html") in bodies
                make().listing()
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=publish, args=(data,)) for data in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert sorted(p.name for p in everything(folder) if p.is_file()) == ["feed.xml", "index.html"]


def test_what_a_killed_pass_left_is_not_listed(make: Make, dying: Dying, folder: Path) -> None:
    with pytest.raises(Killed), dying(0):
        make().publish(SITE)
    assert any(path.name.endswith(".part") for path in everything(folder))
    assert make().listing() == ()
