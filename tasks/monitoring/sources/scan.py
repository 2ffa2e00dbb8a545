"""Reading a source's files with DuckDB: one aggregated scan a file, in bounded memory."""

import re
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from configs.schema.candidate import Owner
from configs.schema.monitoring_sources import (
    FileSourceConfig,
    IncidentSource,
    SurveySource,
    UsageSource,
)
from tasks.kernel.errors import UsageLogUnusable, told
from tasks.monitoring.export_files import Source, open_source
from tasks.monitoring.export_sql import DAY_US
from tasks.monitoring.file_read import REJECTS, one_row, rejected_rows
from tasks.monitoring.sources import scan_sql
from tasks.monitoring.sources.file_scan import Again, Scan
from tasks.monitoring.sources.layout import Columns, columns_of
from tasks.monitoring.sources.places import Found
from tasks.monitoring.sources.row_sql import UNCLEAR
from tasks.monitoring.usage import sha256_of

if TYPE_CHECKING:
    import duckdb

_LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "200MB",
    "threads": 2,
    "preserve_insertion_order": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_SETTINGS = (
    "SET enable_progress_bar = false",
    "SET TimeZone = 'UTC'",
    # claims are few: they are what is built into memory, never a file of unknown length
    "SET disabled_optimizers = 'join_order,build_side_probe_side'",
)
_HIGHEST_UNREADABLE = 0.01  # share of rows above which a file is not used
_LOOK = """
SELECT coalesce(sum(rows), 0), coalesce(sum(rows) FILTER (day IS NULL), 0),
    coalesce(sum(rows) FILTER (ahead), 0), min(first) FILTER (NOT ahead),
    max(last) FILTER (NOT ahead), coalesce(bool_and(first % $day = 0 AND last % $day = 0), false),
    coalesce(sum(ids), 0),
    coalesce(sum(cost_bad), 0), coalesce(sum(number_bad), 0), coalesce(sum(score_bad), 0),
    coalesce(sum(not_plain), 0)
FROM cells WHERE file = $file
"""


@dataclass(frozen=True, slots=True)
class Scanned:
    """All files of a source, and the open tables of their sums."""

    connection: "duckdb.DuckDBPyConnection"
    files: tuple[Scan, ...]


@contextmanager
def scanned(
    source: FileSourceConfig, files: Sequence[Found], owners: Sequence[Owner], latest: int
) -> Iterator[Scanned]:
    """Sum all files of a source by day. Reads only, besides a temporary folder.

    Args:
        source: what its columns are.
        files: in order; a file that can't be used is told of, and stops no other.
        owners: whose callers are told apart.
        latest: the last day since the epoch that is not ahead of the clock.
    """
    import duckdb  # 13 MB, for a pass that reads a source

    with tempfile.TemporaryDirectory(prefix="emeritus-source-") as folder:
        spill, workshop = Path(folder, "spill"), Path(folder, "texts")
        workshop.mkdir()
        settings = {**_LIMITS, "temp_directory": str(spill)}
        with duckdb.connect(str(Path(folder, "cells.duckdb")), config=settings) as connection:
            for sql in (*_SETTINGS, *scan_sql.TABLES):
                connection.execute(sql)
            lengths = _claim(connection, owners)
            scanner = _Scanner(connection, source, workshop, lengths, latest)
            yield Scanned(connection, tuple(scanner.all_of(files)))


def read_keys(connection: "duckdb.DuckDBPyConnection", scan: Scan, days: Sequence[int]) -> None:
    """Read what tells a file's rows of some days (since the epoch) apart into `keys`."""
    again = scan.again
    assert again is not None
    sql = scan_sql.insert_keys(again.columns, again.types, again.decimal)
    _read_again(connection, scan.number, again, sql, days)


def read_singly(connection: "duckdb.DuckDBPyConnection", scan: Scan, days: Sequence[int]) -> None:
    """Read a file's rows of some days (since the epoch) into the table `single`."""
    again = scan.again
    assert again is not None
    lengths = _lengths(connection)
    sql = scan_sql.insert_single(again.columns, again.types, lengths, again.decimal)
    _read_again(connection, scan.number, again, sql, days)


def _read_again(
    connection: "duckdb.DuckDBPyConnection",
    number: int,
    again: Again,
    sql: str,
    days: Sequence[int],
) -> None:
    bound = {**again.bound, "file": number, "days": list(days)}
    connection.execute(sql, _used(sql, bound))
    rejected_rows(connection)  # told of already


def _claim(connection: "duckdb.DuckDBPyConnection", owners: Sequence[Owner]) -> tuple[int, ...]:
    """Put the owners' callers into tables; the lengths of beginnings, 0 for whole names."""
    claims: dict[int, dict[str, int]] = {}
    for number, owner in enumerate(owners):
        for caller in owner.callers:
            name = caller.strip()
            begin = name.rstrip("*")
            claims.setdefault(len(begin) if begin != name else 0, {})[begin] = number
    for length, names in claims.items():
        connection.execute(scan_sql.claims_table(length))
        connection.executemany(scan_sql.insert_claim(length), [list(one) for one in names.items()])
    return tuple(sorted(claims))


def _lengths(connection: "duckdb.DuckDBPyConnection") -> tuple[int, ...]:
    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, 'claims_')"
    ).fetchall()
    return tuple(sorted(int(name.removeprefix("claims_")) for (name,) in found))


class _Scanner:
    def __init__(
        self,
        connection: "duckdb.DuckDBPyConnection",
        source: FileSourceConfig,
        workshop: Path,
        lengths: tuple[int, ...],
        latest: int,
    ) -> None:
        self._connection, self._source, self._workshop = connection, source, workshop
        self._lengths, self._latest = lengths, latest

    def all_of(self, files: Sequence[Found]) -> Iterator[Scan]:
        seen: dict[str, str] = {}
        for number, one in enumerate(files):
            scan = Scan(one.name, number)
            try:
                if not one.stamp:
                    raise UsageLogUnusable(f"{one.name}: is missing; export it there")
                with ThreadPoolExecutor(1) as beside:  # DuckDB doesn't fill two cores all the time
                    hashing = beside.submit(sha256_of, one.path)
                    try:
                        scan = self._one(one, scan)
                    finally:
                        scan = replace(scan, sha256=hashing.result())
                first = seen.setdefault(scan.sha256, one.name)
                if first != one.name:
                    self._connection.execute("DELETE FROM cells WHERE file = ?", [number])
                    scan = Scan(one.name, number, scan.sha256, same_as=first)
            except UsageLogUnusable as error:
                scan = replace(scan, problem=str(error).replace(str(one.path), one.name))
            except OSError as error:
                said = told(error, one.name).replace(str(one.path), one.name)
                scan = replace(scan, problem=f"{said}; mend that, and read it again")
            yield scan

    def _one(self, one: Found, scan: Scan) -> Scan:
        import duckdb

        try:
            source = open_source(one.path, self._workshop)
            columns, types = self._columns(source)
            bound = self._bound(source, columns, types)
            self._connection.execute("BEGIN")
            scan = self._summed(replace(scan, open_end=source.open_end), columns, types, bound)
            self._connection.execute("COMMIT")
        except (duckdb.DataError, duckdb.OperationalError, duckdb.InvalidInputException) as error:
            self._undo()
            reason = str(error).strip().splitlines()[0]
            raise UsageLogUnusable(
                f"{one.path}: can't be read: {reason}; export it again"
            ) from None
        except UsageLogUnusable:
            self._undo()
            raise
        return scan

    def _undo(self) -> None:
        import duckdb

        with suppress(duckdb.Error):  # none was open
            self._connection.execute("ROLLBACK")

    def _columns(self, source: Source) -> tuple[Columns, tuple[str, ...]]:
        """Where the columns stand, and their types; of a CSV those to read it by first."""
        where = str(source.path)
        if source.names:
            columns = columns_of(where, self._source, source.names)
            return columns, scan_sql.plain_types(columns)
        found = self._connection.execute(
            "DESCRIBE SELECT * FROM read_parquet(?)", [_literal(source.path)]
        ).fetchall()
        names = [str(name) for name, *_ in found]
        types = tuple(str(kind) for _, kind, *_ in found)
        return replace(columns_of(where, self._source, names), text=False), types

    def _bound(self, source: Source, columns: Columns, types: tuple[str, ...]) -> dict[str, Any]:
        bound: dict[str, Any] = {
            "latest": self._latest,
            "path": _literal(source.path),
            "zone": columns.zone or "UTC",
            "zoned": bool(columns.zone),
        }
        if source.names:
            bound |= {
                "delimiter": source.delimiter,
                "rejects": REJECTS,
                "skip": source.skip,
                "compression": "gzip" if source.zipped else "none",
            }
        config = self._source
        if isinstance(config, UsageSource) and config.columns is not None:
            bound["refused_values"] = _folded(config.columns.refused_values)
            bound["unsafe_values"] = _folded(config.columns.unsafe_values)
        if isinstance(config, SurveySource):
            bound |= {"lowest": config.scale_lowest, "highest": config.scale_highest}
        if isinstance(config, IncidentSource):
            bound["severe_values"] = _folded(config.severe_values)
        return _typed(bound, columns, types)

    def _summed(
        self, scan: Scan, columns: Columns, types: tuple[str, ...], bound: dict[str, Any]
    ) -> Scan:
        """Insert a file's sums, and look at them."""
        decimal, rejected, seen = "", *self._insert(scan.number, columns, types, bound, "")
        # a currency's sign, a zone, `n/a`: then all is read with more care
        if seen[1] or seen[-1] or rejected.not_plain:
            types = ("VARCHAR",) * columns.width if columns.text else types
            bound = _typed(bound, columns, types)
            decimal = self._decimal(columns, types, bound)
            self._connection.execute("DELETE FROM cells WHERE file = ?", [scan.number])
            rejected, seen = self._insert(scan.number, columns, types, bound, decimal)
        every, untimed, ahead, first, last, whole_days, ids, costs, numbers, scores, _ = seen
        _check(scan.name, every, untimed, rejected.rows)
        return replace(
            scan,
            rows=every - untimed,
            unreadable=rejected.rows + untimed,
            first_unreadable=rejected.first_line,
            cut_at=rejected.cut_at,
            ahead=ahead,
            first=first,
            last=last,
            whole_days=bool(whole_days),
            ids=ids,
            cost_bad=costs,
            costs_unclear=decimal == UNCLEAR,
            number_bad=numbers,
            score_bad=scores,
            again=Again(columns, types, bound, decimal),
        )

    def _insert(
        self,
        number: int,
        columns: Columns,
        types: tuple[str, ...],
        bound: dict[str, Any],
        decimal: str,
    ) -> tuple["_Rejected", tuple[int, ...]]:
        """Insert a file's sums; what could not be read, and what the sums look like."""
        sql = scan_sql.insert_cells(columns, types, self._lengths, decimal)
        self._connection.execute(sql, _used(sql, {**bound, "file": number}))
        rejected = _rejected(self._connection)
        return rejected, one_row(self._connection, _LOOK, {"file": number, "day": DAY_US})

    def _decimal(self, columns: Columns, types: tuple[str, ...], bound: dict[str, Any]) -> str:
        """The decimal mark of costs; `UNCLEAR` where both marks were found."""
        by_delimiter = "," if bound.get("delimiter") == ";" else "."
        if columns.cost is None or types[columns.cost] != "VARCHAR":
            return by_delimiter
        sql = scan_sql.marks_of_costs(columns)
        dots, commas = one_row(self._connection, sql, _used(sql, bound))
        rejected_rows(self._connection)
        if dots and commas:
            return UNCLEAR
        return "." if dots else "," if commas else by_delimiter


@dataclass(frozen=True, slots=True)
class _Rejected:
    """Rows of a CSV that could not be read.

    Attributes:
        rows: how many are no CSV of the header's width.
        first_line: the first one's line, or 0.
        cut_at: line at which an open quote swallowed the rest, or 0.
        not_plain: whether others could not be read as the types that were tried.
    """

    rows: int
    first_line: int
    cut_at: int
    not_plain: bool


def _rejected(connection: "duckdb.DuckDBPyConnection") -> _Rejected:
    made = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'reject_errors'"
    cast = "SELECT count(*) FROM reject_errors WHERE error_type = 'CAST'"
    not_plain = bool(one_row(connection, made)[0] and one_row(connection, cast)[0])
    return _Rejected(*rejected_rows(connection), not_plain)


def _typed(bound: dict[str, Any], columns: Columns, types: tuple[str, ...]) -> dict[str, Any]:
    """With the types as which a CSV is read."""
    return {**bound, "columns": {f"c{at}": kind for at, kind in enumerate(types)}}


def _used(sql: str, bound: dict[str, Any]) -> dict[str, Any]:
    """What a statement binds: DuckDB refuses what it doesn't ask for."""
    asked = set(re.findall(r"\$([a-z_]+)", sql))
    return {name: value for name, value in bound.items() if name in asked}


def _literal(path: Path) -> str:
    """A path in which DuckDB finds no pattern."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in str(path))


def _folded(values: Sequence[str]) -> list[str]:
    return [value.strip().lower() for value in values]


def _check(path: str, every: int, untimed: int, rejected: int) -> None:
    if _too_many(rejected, every + rejected) or rejected >= REJECTS:
        raise UsageLogUnusable(
            f"{path}: {rejected} of {every + rejected} rows are no CSV of the header's width; "
            "export it again"
        )
    if _too_many(untimed, every):
        raise UsageLogUnusable(
            f"{path}: {untimed} of {every} rows have no time that can be read; write it as "
            "2026-12-02T09:30:00Z or 2026-12-02, or say its zone in time_zone, such as UTC, where "
            "it carries none"
        )


def _too_many(unread: int, rows: int) -> bool:
    """A last line cut short is forgiven, even in a small file."""
    return unread > 0 and (unread == rows or unread > max(1, _HIGHEST_UNREADABLE * rows))
