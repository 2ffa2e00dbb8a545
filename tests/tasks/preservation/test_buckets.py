"""Whole packages in buckets: made, shared, damaged, mended, restored; and killed on their way."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks.kernel.stages import StageState
from tasks.preservation.act import restore
from tasks.preservation.task import check_fixity, preserve, repair
from tasks.preservation.view import assess
from tasks.records import Book, Fence
from tasks.records.preservation import Replica
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.s3_server import Fault, S3Server, alone
from tests.tasks.preservation.test_forms import IDENTITIES, RECIPIENTS, flip, same
from tests.tasks.preservation.test_stream import tensors


@dataclass
class Buckets:
    """Two stores, a bucket each."""

    sealed: S3Server
    plain: S3Server


@pytest.fixture(scope="module")
def both() -> Iterator[Buckets]:
    with S3Server("one") as one, S3Server("two") as two:
        yield Buckets(one, two)


@pytest.fixture
def buckets(both: Buckets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Buckets:
    alone(monkeypatch)
    both.sealed.begin(tmp_path / "one")
    both.plain.begin(tmp_path / "two")
    return both


@pytest.fixture
def model(home: Path) -> Path:
    folder = home / "models" / "aster-1"
    folder.mkdir(parents=True)
    (folder / "w.safetensors").write_bytes(tensors(4, 2 << 20))
    (folder / "config.json").write_text("{}\n")
    return folder


@pytest.fixture
def identity(home: Path) -> Path:
    file = home / "identity.txt"
    file.write_text(f"{IDENTITIES[0]}\n")
    file.chmod(0o600)
    return file


def configured(
    buckets: Buckets, model_id: str = "aster-1", source: str = "models/aster-1"
) -> RetirementConfig:
    places = [
        {"name": "near", "directory": "replicas/near", "trusted_disk": True},
        {"name": "sealed", "s3": {"bucket": "one", "endpoint_url": buckets.sealed.url}},
        {
            "name": "plain",
            "s3": {"bucket": "two", "prefix": "kept", "endpoint_url": buckets.plain.url},
            "trusted_disk": True,
        },
    ]
    return placed(places, model_id, source)


def placed(places: Sequence[Mapping[str, object]], model_id: str, source: str) -> RetirementConfig:
    sections = {"replicas": places, "recipients": RECIPIENTS, "source_folder": source}
    return retirement(preservation=sections).model_copy(update={"id": model_id})


def states(book: Book) -> dict[str, str]:
    with book.reading() as session:
        return {row.name: row.state for row in session.exec(select(Replica))}


WHOLE = {"near": "verified", "sealed": "verified", "plain": "verified"}


def test_a_package_in_two_buckets_is_made_checked_and_restored(
    buckets: Buckets,
    model: Path,
    home: Path,
    fence: Fence,
    book: Book,
    clock: FakeClock,
    identity: Path,
) -> None:
    config = configured(buckets)
    preserve.fn(config, fence)
    assert states(book) == WHOLE
    assert assess(config, book, clock.now()).state is StageState.DONE
    for name in ("sealed", "plain"):
        restore(config, home / name, replica=name, identity_file=identity)
        assert same(model, home / name)


def stored(buckets: Buckets, data: bytes) -> Path:
    """Where the plain store keeps an object of these bytes."""
    found = (p for p in buckets.plain.store.folder.rglob("*") if p.is_file())
    return next(p for p in found if p.read_bytes() == data)


def test_damage_in_a_bucket_is_found_and_mended(
    buckets: Buckets, model: Path, home: Path, fence: Fence, book: Book, clock: FakeClock
) -> None:
    config = configured(buckets)
    preserve.fn(config, fence)
    clock.advance(hours=200)
    flip(stored(buckets, (model / "w.safetensors").read_bytes()))
    preserve.fn(config, fence)
    assert states(book) == {**WHOLE, "plain": "damaged"}
    repair.fn(config, fence)
    assert states(book) == WHOLE


@pytest.mark.parametrize("lost", ["tagmanifest-sha256.txt", "manifest-sha256.txt"])
def test_a_bag_in_a_bucket_that_lost_its_end_is_mended_where_it_stands(
    buckets: Buckets, model: Path, home: Path, fence: Fence, book: Book, lost: str
) -> None:
    config = configured(buckets)
    preserve.fn(config, fence)
    store = buckets.plain.store
    before = set(store.listed())
    (key,) = (key for key in before if key.endswith(f"/{lost}"))
    store.delete(key)
    assert set(store.listed()) == before - {key}
    repair.fn(config, fence)
    assert set(store.listed()) == before
    assert states(book) == WHOLE


def test_a_second_model_points_to_the_pieces_that_the_bucket_holds(
    buckets: Buckets,
    model: Path,
    home: Path,
    fence: Fence,
    book: Book,
    clock: FakeClock,
    identity: Path,
) -> None:
    preserve.fn(configured(buckets), fence)
    tuned = home / "models" / "aster-2"
    tuned.mkdir()
    (tuned / "w.safetensors").write_bytes((model / "w.safetensors").read_bytes())
    flip(tuned / "w.safetensors", at=-1)
    puts = buckets.sealed.count("PutObject")
    other = configured(buckets, "aster-2", "models/aster-2")
    preserve.fn(other, book.take_lease("aster-2", "", clock.now()).fence)
    with book.reading() as session:
        row = session.get_one(Replica, (_package(book, "aster-2"), "sealed"))
    assert row.state == "verified"
    assert len(row.fetch.splitlines()) >= 3, "three of four tensors stand in the first bag"
    assert all(line.startswith("s3://one/aster-1-") for line in row.fetch.splitlines())
    pieces = [c for c in buckets.sealed.calls if c.operation == "PutObject"][puts:]
    assert sum(".pieces/" in c.key for c in pieces) == 1, "the changed tensor"
    restore(other, home / "out", replica="sealed", identity_file=identity)
    assert same(tuned, home / "out")


PIECES = {"trusted_disk": True, "split_at_tensors": True}


@pytest.mark.parametrize(
    ("folder", "sealed", "plain"),
    [(PIECES, True, False), ({}, False, True), (PIECES, True, True)],
    ids=["pieces and a sealed bucket", "age and a plain bucket", "buckets of two forms"],
)
def test_a_piece_of_another_form_is_not_fetched(
    buckets: Buckets,
    model: Path,
    home: Path,
    fence: Fence,
    book: Book,
    clock: FakeClock,
    identity: Path,
    folder: dict[str, bool],
    sealed: bool,
    plain: bool,
) -> None:
    places: list[dict[str, object]] = [{"name": "near", "directory": "replicas/near", **folder}]
    if sealed:
        places.append({"name": "sealed", "s3": _s3("one", buckets.sealed)})
    if plain:
        places.append({"name": "plain", "s3": _s3("two", buckets.plain), **PIECES})
    first, second = (placed(places, name, f"models/{name}") for name in ("aster-1", "aster-2"))
    preserve.fn(first, fence)
    tuned = shutil.copytree(model, home / "models" / "aster-2")
    (tuned / "config.json").write_text("{ }\n")
    preserve.fn(second, book.take_lease("aster-2", "", clock.now()).fence)
    with book.reading() as session:
        rows = session.exec(select(Replica).where(Replica.model_id == "aster-2")).all()
    assert {row.state for row in rows} == {"verified"}
    for row in rows:
        lines = [line.split(" ") for line in row.fetch.splitlines()]
        assert bool(lines) == (row.name != "near")
        for url, _, path in lines:
            assert url.endswith(".age") == path.endswith(".age") == (row.name == "sealed")
        restore(second, home / row.name, replica=row.name, identity_file=identity)
        assert same(tuned, home / row.name)
    guide = next((home / "replicas" / "near").glob("aster-2-*/RESTORE.md")).read_text()
    twin = sealed and plain  # an edition of its own form has a bag in a bucket
    assert ("## Bring what is missing" in guide) == twin


def _s3(bucket: str, server: S3Server) -> dict[str, str]:
    return {"bucket": bucket, "endpoint_url": server.url}


def _package(book: Book, model_id: str) -> str:
    with book.reading() as session:
        rows = session.exec(select(Replica).where(Replica.model_id == model_id)).all()
    return rows[0].package_id


def test_a_bucket_that_is_away_for_a_while_costs_no_more_than_a_pass(
    buckets: Buckets, model: Path, home: Path, fence: Fence, book: Book
) -> None:
    config = configured(buckets)
    buckets.sealed.faults.append(Fault("PutObject", status=503, times=50))
    with pytest.raises(OSError, match="one"):
        preserve.fn(config, fence)
    assert states(book) == {}
    buckets.sealed.faults.clear()
    preserve.fn(config, fence)
    assert states(book) == WHOLE


def test_a_bucket_that_does_not_answer_is_no_damage_and_stops_no_other_check(
    buckets: Buckets, model: Path, home: Path, fence: Fence, book: Book, clock: FakeClock
) -> None:
    config = configured(buckets)
    preserve.fn(config, fence)
    flip(next((home / "replicas" / "near").glob("*/data/config.json")))
    buckets.plain.faults.append(Fault("ListObjectsV2", status=503, times=500))
    with pytest.raises(OSError, match="two"):
        check_fixity.fn(config, fence)
    assert states(book) == {**WHOLE, "near": "damaged"}
    buckets.plain.faults.clear()
    assert check_fixity.fn(config, fence)["plain"] == ""
