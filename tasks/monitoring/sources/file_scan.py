"""One file of a source as it was read, and how to read it once more. Values alone."""

from dataclasses import dataclass, field
from typing import Any

from tasks.monitoring.sources.layout import Columns


@dataclass(frozen=True, slots=True)
class Again:
    """What it takes to read a file once more."""

    columns: Columns
    types: tuple[str, ...]
    bound: dict[str, Any]
    decimal: str


@dataclass(frozen=True, slots=True)
class Scan:
    """One file as it was read. Instants are microseconds since the epoch.

    Attributes:
        name: where a person finds it.
        number: its place among the files, from 0.
        sha256: of its bytes; empty where they can't be read.
        same_as: name of an earlier file of the same bytes, for which this one is not read again.
        problem: why it could not be used; empty where it could.
        rows: rows with an instant; `unreadable` ones are broken or have none.
        first_unreadable: a line number, or 0.
        cut_at: line from which on nothing could be read, or 0.
        open_end: whether the text ends without a line break.
        ahead: rows later than tomorrow; they are not used.
        first, last: of the others; None when there are none.
        whole_days: whether rows tell days and no instants.
        ids: rows that carry an id.
        cost_bad: costs that are negative, no number, or beyond all bounds; they count as unknown.
        costs_unclear: whether costs were written both with dots and with commas; none counts then.
        number_bad, score_bad: rows whose number or score is none; they are left out of sums.
        again: how to read it once more.
    """

    name: str
    number: int
    sha256: str = ""
    same_as: str = ""
    problem: str = ""
    rows: int = 0
    unreadable: int = 0
    first_unreadable: int = 0
    cut_at: int = 0
    open_end: bool = False
    ahead: int = 0
    first: int | None = None
    last: int | None = None
    whole_days: bool = False
    ids: int = 0
    cost_bad: int = 0
    costs_unclear: bool = False
    number_bad: int = 0
    score_bad: int = 0
    again: Again | None = field(default=None, compare=False)
