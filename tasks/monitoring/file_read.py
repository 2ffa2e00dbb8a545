"""One file of an export as it was read, and what its rows show of it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.kernel.errors import UsageLogUnusable
from tasks.monitoring.export_layout import Kind

if TYPE_CHECKING:
    import duckdb

REJECTS = 10_000  # unreadable rows that are listed at most
_HIGHEST_UNREADABLE = 0.01  # share of rows above which a file is not used
_SHEET_ROWS = (65_535, 1_048_575)  # what spreadsheets hold below a header

_REJECTED = """
SELECT count(DISTINCT line), coalesce(min(line), 0),
    coalesce(min(line) FILTER (contains(error_message, 'unterminated quote')), 0)
FROM reject_errors
"""
_LOOK = """
SELECT count(*), count(moment), coalesce(sum(naive::INT), 0),
    min(moment) FILTER (moment <= $limit), max(moment) FILTER (moment <= $limit),
    count(*) FILTER (moment > $limit),
    coalesce(bool_and(whole_day) FILTER (moment IS NOT NULL), false),
    coalesce(sum(doubtful::INT), 0), count(*) FILTER (active AND served = '' AND asked = ''),
    count(*) FILTER (mark = 1), count(*) FILTER (mark = 2)
FROM calls WHERE file = $file
"""


@dataclass(frozen=True, slots=True)
class FileRead:
    """One file of an export, as it was read. Instants are microseconds since the epoch.

    Attributes:
        export: name of the export that it belongs to.
        path: the file; `sha256` and `size` are of its bytes.
        same_as: an earlier file of the same bytes, for which this one is not read again.
        kind: what a row is; empty when the file could not be used, and `problem` says why.
        rows: rows with an instant; `unreadable` ones are broken or have none.
        first_unreadable: a line number, or 0.
        cut_at: line from which on nothing could be read, or 0.
        open_end: whether the text ends without a line break.
        first, last: of all rows that are not ahead of the clock; None when there are none.
        ahead: rows more than a day ahead of it.
        whole_days: whether rows tell days and no instants.
        doubtful: rows in an hour that the clocks' change made stand twice or never.
        nameless: rows of use that name no model.
        decimal: the decimal mark of costs.
        costs_unclear: whether costs were written both with dots and with commas; none counts then.
        has_ids: whether rows carry the id of their call.
    """

    export: str
    path: Path
    sha256: str = ""
    size: int = 0
    same_as: str = ""
    problem: str = ""
    kind: Kind | str = ""
    rows: int = 0
    unreadable: int = 0
    first_unreadable: int = 0
    cut_at: int = 0
    open_end: bool = False
    first: int | None = None
    last: int | None = None
    ahead: int = 0
    whole_days: bool = False
    doubtful: int = 0
    nameless: int = 0
    decimal: str = "."
    costs_unclear: bool = False
    has_ids: bool = False

    @property
    def round_count(self) -> bool:
        """Whether the number of rows is one at which exports are cut off."""
        digits = str(self.rows).rstrip("0")
        return self.rows in _SHEET_ROWS or (self.rows >= 1000 and digits in {"1", "2", "25", "5"})


def looked_at(
    connection: "duckdb.DuckDBPyConnection", read: FileRead, number: int, limit: int
) -> FileRead:
    """What one file's rows show; those without a time are deleted.

    Args:
        connection: of the database that holds the rows.
        read: what is known of the file before.
        number: its number among the rows.
        limit: microseconds since the epoch after which a row is ahead of the clock.

    Raises:
        UsageLogUnusable: it has no row, or too many that can't be read.
    """
    every, timed, naive, first, last, ahead, whole, doubtful, nameless, dots, commas = one_row(
        connection, _LOOK, {"file": number, "limit": limit}
    )
    rejected, first_line, cut_at = rejected_rows(connection)
    _check(read.path, every=every, timed=timed, naive=naive, rejected=rejected)
    connection.execute("DELETE FROM calls WHERE file = ? AND moment IS NULL", [number])
    unclear = bool(dots and commas)
    return replace(
        read,
        rows=timed,
        unreadable=rejected + every - timed,
        first_unreadable=first_line,
        cut_at=cut_at,
        first=first,
        last=last,
        ahead=ahead,
        whole_days=bool(whole),
        doubtful=doubtful,
        nameless=nameless,
        decimal="" if unclear else "." if dots else "," if commas else read.decimal,
        costs_unclear=unclear,
    )


def rejected_rows(connection: "duckdb.DuckDBPyConnection") -> tuple[int, int, int]:
    """Broken rows, the first one's line, and the line at which an open quote swallowed the rest."""
    made = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'reject_errors'"
    ).fetchone()
    if not made or not made[0]:
        return 0, 0, 0
    found = one_row(connection, _REJECTED)
    connection.execute("DROP TABLE reject_errors")
    connection.execute("DROP TABLE reject_scans")
    return found[0], found[1], found[2]


def _check(path: Path, *, every: int, timed: int, naive: int, rejected: int) -> None:
    if every + rejected == 0:
        raise UsageLogUnusable(f"{path}: has a header and no row; export it again")
    if _too_many(rejected, every + rejected) or rejected >= REJECTS:
        raise UsageLogUnusable(
            f"{path}: {rejected} of {every + rejected} rows are no CSV of the header's width; "
            "export it again"
        )
    if naive and _too_many(every - timed, every):
        raise UsageLogUnusable(
            f"{path}: {naive} of {every} rows tell a time without an offset; say its zone in the "
            "export's time_zone, such as UTC or Europe/Berlin"
        )
    if _too_many(every - timed, every):
        raise UsageLogUnusable(
            f"{path}: {every - timed} of {every} rows have no time that can be read; write it as "
            "2026-12-02T09:30:00Z, 2026-12-02, or in seconds since the epoch"
        )


def _too_many(unread: int, rows: int) -> bool:
    """A last line cut short is forgiven, even in a small file."""
    return unread > 0 and (unread == rows or unread > max(1, _HIGHEST_UNREADABLE * rows))


def one_row(
    connection: "duckdb.DuckDBPyConnection", sql: str, bound: dict[str, Any] | None = None
) -> tuple[int, ...]:
    """The only row of a query."""
    row = connection.execute(sql, bound or {}).fetchone()
    assert row is not None
    return row
