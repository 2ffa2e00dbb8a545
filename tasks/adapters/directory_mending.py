"""Puts a sound file in the place of a damaged one in a committed bag; what stood there is kept."""

import errno
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tasks.adapters import beneath
from tasks.ports.archive import Bytes


def mending_prefix(bag: str) -> str:
    """How the hidden files begin in which new bytes are collected, beside the bag."""
    return f".mending~{bag}~"


class Mending:
    """Exchanges and sets aside files of one bag. Every change is durable when a method ends."""

    def __init__(self, folder: Path, bag: str, aside: str) -> None:
        self._folder, self._bag = folder, beneath.plain_name(bag)
        self._aside = beneath.plain_name(aside)

    def replace(self, path: str, chunks: Iterable[Bytes]) -> None:
        """See `ports.archive.Archive.replace`."""
        temporary, place = mending_prefix(self._bag) + secrets.token_hex(8), self._place(path)
        with beneath.named(place):
            parts = beneath.plain_parts(path)
            opened = beneath.open_top(self._folder)
        with beneath.closing(opened) as top:
            with beneath.named(place):
                os.close(beneath.enter(top, self._bag))  # a bag that is gone can't be mended
            try:
                self._collect(top, temporary, chunks)
                with beneath.named(place):
                    self._exchange(top, parts, temporary)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=top)
                raise

    def set_aside(self, path: str) -> None:
        """See `ports.archive.Archive.set_aside`."""
        with (
            beneath.named(self._place(path)),
            beneath.closing(beneath.open_top(self._folder)) as top,
        ):
            *parents, name = beneath.plain_parts(path)
            with beneath.closing(beneath.descend(top, [self._bag, *parents])) as here:
                if beneath.look(here, name) is None:
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
                self._move(top, here, parents, name)

    def _place(self, path: str) -> Path:
        return self._folder / self._bag / path

    def _collect(self, top: int, temporary: str, chunks: Iterable[Bytes]) -> None:
        """Write the new bytes; an error of `chunks` tells of its own place, not of ours."""
        with beneath.named(self._folder / temporary):
            opened = beneath.new_file(top, temporary)
        with beneath.closing(opened) as handle:
            for chunk in chunks:
                with beneath.named(self._folder / temporary):
                    beneath.write_all(handle, chunk)
            with beneath.named(self._folder / temporary):
                os.fsync(handle)

    def _exchange(self, top: int, parts: list[str], temporary: str) -> None:
        *parents, name = parts
        depth = 0

        def step(here: int, part: str) -> int:
            nonlocal depth
            try:
                found = beneath.enter_or_make(here, part)
            except NotADirectoryError:  # a file or a link where a folder was
                self._move(top, here, parents[:depth], part)
                found = beneath.enter_or_make(here, part)
            depth += 1
            return found

        with (
            beneath.closing(beneath.enter(top, self._bag)) as root,
            beneath.closing(beneath.descend(root, parents, step)) as here,
        ):
            if beneath.look(here, name) is not None:
                self._move(top, here, parents, name)
            os.rename(temporary, name, src_dir_fd=top, dst_dir_fd=here)
            os.fsync(here)

    def _move(self, top: int, here: int, parents: list[str], name: str) -> None:
        """Move what stands in an open folder of the bag to the same path in the bag aside."""
        with beneath.closing(beneath.descend(top, [self._aside, *parents], _enter_beside)) as there:
            free = _free_name(there, name)
            os.rename(name, free, src_dir_fd=here, dst_dir_fd=there)
            os.fsync(there)
            os.fsync(here)


def _enter_beside(here: int, name: str) -> int:
    """Enter a folder, or make one beside the file that has its name."""
    try:
        return beneath.enter_or_make(here, name)
    except NotADirectoryError:
        return beneath.enter_or_make(here, _free_name(here, name))


def _free_name(here: int, name: str) -> str:
    free, number = name, 0
    while beneath.look(here, free) is not None:
        number += 1
        free = f"{name}.{number}"
    return free
