"""A bare copy of a repository of configurations, and the folders made from its commits.

One copy an address, under `EMERITUS_HOME/configs-mirror`. It is fetched under a lock, so that
passes may begin at once; what a killed fetch left is cleared away by the next.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tasks.adapters.git_program import ask_git
from tasks.adapters.git_repository import Folder
from tasks.kernel.errors import RepositoryUnusable

_FETCH_SECONDS = 600.0
_KEPT_SECONDS = 30 * 86400  # a folder that no pass asked for; a pass reads its own for minutes
_SLOW = ("http.lowSpeedLimit=1000", "http.lowSpeedTime=60")
_PASSWORD = re.compile(r"(?<=://)[^/@\s]*@")


def public_address(repository: str) -> str:
    """A repository's address without a user or password, for people."""
    return _PASSWORD.sub("", repository)


def mirror_of(repository: str, mirrors: Path) -> Path:
    """Where a repository's copy stands, or would."""
    return mirrors / hashlib.sha256(repository.encode()).hexdigest()[:16]


def fetched(repository: str, mirrors: Path) -> Path:
    """The bare copy of a repository, with all branches and tags as they are there now.

    Safe to repeat, and from several processes at once.

    Args:
        repository: URL or path, as the settings' schema allows it.
        mirrors: folder of all copies; made where it is missing.

    Raises:
        RepositoryUnusable: it can't be fetched; the copy stays as it was.
    """
    mirror = mirror_of(repository, mirrors)
    mirror.mkdir(parents=True, exist_ok=True)
    with _alone(mirrors / f"{mirror.name}.lock"):
        _clear_up(mirror)
        ask_git(["init", "--quiet", "--bare", "--template=", "."], folder=mirror)
        _fetch(repository, mirror)
    return mirror


@contextlib.contextmanager
def fetched_for_once(repository: str) -> Iterator[Path]:
    """As `fetched`, into a folder that is gone after the block.

    Raises:
        RepositoryUnusable: it can't be fetched.
    """
    with tempfile.TemporaryDirectory(prefix="emeritus-") as name:
        folder = Path(name)
        ask_git(["init", "--quiet", "--bare", "--template=", "."], folder=folder)
        _fetch(repository, folder)
        yield folder


def materialized(folder: Folder, below: str, home: Path) -> Path:
    """A commit's files as a folder that nobody is to change: `<home>/<sha>/<below>`.

    Made beside its place and renamed when whole. What is there already is compared. Folders that
    nobody asked for in 30 days are removed: git has them, and the records hold what was in force.

    Args:
        folder: the files.
        below: where they stand within the repository.
        home: folder of all such folders; made where it is missing.

    Raises:
        RepositoryUnusable: the folder that is there is not what the commit holds.
    """
    # where the folder is another one, the commit is no more than half of the name
    name = folder.commit if below != "." else f"{folder.commit}-root"
    place = home / name / below
    if not place.is_dir():
        _make(folder, place, home)
    there = {one.name: one.read_bytes() for one in place.iterdir() if one.is_file()}
    if there != dict(folder.files):
        raise RepositoryUnusable(
            f"{place}: is not what commit {folder.commit[:12]} holds; remove it, and run it again"
        )
    os.utime(home / name)
    _remove_old(home)
    return place


def _remove_old(home: Path) -> None:
    old = time.time() - _KEPT_SECONDS
    for one in home.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another pass removes it too
            if one.stat().st_mtime < old:
                shutil.rmtree(one, ignore_errors=True)


def _make(folder: Folder, place: Path, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".making-", dir=home))
    try:
        for name, data in folder.files.items():
            (made / name).write_bytes(data)
            (made / name).chmod(0o444)
        made.chmod(0o755)
        with contextlib.suppress(FileExistsError, OSError):
            made.rename(place)  # another pass may have been first; both are compared
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _fetch(repository: str, mirror: Path) -> None:
    slow = [part for one in _SLOW for part in ("-c", one)]
    options = ["--quiet", "--prune", "--force", "--no-tags", "--no-recurse-submodules"]
    refs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
    try:
        ask_git(
            [*slow, "fetch", *options, "--no-write-fetch-head", "--", repository, *refs],
            folder=mirror,
            seconds=_FETCH_SECONDS,
        )
    except RepositoryUnusable as error:
        why = str(error).partition(": ")[2]
        raise RepositoryUnusable(
            f"{public_address(repository)}: can't be fetched: {why.replace(repository, 'it')}"
        ) from None


def _clear_up(mirror: Path) -> None:
    """What a killed git left, while nobody else can be at work here."""
    for left in (*mirror.rglob("*.lock"), *mirror.glob("objects/pack/tmp_*")):
        left.unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait_for(handle, lock)
        yield
    finally:
        os.close(handle)


def _wait_for(handle: int, lock: Path) -> None:
    until = time.monotonic() + _FETCH_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise RepositoryUnusable(
                    f"{lock}: another pass has been fetching for {_FETCH_SECONDS:g} s; try later"
                ) from None
            time.sleep(0.1)
        else:
            return
