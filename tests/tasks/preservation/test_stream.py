"""The one read: what it writes, what it finds out, and what a kill costs."""

import hashlib
import json
import os
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import psutil
import pyrage
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from configs.schema.preservation import Form
from tasks.adapters.age_cipher import AgeCipher
from tasks.adapters.directory_archive import DirectoryArchive
from tasks.kernel.errors import SourceRefused
from tasks.ports.source import SourceFile, SourceReader
from tasks.preservation import checkpoints, memory, stream
from tasks.preservation.journal import KeptFile, KeptPiece, NoJournal
from tasks.preservation.payload import PayloadFile
from tasks.preservation.sealing import Target
from tasks.preservation.stream import Read, read_once
from tasks.preservation.terms import Terms
from tests.fakes.sharing import shared_with

BAG = "m-20260101-00000000"
MIB = 1 << 20
IDENTITIES = [pyrage.x25519.Identity.generate() for _ in range(2)]
CIPHER = AgeCipher([str(i.to_public()) for i in IDENTITIES])


@pytest.fixture(autouse=True)
def _in_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many cores there are; see `test_whole_files` for the other way."""
    monkeypatch.setattr(stream, "pays", lambda *_: False)


class CountingSource:
    """Files in memory; counts the bytes that are read of each."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(files)
        self.read: Counter[str] = Counter()
        self.marks = dict.fromkeys(files, "1")

    def files(self) -> Sequence[SourceFile]:
        return [SourceFile(p, len(d), self.marks[p]) for p, d in sorted(self._files.items())]

    @contextmanager
    def open(self, file: SourceFile) -> Iterator[SourceReader]:
        yield _Reader(self, file.path, self._files[file.path])


class _Reader:
    def __init__(self, source: CountingSource, path: str, data: bytes) -> None:
        self._source, self._path, self._rest = source, path, data

    def readinto(self, buffer: memoryview) -> int:
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        self._source.read[self._path] += len(part)
        return len(part)


class MemoryJournal:
    keeps = True

    def __init__(self) -> None:
        self.held: dict[str, KeptFile] = {}
        self.parts: dict[str, dict[int, KeptPiece]] = {}

    def file(self, path: str, mark: str) -> PayloadFile | None:
        kept = self.held.get(path)
        return kept.file if kept and kept.mark == mark else None

    def pieces(self, path: str, mark: str) -> Mapping[int, KeptPiece]:
        return {n: p for n, p in self.parts.get(path, {}).items() if p.mark == mark}

    def each(self, path: str, mark: str) -> Iterator[KeptPiece]:
        held = self.pieces(path, mark)
        return (held[number] for number in sorted(held))

    def add(self, pieces: Sequence[KeptPiece], files: Sequence[KeptFile]) -> None:
        for piece in pieces:
            self.parts.setdefault(piece.path, {})[piece.number] = piece
        self.held.update({kept.file.path: kept for kept in files})


def tensors(count: int, size: int, seed: int = 1) -> bytes:
    rng = np.random.default_rng(seed)
    return bytes(save({f"t{n}": rng.integers(0, 255, size, dtype=np.uint8) for n in range(count)}))


def read(
    base: Path,
    source: CountingSource,
    forms: Mapping[str, Form],
    journal: MemoryJournal | NoJournal | None = None,
    terms: Terms | None = None,
    bag: str = BAG,
    wrap: type | None = None,
) -> Read:
    with ExitStack() as stack:
        targets = []
        for name, form in forms.items():
            writer = stack.enter_context(DirectoryArchive(name, base / name).writer(bag))
            targets.append(Target(name, form, wrap(writer) if wrap else writer))
        return read_once(
            source, targets, journal=journal or NoJournal(), terms=terms or Terms(cipher=CIPHER)
        )


def written(base: Path, name: str, bag: str = BAG) -> dict[str, bytes]:
    root = base / name / f".partial~{bag}"
    return {
        p.relative_to(root).as_posix(): p.read_bytes()
        for p in root.rglob("*")
        if p.is_file() and p.relative_to(root).parts[0] == "data"
    }


def joined(found: Mapping[str, bytes], path: str, *, encrypted: bool = False) -> bytes:
    pieces = [data for name, data in sorted(found.items()) if f"/{path}.pieces/" in f"/{name}"]
    if encrypted:
        pieces = [pyrage.decrypt(piece, [IDENTITIES[1]]) for piece in pieces]
    return b"".join(pieces)


FORMS = {"a": Form.FILES, "b": Form.PIECES, "c": Form.AGE, "d": Form.AGE}


def test_one_read_makes_every_form_and_reads_every_byte_once(tmp_path: Path) -> None:
    files = {"w.safetensors": tensors(3, 9 * MIB), "config.json": b"{}", "sub/empty": b""}
    source = CountingSource(files)
    found = read(tmp_path, source, FORMS)
    assert source.read == Counter({p: len(d) for p, d in files.items() if d})
    assert {f.path: f.sha256 for f in found.files} == {
        p: hashlib.sha256(d).hexdigest() for p, d in files.items()
    }
    plain, pieces, sealed = (written(tmp_path, name) for name in "abc")
    for path, data in files.items():
        assert plain[f"data/{path}"] == data
        assert joined(pieces, path) == data
        assert joined(sealed, path, encrypted=True) == data
    assert sealed == written(tmp_path, "d"), "one ciphertext for all encrypted replicas"
    for form, name in ((Form.FILES, "a"), (Form.PIECES, "b"), (Form.AGE, "c")):
        told = {piece.path: (piece.size, piece.sha256) for piece in found.stored[form]}
        assert told == {
            p: (len(d), hashlib.sha256(d).hexdigest()) for p, d in written(tmp_path, name).items()
        }


def test_tensors_are_digested_as_the_header_places_them(tmp_path: Path) -> None:
    data = tensors(5, 5 * MIB + 13)
    found = read(tmp_path, CountingSource({"w.safetensors": data}), {})
    (file,) = found.files
    assert file.kind == "safetensors"
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    header.pop("__metadata__", None)
    assert {t.name for t in file.tensors} == set(header)
    for tensor in file.tensors:
        assert tensor.blake3 == blake3(data[tensor.start : tensor.end]).hexdigest()


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(0, 3 * MIB), min_size=1, max_size=6), other=st.binary())
def test_any_files_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], other: bytes
) -> None:
    base = tmp_path_factory.mktemp("any")
    rng = np.random.default_rng(3)
    arrays = {f"t{n}": rng.integers(0, 255, s, dtype=np.uint8) for n, s in enumerate(sizes)}
    files = {"x.safetensors": bytes(save(arrays)), "y": other}
    found = read(base, CountingSource(files), FORMS)
    for path, data in files.items():
        assert joined(written(base, "b"), path) == data
        assert joined(written(base, "c"), path, encrypted=True) == data
    assert {f.sha256 for f in found.files} == {
        hashlib.sha256(d).hexdigest() for d in files.values()
    }


class Killed(BaseException):
    """Stands for a kill: nothing after it runs."""


class _DiesAfter:
    """A writer that is killed after so many puts."""

    puts_left = 0

    def __init__(self, writer: object) -> None:
        self._writer = writer

    def __getattr__(self, name: str) -> object:
        return getattr(self._writer, name)

    def put(self, path: str, data: bytes, sha256: str) -> None:
        if _DiesAfter.puts_left == 0:
            raise Killed
        _DiesAfter.puts_left -= 1
        self._writer.put(path, data, sha256)  # type: ignore[attr-defined]


@pytest.mark.parametrize("puts", [0, 1, 5, 12])
def test_a_kill_costs_no_more_than_the_chunk_in_flight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, puts: int
) -> None:
    monkeypatch.setattr(checkpoints, "CHECKPOINT", 8 * MIB)
    files = {"a.bin": bytes(MIB), "w.safetensors": tensors(6, 9 * MIB)}
    journal, source = MemoryJournal(), CountingSource(files)
    _DiesAfter.puts_left = puts
    with pytest.raises(Killed):
        read(tmp_path, source, {"c": Form.AGE}, journal, wrap=_DiesAfter)
    before = written(tmp_path, "c")
    held = {p.stored[Form.AGE].path for parts in journal.parts.values() for p in parts.values()}
    assert len(held) >= puts - 8, "what was put and synced is told to the journal"
    again = CountingSource(files)
    found = read(tmp_path, again, {"c": Form.AGE}, journal)
    after = written(tmp_path, "c")
    assert all(after[path] == before[path] for path in held), "what was held is not encrypted again"
    assert all(again.read[path] == 0 for path in journal.held if path in {"a.bin"} and puts > 1)
    assert joined(after, "w.safetensors", encrypted=True) == files["w.safetensors"]
    told = {piece.path: piece.sha256 for piece in found.stored[Form.AGE]}
    assert told == {p: hashlib.sha256(d).hexdigest() for p, d in after.items()}


def test_a_file_that_was_written_to_since_the_kill_is_read_anew(tmp_path: Path) -> None:
    journal = MemoryJournal()
    read(tmp_path, CountingSource({"w": b"old"}), {"c": Form.AGE}, journal)
    source = CountingSource({"w": b"new"})
    source.marks["w"] = "2"
    found = read(tmp_path, source, {"c": Form.AGE}, journal)
    assert found.files[0].sha256 == hashlib.sha256(b"new").hexdigest()
    assert joined(written(tmp_path, "c"), "w", encrypted=True) == b"new"


@pytest.mark.parametrize("files", [1, 3])
@pytest.mark.parametrize("form", [Form.FILES, Form.PIECES, Form.AGE])
def test_a_full_disk_ends_the_read_with_its_own_error(
    tmp_path: Path, form: Form, files: int
) -> None:
    class Full:
        def __init__(self, writer: object) -> None:
            self._writer = writer

        def __getattr__(self, name: str) -> object:
            return getattr(self._writer, name)

        def put(self, path: str, data: bytes, sha256: str) -> None:
            raise OSError(28, "No space left on device")

        def open_file(self, path: str, size: int) -> "Full":
            return self

        write = lambda self, chunk: self.put("", chunk, "")  # noqa: E731

    source = CountingSource(
        {f"w{n}.safetensors": tensors(20 // n, 9 * MIB) for n in range(1, files + 1)}
    )
    before = set(threading.enumerate())
    with pytest.raises(OSError, match="No space left"):
        read(tmp_path, source, {"a": form, "b": form}, wrap=Full)
    assert set(threading.enumerate()) <= before, "no thread is left behind"


def test_a_source_that_fails_midway_ends_the_read(tmp_path: Path) -> None:
    class Vanishing(CountingSource):
        @contextmanager
        def open(self, file: SourceFile) -> Iterator[SourceReader]:
            with super().open(file) as reader:
                yield reader
            raise SourceRefused("w: changed while it was read; stop what writes to it")

    journal = MemoryJournal()
    with pytest.raises(SourceRefused, match="changed"):
        read(tmp_path, Vanishing({"w": bytes(9 * MIB)}), {"c": Form.AGE}, journal)
    assert not journal.held


def test_a_broken_header_names_the_file_and_how_to_keep_it_anyway(tmp_path: Path) -> None:
    files = {"w.safetensors": (1 << 40).to_bytes(8, "little") + b"{}"}
    with pytest.raises(SourceRefused, match=r"w\.safetensors: .*preservation\.opaque_files"):
        read(tmp_path, CountingSource(files), {})
    found = read(tmp_path, CountingSource(files), {}, terms=Terms(opaque=["*.safetensors"]))
    assert "opaque" in found.files[0].note


def test_shared_pieces_are_linked_and_not_written(tmp_path: Path) -> None:
    base, tuned = tensors(8, 4 * MIB, seed=1), bytearray(tensors(8, 4 * MIB, seed=1))
    tuned[-1] ^= 1
    places = {"c": Form.AGE, "d": Form.AGE}
    first = read(tmp_path, CountingSource({"w.safetensors": base}), places)
    for name in places:
        (tmp_path / name / f".partial~{BAG}").rename(tmp_path / name / BAG)
    other = "n-20260101-00000001"
    terms = Terms(cipher=CIPHER, shared=shared_with(first.stored[Form.AGE], BAG))
    source = CountingSource({"w.safetensors": bytes(tuned)})
    second = read(tmp_path, source, places, terms=terms, bag=other)
    fresh = [piece for piece in second.stored[Form.AGE] if piece.origin == ("", "")]
    assert len(fresh) == 1, "one tensor changed"
    for name in places:
        found = written(tmp_path, name, other)
        assert joined(found, "w.safetensors", encrypted=True) == bytes(tuned)
        for piece in second.stored[Form.AGE]:
            mine = (tmp_path / name / f".partial~{other}" / piece.path).stat()
            assert (mine.st_nlink == 2) == (piece.origin != ("", ""))


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a large model on two cores."""
    monkeypatch.setattr(memory, "_WORTH_IT", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


@pytest.mark.usefixtures("processes")
def test_processes_encrypt_a_large_model(tmp_path: Path) -> None:
    files = {"w.safetensors": tensors(9, 9 * MIB), "config.json": b"{}", "sub/empty": b""}
    found = read(tmp_path, CountingSource(files), FORMS)
    sealed = written(tmp_path, "c")
    assert sealed == written(tmp_path, "d")
    for path, data in files.items():
        assert joined(sealed, path, encrypted=True) == data
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in sealed.items()}
    assert {one.path: one.sha256 for one in found.stored[Form.AGE]} == digests
    numbers = [one.path for one in found.stored[Form.AGE]]
    assert numbers == sorted(numbers), "in order, whoever was done first"


@pytest.mark.usefixtures("processes")
def test_an_encrypting_process_that_is_killed_ends_the_read(tmp_path: Path) -> None:
    class Killing(CountingSource):
        @contextmanager
        def open(self, file: SourceFile) -> Iterator[SourceReader]:
            with super().open(file) as reader:
                yield reader
            for child in psutil.Process().children():
                child.kill()

    files = {name: bytes(9 * MIB) for name in ("a", "b")}
    with pytest.raises(ChildProcessError, match="start again, what was written is kept"):
        read(tmp_path, Killing(files), {"c": Form.AGE})


def test_a_source_that_changes_behind_the_reader_is_refused(tmp_path: Path) -> None:
    class Changing(CountingSource):
        @contextmanager
        def open(self, file: SourceFile) -> Iterator[SourceReader]:
            with super().open(file) as reader:
                yield reader
            if file.path == "b":
                self.change()

        def change(self) -> None:
            self.marks["a"] = "2"

    class Growing(Changing):
        def change(self) -> None:
            self._files["c"], self.marks["c"] = b"new", "1"

    for kind, changed in ((Changing, "a"), (Growing, "c")):
        journal = MemoryJournal()
        source = kind({"a": b"one", "b": b"two"})
        with pytest.raises(SourceRefused, match=f"^{changed}: came, went or changed while"):
            read(tmp_path / changed, source, {"c": Form.FILES}, journal)
        again = read(tmp_path / changed, source, {"c": Form.FILES}, journal)
        assert [file.path for file in again.files] == sorted(source.marks), "a next pass can go on"
