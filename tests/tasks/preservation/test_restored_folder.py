"""The folder of a restore: whole or not at all, nobody else's, and one restore at a time."""

import errno
import fcntl
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from configs.home import CHECKOUT
from configs.schema import RetirementConfig
from tasks.kernel.errors import RestoreRefused
from tasks.preservation.act import restore
from tasks.preservation.restored_folder import appearing
from tasks.preservation.task import preserve
from tasks.records import Fence
from tests.fakes.configs import retirement

KILLED = """
import os, signal, sys
from pathlib import Path
from tasks.preservation.restored_folder import appearing
with appearing(Path(sys.argv[1])) as part:
    (part / "weights").write_text("plain")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """Where a restore was killed: the folder that it should have made."""
    dest = tmp_path / "out"
    command = [sys.executable, "-c", KILLED, str(dest)]
    assert subprocess.run(command, cwd=CHECKOUT, check=False).returncode == -signal.SIGKILL
    assert list(tmp_path.glob("**/weights")), "this is what must not stay"
    return dest


def test_what_a_killed_restore_left_is_nobody_elses_and_gone_with_the_next(killed: Path) -> None:
    (left,) = (p for p in killed.parent.iterdir() if p.is_dir())
    assert stat.S_IMODE(left.stat().st_mode) == 0o700
    with appearing(killed) as part:
        (part / "other").write_text("x")
    assert list(killed.parent.iterdir()) == [killed]
    assert [p.name for p in killed.iterdir()] == ["other"]
    assert stat.S_IMODE(killed.stat().st_mode) == 0o700


def test_a_next_restore_that_fails_removes_it_too(killed: Path) -> None:
    with pytest.raises(KeyError), appearing(killed):
        raise KeyError
    assert list(killed.parent.iterdir()) == []


def test_two_restores_at_once_do_not_destroy_each_other(tmp_path: Path) -> None:
    dest = tmp_path / "out"
    with appearing(dest) as part:
        (part / "weights").write_text("whole")
        with pytest.raises(RestoreRefused, match="another restore to it is under way"):
            appearing(dest).__enter__()
    assert (dest / "weights").read_text() == "whole"
    assert list(tmp_path.iterdir()) == [dest]


def test_without_locks_what_may_be_under_way_is_not_touched(
    killed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(RestoreRefused, match=r"killed, or that is under way.*remove it if none is"):
        appearing(killed).__enter__()
    assert list(killed.parent.glob("*/weights"))
    with appearing(killed.with_name("another")):
        pass
    assert killed.with_name("another").is_dir()


def test_folders_above_are_made_and_gone_again_if_it_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), appearing(tmp_path / "a" / "b" / "out"):
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    with appearing(tmp_path / "a" / "b" / "out"):
        pass
    assert (tmp_path / "a" / "b" / "out").is_dir()


def _exists(folder: Path) -> Path:
    (folder / "out").mkdir()
    return folder / "out"


def _dangling(folder: Path) -> Path:
    (folder / "out").symlink_to("nowhere")
    return folder / "out"


def _below_a_file(folder: Path) -> Path:
    (folder / "file").write_text("x")
    return folder / "file" / "out"


def _deep_below_a_file(folder: Path) -> Path:
    return _below_a_file(folder) / "deep"


def _long(folder: Path) -> Path:
    return folder / ("x" * 255)


PLACES = [
    (_exists, "out: exists already"),
    (_dangling, "out: exists already"),
    (_below_a_file, "out was not made: .*file: Not a directory; "),
    (_deep_below_a_file, "deep was not made: .*: Not a directory; "),
    (_long, "was not made: .*: File name too long; "),
    (lambda _: Path("/proc/x"), r"^/proc/x was not made: /proc/\S+: No such file or directory; "),
]


@pytest.mark.parametrize(("place", "why"), PLACES)
def test_a_place_that_cannot_take_it_is_one_sentence_that_tells_of_no_replica(
    home: Path, fence: Fence, place: Callable[[Path], Path], why: str
) -> None:
    config = _sealed(home)
    preserve.fn(config, fence)
    dest = place(home)
    before = sorted(home.rglob("*"))
    with pytest.raises(RestoreRefused, match=why) as refused:
        restore(config, dest)
    assert "name a key" not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert sorted(home.rglob("*")) == before


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    def write() -> None:
        with appearing(tmp_path / "out") as part:
            (part / "half").write_text("x")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(part / "half"))

    with pytest.raises(RestoreRefused, match=r"out was not made: .*: No space left on device"):
        write()
    assert list(tmp_path.iterdir()) == []


@contextmanager
def _not_root() -> Iterator[None]:
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


def test_a_folder_that_this_user_may_not_write_is_told(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    with _not_root(), pytest.raises(RestoreRefused, match=r"out was not made: .*Permission denied"):
        appearing(closed / "out").__enter__()


def _sealed(home: Path) -> RetirementConfig:
    """One replica in plain, and one that needs a key which is not here."""
    (home / "models" / "aster-1").mkdir(parents=True)
    (home / "models" / "aster-1" / "config.json").write_text("{}")
    keys = (
        "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
        "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg",
    )
    replicas = [
        {"name": "a", "directory": "replicas/a", "trusted_disk": True},
        {"name": "b", "directory": "replicas/b"},
    ]
    return retirement(preservation={"replicas": replicas, "recipients": keys})
