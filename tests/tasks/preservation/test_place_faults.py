"""A place that refuses: the sentence names the replica, the place, and how to mend it."""

import errno
import os
from pathlib import Path

import pytest

from configs.schema import RetirementConfig
from configs.schema.preservation import S3Config
from tasks.adapters.directory_archive import DirectoryArchive
from tasks.adapters.s3_archive import S3Archive
from tasks.kernel.errors import ArchiveUnusable, told
from tasks.preservation.place_faults import telling_replica
from tasks.preservation.task import preserve
from tasks.preservation.view import assess
from tasks.records import Book, Fence
from tasks.simulation.weights import make_model_folder
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement

PLACES = (
    DirectoryArchive("vault", Path("/mnt/vault")),
    DirectoryArchive("vault-2", Path("/mnt/vault-2/bags")),
    S3Archive("bucket", S3Config(bucket="kept", prefix="emeritus")),
)


@pytest.fixture
def config(home: Path) -> RetirementConfig:
    make_model_folder(home / "models" / "aster-1", megabytes=1, seed=1)
    return retirement()


@pytest.mark.parametrize(
    ("number", "place", "whose", "to_mend"),
    [
        (errno.ENOSPC, "/mnt/vault/.partial~x/data/a", "vault", "make room there"),
        (errno.EROFS, "/mnt/vault", "vault", "mount its disk for writing"),
        (errno.EACCES, "/mnt/vault-2", "vault-2", "give this user the right"),
        (errno.ENOTDIR, "/mnt/vault-2/bags/x", "vault-2", "a folder should be there"),
        (errno.EACCES, "/mnt", "vault, vault-2", "give this user the right"),
        (errno.EBUSY, "s3://kept/emeritus/x/data/a", "bucket", "mend it"),
    ],
)
def test_whose_place_it_is_and_how_to_mend_it(
    number: int, place: str, whose: str, to_mend: str
) -> None:
    with pytest.raises(ArchiveUnusable) as raised, telling_replica(PLACES):
        raise OSError(number, os.strerror(number), place)
    said = f"replica {whose}: {place}: {os.strerror(number)}; {to_mend}"
    assert str(raised.value).startswith(said)


def test_advice_of_our_own_is_not_followed_by_another() -> None:
    with pytest.raises(ArchiveUnusable, match=r"make room$"), telling_replica(PLACES):
        raise OSError(errno.ENOSPC, "4 bytes are free; make room", "/mnt/vault/x")


def test_a_fault_of_the_moment_stays_one_and_is_told_once() -> None:
    with pytest.raises(TimeoutError) as raised, telling_replica(PLACES):
        raise OSError(errno.ETIMEDOUT, "no answer in time", "s3://kept/emeritus/x")
    assert told(raised.value) == "replica bucket: s3://kept/emeritus/x: no answer in time"


@pytest.mark.parametrize("place", ["/mnt/vaults/x", "/srv/x", "s3://keptalike/x", None])
def test_what_is_no_replica_s_stays_as_it_came(place: str | None) -> None:
    fault = OSError(errno.ENOSPC, "No space left on device", place)
    with pytest.raises(OSError, match="No space") as raised, telling_replica(PLACES):
        raise fault
    assert raised.value is fault


def test_a_file_in_the_place_of_a_replica_s_folder_is_told(
    config: RetirementConfig, home: Path, fence: Fence
) -> None:
    (home / "replicas").mkdir()
    (home / "replicas" / "b").write_bytes(b"")
    with pytest.raises(ArchiveUnusable, match=r"^replica b: .*/replicas/b\b.*: Not a directory; "):
        preserve.fn(config, fence)


def test_a_replica_that_can_not_be_looked_at_is_told_by_status(
    config: RetirementConfig,
    fence: Fence,
    book: Book,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    preserve.fn(config, fence)

    def unreadable(self: DirectoryArchive, bag: str) -> str:
        raise OSError(errno.EIO, os.strerror(errno.EIO), self.location(bag))

    monkeypatch.setattr(DirectoryArchive, "stamp", unreadable)
    with pytest.raises(ArchiveUnusable, match=r"^replica a: .*: Input/output error; look at"):
        assess(config, book, clock.now())
