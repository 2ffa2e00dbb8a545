"""A file that a dead pass left in part is what was written in the end."""

import os
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.adapters import directory_stream
from tasks.adapters.directory_archive import DirectoryArchive
from tests.contracts.archive import (
    BAG,
    content,
    stream,
)

MIB = 1 << 20


@settings(max_examples=150, deadline=None)
@given(left=st.binary(max_size=40), whole=st.binary(max_size=40), cuts=st.lists(st.integers(0, 40)))
def test_whatever_was_left_the_file_is_what_was_written(
    left: bytes, whole: bytes, cuts: list[int]
) -> None:
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    with tempfile.TemporaryDirectory() as base, pytest.MonkeyPatch.context() as patch:
        patch.setattr(directory_stream, "_COMPARED", 7)
        for sync in ("fsync", "fdatasync"):  # hundreds of them are slow, and no power fails here
            patch.setattr(os, sync, lambda handle: None)
        archive = DirectoryArchive("a", Path(base))
        for content_now in (left, left[:10] + whole[10:], whole):
            with archive.writer(BAG) as writer:
                file = writer.open_file("f", len(content_now))
                ends = edges if content_now is whole else [0, len(content_now)]
                for start, end in pairwise(ends):
                    file.write(content_now[start:end])
                writer.sync()
        with archive.writer(BAG) as writer:
            stream(writer, "f", whole)
            writer.commit()
        assert content(archive, BAG, "f") == whole


def test_what_stands_there_is_not_written_again(
    archive: DirectoryArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.urandom(5 * MIB + 123)
    with archive.writer(BAG) as writer:
        writer.open_file("f", len(whole)).write(whole[: 3 * MIB + 7])
    written = 0
    write = os.write

    def counted(handle: int, data: memoryview) -> int:
        nonlocal written
        length = write(handle, data[: MIB // 2 + 1])  # a disk may take less than it is given
        written += length
        return length

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", counted)
        with archive.writer(BAG) as writer:
            stream(writer, "f", whole[: 2 * MIB], whole[2 * MIB :])
            writer.commit()
    assert written == 2 * MIB + 116
    assert content(archive, BAG, "f") == whole


def test_a_difference_far_into_a_large_file_is_found(archive: DirectoryArchive) -> None:
    whole = os.urandom(3 * MIB)
    broken = bytearray(whole + b"surplus")
    broken[2 * MIB + 5] ^= 1
    with archive.writer(BAG) as writer:
        stream(writer, "f", broken)
    with archive.writer(BAG) as writer:
        stream(writer, "f", whole)
        writer.commit()
    assert content(archive, BAG, "f") == whole
