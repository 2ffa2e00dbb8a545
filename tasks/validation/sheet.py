"""The CSV in which a person codes: written for spreadsheets, and read back with care. Pure.

RFC 4180, UTF-8 with a byte order mark, every cell quoted. A cell that a spreadsheet would take for
a formula begins with an apostrophe instead; one that begins with an apostrophe gets a second one,
so that every text comes back as it was.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

HEADER = ("conversation_id", "theme", "answer", "polarity", "quote")
BYTE_ORDER_MARK = "\ufeff"

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_DELIMITERS = (",", ";", "\t")  # spreadsheets of many languages write the others
_LONGEST_CELL = 10_000_000


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One theme of one answer.

    Attributes:
        conversation_id: whose answer.
        theme: which theme.
        answer: the model's words.
        polarity: what the person chose; empty where nothing is said of the theme.
        quote: words that show it.
        line: where the row begins in the file, from 1; 0 in a row to be written.
    """

    conversation_id: str
    theme: str
    answer: str
    polarity: str = ""
    quote: str = ""
    line: int = 0


class SheetUnreadable(ValueError):
    """The text is no such table; `line` says where, from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith((*_FORMULA, "'")) else cell


def plain(cell: str) -> str:
    """The inverse of `safe`; a cell that a person wrote stays as it is, one apostrophe aside."""
    return cell[1:] if cell.startswith("'") else cell


def write_sheet(rows: Sequence[SheetRow]) -> str:
    """The file's text."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(HEADER)
    for row in rows:
        cells = (row.conversation_id, row.theme, row.answer, row.polarity, row.quote)
        writer.writerow([safe(cell) for cell in cells])
    return BYTE_ORDER_MARK + out.getvalue()


def read_sheet(text: str) -> list[SheetRow]:
    """The rows of a file, in its order; columns in any order, other columns left aside.

    Raises:
        SheetUnreadable: no such table, or one of its lines isn't.
    """
    text = text.removeprefix(BYTE_ORDER_MARK)
    csv.field_size_limit(_LONGEST_CELL)
    for delimiter in _DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            header = [name.strip().lower() for name in next(reader, [])]
        except csv.Error:
            continue
        if set(HEADER) <= set(header):
            break
    else:
        raise SheetUnreadable(1, f"the first line has to name the columns {', '.join(HEADER)}")
    places = [header.index(name) for name in HEADER]
    rows: list[SheetRow] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise SheetUnreadable(line, f"can't be read as CSV: {error}") from None
        if cells is None:
            return rows
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) <= max(places):
            raise SheetUnreadable(line, f"has {len(cells)} cells, not {len(header)}")
        values = dict(zip(HEADER, (plain(cells[place]) for place in places), strict=True))
        rows.append(SheetRow(**values, line=line))
