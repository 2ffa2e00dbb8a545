"""Rows that stand twice, counted once: in two files, or in one whose ids are fewer than its rows.

The sums of a scan show which days stand in several files. Of those days alone a hash of each row
is read: of its id where it carries one, else of all that it says; and only days on which one
stands twice are read row by row. What is not suspicious is not read again, so that a source of
many million rows costs one scan.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.monitoring.sources import scan_sql
from tasks.monitoring.sources.file_scan import Scan
from tasks.monitoring.sources.scan import Scanned, read_keys, read_singly

if TYPE_CHECKING:
    import duckdb

FEW = 2_000_000  # rows with ids in one file up to which each id is looked at
_TWICE = 1.25  # rows for each estimated id of a day; the estimate errs by a few per cent

_DAYS = """
SELECT day, list_sort(list(DISTINCT file)) AS files FROM cells
WHERE day IS NOT NULL AND NOT ahead GROUP BY day HAVING count(DISTINCT file) > 1
"""
_REPEATED = """
SELECT day FROM cells WHERE file = $file AND day IS NOT NULL AND NOT ahead AND ids > 0
GROUP BY day HAVING sum(ids) > $twice * sum(distinct_ids)
"""
_ALL_DAYS = "SELECT DISTINCT day FROM cells WHERE file = $file AND day IS NOT NULL AND NOT ahead"


@dataclass(frozen=True, slots=True)
class Doubled:
    """What was left out since it stood before.

    Attributes:
        rows: how many rows.
        days: days since the epoch on which they stand.
        files: names of the files that share days.
    """

    rows: int = 0
    days: tuple[int, ...] = ()
    files: tuple[str, ...] = ()


def count_once(found: Scanned, *, few: int = FEW) -> Doubled:
    """Sum anew the days on which rows may stand twice, each row once. Changes the tables of sums.

    Args:
        found: what was scanned.
        few: rows of a file up to which its ids are compared among themselves, exactly.
    """
    connection = found.connection
    scans = {scan.number: scan for scan in found.files}
    by_file = _doubled(found, scans, _suspicious(found, few))
    if not by_file:
        return Doubled()
    days = sorted({day for some in by_file.values() for day in some})
    before = _by_day(connection, list(by_file), days)
    for number, some in sorted(by_file.items()):
        read_singly(connection, scans[number], sorted(some))
        connection.execute(scan_sql.delete_cells(), {"files": [number], "days": sorted(some)})
    again = [scan.again for scan in found.files if scan.again is not None]
    connection.execute(scan_sql.insert_ids_once())
    connection.execute(scan_sql.insert_rows_once(any(one.columns.summed for one in again)))
    connection.execute("DROP TABLE single")
    after = _by_day(connection, [-1], days)
    fewer = {day: before[day] - after.get(day, 0) for day in before}
    lost = tuple(day for day, rows in sorted(fewer.items()) if rows > 0)
    names = tuple(scans[n].name for n in sorted(by_file) if by_file[n] & set(lost))
    return Doubled(sum(fewer[day] for day in lost), lost, names)


def _doubled(
    found: Scanned, scans: dict[int, Scan], suspicious: dict[int, set[int]]
) -> dict[int, set[int]]:
    """Days on which rows do stand twice, by file."""
    for number, some in sorted(suspicious.items()):
        read_keys(found.connection, scans[number], sorted(some))
    rows = found.connection.execute(scan_sql.doubled_days()).fetchall() if suspicious else []
    found.connection.execute("DROP TABLE keys")
    days = {int(day) for (day,) in rows}
    return {number: some & days for number, some in suspicious.items() if some & days}


def _suspicious(found: Scanned, few: int) -> dict[int, set[int]]:
    """Days to look at more closely, by file."""
    days: dict[int, set[int]] = {}
    for day, files in found.connection.execute(_DAYS).fetchall():
        for number in files:
            days.setdefault(number, set()).add(day)
    for scan in found.files:
        if scan.ids:
            repeated = _repeated(found.connection, scan, few)
            days.setdefault(scan.number, set()).update(repeated)
    return {number: some for number, some in days.items() if some}


def _repeated(connection: "duckdb.DuckDBPyConnection", scan: Scan, few: int) -> list[int]:
    if scan.rows <= few:
        rows = connection.execute(_ALL_DAYS, {"file": scan.number}).fetchall()
    else:
        rows = connection.execute(_REPEATED, {"file": scan.number, "twice": _TWICE}).fetchall()
    return [day for (day,) in rows]


def _by_day(
    connection: "duckdb.DuckDBPyConnection", files: list[int], days: list[int]
) -> dict[int, int]:
    """Rows by day."""
    found = connection.execute(
        "SELECT day, sum(rows)::BIGINT FROM cells WHERE list_contains($files, file)"
        " AND list_contains($days, day) AND NOT ahead GROUP BY day",
        {"files": files, "days": days},
    ).fetchall()
    return {int(day): int(rows) for day, rows in found}
