"""One process writes an unfinished bag; a kill leaves no lock."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.adapters.directory_archive import DirectoryArchive
from tests.contracts.archive import (
    BAG,
    NEXT,
    contents,
    keep,
    put,
    stream,
)
from tests.fakes.disk import hidden

MIB = 1 << 20


def test_two_writers_never_share_an_unfinished_bag(folder: Path, archive: DirectoryArchive) -> None:
    with archive.writer(BAG) as writer:
        put(writer, "a", b"a")
        with pytest.raises(OSError, match="another process writes this bag") as refused:
            keep(DirectoryArchive("again", folder), BAG, {"b": b"b"})
        keep(DirectoryArchive("again", folder), NEXT, {"other": b"bag"})
        writer.commit()
    assert str(folder) in str(refused.value)
    assert contents(archive, BAG) == {"a": b"a"}
    assert hidden(folder) == []


def test_a_lock_that_its_last_holder_removed_is_no_lock(
    folder: Path, archive: DirectoryArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock, lock = fcntl.flock, folder / f".lock~{BAG}"

    def removed_meanwhile(handle: int, flags: int) -> None:
        flock(handle, flags)
        monkeypatch.setattr(fcntl, "flock", flock)
        lock.unlink()

    monkeypatch.setattr(fcntl, "flock", removed_meanwhile)
    with archive.writer(BAG):
        assert lock.exists()
        with pytest.raises(OSError, match="another process"):
            keep(archive, BAG, {})


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_disk_without_locks_can_be_used(
    archive: DirectoryArchive, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def unable(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", unable)
    keep(archive, BAG, {"a": b"a"})
    assert contents(archive, BAG) == {"a": b"a"}


def test_a_name_that_is_taken_is_refused_before_anything_is_copied(
    folder: Path, archive: DirectoryArchive
) -> None:
    keep(archive, BAG, {"a": b"a"})
    with pytest.raises(FileExistsError, match="never written over"), archive.writer(BAG):
        pytest.fail("it was opened")
    with archive.writer(NEXT) as writer:
        put(writer, "a", b"a")
        (folder / NEXT).mkdir()  # an empty folder is what a rename would replace
        with pytest.raises(FileExistsError, match="never written over"):
            writer.commit()


def test_a_killed_pass_leaves_no_lock_and_its_bytes_are_taken_up(
    folder: Path, archive: DirectoryArchive
) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tasks.adapters.directory_archive import DirectoryArchive\n"
        f"with DirectoryArchive('a', Path({str(folder)!r})).writer({BAG!r}) as writer:\n"
        "    writer.put('data/done', b'done', '')\n"
        "    file = writer.open_file('data/large', 5 << 20)\n"
        "    for number in range(3):\n"
        "        file.write(bytes([number]) * (1 << 20))\n"
        "    writer.sync()\n"
        "    file.write(b'more')\n"
        "    print('now', flush=True)\n"
        "    time.sleep(60)\n"
    )
    dying = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    with dying:
        assert dying.stdout is not None
        assert dying.stdout.readline() == b"now\n"
        with pytest.raises(OSError, match="another process"):
            keep(archive, BAG, {})
        archive.sweep("m")
        dying.send_signal(signal.SIGKILL)
    whole = b"".join(bytes([number]) * MIB for number in range(5))
    with archive.writer(BAG) as writer:
        stream(writer, "data/large", whole)
        writer.commit()
    assert contents(archive, BAG) == {"data/done": b"done", "data/large": whole}
    assert hidden(folder) == []
