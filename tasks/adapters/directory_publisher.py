"""A folder that a web server serves.

Files are written beside their place and synced, some at a time, and then renamed in order. Links
are never followed below the folder, so that nothing is written or read outside of it.
"""

import errno
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import groupby, islice
from pathlib import Path

from tasks.adapters.beneath import (
    closing,
    descend,
    enter,
    new_file,
    open_file,
    open_top,
    write_all,
)
from tasks.kernel.errors import PublicationRefused
from tasks.ports.publisher import other_bytes, public_path, stands_for_good

_AT_ONCE = 64  # files that are synced together: a disk takes as long for one
_WRITERS = 8
_READABLE_FOLDER, _READABLE_FILE = 0o755, 0o644
_CHUNK = 1 << 20
_UNFINISHED = ".part"
_LONGEST_NAME = 200  # bytes of a name that its unfinished file's name begins with
_ON_THE_WAY = (errno.ELOOP, errno.ENOTDIR, errno.EINVAL)  # a link, no folder, no regular file


class DirectoryPublisher:
    """Publishes into one folder.

    Args:
        folder: made where it is missing; it may be a link itself.
        public: whether everybody on this machine may enter folders that are made, as a web server
            must; otherwise the umask decides.
    """

    def __init__(self, folder: Path, *, public: bool = True) -> None:
        self._folder, self._public = folder, public

    def publish(self, files: Mapping[str, bytes]) -> tuple[str, ...]:
        """See `ports.publisher.Publisher`."""
        changed = self._changed(files)
        if not changed:
            return ()
        self._make_top()
        waiting = iter(changed)
        with (
            self._told(self._folder),
            closing(open_top(self._folder)) as top,
            ThreadPoolExecutor(_WRITERS) as pool,
        ):
            while batch := tuple(islice(waiting, _AT_ONCE)):
                self._put(top, {path: files[path] for path in batch}, pool)
        return tuple(changed)

    def read(self, path: str) -> bytes | None:
        """See `ports.publisher.Publisher`."""
        *folders, name = self._parts(path)
        try:
            with (
                self._told(self._folder / path),
                closing(open_top(self._folder)) as top,
                closing(descend(top, folders)) as folder,
            ):
                return _read(folder, name)
        except FileNotFoundError:
            return None

    def remove(self, paths: Iterable[str]) -> tuple[str, ...]:
        """See `ports.publisher.Publisher`."""
        wanted = {path: self._parts(path) for path in paths}
        return tuple(path for path, parts in wanted.items() if self._removed(path, parts))

    def listing(self, prefix: str = "") -> tuple[str, ...]:
        """See `ports.publisher.Publisher`."""
        within = prefix.rpartition("/")[0]
        folders = self._parts(within) if within else ()
        try:
            with (
                self._told(self._folder / within),
                closing(open_top(self._folder)) as top,
                closing(descend(top, folders)) as folder,
            ):
                found = [
                    path
                    for path in _files(folder, f"{within}/" if within else "")
                    if path.startswith(prefix)
                ]
        except FileNotFoundError:
            return ()
        return tuple(sorted(found))

    def location(self, path: str) -> str:
        """See `ports.publisher.Publisher`."""
        return str(self._folder.joinpath(*self._parts(path)))

    def _put(self, top: int, files: Mapping[str, bytes], pool: ThreadPoolExecutor) -> None:
        """Write files at once, and make them public one after the other."""
        with ExitStack() as opened:
            places = self._places(top, files, opened)
            tasks = [
                pool.submit(_stage, folder, name, data)
                for (folder, name), data in zip(places, files.values(), strict=True)
            ]
            staged, public = list(zip(tasks, places, strict=True)), 0
            try:
                for task, (folder, name) in staged:
                    os.replace(task.result(), name, src_dir_fd=folder, dst_dir_fd=folder)
                    public += 1
                list(pool.map(os.fsync, {folder for folder, _ in places}))
            finally:
                for task, (folder, _) in staged[public:]:
                    if not task.exception():
                        os.unlink(task.result(), dir_fd=folder)

    def _places(self, top: int, paths: Iterable[str], opened: ExitStack) -> list[tuple[int, str]]:
        """The folder of each file, open until `opened` ends, and its name there."""
        folders: dict[tuple[str, ...], int] = {}
        places = []
        for *above, name in map(self._parts, paths):
            if (key := tuple(above)) not in folders:
                folders[key] = descend(top, above, self._enter_or_make)
                opened.callback(os.close, folders[key])
            places.append((folders[key], name))
        return places

    def _enter_or_make(self, folder: int, name: str) -> int:
        with suppress(FileNotFoundError):
            return enter(folder, name)
        with suppress(FileExistsError):  # another pass shares the site
            os.mkdir(name, dir_fd=folder)
        made = enter(folder, name)
        if self._public:
            _let_in(made)
        os.fsync(folder)
        return made

    def _make_top(self) -> None:
        if self._folder.is_dir():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._public:
            with closing(open_top(self._folder)) as top:
                _let_in(top)

    def _changed(self, files: Mapping[str, bytes]) -> list[str]:
        """Paths of files that hold other bytes, or none; a folder is entered once for many.

        Raises:
            PublicationRefused: a path, or other bytes where a file stands for good.
        """
        above = {path: self._parts(path)[:-1] for path in files}
        changed = []
        for folders, paths in groupby(files, above.__getitem__):
            public = self._contents(folders, list(paths))
            for path, data in public.items():
                if data is not None and data != files[path] and stands_for_good(path):
                    raise other_bytes(self.location(path))
            changed += [path for path, data in public.items() if data != files[path]]
        return changed

    def _contents(self, folders: tuple[str, ...], paths: list[str]) -> dict[str, bytes | None]:
        """What files of one folder hold."""
        path = "/".join(folders)
        try:
            with closing(open_top(self._folder)) as top, closing(descend(top, folders)) as folder:
                found = {}
                for path in paths:
                    found[path] = _read(folder, path.rpartition("/")[2])
                return found
        except FileNotFoundError:
            return dict.fromkeys(paths)
        except OSError as error:
            raise self._fault(error, self._folder / path) from None

    def _removed(self, path: str, parts: tuple[str, ...]) -> bool:
        *folders, name = parts
        try:
            with (
                self._told(self._folder / path),
                closing(open_top(self._folder)) as top,
                closing(descend(top, folders)) as folder,
            ):
                os.unlink(name, dir_fd=folder)
                os.fsync(folder)
        except FileNotFoundError:
            return False
        return True

    def _parts(self, path: str) -> tuple[str, ...]:
        return public_path(path, str(self._folder))

    @contextmanager
    def _told(self, place: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._fault(error, place) from None

    def _fault(self, error: OSError, place: Path) -> Exception:
        """The same with the whole path; a link on it is refused."""
        if error.errno in _ON_THE_WAY:
            return PublicationRefused(
                f"{place}: a link, or something that is neither file nor folder, stands there or "
                "on the way; a site holds files and folders alone: move it away"
            )
        if not (isinstance(error.filename, str) and error.filename.startswith("/")):
            error.filename = str(place)
        if error.filename2 is not None:
            del error.filename2
        return error


def _read(folder: int, name: str) -> bytes | None:
    """A file's bytes; None where there is none."""
    try:
        handle = open_file(folder, name)
    except FileNotFoundError:
        return None
    with closing(handle):
        return b"".join(iter(lambda: os.read(handle, _CHUNK), b""))


def _stage(folder: int, name: str, data: bytes) -> str:
    """Write a file under a name that nobody is served; returns it."""
    begins = name.encode()[:_LONGEST_NAME].decode(errors="ignore")
    unfinished = f".{begins}.{secrets.token_hex(8)}{_UNFINISHED}"
    handle = new_file(folder, unfinished)
    with closing(handle):
        try:
            write_all(handle, data)
            os.fchmod(handle, _READABLE_FILE)
            os.fsync(handle)
        except BaseException:
            os.unlink(unfinished, dir_fd=folder)
            raise
    return unfinished


def _let_in(folder: int) -> None:
    """Let everybody enter a folder; what it hands on to files made in it stays."""
    os.fchmod(folder, (os.fstat(folder).st_mode & 0o7000) | _READABLE_FOLDER)


def _files(folder: int, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        if is_folder:
            with suppress(FileNotFoundError), closing(enter(folder, name)) as deeper:
                yield from _files(deeper, f"{prefix}{name}/")
        elif not (name.startswith(".") and name.endswith(_UNFINISHED)):
            yield prefix + name
