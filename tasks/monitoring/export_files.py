"""What kind of file an export is: text or Parquet, its encoding, delimiter and column names."""

import codecs
import csv
import gzip
import io
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from tasks.kernel.errors import UsageLogUnusable

DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)  # a spreadsheet's own first line
_HEAD = 1 << 16
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """One file as it is read.

    Attributes:
        path: what to read: the file itself, or its text written again in UTF-8.
        names: column names, in order.
        delimiter: of a CSV; empty for Parquet.
        zipped: whether the text is gzip.
        open_end: whether the text ends without a line break, as one that was cut may.
        skip: lines before the header.
    """

    path: Path
    names: tuple[str, ...]
    delimiter: str = ""
    zipped: bool = False
    open_end: bool = False
    skip: int = 0


def open_source(path: Path, workshop: Path) -> Source:
    """Find out what a file is. Text in UTF-16 is written again in UTF-8, into `workshop`.

    Raises:
        UsageLogUnusable: empty, cut, or neither text nor Parquet.
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"PAR1":
        return Source(path, ())
    zipped = magic[:2] == b"\x1f\x8b"
    try:
        with _opened(path, zipped) as file:
            head = file.read(_HEAD)
        encoding = _encoding(head)
        if encoding.startswith("utf-16"):
            path, zipped = _in_utf8(path, zipped, encoding, workshop), False
            with path.open("rb") as file:
                head = file.read(_HEAD)
        last = _last_byte(path, zipped)
    except (EOFError, gzip.BadGzipFile):
        raise UsageLogUnusable(
            f"{path}: is gzip that was cut or damaged; export it again"
        ) from None
    names, delimiter, skip = _header(path, head)
    return Source(path, names, delimiter, zipped, last not in {b"\n", b"\r"}, skip)


@contextmanager
def _opened(path: Path, zipped: bool) -> Iterator[BinaryIO]:
    with path.open("rb") as raw:
        if not zipped:
            yield raw
            return
        with gzip.GzipFile(fileobj=raw) as file:
            yield cast(BinaryIO, file)


def _encoding(head: bytes) -> str:
    """`utf-8`, or the UTF-16 that a mark, or the zeros of plain letters, give away."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sample = head[:400]
    zeros = (sample[::2].count(0), sample[1::2].count(0))
    if max(zeros) > len(sample) // 8 and min(zeros) == 0:
        return "utf-16-be" if zeros[0] else "utf-16-le"
    return "utf-8"


def _in_utf8(path: Path, zipped: bool, encoding: str, workshop: Path) -> Path:
    copy = workshop / f"{len(list(workshop.iterdir()))}.csv"
    try:
        with (
            _opened(path, zipped) as file,
            io.TextIOWrapper(file, encoding=encoding, newline="") as text,
            copy.open("w", encoding="utf-8", newline="") as out,
        ):
            shutil.copyfileobj(text, out, _CHUNK)
    except UnicodeDecodeError:
        raise UsageLogUnusable(
            f"{path}: is UTF-16 text that was cut or damaged; export it again"
        ) from None
    return copy


def _last_byte(path: Path, zipped: bool) -> bytes:
    """The last byte of the text; zipped text is read to its end, which shows whether it has one."""
    last = b""
    with _opened(path, zipped) as file:
        if not zipped:
            size = file.seek(0, io.SEEK_END)
            file.seek(max(0, size - 1))
        while chunk := file.read(_CHUNK):
            last = chunk[-1:]
    return last


def _header(path: Path, head: bytes) -> tuple[tuple[str, ...], str, int]:
    """Column names, lines before them, and the delimiter: that which gives the most names."""
    whole = len(head) < _HEAD  # a cut one may end within a character
    try:
        text = head.decode("utf-8-sig", errors="strict" if whole else "replace")
    except UnicodeDecodeError:
        raise UsageLogUnusable(
            f"{path}: is neither UTF-8 nor UTF-16 text, nor Parquet; export it as CSV in UTF-8"
        ) from None
    if not text.strip("\0\r\n\t ﻿"):
        raise UsageLogUnusable(f"{path}: is empty; export it again")
    told = _SEPARATOR_LINE.match(text)
    if told:
        text = text[told.end() :]
    found = {mark: _first_record(text, mark) for mark in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda mark: len(found[mark]))
    return tuple(found[delimiter]), delimiter, 1 if told else 0


def _first_record(text: str, delimiter: str) -> list[str]:
    try:
        record = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except (csv.Error, StopIteration):
        return []
    return [name.strip() for name in record]
