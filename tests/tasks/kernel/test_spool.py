"""Lists that are longer than memory should hold: the same bytes and order, in a bounded part."""

import errno
import hashlib
import json
import os
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.kernel import spool
from tasks.kernel.errors import TemporaryFilesUnusable
from tasks.kernel.spool import Rows, Spool, in_order, lines, whole


@pytest.fixture(autouse=True)
def _short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_PART", 7)
    monkeypatch.setattr(spool, "_RUN", 5)


@given(st.lists(st.binary(max_size=20)))
def test_a_spool_gives_what_it_got_as_often_as_asked(parts: list[bytes]) -> None:
    text, all_of_it = Spool(parts), b"".join(parts)
    for _ in range(2):
        assert whole(text) == all_of_it
        assert all(0 < len(part) <= 27 for part in text.parts())
    assert (text.size, text.sha256) == (len(all_of_it), hashlib.sha256(all_of_it).hexdigest())


@given(st.binary(max_size=40), st.integers(0, 40), st.integers(0, 40))
def test_a_part_of_a_spool(data: bytes, start: int, end: int) -> None:
    text = Spool(data[at : at + 3] for at in range(0, len(data), 3))
    end = min(end, len(data))
    assert b"".join(text.parts(start, end)) == data[start:end]


def test_a_digest_is_of_what_was_added_last_too() -> None:
    text = Spool([b"one"])
    before = text.sha256
    text.append(b"two")
    assert before != text.sha256 == hashlib.sha256(b"onetwo").hexdigest()


def test_a_long_text_stands_in_a_file_that_nobody_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    text = Spool([b"a" * 100])
    assert len(text._tail) == 0
    assert list(tmp_path.iterdir()) == []
    assert whole(text) == b"a" * 100


def test_a_full_disk_is_told_with_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(TemporaryFilesUnusable, match=r"temporary files: No space left.* TMPDIR"):
        Spool([b"a" * 100])


def test_a_write_that_failed_half_way_is_made_again_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, text = os.pwrite, Spool()

    def half(handle: int, data: memoryview, at: int) -> int:
        if at:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, data[:4], at)

    with monkeypatch.context() as broken:
        broken.setattr(os, "pwrite", half)
        with pytest.raises(TemporaryFilesUnusable):
            text.append(b"0123456789")
    text.append(b"abcdefghij")
    assert whole(text) == b"0123456789abcdefghij"


@given(st.lists(st.text("ab\n", max_size=9).map(str.encode)))
def test_lines_of_parts_are_those_of_the_whole(parts: list[bytes]) -> None:
    assert list(lines(parts)) == b"".join(parts).splitlines(keepends=True)


@given(st.lists(st.text()))
def test_rows_come_back_in_order(texts: list[str]) -> None:
    rows = Rows[str](str, str, texts)
    assert (len(rows), list(rows)) == (len(texts), texts)


@given(st.lists(st.text()), st.lists(st.text()), st.lists(st.text()))
def test_rows_since_a_mark(before: list[str], some: list[str], after: list[str]) -> None:
    rows = Rows[str](str, str, before)
    mark = rows.mark()
    for text in some:
        rows.append(text)
    found = rows.since(mark)
    for text in after:
        rows.append(text)
    assert (len(found), list(found), list(found)) == (len(some), some, some)


@given(st.lists(st.tuples(st.text(), st.integers())))
def test_in_order_is_sorted(rows: list[tuple[str, int]]) -> None:
    found = in_order(([text, number] for text, number in rows), key=lambda row: row[0])
    assert list(found) == sorted(map(list, rows), key=lambda row: row[0])


def test_a_name_that_is_no_utf8_survives_sorting() -> None:
    names = [f"{number}-\udc80" for number in range(20)]
    assert list(in_order(reversed(names), key=lambda name: name)) == sorted(names)
    assert json.loads(json.dumps(names)) == names


def test_one_thread_adds_while_another_reads() -> None:
    rows = Rows[int](int, int)
    mark = rows.mark()
    for number in range(100):
        rows.append(number)
    first, problems = rows.since(mark), list[BaseException]()

    def read() -> None:
        try:
            for _ in range(50):
                assert list(first) == list(range(100))
        except BaseException as error:
            problems.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(5000):
        rows.append(number)
    reader.join()
    assert not problems
