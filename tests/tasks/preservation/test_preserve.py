"""Replicas that strangers can check; faults at every step leave none marked good."""

import os
import shutil
import subprocess
from pathlib import Path

import bagit
import pytest
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks.adapters.directory_writer import DirectoryBagFile
from tasks.kernel.errors import ArchiveUnusable, ReplicaDamaged, SourceRefused
from tasks.kernel.stages import StageState
from tasks.preservation.task import preserve, repair
from tasks.preservation.view import assess
from tasks.records import Book, Fence
from tasks.records.preservation import Package, Replica
from tasks.simulation.weights import make_model_folder
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement


@pytest.fixture
def config(home: Path) -> RetirementConfig:
    make_model_folder(home / "models" / "aster-1", megabytes=2, seed=1)
    return retirement()


@pytest.fixture
def preserved(config: RetirementConfig, book: Book, fence: Fence) -> RetirementConfig:
    preserve.fn(config, fence)
    return config


def _bags(home: Path) -> list[Path]:
    return sorted(p for p in (home / "replicas").glob("*/*") if not p.name.startswith("."))


def _replicas(book: Book) -> dict[str, Replica]:
    with book.reading() as session:
        return {row.name: row for row in session.exec(select(Replica))}


def test_the_official_validators_accept_every_replica(
    preserved: RetirementConfig, home: Path
) -> None:
    bags = _bags(home)
    assert len(bags) == 2
    for folder in bags:
        bagit.Bag(str(folder)).validate()
        command = ["sha256sum", "--check", "--strict", "--quiet", "manifest-sha256.txt"]
        subprocess.run(command, cwd=folder, check=True)


def test_nobody_else_may_read_a_replica(preserved: RetirementConfig, home: Path) -> None:
    for path in (home / "replicas").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_second_run_writes_no_second_copy(
    preserved: RetirementConfig, fence: Fence, book: Book, home: Path
) -> None:
    before = _bags(home)
    preserve.fn(preserved, fence)
    assert _bags(home) == before
    with book.reading() as session:
        assert len(session.exec(select(Package)).all()) == 1


def test_one_changed_byte_is_found_and_the_file_is_named(
    preserved: RetirementConfig, book: Book, fence: Fence, home: Path, clock: FakeClock
) -> None:
    assert assess(preserved, book, clock.now()).state is StageState.DONE
    victim = next((home / "replicas" / "b").rglob("*.safetensors"))
    with victim.open("r+b") as file:
        file.seek(5000)
        byte = file.read(1)
        file.seek(5000)
        file.write(bytes([byte[0] ^ 1]))
    assert assess(preserved, book, clock.now()).state is StageState.DUE
    preserve.fn(preserved, fence)
    found = assess(preserved, book, clock.now())
    assert found.state is StageState.BLOCKED
    assert f"altered: data/{victim.name}" in found.reason
    assert "replica b" in found.reason
    assert found.command == "emeritus repair aster-1"
    assert {n: r.state for n, r in _replicas(book).items()} == {"a": "verified", "b": "damaged"}


@pytest.mark.parametrize(
    "path", ["manifest-sha256.txt", "tagmanifest-sha256.txt", "bag-info.txt", "bagit.txt"]
)
def test_a_changed_tag_file_is_found_too(
    preserved: RetirementConfig, book: Book, fence: Fence, home: Path, path: str
) -> None:
    bag = next(iter((home / "replicas" / "a").iterdir()))
    (bag / path).write_text((bag / path).read_text().replace("1", "2"))
    preserve.fn(preserved, fence)
    assert _replicas(book)["a"].state == "damaged"


@pytest.mark.parametrize("damage", ["altered", "missing", "unlisted"])
def test_repair_copies_from_the_good_replica_and_keeps_the_damaged_one(
    preserved: RetirementConfig, book: Book, fence: Fence, home: Path, damage: str
) -> None:
    bag = next(iter((home / "replicas" / "a").iterdir()))
    if damage == "altered":
        (bag / "data" / "config.json").write_text("{}")
    elif damage == "missing":
        (bag / "data" / "config.json").unlink()
    else:
        (bag / "data" / "extra").write_text("x")
    aside = repair.fn(preserved, fence)
    kept = [p for folder in aside for p in Path(folder).rglob("*") if p.is_file()]
    assert len(kept) == (0 if damage == "missing" else 1)
    assert {row.state for row in _replicas(book).values()} == {"verified"}
    bagit.Bag(str(bag)).validate()


def test_nothing_is_touched_when_no_replica_verifies(
    preserved: RetirementConfig, fence: Fence, home: Path
) -> None:
    bags = _bags(home)
    for folder in [*(bag / "data" for bag in bags), home / "models" / "aster-1"]:
        (folder / "config.json").write_text("{}")
    with pytest.raises(ReplicaDamaged, match="nothing was overwritten"):
        repair.fn(preserved, fence)
    assert _bags(home) == bags


def test_a_removed_replica_is_made_again_from_the_other_one(
    preserved: RetirementConfig, book: Book, fence: Fence, home: Path, clock: FakeClock
) -> None:
    for path in sorted((home / "models").rglob("*.safetensors")):
        path.unlink()  # the source is gone
    bag = next(iter((home / "replicas" / "b").iterdir()))
    subprocess.run(["rm", "-rf", str(bag)], check=True)
    assert assess(preserved, book, clock.now()).state is StageState.DUE
    preserve.fn(preserved, fence)
    (again,) = (home / "replicas" / "b").glob("aster-1-*")
    bagit.Bag(str(again)).validate()
    assert assess(preserved, book, clock.now()).state is StageState.DONE


def test_fixity_comes_due_on_its_schedule(
    preserved: RetirementConfig, book: Book, clock: FakeClock
) -> None:
    clock.advance(hours=167)
    assert assess(preserved, book, clock.now()).state is StageState.DONE
    clock.advance(hours=2)
    assert assess(preserved, book, clock.now()).state is StageState.DUE


@pytest.mark.parametrize("kind", ["link", "fifo", "control character", "nothing", "absent"])
def test_hostile_sources_are_refused_by_name(
    config: RetirementConfig, book: Book, fence: Fence, home: Path, kind: str
) -> None:
    folder = home / "models" / "aster-1"
    if kind == "link":
        (folder / "evil.bin").symlink_to("/etc/passwd")
    elif kind == "fifo":
        os.mkfifo(folder / "evil.bin")
    elif kind == "control character":
        (folder / "evil\x1b.bin").write_text("x")
    else:
        subprocess.run(["rm", "-rf", str(folder)], check=True)
        if kind == "nothing":
            folder.mkdir()
    with pytest.raises(SourceRefused) as refused:
        preserve.fn(config, fence)
    assert ("evil" if "evil" in str(refused.value) else "aster-1") in str(refused.value)
    assert _bags(home) == []
    assert _replicas(book) == {}


def test_a_source_that_changes_while_it_is_read_is_refused(
    config: RetirementConfig, fence: Fence, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = DirectoryBagFile.write

    def meddle(self: DirectoryBagFile, chunk: bytes) -> None:
        for shard in (home / "models" / "aster-1").glob("*.safetensors"):
            with shard.open("ab") as file:
                file.write(b"x")
        write(self, chunk)

    monkeypatch.setattr(DirectoryBagFile, "write", meddle)
    with pytest.raises(SourceRefused, match="changed"):
        preserve.fn(config, fence)
    assert _bags(home) == []


def test_a_full_disk_leaves_no_replica_and_the_next_run_goes_on(
    config: RetirementConfig, book: Book, fence: Fence, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: object, chunk: bytes) -> None:
        raise OSError(28, "No space left on device", str(home / "replicas" / "b" / "some bag"))

    with monkeypatch.context() as broken:
        broken.setattr(DirectoryBagFile, "write", full)
        with pytest.raises(ArchiveUnusable, match=r"^replica b: .*: No space left .*; make room"):
            preserve.fn(config, fence)
    assert _bags(home) == []
    assert _replicas(book) == {}
    preserve.fn(config, fence)
    assert {row.state for row in _replicas(book).values()} == {"verified"}


def test_repair_falls_back_on_a_source_folder_that_still_holds_the_package(
    preserved: RetirementConfig, book: Book, fence: Fence, home: Path
) -> None:
    for bag in _bags(home):
        (bag / "data" / "config.json").write_text("{}")
    assert len(repair.fn(preserved, fence)) == 2
    assert {row.state for row in _replicas(book).values()} == {"verified"}


@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_a_link_or_a_fifo_in_a_bag_is_no_file_of_it(
    preserved: RetirementConfig, book: Book, fence: Fence, home: Path, kind: str
) -> None:
    file = next(iter((home / "replicas" / "a").iterdir())) / "data" / "config.json"
    if kind == "link":
        file.rename(home / "elsewhere")
        file.symlink_to(home / "elsewhere")
    else:
        file.unlink()
        os.mkfifo(file)
    preserve.fn(preserved, fence)
    assert _replicas(book)["a"].problem == "missing: data/config.json"


def test_every_byte_of_a_tag_file_counts(
    preserved: RetirementConfig, book: Book, fence: Fence, home: Path
) -> None:
    bag = next(iter((home / "replicas" / "a").iterdir()))
    tags = [bag / n for n in ("bagit.txt", "bag-info.txt", "manifest-sha256.txt")]
    for file in [*tags, bag / "tagmanifest-sha256.txt"]:
        whole = file.read_bytes()
        for changed in (whole[:-1] + b"\x0b", whole.replace(b"a", b"b", 1), whole + b"\n"):
            file.write_bytes(changed)
            preserve.fn(preserved, fence)
            assert _replicas(book)["a"].problem == f"altered: {file.name}"
        file.write_bytes(whole)


def _killed_at(
    step: str, config: RetirementConfig, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pass that ends where `tasks.preservation.making` would begin this step."""

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(f"tasks.preservation.making.{step}", die)
        with pytest.raises(KeyboardInterrupt):
            preserve.fn(config, fence)


def test_a_kill_before_the_record_leaves_bags_that_are_taken_over(
    config: RetirementConfig, book: Book, fence: Fence, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _killed_at("_read_back", config, fence, monkeypatch)
    first = _bags(home)
    assert len(first) == 2
    preserve.fn(config, fence)
    assert _bags(home) == first
    assert {row.state for row in _replicas(book).values()} == {"verified"}


def test_what_somebody_tidied_up_is_made_anew_and_not_taken_for_held(
    config: RetirementConfig, book: Book, fence: Fence, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next pass would commit bags that lack what the journal tells of."""
    _killed_at("_record", config, fence, monkeypatch)
    (left,) = (home / "replicas" / "a").glob(".partial~*")
    shutil.rmtree(left)
    preserve.fn(config, fence)
    assert {row.state for row in _replicas(book).values()} == {"verified"}
    assert [path.name for path in (home / "replicas").glob("*/.*")] == []
    assert len(_bags(home)) == 2
