"""Source folder: what it refuses, and that what it reads is what it listed."""

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import bagit
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tasks.adapters.memory_source import MemorySource
from tasks.adapters.source_folder import SourceFolder
from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import SourceRefused
from tasks.ports.source import Source, SourceFile
from tasks.preservation.manifest import DECLARATION, MANIFEST, render_manifest

MIB = 1 << 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    (made / "deep" / "er").mkdir(parents=True)
    (made / "weights.bin").write_bytes(bytes(range(256)) * 8192)
    (made / "deep" / "er" / "config.json").write_bytes(b"{}")
    (made / "empty").write_bytes(b"")
    (made / "deep.txt").write_bytes(b"d")
    return made


def one(source: Source, path: str) -> SourceFile:
    return next(file for file in source.files() if file.path == path)


def read(source: Source, file: SourceFile, *sizes: int) -> bytes:
    """Read in buffers of these sizes, the last one again and again."""
    found, left = b"", list(sizes)
    with source.open(file) as reader:
        while True:
            memory = bytearray(left.pop(0) if len(left) > 1 else left[0])
            length = reader.readinto(memoryview(memory))
            found += memory[:length]
            if length < len(memory):
                return found


def test_files_are_listed_sorted_and_read_whole(folder: Path) -> None:
    source = SourceFolder(folder)
    listed = source.files()
    assert [(file.path, file.size) for file in listed] == [
        ("deep.txt", 1),
        ("deep/er/config.json", 2),
        ("empty", 0),
        ("weights.bin", 2 * MIB),
    ]
    assert source.files() == listed
    for file in listed:
        assert read(source, file, 7, 1000, MIB) == (folder / file.path).read_bytes()


@pytest.mark.parametrize("make", ["folder", "memory"])
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=60), sizes=st.lists(st.integers(1, 70), min_size=1, max_size=5))
def test_a_buffer_is_filled_unless_the_file_ends(make: str, data: bytes, sizes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as base:
        (Path(base) / "f").write_bytes(data)
        source = SourceFolder(Path(base)) if make == "folder" else MemorySource({"f": data})
        (file,) = source.files()
        assert (file.path, file.size) == ("f", len(data))
        left = len(data)
        with source.open(file) as reader:
            for size in sizes:
                memory = bytearray(size)
                assert reader.readinto(memoryview(memory)) == min(size, left)
                start = len(data) - left
                assert memory[: min(size, left)] == data[start : start + min(size, left)]
                left -= min(size, left)


def test_reading_changes_nothing(folder: Path) -> None:
    def looks() -> dict[str, tuple[int, int]]:
        return {str(p): (p.stat().st_mtime_ns, p.stat().st_ctime_ns) for p in folder.rglob("*")}

    before = looks()
    source = SourceFolder(folder)
    for file in source.files():
        read(source, file, MIB)
    assert looks() == before


# what is refused


def _link(folder: Path) -> None:
    (folder / "bad").symlink_to("weights.bin")


def _link_to_folder(folder: Path) -> None:
    (folder / "deep" / "bad").symlink_to("er")


def _dangling(folder: Path) -> None:
    (folder / "bad").symlink_to("nowhere")


def _fifo(folder: Path) -> None:
    os.mkfifo(folder / "bad")


def _newline(folder: Path) -> None:
    (folder / "bad\nname").write_bytes(b"")


def _bidi(folder: Path) -> None:
    (folder / "bad\u202egpj.exe").write_bytes(b"")


def _bad_folder(folder: Path) -> None:
    (folder / "bad\x07").mkdir()


def _not_utf8(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff")).write_bytes(b"")


def _two_spellings(folder: Path) -> None:
    for name in ("bad-\u00e9", "bad-e\u0301"):
        (folder / "deep" / name).write_bytes(b"")


def _two_cases(folder: Path) -> None:
    for name in ("bad.txt", "Bad.TXT"):
        (folder / "deep" / name).write_bytes(name.encode())


def _two_cases_of_a_folder(folder: Path) -> None:
    for name in ("bad-\u00e9", "Bad-E\u0301"):
        (folder / name).mkdir()


def _percent(folder: Path) -> None:
    (folder / "bad 100%.txt").write_bytes(b"")


def _percent_in_a_folder(folder: Path) -> None:
    (folder / "bad%20").mkdir()


def _space_at_the_end(folder: Path) -> None:
    (folder / "bad ").write_bytes(b"")


def _long_name(folder: Path) -> None:
    (folder / ("bad" + "x" * 246)).write_bytes(b"")


def _long_path(folder: Path) -> None:
    deep = folder.joinpath("bad", *["x" * 200] * 4)
    deep.mkdir(parents=True)
    (deep / "f").write_bytes(b"")


REFUSED = [
    (_link, "is a link"),
    (_link_to_folder, "is a link"),
    (_dangling, "is a link"),
    (_fifo, "neither file nor folder"),
    (_newline, "control characters"),
    (_bidi, "control characters"),
    (_bad_folder, "control characters"),
    (_not_utf8, "not UTF-8"),
    (_two_spellings, "differ only in how Unicode spells them"),
    (_two_cases, "differ only in capital and small letters"),
    (_two_cases_of_a_folder, "differ only in capital and small letters"),
    (_percent, "has a %"),
    (_percent_in_a_folder, "has a %"),
    (_space_at_the_end, "ends in a space"),
    (_long_name, "248 bytes"),
    (_long_path, "800 bytes"),
]


@pytest.mark.parametrize(("spoil", "why"), REFUSED)
def test_what_could_not_be_restored_is_refused_by_name(
    folder: Path, spoil: Callable[[Path], None], why: str
) -> None:
    spoil(folder)
    with pytest.raises(SourceRefused, match=why) as refused:
        SourceFolder(folder).files()
    assert "bad" in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "name",
    ["~x", "a b", "back\\slash", "-n", "Groß", "e\u0301", "模型", "x" * 248, "CON", "a:b.", "#?&*"],
)
def test_odd_but_sound_names_are_taken(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"odd")
    (folder / "deep" / name.lower()).write_bytes(b"another folder may have it in another case")
    source = SourceFolder(folder)
    assert read(source, one(source, name), 10) == b"odd"


@settings(max_examples=100, deadline=None)
@example("100%.txt")
@example("a%20b")
@example("a%0Ab")
@example("a%25")
@example("a ")
@given(st.text(st.sampled_from("%0123ADad .~*#$\\\té-"), min_size=1, max_size=6))
def test_a_bag_of_what_is_taken_passes_the_standard_validator(name: str) -> None:
    assume(name not in {".", ".."})
    with tempfile.TemporaryDirectory() as base:
        data = Path(base, "data")
        data.mkdir()
        (data / name).write_bytes(b"odd")
        with contextlib.suppress(SourceRefused):
            listed = {
                f"data/{file.path}": sha256_hex(b"odd") for file in SourceFolder(data).files()
            }
            Path(base, "bagit.txt").write_bytes(DECLARATION)
            Path(base, MANIFEST).write_bytes(render_manifest(listed))
            bagit.Bag(base).validate()


def test_a_missing_or_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match=r"no such folder; set preservation\.source_folder"):
        SourceFolder(tmp_path / "none").files()
    (tmp_path / "deep").mkdir()
    with pytest.raises(SourceRefused, match="nothing to preserve"):
        SourceFolder(tmp_path).files()


@pytest.fixture
def ordinary_user() -> Iterator[Path]:
    """A folder, and not being root within the test: root may read anything."""
    with tempfile.TemporaryDirectory() as base:
        user = 65534 if os.geteuid() == 0 else os.geteuid()
        was = os.geteuid()
        os.chown(base, user, -1)
        os.seteuid(user)
        try:
            yield Path(base)
        finally:
            os.seteuid(was)


def test_what_may_not_be_read_is_refused_by_name(ordinary_user: Path) -> None:
    (ordinary_user / "secret").write_bytes(b"x")
    (ordinary_user / "secret").chmod(0o200)
    with pytest.raises(SourceRefused, match="'secret': may not be read"):
        SourceFolder(ordinary_user).files()
    (ordinary_user / "secret").unlink()
    (ordinary_user / "closed").mkdir(mode=0o300)
    with pytest.raises(SourceRefused, match="closed: can't be read: Permission denied"):
        SourceFolder(ordinary_user).files()


# what changes


def _append(file: Path) -> None:
    with file.open("ab") as opened:
        opened.write(b"more")


def _truncate(file: Path) -> None:
    os.truncate(file, MIB // 2)


def _exchange(file: Path) -> None:
    shutil.copy2(file, file.with_name("new"))
    file.with_name("new").replace(file)


def _write_over(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.write(b"X")


def _write_over_and_put_the_time_back(file: Path) -> None:
    seen = file.stat()
    _write_over(file)
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def _become_a_link(file: Path) -> None:
    file.rename(file.with_name("other"))
    file.symlink_to("other")


def _become_a_fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def _move_the_folder_behind_a_link(file: Path) -> None:
    file.parent.rename(file.parent.with_name("moved"))
    file.parent.symlink_to("moved")


CHANGES = [
    _append,
    _truncate,
    _exchange,
    _write_over,
    _write_over_and_put_the_time_back,
    _become_a_link,
    _become_a_fifo,
    Path.unlink,
    _move_the_folder_behind_a_link,
]


@pytest.fixture
def weights(folder: Path) -> Path:
    place = folder / "deep" / "weights.bin"
    (folder / "weights.bin").rename(place)
    return place


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changed_since_it_was_listed_is_refused(
    folder: Path, weights: Path, change: Callable[[Path], None]
) -> None:
    source = SourceFolder(folder)
    file = one(source, "deep/weights.bin")
    change(weights)
    with pytest.raises(SourceRefused, match=r"deep/weights.bin: changed .*"), source.open(file):
        pytest.fail("it was opened")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("whole", [True, False])
def test_a_file_that_changes_while_it_is_read_is_refused(
    folder: Path, weights: Path, change: Callable[[Path], None], whole: bool
) -> None:
    source = SourceFolder(folder)
    file = one(source, "deep/weights.bin")

    def reading() -> None:
        with source.open(file) as reader:
            memory = memoryview(bytearray(file.size))
            assert reader.readinto(memory[:MIB]) == MIB
            change(weights)
            if whole:
                reader.readinto(memory[MIB:])

    with pytest.raises(SourceRefused, match=r"deep/weights.bin: "):
        reading()


def test_a_file_that_grows_as_fast_as_it_is_read_comes_to_an_end(
    folder: Path, weights: Path
) -> None:
    source = SourceFolder(folder)
    file = one(source, "deep/weights.bin")
    done = 0

    def reading() -> None:
        nonlocal done
        with source.open(file) as reader:
            while length := reader.readinto(memoryview(bytearray(MIB))):
                done += length
                _append(weights)

    with pytest.raises(SourceRefused, match="changed while it was read; stop what writes to it"):
        reading()
    assert done == 2 * MIB


def test_a_file_that_holds_more_than_its_size_tells_is_refused() -> None:
    source = SourceFolder(Path("/proc/sys/kernel/random"))  # such files are of size 0
    file = one(source, "boot_id")
    assert file.size == 0
    with pytest.raises(SourceRefused, match="boot_id: changed"), source.open(file):
        pass


def test_a_file_that_ends_early_though_nothing_tells_of_it_is_refused(
    folder: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SourceFolder(folder)
    file = one(source, "deep/weights.bin")
    readv = os.readv
    answers = [MIB, 10, 0]

    def short(handle: int, buffers: list[memoryview]) -> int:
        return readv(handle, [buffers[0][: answers.pop(0)]])

    monkeypatch.setattr(os, "readv", short)
    with (
        pytest.raises(SourceRefused, match="changed while it was read"),
        source.open(file) as reader,
    ):
        reader.readinto(memoryview(bytearray(file.size)))
    assert answers == []


def test_a_broken_disk_is_a_refusal_that_names_the_file(
    folder: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    source = SourceFolder(folder)
    file = one(source, "deep/weights.bin")
    monkeypatch.setattr(os, "readv", broken)
    with (
        pytest.raises(SourceRefused, match=r"weights.bin: can't be read: Input/output error"),
        source.open(file) as reader,
    ):
        reader.readinto(memoryview(bytearray(10)))


def test_an_error_in_the_block_stays_the_callers(folder: Path, weights: Path) -> None:
    source = SourceFolder(folder)

    def reading() -> None:
        with source.open(one(source, "deep/weights.bin")):
            weights.unlink()
            raise KeyError

    with pytest.raises(KeyError):
        reading()


def test_a_touched_file_has_another_mark(folder: Path) -> None:
    source = SourceFolder(folder)
    for change in (_append, _write_over_and_put_the_time_back, _exchange):
        before = one(source, "weights.bin").mark
        change(folder / "weights.bin")
        assert one(source, "weights.bin").mark != before


# a payload in memory


def test_a_payload_in_memory_is_listed_by_its_bytes() -> None:
    source = MemorySource({"b/c": b"two", "a": b""})
    assert [(file.path, file.size) for file in source.files()] == [("a", 0), ("b/c", 3)]
    assert read(source, one(source, "b/c"), 2) == b"two"
    assert source.files() == MemorySource({"a": b"", "b/c": b"two"}).files()
    other = MemorySource({"b/c": b"owt"})
    with pytest.raises(SourceRefused, match="b/c"), other.open(one(source, "b/c")):
        pytest.fail("it was opened")
    with pytest.raises(SourceRefused, match="nothing to preserve"):
        MemorySource({}).files()
