"""An S3 of our own for the tests of the adapter: a server, archives on it, and files in parts."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from configs.schema.preservation import S3Config
from tasks.adapters import s3_writer
from tasks.adapters.s3_archive import S3Archive
from tests.contracts.archive import (
    put,
    stream,
)
from tests.fakes.s3_server import S3Server, alone

TAGMANIFEST = "tagmanifest-sha256.txt"
PART = 4096
Opens = Callable[..., S3Archive]


@pytest.fixture
def alone_here(monkeypatch: pytest.MonkeyPatch) -> None:
    alone(monkeypatch)


@pytest.fixture(scope="module")
def one_server() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture
def server(one_server: S3Server, tmp_path: Path) -> S3Server:
    one_server.begin(tmp_path / "s3", page=7)
    return one_server


@pytest.fixture
def opens(server: S3Server) -> Opens:
    """Opens the same place anew, with more of the configuration where a test asks for it."""

    def opens(**more: object) -> S3Archive:
        plain = {"bucket": "bags", "prefix": "kept/here", "endpoint_url": server.url}
        return S3Archive("a", S3Config.model_validate({**plain, **more}))

    return opens


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_writer, "part_size", lambda size: PART)


def file_of(parts: float, seed: int = 0) -> bytes:
    """As many parts' worth of bytes, no two parts the same."""
    size = int(parts * PART)
    blocks = (hashlib.sha256(f"{seed} {n}".encode()).digest() for n in range(size // 32 + 1))
    return b"".join(blocks)[:size]


def keep(archive: S3Archive, bag: str, files: dict[str, bytes]) -> None:
    with archive.writer(bag) as writer:
        for path, data in files.items():
            put(writer, path, data)
        put(writer, TAGMANIFEST, b"t")
        writer.commit()


def leave(archive: S3Archive, bag: str, path: str, data: bytes, size: int) -> None:
    """What a pass leaves that dies in the middle of a file."""
    with archive.writer(bag) as writer:
        writer.open_file(path, size).write(data)
        writer.sync()


def whole(archive: S3Archive, bag: str, path: str, data: bytes) -> None:
    with archive.writer(bag) as writer:
        stream(writer, path, data)
        put(writer, TAGMANIFEST, b"t")
        writer.commit()
