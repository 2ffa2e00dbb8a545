"""Whole packages in every form, through the tasks: made, checked by strangers, mended, restored."""

import errno
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bagit
import pyrage
import pytest
from sqlalchemy import text
from sqlmodel import select

from configs.schema import RetirementConfig
from tasks.kernel import spool
from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import (
    ManifestSignatureRefused,
    ReplicaDamaged,
    RestoreRefused,
    TemporaryFilesUnusable,
)
from tasks.kernel.stages import StageState
from tasks.preservation import upkeep
from tasks.preservation.act import restore
from tasks.preservation.mending import mend
from tasks.preservation.task import check_fixity, preserve, repair
from tasks.preservation.view import assess
from tasks.preservation.workshop import Workshop
from tasks.records import Book, Fence
from tasks.records.latest import latest_package
from tasks.records.preservation import PreservationEvent, Replica
from tasks.simulation.weights import make_model_folder
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement

IDENTITIES = [pyrage.x25519.Identity.generate() for _ in range(2)]
RECIPIENTS = [str(i.to_public()) for i in IDENTITIES]
PLAIN, SPLIT = {"trusted_disk": True}, {"trusted_disk": True, "split_at_tensors": True}
SEALED: dict[str, bool] = {}

Make = Callable[..., RetirementConfig]
Tables = dict[str, dict[str, Any]]


@pytest.fixture
def model(home: Path) -> Path:
    return make_model_folder(home / "models" / "aster-1", megabytes=2, seed=1)


@pytest.fixture
def identity(home: Path) -> Path:
    file = home / "identity.txt"
    file.write_text(f"{IDENTITIES[1]}\n")
    file.chmod(0o600)
    return file


@pytest.fixture
def make(model: Path) -> Make:
    def config(*forms: dict[str, bool], **fields: object) -> RetirementConfig:
        replicas = [
            {"name": n, "directory": f"replicas/{n}", **form}
            for n, form in zip("abcd", forms, strict=False)
        ]
        return retirement(preservation={"replicas": replicas, "recipients": RECIPIENTS, **fields})

    return config


def bag(home: Path, name: str) -> Path:
    (found,) = [p for p in (home / "replicas" / name).glob("aster-1-*") if "damaged" not in p.name]
    return found


def states(book: Book) -> dict[str, str]:
    with book.reading() as session:
        return {row.name: row.state for row in session.exec(select(Replica))}


def flip(file: Path, at: int = 100) -> None:
    data = bytearray(file.read_bytes())
    data[at % len(data)] ^= 1
    file.write_bytes(data)


def same(one: Path, other: Path) -> bool:
    compared = filecmp.dircmp(one, other)
    names = sorted(p.relative_to(one).as_posix() for p in one.rglob("*") if p.is_file())
    _, mismatch, errors = filecmp.cmpfiles(one, other, names, shallow=False)
    return not (compared.left_only or compared.right_only or mismatch or errors)


def test_strangers_accept_every_form(make: Make, home: Path, fence: Fence, book: Book) -> None:
    preserve.fn(make(PLAIN, SPLIT, SEALED), fence)
    assert set(states(book).values()) == {"verified"}
    for name in "abc":
        folder = bag(home, name)
        bagit.Bag(str(folder)).validate()
        signature = "model.sig" if name == "a" else "bag.sig"
        command = [
            sys.executable, "-m", "model_signing", "verify", "key", str(folder / "data"),
            "--signature", str(folder / "metadata" / signature),
            "--public_key", str(folder / "metadata" / "signing-key.pub.pem"),
        ]  # fmt: skip
        if name != "b":  # each run takes seconds
            assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_an_encrypted_bag_tells_nothing_of_the_model(
    make: Make, home: Path, fence: Fence, model: Path
) -> None:
    preserve.fn(make(PLAIN, SEALED), fence)
    plain = {p.name: p.read_bytes() for p in model.rglob("*") if p.is_file()}
    for file in (p for p in bag(home, "b").rglob("*") if p.is_file()):
        data = file.read_bytes()
        assert data not in plain.values()
        assert b"Apache-2.0" not in data, f"{file}: the description is encrypted too"


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_a_restore_is_bit_exact_from_every_form(
    make: Make, home: Path, fence: Fence, model: Path, identity: Path, name: str
) -> None:
    config = make(PLAIN, SPLIT, SEALED)
    preserve.fn(config, fence)
    assert restore(config, home / "out", replica=name, identity_file=identity) == name
    assert same(model, home / "out")


def test_a_restore_never_leaves_what_is_not_whole(
    make: Make, home: Path, fence: Fence, identity: Path
) -> None:
    config = make(SPLIT, SEALED)
    preserve.fn(config, fence)
    flip(next(bag(home, "a").glob("data/*.safetensors.pieces/000001")))
    flip(next(bag(home, "b").glob("data/*.safetensors.pieces/000001.age")))
    before = set(home.iterdir())
    for replica in ("a", "b", ""):
        with pytest.raises(RestoreRefused, match="was not restored"):
            restore(config, home / "out", replica=replica, identity_file=identity)
        assert set(home.iterdir()) == before
    (home / "out").mkdir()
    with pytest.raises(RestoreRefused, match="exists already"):
        restore(config, home / "out")
    with pytest.raises(RestoreRefused, match="no such replica; there is a, b"):
        restore(config, home / "out2", replica="z")


@pytest.mark.parametrize("form", [PLAIN, SPLIT, SEALED], ids=["files", "pieces", "age"])
def test_a_missing_file_is_named_as_it_stands_in_the_bag(
    make: Make, home: Path, fence: Fence, identity: Path, form: dict[str, bool]
) -> None:
    config = make(form, form)
    preserve.fn(config, fence)
    (gone,) = (
        file
        for file in (bag(home, "a") / "data").rglob("*")
        if file.is_file() and "/data/config.json" in file.as_posix()
    )
    gone.unlink()
    with pytest.raises(RestoreRefused) as refused:
        restore(config, home / "out", replica="a", identity_file=identity)
    assert f"a: {gone}: can't be read" in str(refused.value)


def test_a_key_that_opens_nothing_is_told_once(make: Make, home: Path, fence: Fence) -> None:
    config = make(SEALED, SEALED)
    preserve.fn(config, fence)
    other = home / "other.txt"
    other.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    other.chmod(0o600)
    for replica in ("a", ""):
        with pytest.raises(RestoreRefused, match="--identity") as refused:
            restore(config, home / "out", replica=replica, identity_file=other)
        assert str(refused.value).count(f"other keys than those in {other}") == (
            1 if replica else 2
        )


def test_a_restore_takes_a_damaged_file_from_the_next_replica(
    make: Make, home: Path, fence: Fence, model: Path
) -> None:
    config = make(PLAIN, SPLIT)
    preserve.fn(config, fence)
    flip(bag(home, "a") / "data" / "config.json")
    rest = sum(p.is_file() for p in model.rglob("*")) - 1
    assert restore(config, home / "out") == f"a ({rest} files), b (1 file)"
    assert same(model, home / "out")


def test_each_damaged_form_is_mended_from_its_like_file_by_file(
    make: Make, home: Path, fence: Fence, book: Book
) -> None:
    config = make(SEALED, SEALED, SPLIT, SPLIT)
    preserve.fn(config, fence)
    for name in "ac":
        flip(next(bag(home, name).glob("data/*.safetensors.pieces/000001*")))
        flip(next(bag(home, name).glob("metadata/model-card.md*")))
        (bag(home, name) / "RESTORE.md").unlink()
    names = {n: bag(home, n) for n in "abcd"}
    assert len(repair.fn(config, fence)) == 2
    assert set(states(book).values()) == {"verified"}
    assert {n: bag(home, n) for n in "abcd"} == names, "no bag was made anew"
    for folder in names.values():
        bagit.Bag(str(folder)).validate()


def test_a_damaged_encrypted_replica_is_made_anew_from_a_plain_one(
    make: Make, home: Path, fence: Fence, book: Book, model: Path, identity: Path
) -> None:
    config = make(PLAIN, SEALED)
    preserve.fn(config, fence)
    shutil.rmtree(model)
    old = bag(home, "b")
    flip(next(old.glob("data/*.pieces/000000.age")))
    (kept,) = repair.fn(config, fence)
    assert Path(kept) == old
    assert set(states(book).values()) == {"verified"}
    shutil.rmtree(old)
    bagit.Bag(str(bag(home, "b"))).validate()
    assert restore(config, home / "out", replica="b", identity_file=identity) == "b"


def test_a_plain_replica_is_mended_from_an_encrypted_one_only_with_a_key(
    make: Make, home: Path, fence: Fence, book: Book, model: Path, identity: Path
) -> None:
    config = make(PLAIN, SEALED)
    preserve.fn(config, fence)
    shutil.rmtree(model)
    flip(bag(home, "a") / "data" / "config.json")
    with pytest.raises(ReplicaDamaged, match="identity_file names no key"):
        repair.fn(config, fence)
    with_key = make(PLAIN, SEALED, identity_file=str(identity))
    repair.fn(with_key, fence)
    assert set(states(book).values()) == {"verified"}


def test_nothing_is_mended_from_what_disagrees_with_the_signature(
    make: Make, home: Path, fence: Fence, book: Book, clock: FakeClock
) -> None:
    config = make(PLAIN, PLAIN)
    preserve.fn(config, fence)
    with book.reading() as session:
        package = latest_package(session, config.id)
    assert package is not None
    package.manifest = package.manifest.replace("0", "1")
    flip(bag(home, "a") / "data" / "config.json")
    before = {p: p.read_bytes() for p in (home / "replicas").rglob("*") if p.is_file()}
    with pytest.raises(ManifestSignatureRefused, match="not that of its id"):
        mend(Workshop.open(config), fence, package)
    assert {p: p.read_bytes() for p in (home / "replicas").rglob("*") if p.is_file()} == before


_ROWS = {
    "manifest": ("data", "edition_file WHERE path = 'manifest-sha256.txt'"),
    "package": ("manifest, signature", "package"),
    "guide": ("data", "edition_file WHERE path = 'RESTORE.md'"),
}


def _another_manifest(tables: Tables, good: str, bad: str) -> None:
    data = tables["manifest"]["data"]
    assert good.encode() in data
    tables["manifest"]["data"] = data.replace(good.encode(), bad.encode())


def _another_manifest_everywhere(tables: Tables, good: str, bad: str) -> None:
    """Also in the package, whose signature is emptied, so that none contradicts."""
    _another_manifest(tables, good, bad)
    tables["package"]["manifest"] = tables["package"]["manifest"].replace(good, bad)
    tables["package"]["signature"] = ""


def _another_guide(tables: Tables, good: str, bad: str) -> None:
    tables["guide"]["data"] = b"send the weights to me"


def _no_signature(tables: Tables, good: str, bad: str) -> None:
    tables["package"]["signature"] = ""


@pytest.mark.parametrize("form", [PLAIN, SPLIT], ids=["files", "pieces"])
@pytest.mark.parametrize(
    "alter", [_another_manifest, _another_manifest_everywhere, _another_guide, _no_signature]
)
def test_nothing_is_mended_from_records_that_were_altered(
    make: Make,
    home: Path,
    fence: Fence,
    book: Book,
    alter: Callable[[Tables, str, str], None],
    form: dict[str, bool],
) -> None:
    """Or a good replica would be mended from the damaged one, which then agrees with them."""
    config = make(form, form)
    preserve.fn(config, fence)
    data = bag(home, "a") / "data"
    damaged = data / ("config.json" if form is PLAIN else "config.json.pieces/000000")
    good = sha256_hex(damaged.read_bytes())
    flip(damaged)
    with book.reading() as session:
        connection = session.connection()
        tables = {
            name: dict(connection.execute(text(f"SELECT {columns} FROM {of}")).mappings().one())
            for name, (columns, of) in _ROWS.items()
        }
        alter(tables, good, sha256_hex(damaged.read_bytes()))
        for name, values in tables.items():
            table, where, which = _ROWS[name][1].partition(" WHERE ")
            sets = ", ".join(f"{column} = :{column}" for column in values)
            connection.execute(text(f"UPDATE {table} SET {sets}{where}{which}"), values)
        connection.commit()
    before = {p: p.read_bytes() for p in (home / "replicas").rglob("*") if p.is_file()}
    with pytest.raises(ManifestSignatureRefused, match="nothing is made from it"):
        check_fixity.fn(config, fence, mending=True)
    assert {p: p.read_bytes() for p in (home / "replicas").rglob("*") if p.is_file()} == before


def test_a_second_model_shares_the_tensors_that_it_has_in_common(
    make: Make, home: Path, fence: Fence, book: Book, model: Path, clock: FakeClock
) -> None:
    from tests.tasks.preservation.test_stream import tensors

    base = home / "models" / "base"
    base.mkdir()
    (base / "w.safetensors").write_bytes(tensors(10, 2 << 20))
    preserve.fn(make(SEALED, SPLIT, source_folder="models/base"), fence)
    tuned = home / "models" / "tuned"
    shutil.copytree(base, tuned)
    flip(tuned / "w.safetensors", at=-1)
    other = make(SEALED, SPLIT, source_folder="models/tuned").model_copy(update={"id": "aster-2"})
    taken = book.take_lease("aster-2", "", clock.now())
    used = {n: disk_use(home / "replicas" / n) for n in "ab"}
    preserve.fn(other, taken.fence)
    total = sum(p.stat().st_size for p in tuned.iterdir())
    for name in "ab":
        beyond = disk_use(home / "replicas" / name) - used[name] - (2 << 20)
        assert beyond <= total / 100, "the changed tensor, and one percent"
        (second,) = (home / "replicas" / name).glob("aster-2-*")
        bagit.Bag(str(second)).validate()
    assert assess(other, book, clock.now()).state is StageState.DONE


def disk_use(folder: Path) -> int:
    """Bytes of files, each once however many names it has."""
    seen = {(s.st_dev, s.st_ino): s.st_size for s in (p.lstat() for p in folder.rglob("*.age"))}
    pieces = (p.lstat() for p in folder.rglob("*.pieces/*"))
    return sum((seen | {(s.st_dev, s.st_ino): s.st_size for s in pieces}).values())


def test_a_place_that_is_configured_later_gets_its_replica_from_one_that_verifies(
    make: Make, home: Path, fence: Fence, book: Book, model: Path, clock: FakeClock
) -> None:
    preserve.fn(make(PLAIN, PLAIN), fence)
    shutil.rmtree(model)
    config = make(PLAIN, PLAIN, SEALED, SPLIT)
    assert assess(config, book, clock.now()).reason == "replica c, d is to be made"
    preserve.fn(config, fence)
    assert states(book) == dict.fromkeys("abcd", "verified")
    assert assess(config, book, clock.now()).state is StageState.DONE


def test_a_sample_finds_damage_in_what_it_reads_and_says_how_much_that_was(
    make: Make, home: Path, fence: Fence, book: Book, clock: FakeClock
) -> None:
    config = make(SPLIT, SPLIT, sampled_fixity_interval_hours=24, sampled_fixity_fraction=0.5)
    preserve.fn(config, fence)
    clock.advance(hours=25)
    assert assess(config, book, clock.now()).reason == "fixity of a sample is to be checked"
    preserve.fn(config, fence)
    with book.reading() as session:
        rows = session.exec(select(PreservationEvent)).all()
    (said,) = {row.detail for row in rows if "a sample of" in row.detail}
    assert "all as recorded" in said
    assert assess(config, book, clock.now()).state is StageState.DONE
    for file in bag(home, "a").rglob("data/**/0*"):
        flip(file)
    found = check_fixity.fn(config, fence, fraction=0.5)
    assert "altered" in found["a"]
    assert found["b"] == ""
    assert states(book) == {"a": "damaged", "b": "verified"}


def test_a_sample_that_finds_nothing_takes_nothing_back(
    make: Make, home: Path, fence: Fence, book: Book, clock: FakeClock
) -> None:
    config = make(SPLIT, SPLIT)
    preserve.fn(config, fence)
    flip(next((bag(home, "a") / "data").rglob("000000")))
    found = check_fixity.fn(config, fence)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upkeep, "choose_sample", lambda *_, **__: ("bagit.txt",))
        assert check_fixity.fn(config, fence, fraction=0.05) == found
    assert "altered" in found["a"]
    after = assess(config, book, clock.now())
    assert after.state is StageState.BLOCKED
    assert found["a"] in after.reason


def test_a_full_folder_for_temporary_files_makes_no_replica_damaged(
    make: Make, fence: Fence, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a list can't be held for is no fault of the place that is listed."""
    config = make(SPLIT, SPLIT)
    preserve.fn(config, fence)

    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(spool, "_PART", 8)
        broken.setattr(spool, "_RUN", 2)
        broken.setattr(tempfile, "TemporaryFile", full)
        with pytest.raises(TemporaryFilesUnusable, match="No space left"):
            check_fixity.fn(config, fence)
    assert states(book) == {"a": "verified", "b": "verified"}


def test_what_is_required_and_missing_blocks_by_name(
    make: Make, home: Path, fence: Fence, book: Book, clock: FakeClock
) -> None:
    config = make(
        PLAIN, PLAIN, metadata={"licence": "MIT", "required": ["licence", "known_behaviours"]}
    )
    found = assess(config, book, clock.now())
    assert found.state is StageState.BLOCKED
    assert "known_behaviours" in found.reason
    assert "licence" not in found.reason


@pytest.mark.parametrize("form", [PLAIN, SPLIT, SEALED])
def test_a_replica_made_later_leaves_the_older_ones_verified(
    make: Make, home: Path, fence: Fence, book: Book, model: Path, form: dict[str, bool]
) -> None:
    preserve.fn(make(PLAIN, SPLIT), fence)
    shutil.rmtree(model)
    shutil.rmtree(bag(home, "a"))
    config = make(PLAIN, SPLIT, form)
    preserve.fn(config, fence)
    assert check_fixity.fn(config, fence) == {"a": "", "b": "", "c": ""}
    for name in "abc":
        bagit.Bag(str(bag(home, name))).validate()


def test_twins_that_are_damaged_in_different_files_mend_each_other(
    make: Make, home: Path, fence: Fence, book: Book, model: Path
) -> None:
    config = make(SEALED, SEALED)
    preserve.fn(config, fence)
    shutil.rmtree(model)
    flip(next(bag(home, "a").glob("data/*.safetensors.pieces/000001.age")))
    flip(next(bag(home, "b").glob("data/*.safetensors.pieces/000002.age")))
    repair.fn(config, fence)
    assert set(states(book).values()) == {"verified"}


def test_an_encrypted_replica_that_is_gone_is_copied_from_its_twin_without_a_key(
    make: Make, home: Path, fence: Fence, book: Book, model: Path, identity: Path
) -> None:
    config = make(SEALED, SEALED)
    preserve.fn(config, fence)
    shutil.rmtree(model)
    shutil.rmtree(bag(home, "b"))
    preserve.fn(config, fence)
    assert set(states(book).values()) == {"verified"}
    assert bag(home, "a").name == bag(home, "b").name
    assert restore(config, home / "out", replica="b", identity_file=identity) == "b"


def test_one_file_damaged_everywhere_is_mended_by_nothing(
    make: Make, home: Path, fence: Fence, model: Path
) -> None:
    config = make(SEALED, SEALED)
    preserve.fn(config, fence)
    shutil.rmtree(model)
    for name in "ab":
        flip(next(bag(home, name).glob("data/*.safetensors.pieces/000001.age")))
    before = {p: p.read_bytes() for p in (home / "replicas").rglob("*") if p.is_file()}
    with pytest.raises(ReplicaDamaged, match="nothing was overwritten"):
        repair.fn(config, fence)
    assert {p: p.read_bytes() for p in (home / "replicas").rglob("*") if p.is_file()} == before
