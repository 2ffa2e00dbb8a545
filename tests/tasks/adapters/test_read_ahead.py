"""Files read past the page cache, and through it where their disk does not allow that."""

import errno
import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tasks.adapters.read_ahead import CHUNK, chunks

SIZES = [0, 1, 4095, 4096, 4097, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 513]

needs_direct = pytest.mark.skipif(not hasattr(os, "O_DIRECT"), reason="no direct reads here")


@contextmanager
def opened(file: Path, data: bytes) -> Generator[int]:
    file.write_bytes(data)
    handle = os.open(file, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)


def whole(handle: int) -> bytes:
    data = bytearray()
    for chunk in chunks(handle):
        data += chunk
    return bytes(data)


def is_direct(handle: int) -> bool:
    return bool(fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_DIRECT)


@pytest.mark.parametrize("size", SIZES)
def test_every_byte_comes_once_and_in_order(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    with opened(tmp_path / "f", data) as handle:
        assert whole(handle) == data


@needs_direct
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("refused_from", [0, 1, 3])
def test_a_disk_that_refuses_a_direct_read_is_read_through_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, refused_from: int
) -> None:
    """At once, or at a place that is no multiple of its blocks."""
    data, readv, calls = os.urandom(size), os.readv, 0

    def refusing(handle: int, buffers: Any) -> int:
        nonlocal calls
        calls += 1
        if calls > refused_from and is_direct(handle):
            raise OSError(errno.EINVAL, "Invalid argument")
        return readv(handle, buffers)

    monkeypatch.setattr(os, "readv", refusing)
    with opened(tmp_path / "f", data) as handle:
        assert whole(handle) == data
        assert calls <= refused_from or not is_direct(handle)


@needs_direct
def test_a_disk_that_knows_no_direct_reads_is_read_through_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = fcntl.fcntl

    def knowing_none(handle: int, command: int, argument: int = 0) -> int:
        if command == fcntl.F_SETFL and argument & os.O_DIRECT:
            raise OSError(errno.EINVAL, "Invalid argument")
        return asked(handle, command, argument)

    data = os.urandom(2 * CHUNK + 5)
    monkeypatch.setattr(fcntl, "fcntl", knowing_none)
    with opened(tmp_path / "f", data) as handle:
        assert whole(handle) == data
        assert not is_direct(handle)


def test_a_disk_that_fails_is_no_disk_that_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(handle: int, buffers: Any) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with opened(tmp_path / "f", b"x" * CHUNK) as handle:
        monkeypatch.setattr(os, "readv", failing)
        with pytest.raises(OSError, match="Input/output error"):
            whole(handle)


def test_files_that_are_read_side_by_side_do_not_mix(tmp_path: Path) -> None:
    """Their memory goes round between files, and some are left before their end."""
    left, right = os.urandom(4 * CHUNK + 7), os.urandom(3 * CHUNK)
    for _ in range(3):
        with opened(tmp_path / "l", left) as one, opened(tmp_path / "r", right) as other:
            pairs = zip(chunks(one), chunks(other), strict=False)
            found = [(bytes(a), bytes(b)) for a, b in pairs]
        assert b"".join(a for a, _ in found) == left[: 3 * CHUNK]
        assert b"".join(b for _, b in found) == right
        with opened(tmp_path / "l", left) as one:
            reading = chunks(one)
            assert bytes(next(reading)) == left[:CHUNK]
            reading.close()
