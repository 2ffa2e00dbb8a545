"""Tables of the dossier as values: the template draws each in one way. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SHOWN = 8  # figures of a body that are shown in a line
_LONG = 240  # characters of a value; longer ones are cut, and the row holds the whole


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: what it says.
        kind: how it is set: empty for prose, `code`, `number`, `when`, `state`, or `detail` for
            prose that may break anywhere.
        note: a second line, less loud.
        code: a third line, in the letters of digests.
        link: an address that is safe in `href`.
    """

    text: str
    kind: str = ""
    note: str = ""
    code: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the first cell of each row names the row.

    Attributes:
        caption: what it tells; unique on the page.
        heads: the columns' names.
        rows: one cell a column; texts stand for plain cells.
        compact: as wide as what it holds.
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    compact: bool = False


def table(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[Cell | str]],
    *,
    compact: bool = False,
) -> Table | None:
    """A table; None where there is no row, so that a page can say so.

    Raises:
        ValueError: a row has more or fewer cells than there are heads.
    """
    made = tuple(
        tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows
    )
    if any(len(row) != len(heads) for row in made):
        raise ValueError(f"{caption}: a row has another number of cells than there are heads")
    return Table(caption, tuple(heads), made, compact) if made else None


def code(text: str, note: str = "") -> Cell:
    """A digest, a path, an id."""
    return Cell(text, "code", note)


def when(text: str) -> Cell:
    """An instant or a day."""
    return Cell(text, "when")


def number(value: float | int | None, digits: int = 0) -> Cell:
    """A number with separators; what is not known is said to be so."""
    return Cell("not known" if value is None else f"{value:,.{digits}f}", "number")


def state(text: str, note: str = "") -> Cell:
    """A state; its name is also its class, so that it is seen, and never by colour alone."""
    return Cell(text, "state", note)


def figures(body: str | Mapping[str, Any]) -> str:
    """The plain figures of a record's JSON, in a line; nested values are left to the record.

    Args:
        body: canonical JSON, or what was read of it.
    """
    found = _read(body)
    said = [f"{name.replace('_', ' ')} {_said(v)}" for name, v in found.items() if _is_plain(v)]
    more = f"; and {len(said) - _SHOWN} more in the record" if len(said) > _SHOWN else ""
    return "; ".join(said[:_SHOWN]) + more


def _read(body: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(body, str):
        return body
    try:
        found = json.loads(body) if body else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float) and value != ""


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    text = " ".join(str(value).split())
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"
