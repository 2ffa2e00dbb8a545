"""Exports in a bucket, fetched from a small S3 of our own."""

import re
from pathlib import Path
from typing import Any

import pytest

from configs.schema.bucket import BucketConfig
from tasks.adapters.s3_exports import S3Exports, expression_of
from tests.fakes.s3_server import SECRET, S3Server
from tests.tasks.adapters.s3_scene import alone_here, one_server, server

__all__ = ["alone_here", "one_server", "server"]
pytestmark = [pytest.mark.xdist_group("s3"), pytest.mark.usefixtures("alone_here")]


def plant(server: S3Server, key: str, data: bytes) -> None:
    got = server.store.receive(iter([data]))
    server.store.put(key, got.file, got.size, got.md5.hex(), "", {})


def opened(server: S3Server, pattern: str = "*", **more: Any) -> S3Exports:
    plain = {"bucket": "bags", "prefix": "usage", "endpoint_url": server.url}
    return S3Exports(BucketConfig.model_validate({**plain, **more}), pattern)


def test_what_fits_is_listed_and_fetched(server: S3Server, tmp_path: Path):
    for number in range(9):  # the fake lists seven a page
        plant(server, f"usage/{number}.csv", b"x" * (number + 1))
    plant(server, "usage/old/1.csv", b"y")
    plant(server, "usage/empty.csv", b"")
    plant(server, "other/1.csv", b"z")
    found = opened(server).listed()
    assert [one.name for one in found] == [f"s3://bags/usage/{n}.csv" for n in range(9)]
    assert [one.size for one in found] == list(range(1, 10))
    opened(server).fetch(found[3], tmp_path / "one")
    assert (tmp_path / "one").read_bytes() == b"xxxx"


def test_what_changed_since_it_was_listed_is_refused(server: S3Server, tmp_path: Path):
    plant(server, "usage/1.csv", b"one")
    (one,) = opened(server).listed()
    plant(server, "usage/1.csv", b"two")
    with pytest.raises(OSError, match="it changed while it was read"):
        opened(server).fetch(one, tmp_path / "one")


def test_a_denied_bucket_says_how_to_mend_it(server: S3Server):
    server.denied.add(("base", "ListObjectsV2"))
    with pytest.raises(PermissionError) as caught:
        opened(server).listed()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "key", "fits"),
    [
        ("*", "a.csv", True),
        ("*", "b/a.csv", False),
        ("**", "b/a.csv", True),
        ("**/*.csv", "a.csv", True),
        ("**/*.csv", "b/c/a.csv", True),
        ("2026-??/*.parquet", "2026-11/u.parquet", True),
        ("*.csv", "acsv", False),
        ("[a].csv", "a.csv", False),
        ("[a].csv", "[a].csv", True),
    ],
)
def test_patterns(pattern: str, key: str, fits: bool):
    assert bool(re.fullmatch(expression_of(pattern), key)) == fits
