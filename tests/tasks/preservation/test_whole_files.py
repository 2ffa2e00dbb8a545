"""Several files at once: the same as one after the other, on as many threads as compute."""

import errno
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.schema.preservation import Form
from tasks.kernel.errors import SourceRefused
from tasks.ports.source import SourceFile, SourceReader
from tasks.preservation import stream, whole_files
from tasks.preservation.stream import Read
from tasks.preservation.terms import Terms
from tests.tasks.preservation.test_stream import (
    MIB,
    CountingSource,
    MemoryJournal,
    read,
    tensors,
    written,
)

BOTH = {"a": Form.FILES, "b": Form.FILES}
FILES = {
    "config.json": b"{}",
    "deep/er/empty": b"",
    "model-1.safetensors": tensors(3, MIB + 7),
    "model-2.safetensors": tensors(2, 3 * MIB, seed=2),
    "model-3.safetensors": tensors(40_000, 1, seed=3),  # a header of more than one slice
    "weights.bin": bytes(range(256)) * 9_000,
}


@pytest.fixture(autouse=True)
def _side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "pays", lambda *_: True)
    monkeypatch.setattr(whole_files.os, "cpu_count", lambda: 3)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread is joined by another as soon as it has read anything."""
    monkeypatch.setattr(whole_files, "_LOOK_EVERY", 0)
    monkeypatch.setattr(whole_files, "_COMPUTING", -1.0)


def told(found: Read) -> list[object]:
    """All of it, as values."""
    files = [(f.path, f.size, f.sha256, f.kind, f.note, list(f.tensors)) for f in found.files]
    return [*files, {form: list(pieces) for form, pieces in found.stored.items()}, found.fetch]


class Watched(CountingSource):
    """Notes which threads read, and how many files are open at once."""

    def __init__(self, files: dict[str, bytes], *, seconds: float = 0.0) -> None:
        super().__init__(files)
        self.seconds, self.threads, self.together, self._open = seconds, set[int](), 0, 0
        self._meeting = threading.Lock()

    @contextmanager
    def open(self, file: SourceFile) -> Iterator[SourceReader]:
        with self._meeting:
            self._open += 1
            self.together = max(self.together, self._open)
        self.threads.add(threading.get_ident())
        time.sleep(self.seconds)
        try:
            with super().open(file) as reader:
                yield reader
        finally:
            with self._meeting:
                self._open -= 1


def test_all_is_found_that_lanes_find_and_each_byte_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eager: None
) -> None:
    source = CountingSource(FILES)
    found = read(tmp_path / "whole", source, BOTH)
    assert source.read == {path: len(data) for path, data in FILES.items()}
    monkeypatch.setattr(stream, "pays", lambda *_: False)
    in_lanes = read(tmp_path / "lanes", CountingSource(FILES), BOTH)
    assert told(found) == told(in_lanes)
    expected = {f"data/{path}": data for path, data in FILES.items()}
    for name in BOTH:
        assert written(tmp_path / "whole", name) == expected


def test_files_are_read_at_once_by_as_many_threads_as_there_are_cores(
    tmp_path: Path, eager: None
) -> None:
    source = Watched({f"w{n}": bytes(2 * MIB) for n in range(12)}, seconds=0.02)
    read(tmp_path, source, BOTH)
    assert source.together == 3
    assert len(source.threads) == 3


def test_one_that_waits_for_a_disk_is_not_joined_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_files, "_LOOK_EVERY", MIB)
    source = Watched({f"w{n}": bytes(MIB) for n in range(8)}, seconds=0.05)
    read(tmp_path, source, BOTH)
    assert source.together == 1


def test_what_the_journal_has_is_not_read_again(tmp_path: Path, eager: None) -> None:
    journal, source = MemoryJournal(), CountingSource(FILES)
    first = told(read(tmp_path, source, BOTH, journal))
    assert set(journal.held) == set(FILES)
    del journal.held["weights.bin"]
    source.read.clear()
    assert told(read(tmp_path, source, BOTH, journal)) == first
    assert set(source.read) == {"weights.bin"}


def test_the_journal_is_told_on_the_way_of_what_every_place_made_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_files, "CHECKPOINT", 2 * MIB)
    synced = list[str]()

    class Noting:
        def __init__(self, writer: object) -> None:
            self._writer = writer

        def __getattr__(self, name: str) -> object:
            if name == "sync":
                synced.append(name)
            return getattr(self._writer, name)

    class Journal(MemoryJournal):
        def add(self, pieces: object, files: object) -> None:
            synced.append("told")
            super().add(pieces, files)  # type: ignore[arg-type]

    read(tmp_path, CountingSource({f"w{n}": bytes(MIB) for n in range(5)}), BOTH, Journal(),
         wrap=Noting)  # fmt: skip
    assert synced == ["sync", "sync", "told"] * 3


@pytest.mark.parametrize("where", [1, 3])
def test_the_first_failure_ends_the_read_and_the_journal_keeps_what_was_whole(
    tmp_path: Path, eager: None, monkeypatch: pytest.MonkeyPatch, where: int
) -> None:
    class Vanishing(CountingSource):
        @contextmanager
        def open(self, file: SourceFile) -> Iterator[SourceReader]:
            with super().open(file) as reader:
                yield reader
            if file.path == f"w{where}":
                raise SourceRefused("changed while it was read; stop what writes to it")

    monkeypatch.setattr(whole_files, "CHECKPOINT", 1)
    journal, before = MemoryJournal(), set(threading.enumerate())
    files = {f"w{n}": bytes(MIB) for n in range(40)}
    with pytest.raises(SourceRefused, match="changed"):
        read(tmp_path, Vanishing(files), BOTH, journal)
    assert f"w{where}" not in journal.held
    assert len(journal.held) < len(files)
    assert set(threading.enumerate()) <= before, "no thread is left behind"


def test_nothing_is_told_of_after_a_sync_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eager: None
) -> None:
    """The disk tells once that it lost a file's bytes: the next sync would succeed."""
    monkeypatch.setattr(whole_files, "CHECKPOINT", 1)
    syncing, second_read, real = threading.Event(), threading.Event(), os.fdatasync
    failed = list[str]()

    class Source(CountingSource):
        @contextmanager
        def open(self, file: SourceFile) -> Iterator[SourceReader]:
            with super().open(file) as reader:
                yield reader
            if file.path == "first":
                second_read.wait(5)
            else:  # it waits for the lock while the other one syncs
                second_read.set()
                syncing.wait(5)

    def losing(handle: int) -> None:
        syncing.set()
        place = os.readlink(f"/proc/self/fd/{handle}")
        if place.endswith("/second") and not failed:
            time.sleep(0.05)
            failed.append(place)
            raise OSError(errno.EIO, "Input/output error")
        real(handle)

    monkeypatch.setattr(os, "fdatasync", losing)
    journal, data = MemoryJournal(), {"first": bytes(2 * MIB), "second": bytes(2 * MIB)}
    with pytest.raises(OSError, match="Input/output error"):
        read(tmp_path, Source(data), {"a": Form.FILES}, journal)
    assert failed
    assert not journal.held


def test_a_file_that_becomes_shorter_is_refused(tmp_path: Path) -> None:
    class Longer(CountingSource):
        def files(self) -> list[SourceFile]:
            return [SourceFile(f.path, f.size + 1, f.mark) for f in super().files()]

    with pytest.raises(SourceRefused, match="w: became shorter"):
        read(tmp_path, Longer({"w": bytes(MIB)}), BOTH)


def test_progress_ends_with_all_bytes(tmp_path: Path, eager: None) -> None:
    seen = list[tuple[int, int]]()
    terms = Terms(progress=lambda path, done, total, unit="bytes": seen.append((done, total)))
    read(tmp_path, CountingSource(FILES), BOTH, terms=terms)
    size = sum(map(len, FILES.values()))
    assert seen == sorted(seen)
    assert seen[-1] == (size, size)


@given(st.lists(st.integers(0, 10**12), max_size=30), st.integers(1, 64))
def test_it_pays_for_files_enough_and_never_for_one_on_several_cores(
    sizes: list[int], cores: int
) -> None:
    if cores > 1:
        assert not whole_files.pays([max(sizes, default=1)], cores)
        assert whole_files.pays([10**9] * 3 * cores, cores)
    assert whole_files.pays(sizes, 1)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 3 * MIB), min_size=1, max_size=5), st.integers(MIB // 16, 2 * MIB))
def test_any_sizes_and_any_slice(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], slice_: int
) -> None:
    files = {f"w{n}": bytes([n]) * size for n, size in enumerate(sizes)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "pays", lambda *_: True)
        patch.setattr(whole_files, "_SLICE", slice_)
        place = tmp_path_factory.mktemp("any")
        read(place, CountingSource(files), {"a": Form.FILES})
    assert written(place, "a") == {f"data/{path}": data for path, data in files.items()}
