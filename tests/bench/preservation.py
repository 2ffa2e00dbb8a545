"""Preservation next to the programs that people use now, all in one run.

`cp` and `sync` are the floor: the bytes written, nothing proven. restic, model_signing and bagit
each do a part of what packaging does in one read.
"""

import hashlib
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pyrage
from safetensors.numpy import save_file

from configs.schema.preservation import Form
from tasks.adapters.age_cipher import AgeCipher
from tasks.adapters.directory_archive import DirectoryArchive
from tasks.adapters.model_signature import EcModelSigner, make_key_if_missing
from tasks.adapters.source_folder import SourceFolder
from tasks.kernel.spool import Spool
from tasks.preservation.edition import About
from tasks.preservation.fixity import Copy, read_back
from tasks.preservation.journal import NoJournal
from tasks.preservation.packaging import Made, Maker, Place, commit, write_payload
from tasks.preservation.sealing import FindShared
from tasks.preservation.terms import Terms
from tests.bench.harness import Figure, best, report
from tests.bench.preservation_parts import measure, warm

MEGABYTES = 1024
BAG = "m-20260101-00000000"
MEMORY = Path("/dev/shm")


class Workplace:
    """A model, keys, and folders for copies of it."""

    def __init__(
        self, base: Path, megabytes: int = MEGABYTES, *, tensor_bytes: int = 16 << 20
    ) -> None:
        self.base, self.source = base, base / "model"
        self.source.mkdir()
        rng = np.random.default_rng(1)
        for shard in range(4):
            tensors = {
                f"layer.{n}.weight": rng.integers(0, 255, tensor_bytes, dtype=np.uint8)
                for n in range((megabytes << 18) // tensor_bytes)
            }
            save_file(tensors, self.source / f"model-{shard}.safetensors")
        (self.source / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}\n')
        self.bytes = sum(p.stat().st_size for p in self.source.iterdir())
        self.identities = [pyrage.x25519.Identity.generate() for _ in range(2)]
        self.cipher = AgeCipher([str(i.to_public()) for i in self.identities])
        self.key = base / "key.pem"
        make_key_if_missing(self.key)
        self.signer = EcModelSigner(self.key)

    def package(
        self, places: list[Place], *, source: Path | None = None, shared: FindShared | None = None
    ) -> Made:
        terms = Terms(cipher=self.cipher, shared=shared)
        maker = Maker(
            "m",
            _about,
            lambda files, package: {"note.txt": Spool([b"bench\n"])},
            self.signer,
            terms,
        )
        folder = SourceFolder(source or self.source)
        made = write_payload(folder, places, BAG, journal=NoJournal(), maker=maker)
        commit(made.editions, made.fetch, places, BAG)
        return made

    def copy(self, name: str, form: Form = Form.FILES) -> Copy:
        """A bag, made anew."""
        place = self.place(name, form)
        return Copy(place.archive, BAG, self.package([place]).editions[form])

    def place(self, name: str, form: Form = Form.FILES) -> Place:
        shutil.rmtree(self.base / name, ignore_errors=True)
        return Place(DirectoryArchive(name, self.base / name), form)


def _about(package_id: str) -> About:
    return About(BAG, "m", "M", package_id, date(2026, 1, 1), "bench", True)


def main() -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd() / "var" if Path("var").is_dir() else None) as f:
        figures = on_disk(Workplace(Path(f)))
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        figures += in_memory(Workplace(Path(folder)))
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        figures += flipped_bits(Workplace(Path(folder), megabytes=256))
    figures += memory_use()
    report(figures)


def on_disk(at: Workplace) -> list[Figure]:
    """Two replicas, durable, against what else people run. Seconds; less than 1 is faster."""
    times: dict[str, list[float]] = {}
    peers: dict[str, Callable[[], None]] = {
        "ours": lambda: _ignore(at.package([at.place("a"), at.place("b")])),
        "cp": lambda: _cp_twice(at),
        "cp + sha256sum": lambda: _cp_and_check(at),
        "restic": lambda: _restic_twice(at),
        "bagit": lambda: _bagit(at),
        "model_signing": lambda: _model_signing(at),
    }
    if shutil.which("restic") is None:
        print("restic is not installed: its figure is left out (apt-get install restic)")
        del peers["restic"]
    for _ in range(3):  # interleaved, so that a slow minute of the disk meets all of them
        for name, work in peers.items():
            _clear(at)
            warm(at.base, 2 * at.bytes)
            subprocess.run(["sync"], check=True)
            start = time.perf_counter()
            work()
            times.setdefault(name, []).append(time.perf_counter() - start)
    _clear(at)
    least = {name: min(found) for name, found in times.items()}
    ours, against = (
        least.pop("ours"),
        {
            "cp": "cp twice, sync (time; target <= 1.1)",
            "cp + sha256sum": "cp twice, sync, sha256sum of both (time)",
            "restic": "restic backup to two repositories (time; target < 1)",
            "bagit": "bagit make_bag, one copy (time)",
            "model_signing": "model_signing sign, no copy (time)",
        },
    )
    return [
        *(
            Figure("two replicas, synced", ours, "s", against[name], ours / seconds)
            for name, seconds in least.items()
        ),
        _cold(at),
    ]


def _cold(at: Workplace) -> Figure:
    """Reading back from a disk: what it costs the processor, whatever the disk's own speed."""
    copy, size = at.copy("a"), at.bytes / 2**20
    subprocess.run(["sync"], check=True)
    files = sorted((at.base / "a").rglob("*.safetensors"))

    def peer() -> None:
        for file in files:
            with file.open("rb") as opened:
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                hashlib.file_digest(opened, "sha256")

    ours, theirs = (_processor_seconds_of(work) for work in (partial(_whole, copy), peer))
    _clear(at)
    return Figure("fixity from a disk", size / ours, "MiB/CPU s",
                  "hashlib.file_digest, cold cache", theirs / ours)  # fmt: skip


def _processor_seconds_of(work: Callable[[], None]) -> float:
    found = []
    for _ in range(3):
        before = _processor_seconds()
        work()
        found.append(_processor_seconds() - before)
    return min(found)


def in_memory(at: Workplace) -> list[Figure]:
    """What the processor allows, without a disk. MiB/s of the model; more than 1 is faster."""
    size = at.bytes / 2**20
    parts = measure(at.base, [one.to_public() for one in at.identities])
    sha, whole_file = parts.sha256, _rate(partial(_file_rate, at))
    cores = os.cpu_count() or 1
    plain, plain_busy = _packaging(at, Form.FILES)
    age, age_in_memory = _rate(partial(_age_rate, at)), _rate(partial(_age_memory_rate, at))
    sealed, sealed_busy = _packaging(at, Form.AGE)
    read, threads = best(partial(_whole, at.copy("b"))), min(4, cores)
    files = sorted(str(path) for path in at.source.glob("*.safetensors"))
    command = ["sha256sum", *files]
    program = size / best(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))
    digests = {f"model-{n:05}.safetensors": f"{n:064x}" for n in range(100)}
    at.signer.sign("m", digests.items)  # imports
    signing = best(lambda: _ignore(at.signer.sign("m", digests.items)))
    source = at.place("d", Form.PIECES)
    return [
        Figure("one plain replica", size / plain, "MiB/s", "SHA-256, one core (target >= 0.9)",
               size / plain / sha),
        Figure("one plain replica", size / plain, "MiB/s",
               "reading, SHA-256, BLAKE3 and writing, on all cores", size / plain
               / parts.plain(cores)),
        Figure("one plain replica: cores busy", 100 * plain_busy, "%", "all cores", plain_busy),
        Figure("one age replica", size / sealed, "MiB/s",
               "pyrage.encrypt, one core (target >= 0.9)", size / sealed / age_in_memory),
        Figure("one age replica", size / sealed, "MiB/s",
               "pyrage.encrypt_file, one core (target >= 0.9)", size / sealed / age),
        Figure("one age replica", size / sealed, "MiB/s",
               "these, encrypting and SHA-256 once more, on all cores", size / sealed
               / parts.sealed(cores)),
        Figure("one age replica: cores busy", 100 * sealed_busy, "%", "all cores", sealed_busy),
        Figure("fixity, per core", size / read / threads, "MiB/s",
               "SHA-256 of memory, one core (target >= 0.95)", size / read / threads / sha),
        Figure("fixity, per core", size / read / threads, "MiB/s",
               "SHA-256 of files, hashlib.file_digest, one core",
               size / read / threads / whole_file),
        Figure("fixity, per core", size / read / threads, "MiB/s",
               "sha256sum of files, one core", size / read / threads / program),
        Figure("signing 100 files", signing * 1000, "ms", "10 ms (target < 1)", signing * 100),
        _sharing(at, source),
    ]  # fmt: skip


def _sharing(at: Workplace, place: Place) -> Figure:
    """A second model with one changed tensor of 64: bytes it costs beyond that tensor."""
    from tests.fakes.sharing import shared_with

    made = at.package([place])
    tuned = at.base / "tuned"
    shutil.copytree(at.source, tuned)
    with (tuned / "model-0.safetensors").open("r+b") as file:
        file.seek(-(16 << 20), os.SEEK_END)
        file.write(os.urandom(16 << 20))
    before = _used(at.base / "d")
    shared = shared_with(made.pieces[Form.PIECES], BAG)
    other = "n-20260101-00000001"
    maker = Maker("m", _about, lambda *_: {}, at.signer, Terms(shared=shared))
    second = write_payload(SourceFolder(tuned), [place], other, journal=NoJournal(), maker=maker)
    commit(second.editions, second.fetch, [place], other)
    beyond = _used(at.base / "d") - before - (16 << 20)
    return Figure("a fine-tune beyond its change", 100 * beyond / at.bytes, "%",
                  "1 % of the model (target <= 1)", 100 * beyond / at.bytes)  # fmt: skip


def flipped_bits(at: Workplace, flips: int = 1000) -> list[Figure]:
    """Random bits flipped, a tenth at a time, in a replica in pieces: found, and mended."""
    from tasks.preservation.copying import copied

    places = [at.place(name, Form.AGE) for name in ("a", "b")]
    made = at.package(places)
    good, bad = (Copy(place.archive, BAG, made.editions[Form.AGE]) for place in places)
    rng, found, mended = random.Random(7), 0, 0
    files = [p for p in (at.base / "b" / BAG).rglob("*") if p.is_file() and p.stat().st_size]
    weights = [p.stat().st_size for p in files]
    for _ in range(10):
        hit = {_flip(rng, rng.choices(files, weights)[0]) for _ in range(flips // 10)}
        names = {p.relative_to(at.base / "b" / BAG).as_posix() for p in hit}
        report_ = read_back(bad)
        named = set(report_.altered) & names
        found += flips // 10 if named == names else len(named)
        tags, expected = bad.tags.files(), dict(bad.entries())
        for path in report_.altered:
            chunks = tags[path].parts() if path in tags else copied(good, path, expected[path])
            bad.archive.replace(BAG, path, chunks, f"{BAG}.damaged")
        mended += flips // 10 if read_back(bad).whole else 0
    return [
        Figure("flipped bits found", found, "of 1000", "all of them", found / flips),
        Figure("flipped bits mended", mended, "of 1000", "all of them", mended / flips),
    ]


def _flip(rng: random.Random, file: Path) -> Path:
    with file.open("r+b") as opened:
        at = rng.randrange(file.stat().st_size)
        opened.seek(at)
        byte = opened.read(1)[0]
        opened.seek(at)
        opened.write(bytes([byte ^ 1 << rng.randrange(8)]))
    return file


def memory_use() -> list[Figure]:
    """Largest memory of a process that packages a model, in the places named."""
    found = []
    both = ("folder:files", "folder:age")
    four = (*both, "bucket:files", "bucket:age")
    for name, megabytes, tensor_bytes, what, places in (
        ("256 MB model", 256, 16 << 20, "stage", both),
        ("2048 MB model", 2048, 16 << 20, "stage", both),
        ("40960 tensors, a piece each", 2560, 64 << 10, "stage", both),
        ("a bucket, files", 256, 16 << 20, "stage", ("folder:files", "bucket:files")),
        ("a bucket, age", 256, 16 << 20, "stage", ("folder:age", "bucket:age")),
        ("two buckets beside two folders", 256, 16 << 20, "stage", four),
        ("every stage in one process", 256, 16 << 20, "retire", both),
    ):
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            command = [sys.executable, "-m", "tests.bench.preservation_memory", folder,
                       str(megabytes), str(tensor_bytes), what, *places]  # fmt: skip
            run = subprocess.run(command, check=True, capture_output=True, text=True)
            used = float(run.stdout.strip().splitlines()[-1])
        found.append(Figure(f"memory, {name}", used, "MiB", "256 MiB (target <= 1)", used / 256))
    return found


def _rate(work: Callable[[], float]) -> float:
    return max(work() for _ in range(3))


def _file_rate(at: Workplace) -> float:
    """SHA-256 of a file as Python's own function for it makes it: with the reading."""
    source = at.source / "model-0.safetensors"
    start = time.perf_counter()
    with source.open("rb") as file:
        hashlib.file_digest(file, "sha256")
    return source.stat().st_size / 2**20 / (time.perf_counter() - start)


def _age_memory_rate(at: Workplace) -> float:
    block, recipients = os.urandom(8 << 20), [i.to_public() for i in at.identities]
    start = time.perf_counter()
    for _ in range(32):
        pyrage.encrypt(block, recipients)
    return 256 / (time.perf_counter() - start)


def _packaging(at: Workplace, form: Form) -> tuple[float, float]:
    """Seconds of the fastest of three, and the share of all cores' time that it worked in."""
    found = []
    for _ in range(3):
        place = at.place("a", form)
        warm(at.base, 2 * at.bytes)
        start, before = time.perf_counter(), _processor_seconds()
        at.package([place])
        took = time.perf_counter() - start
        found.append((took, (_processor_seconds() - before) / took / (os.cpu_count() or 1)))
    shutil.rmtree(at.base / "a")
    return min(found)


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _age_rate(at: Workplace) -> float:
    source, dest = at.source / "model-0.safetensors", at.base / "peer.age"
    recipients = [i.to_public() for i in at.identities]
    start = time.perf_counter()
    pyrage.encrypt_file(str(source), str(dest), recipients)
    rate = source.stat().st_size / 2**20 / (time.perf_counter() - start)
    dest.unlink()
    return rate


def _whole(copy: Copy) -> None:
    assert read_back(copy).whole


def _cp_twice(at: Workplace) -> None:
    for name in ("c", "d"):
        subprocess.run(["cp", "-r", str(at.source), str(at.base / name)], check=True)
    subprocess.run(["sync"], check=True)


def _cp_and_check(at: Workplace) -> None:
    _cp_twice(at)
    for name in ("c", "d"):
        files = [str(p) for p in sorted((at.base / name).rglob("*")) if p.is_file()]
        subprocess.run(["sha256sum", *files], check=True, stdout=subprocess.DEVNULL)


def _restic_twice(at: Workplace) -> None:
    environment = {**os.environ, "RESTIC_PASSWORD": "bench"}
    for name in ("c", "d"):
        for arguments in (["init"], ["backup", str(at.source)]):
            command = ["restic", "-q", "--no-cache", "-r", str(at.base / name), *arguments]
            subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    subprocess.run(["sync"], check=True)


def _bagit(at: Workplace) -> None:
    code = "import bagit,sys; bagit.make_bag(sys.argv[1], checksums=['sha256'])"
    shutil.copytree(at.source, at.base / "c")
    subprocess.run([sys.executable, "-c", code, str(at.base / "c")], check=True,
                   capture_output=True)  # fmt: skip
    subprocess.run(["sync"], check=True)


def _model_signing(at: Workplace) -> None:
    command = [sys.executable, "-m", "model_signing", "sign", "key", str(at.source),
               "--private_key", str(at.key), "--signature", str(at.base / "peer.sig")]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)


def _clear(at: Workplace) -> None:
    for name in "abcd":
        shutil.rmtree(at.base / name, ignore_errors=True)


def _used(folder: Path) -> int:
    """Bytes on disk, each file once however many names it has."""
    seen = {(s.st_dev, s.st_ino): s.st_size for s in (p.lstat() for p in folder.rglob("*"))}
    return sum(seen.values())


def _ignore(_: object) -> None:
    """A bench's work returns nothing."""


if __name__ == "__main__":
    main()
