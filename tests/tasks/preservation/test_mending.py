"""What mending and restoring can still do when damage is spread, and what they say of it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import bagit
import pytest
from sqlmodel import select

from tasks.adapters.directory_archive import DirectoryArchive
from tasks.kernel.errors import ReplicaDamaged, RestoreRefused
from tasks.preservation.act import restore
from tasks.preservation.task import check_fixity, preserve, repair
from tasks.preservation.upkeep import check
from tasks.preservation.workshop import Workshop
from tasks.records import Book, Fence
from tasks.records.latest import latest_package
from tasks.records.preservation import PreservationEvent
from tests.fakes.clock import FakeClock
from tests.tasks.preservation.test_forms import (
    PLAIN,
    SEALED,
    SPLIT,
    Make,
    bag,
    flip,
    identity,
    make,
    model,
    same,
    states,
)
from tests.tasks.preservation.test_stream import tensors

__all__ = ["identity", "make", "model"]  # fixtures


def flip_in_place(file: Path, at: int = 100) -> None:
    """One bit of the inode itself, under whatever names it has."""
    with file.open("r+b") as opened:
        opened.seek(at)
        byte = opened.read(1)[0]
        opened.seek(at)
        opened.write(bytes([byte ^ 1]))


def repairs(book: Book) -> dict[str, str]:
    """Replica -> outcome of the repairs that are told of."""
    with book.reading() as session:
        rows = session.exec(select(PreservationEvent)).all()
    return {row.replica: row.outcome for row in rows if row.kind == "recovery"}


def contents(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_repair_counts_only_once_it_read_back(
    make: Make, fence: Fence, book: Book, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make(SEALED, SEALED)
    preserve.fn(config, fence)
    victim = next(bag(home, "a").glob("data/*.safetensors.pieces/000001.age"))
    flip(victim)
    replace = DirectoryArchive.replace

    def on_a_bad_disk(self: DirectoryArchive, name: str, path: str, *rest: object) -> None:
        replace(self, name, path, *rest)  # type: ignore[arg-type]
        flip(victim, at=7)

    with monkeypatch.context() as bad:
        bad.setattr(DirectoryArchive, "replace", on_a_bad_disk)
        with pytest.raises(ReplicaDamaged, match="replica a is still damaged: altered: data/"):
            repair.fn(config, fence)
        assert repairs(book) == {"a": "failure"}
        assert states(book) == {"a": "damaged", "b": "verified"}
        with pytest.raises(ReplicaDamaged, match="replica a is still damaged"):
            check_fixity.fn(config, fence, mending=True)
    check_fixity.fn(config, fence, mending=True)
    assert states(book) == {"a": "verified", "b": "verified"}


@pytest.mark.parametrize("form", [SEALED, SPLIT])
def test_a_damaged_piece_that_two_models_share_is_made_afresh_for_each(
    make: Make, home: Path, fence: Fence, book: Book, clock: FakeClock, form: dict[str, bool]
) -> None:
    base, tuned = home / "models" / "base", home / "models" / "tuned"
    base.mkdir(parents=True)
    (base / "w.safetensors").write_bytes(tensors(4, 2 << 20))
    one = make(PLAIN, form, source_folder="models/base")
    preserve.fn(one, fence)
    shutil.copytree(base, tuned)
    flip(tuned / "w.safetensors", at=-1)
    two = make(PLAIN, form, source_folder="models/tuned").model_copy(update={"id": "aster-2"})
    fence_of_two = book.take_lease("aster-2", "", clock.now()).fence
    preserve.fn(two, fence_of_two)
    (first,) = (home / "replicas" / "b").glob("aster-1-*")
    (second,) = (home / "replicas" / "b").glob("aster-2-*")
    (shared,) = first.glob("data/w.safetensors.pieces/000001*")
    assert shared.samefile(second / shared.relative_to(first))
    flip_in_place(shared)
    repair.fn(two, fence_of_two)
    assert set(check_fixity.fn(two, fence_of_two).values()) == {""}
    repair.fn(one, fence)
    assert set(check_fixity.fn(one, fence).values()) == {""}
    assert check_fixity.fn(two, fence_of_two) == {"a": "", "b": ""}


@pytest.mark.parametrize("form", [PLAIN, SPLIT, SEALED])
@pytest.mark.parametrize("kind", ["link", "file"])
@pytest.mark.parametrize("work", [repair, preserve])
def test_what_stands_in_a_bags_place_is_left_and_a_bag_made_beside_it(
    make: Make,
    home: Path,
    fence: Fence,
    book: Book,
    model: Path,
    form: dict[str, bool],
    kind: str,
    work: object,
) -> None:
    config = make(form, form)
    preserve.fn(config, fence)
    shutil.rmtree(model)
    old, moved = bag(home, "a"), home / "moved"
    old.rename(moved)
    before = contents(moved)
    if kind == "link":
        old.symlink_to(moved)
    else:
        old.write_text("x")
    kept = work.fn(config, fence)  # type: ignore[attr-defined]
    assert states(book) == {"a": "verified", "b": "verified"}
    assert old.is_symlink() if kind == "link" else old.read_text() == "x"
    assert contents(moved) == before
    (new,) = (p for p in (home / "replicas" / "a").glob("aster-1-*") if p != old)
    bagit.Bag(str(new)).validate()
    assert check_fixity.fn(config, fence) == {"a": "", "b": ""}
    if work is repair:
        assert kept == (str(old),)
        assert repairs(book) == {"a": "success"}
    with book.reading() as session:
        details = [event.detail for event in session.exec(select(PreservationEvent))]
    assert f"written to {new}, in place of {old}" in details


def test_what_was_just_mended_can_be_copied_from(
    make: Make, home: Path, fence: Fence, book: Book, model: Path
) -> None:
    config = make(PLAIN, PLAIN, SEALED)
    preserve.fn(config, fence)
    shutil.rmtree(model)
    flip(bag(home, "a") / "data" / "config.json")
    flip(next(bag(home, "b").glob("data/*.safetensors")))
    flip(next(bag(home, "c").glob("data/config.json.pieces/000000.age")))
    repair.fn(config, fence)
    assert states(book) == dict.fromkeys("abc", "verified")
    assert repairs(book) == dict.fromkeys("abc", "success")


def test_what_could_be_mended_is_mended_and_told_where_another_replica_can_not_be(
    make: Make, home: Path, fence: Fence, book: Book, model: Path
) -> None:
    config = make(SEALED, SEALED, PLAIN)
    preserve.fn(config, fence)
    shutil.rmtree(model)
    flip(next(bag(home, "a").glob("data/config.json.pieces/000000.age")))
    flip(bag(home, "c") / "data" / "config.json")
    with pytest.raises(ReplicaDamaged) as told:
        repair.fn(config, fence)
    said = str(told.value)
    assert "replica c is still damaged: altered: data/config.json" in said
    assert "identity_file names no key" in said
    assert "nothing was overwritten" not in said
    (aside,) = (home / "replicas" / "a").glob("*.damaged-*")
    assert str(aside) in said
    assert states(book) == {"a": "verified", "b": "verified", "c": "damaged"}
    assert repairs(book) == {"a": "success", "c": "failure"}


def test_a_place_that_can_not_be_written_stops_no_other_repair(
    make: Make, home: Path, fence: Fence, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make(SEALED, SEALED, SEALED)
    preserve.fn(config, fence)
    for name in "ab":
        flip(next(bag(home, name).glob("data/config.json.pieces/000000.age")))
    replace = DirectoryArchive.replace

    def one_is_full(self: DirectoryArchive, *rest: object) -> None:
        if self.name == "a":
            raise OSError(28, "No space left on device", self.location(""))
        replace(self, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(DirectoryArchive, "replace", one_is_full)
    with pytest.raises(ReplicaDamaged, match="No space left on device"):
        repair.fn(config, fence)
    assert states(book) == {"a": "damaged", "b": "verified", "c": "verified"}
    assert repairs(book) == {"a": "failure", "b": "success"}
    assert len(list((home / "replicas" / "a").glob("aster-1-*"))) == 1, "no second bag there"


def test_a_repair_that_read_wrong_bytes_once_does_not_go_on_with_them(
    make: Make, home: Path, fence: Fence, book: Book, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make(PLAIN, SEALED)
    preserve.fn(config, fence)
    shutil.rmtree(model)
    flip(bag(home, "b") / "data" / "config.json.pieces" / "000000.age")
    read, reads = DirectoryArchive.read, []

    def wrong(self: DirectoryArchive, name: str, path: str) -> Iterator[memoryview]:
        for chunk in read(self, name, path):
            if path == "data/config.json":
                reads.append(path)
                if len(reads) == 2:  # the first is the read-back
                    chunk[0] ^= 1
            yield chunk

    with monkeypatch.context() as bad:
        bad.setattr(DirectoryArchive, "read", wrong)
        with pytest.raises(ReplicaDamaged, match="replica b is still damaged"):
            repair.fn(config, fence)
    assert states(book) == {"a": "verified", "b": "damaged"}
    repair.fn(config, fence)
    assert states(book) == {"a": "verified", "b": "verified"}


@pytest.fixture
def spread(make: Make, home: Path, fence: Fence, model: Path) -> Path:
    """Every file is whole somewhere, but neither replica is; the source is gone, a copy is kept."""
    preserve.fn(make(PLAIN, SEALED), fence)
    model.rename(home / "original")
    flip(bag(home, "a") / "data" / "config.json")
    flip(next(bag(home, "b").glob("data/*.safetensors.pieces/000001.age")))
    return home / "original"


def test_a_restore_takes_each_file_from_where_it_is_whole(
    make: Make, home: Path, fence: Fence, book: Book, spread: Path, identity: Path
) -> None:
    rest = sum(p.is_file() for p in spread.rglob("*")) - 1
    source = restore(make(PLAIN, SEALED), home / "out", identity_file=identity)
    assert source == f"a ({rest} files), b (1 file)"
    assert same(spread, home / "out")
    with book.reading() as session:
        (event,) = (e for e in session.exec(select(PreservationEvent)) if e.kind == "dissemination")
    assert source in event.detail
    assert event.replica == ""


def test_a_repair_puts_a_package_together_from_what_is_whole(
    make: Make, home: Path, fence: Fence, book: Book, spread: Path, identity: Path
) -> None:
    old = {name: bag(home, name) for name in "ab"}
    with pytest.raises(ReplicaDamaged, match=r"holds config\.json of package .*names no key"):
        repair.fn(make(PLAIN, SEALED), fence)
    config = make(PLAIN, SEALED, identity_file=str(identity))
    kept = repair.fn(config, fence)
    assert set(kept) == {str(folder) for folder in old.values()}
    assert states(book) == {"a": "verified", "b": "verified"}
    for name, folder in old.items():
        shutil.rmtree(folder)
        bagit.Bag(str(bag(home, name))).validate()
        restore(config, home / name, replica=name)
        assert same(spread, home / name)


def test_a_restore_names_what_is_nowhere_whole_and_leaves_nothing(
    make: Make, home: Path, fence: Fence, spread: Path, identity: Path
) -> None:
    flip(bag(home, "b") / "data" / "config.json.pieces" / "000000.age")
    before = set(home.iterdir())
    for key in (identity, None):
        with pytest.raises(RestoreRefused, match=r"not whole in replica a.*: config\.json") as told:
            restore(make(PLAIN, SEALED), home / "out", identity_file=key)
        assert ("b is encrypted: name a key" in str(told.value)) is (key is None)
        assert "safetensors" not in str(told.value)
    assert set(home.iterdir()) == before


def test_a_foreign_file_of_any_name_is_told_and_set_aside(
    make: Make, home: Path, fence: Fence, book: Book
) -> None:
    config = make(PLAIN, SPLIT)
    preserve.fn(config, fence)
    foreign = {b"\xff", b"a\nb\x1b[31m", "gr\u00fcn".encode()}
    folder = os.fsencode(bag(home, "a") / "data")
    for name in foreign:
        Path(os.fsdecode(folder + b"/" + name)).write_text("x")
    assert check_fixity.fn(config, fence)["a"] == (
        "unlisted: data/a\\nb\\x1b[31m, data/gr\u00fcn, data/\\udcff"
    )
    (aside,) = repair.fn(config, fence)
    assert set(os.listdir(os.fsencode(aside) + b"/data")) == foreign
    assert states(book) == {"a": "verified", "b": "verified"}


def test_reading_back_tells_of_the_bytes_of_a_large_file_as_they_come(
    make: Make, home: Path, fence: Fence, book: Book, model: Path
) -> None:
    (model / "large.bin").write_bytes(bytes(20 << 20))
    config = make(PLAIN, SPLIT)
    preserve.fn(config, fence)
    folder = bag(home, "a") / "data"
    with (folder / "large.bin").open("ab") as file:  # what is counted ends at the total
        file.write(bytes(10 << 20))
    (folder / "config.json").write_bytes(b"")  # all the same
    told: list[tuple[str, int, int, str]] = []
    with book.reading() as session:
        package = latest_package(session, config.id)
    assert package is not None

    def progress(path: str, done: int, total: int, unit: str = "bytes") -> None:
        told.append((path, done, total, unit))

    check(Workshop.open(config, progress), fence, package)
    plain = [one for one in told if one[0].startswith("a: ")]
    assert {one[2:] for one in plain} == {(package.bytes, "bytes")}
    assert len([one for one in plain if "large.bin" in one[0]]) >= 5
    assert [one[1] for one in plain] == sorted(one[1] for one in plain)
    assert plain[-1][1] == package.bytes
    pieces = [one for one in told if one[0].startswith("b: ")]
    assert {one[3] for one in pieces} == {"files"}
    assert pieces[-1][1] == pieces[-1][2] == len(pieces)


def test_a_new_package_is_made_though_another_models_shared_piece_is_damaged(
    make: Make, home: Path, fence: Fence, book: Book, clock: FakeClock
) -> None:
    base, tuned = home / "models" / "base", home / "models" / "tuned"
    base.mkdir(parents=True)
    (base / "w.safetensors").write_bytes(tensors(4, 2 << 20))
    preserve.fn(make(SPLIT, SPLIT, source_folder="models/base"), fence)
    for name in "ab":
        (hit,) = (home / "replicas" / name).glob("aster-1-*/data/w.safetensors.pieces/000001*")
        flip_in_place(hit)  # and nobody has noticed
    shutil.copytree(base, tuned)
    flip(tuned / "w.safetensors", at=-1)
    two = make(SPLIT, SPLIT, source_folder="models/tuned").model_copy(update={"id": "aster-2"})
    fence_of_two = book.take_lease("aster-2", "", clock.now()).fence
    preserve.fn(two, fence_of_two)
    assert check_fixity.fn(two, fence_of_two) == {"a": "", "b": ""}
    pieces = sorted((home / "replicas" / "a").glob("aster-2-*/data/w.safetensors.pieces/*"))
    fresh = [piece for piece in pieces if piece.stat().st_nlink == 1]
    assert 0 < len(fresh) < len(pieces), "what is sound is shared"
    with book.reading() as session:
        told = session.exec(select(PreservationEvent)).all()
    failed = [one.detail for one in told if one.outcome == "failure"]
    assert len(failed) == 2
    assert all("can be removed: altered: data/" in detail for detail in failed)


@pytest.mark.parametrize("form", [PLAIN, SPLIT, SEALED])
def test_two_models_with_the_same_files_are_two_packages(
    make: Make,
    model: Path,
    home: Path,
    identity: Path,
    fence: Fence,
    book: Book,
    clock: FakeClock,
    form: dict[str, bool],
) -> None:
    one = make(form, form)
    two = one.model_copy(update={"id": "aster-2"})
    fence_of_two = book.take_lease("aster-2", "", clock.now()).fence
    preserve.fn(one, fence)
    preserve.fn(two, fence_of_two)
    for config, its_fence in ((one, fence), (two, fence_of_two)):
        assert check_fixity.fn(config, its_fence) == {"a": "", "b": ""}
        restored = home / "restored" / config.id
        restored.parent.mkdir(exist_ok=True)
        restore(config, restored, identity_file=identity)
        assert same(restored, model)
