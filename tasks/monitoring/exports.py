"""Reading exports of usage into DuckDB, in bounded memory.

Every row of every file becomes a row of one table on disk; a call that two files tell of is left
in once. What a file could not tell, and what it looks like it lost, is counted beside it.
"""

import glob
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from configs.home import under_home
from configs.schema.usage import UsageExport
from tasks.kernel.errors import UsageLogUnusable, told
from tasks.monitoring.export_files import Source, open_source
from tasks.monitoring.export_layout import Layout, layout_of
from tasks.monitoring.export_sql import CALLS_TABLE, insert_calls
from tasks.monitoring.file_read import REJECTS, FileRead, looked_at, one_row
from tasks.monitoring.usage import sha256_of

if TYPE_CHECKING:
    import duckdb

_LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "384MB",
    "threads": 2,
    "preserve_insertion_order": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_DUPLICATES = """
CREATE TEMP TABLE doubled AS
SELECT scope, id, moment // 1000000 AS second FROM calls JOIN files USING (file)
WHERE id IS NOT NULL GROUP BY ALL HAVING count(*) > 1
"""
_EXTRA = """
CREATE TEMP TABLE extra AS
SELECT row FROM (
    SELECT calls.rowid AS row, row_number() OVER (
        PARTITION BY files.scope, calls.id, moment // 1000000 ORDER BY calls.rowid) AS place
    FROM calls JOIN files USING (file)
    JOIN doubled ON doubled.scope = files.scope AND doubled.id = calls.id
        AND doubled.second = moment // 1000000
) WHERE place > 1
"""


@dataclass(frozen=True, slots=True)
class Read:
    """All files as read, and the open table of their calls.

    Attributes:
        files: in the order of the exports and of their names.
        duplicates: rows left out since their call stood before.
        latest: microseconds since the epoch after which a row is ahead of the clock.
    """

    connection: "duckdb.DuckDBPyConnection"
    files: tuple[FileRead, ...]
    duplicates: int
    latest: int


def files_of(export: UsageExport) -> tuple[Path, ...]:
    """The files that an export's path means, by name; the path itself when it is no pattern."""
    path = under_home(export.path)
    if path.is_file() or not glob.has_magic(str(path)):
        return (path,)
    found = map(Path, glob.glob(str(path)))  # noqa: PTH207 - Path.glob takes no absolute pattern
    return tuple(sorted(one for one in found if one.is_file()))


@contextmanager
def read_exports(exports: Sequence[UsageExport], latest: datetime) -> Iterator[Read]:
    """Read all files of all exports. Reads only, besides a temporary folder.

    Args:
        exports: what to read; a file that can't be used is told of, and stops no other.
        latest: later instants are ahead of the clock, and no coverage.
    """
    import duckdb  # 13 MB, for a pass that reads a log

    limit = round(latest.timestamp() * 1_000_000)
    with tempfile.TemporaryDirectory(prefix="emeritus-usage-") as folder:
        spill, workshop = Path(folder, "spill"), Path(folder, "texts")
        workshop.mkdir()
        settings = {**_LIMITS, "temp_directory": str(spill)}
        with duckdb.connect(str(Path(folder, "calls.duckdb")), config=settings) as connection:
            connection.execute("SET enable_progress_bar = false")
            connection.execute(CALLS_TABLE)
            connection.execute(
                "CREATE TABLE files (file INTEGER, export VARCHAR, scope VARCHAR, kind VARCHAR,"
                " decimal VARCHAR)"
            )
            files = tuple(_read_all(connection, exports, workshop, limit))
            yield Read(connection, files, _leave_out_duplicates(connection), limit)


def _read_all(
    connection: "duckdb.DuckDBPyConnection",
    exports: Sequence[UsageExport],
    workshop: Path,
    limit: int,
) -> Iterator[FileRead]:
    seen: dict[str, Path] = {}
    for export in exports:
        paths = files_of(export)
        if not paths:
            said = f"{under_home(export.path)}: no file fits it; export one there"
            yield FileRead(export.name, under_home(export.path), problem=said)
        for path in paths:
            read = FileRead(export.name, path)
            try:
                if not path.is_file():
                    raise UsageLogUnusable(f"{path}: is missing; export it there")
                read = replace(read, sha256=sha256_of(path), size=path.stat().st_size)
                if read.sha256 in seen:
                    read = replace(read, same_as=seen[read.sha256].name)
                else:
                    read = _read_one(connection, export, read, workshop, limit)
                    seen[read.sha256] = path
            except UsageLogUnusable as error:
                read = replace(read, problem=str(error))
            except OSError as error:
                said = f"{told(error, str(path))}; mend that, and read it again"
                read = replace(read, problem=said)
            yield read


def _read_one(
    connection: "duckdb.DuckDBPyConnection",
    export: UsageExport,
    read: FileRead,
    workshop: Path,
    limit: int,
) -> FileRead:
    import duckdb

    number = int(one_row(connection, "SELECT count(*) FROM files")[0])
    try:
        source = open_source(read.path, workshop)
        types = () if source.names else _parquet(connection, source.path)
        names = source.names or tuple(name for name, _ in types)
        layout = layout_of(str(read.path), export, names)
        bound = _bound(source, layout, number, len(names))
        connection.execute("BEGIN")
        connection.execute(insert_calls(layout, [kind for _, kind in types]), bound)
        found = looked_at(connection, _opened(read, source), number, limit)
        found = replace(found, kind=layout.kind, has_ids=layout.request_id is not None)
        scope = export.format if export.format == "litellm_spend" else export.name
        connection.execute(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?)",
            [number, export.name, scope, layout.kind, found.decimal],
        )
        connection.execute("COMMIT")
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        _undo(connection)
        reason = str(error).strip().splitlines()[0]
        raise UsageLogUnusable(f"{read.path}: can't be read: {reason}; export it again") from None
    except UsageLogUnusable:
        _undo(connection)
        raise
    return found


def _opened(read: FileRead, source: Source) -> FileRead:
    """With the decimal mark that goes with the delimiter, where the costs give none away."""
    decimal = "," if source.delimiter == ";" else "."
    return replace(read, open_end=source.open_end, decimal=decimal)


def _undo(connection: "duckdb.DuckDBPyConnection") -> None:
    import duckdb

    with suppress(duckdb.Error):  # none was open
        connection.execute("ROLLBACK")


def _parquet(connection: "duckdb.DuckDBPyConnection", path: Path) -> tuple[tuple[str, str], ...]:
    """Names and types of a Parquet file's columns."""
    found = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [_literal(path)])
    return tuple((str(row[0]), str(row[1])) for row in found.fetchall())


def _bound(source: Source, layout: Layout, number: int, width: int) -> dict[str, Any]:
    bound: dict[str, Any] = {
        "file": number,
        "zone": layout.zone or "UTC",
        "zoned": bool(layout.zone),
        "shifts": layout.zone not in {"", "UTC"},
        "path": _literal(source.path),
    }
    if source.names:
        bound |= {
            "columns": {f"c{at}": "VARCHAR" for at in range(width)},
            "delimiter": source.delimiter,
            "rejects": REJECTS,
            "skip": source.skip,
            "compression": "gzip" if source.zipped else "none",
        }
    return bound


def _literal(path: Path) -> str:
    """A path in which DuckDB finds no pattern."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in str(path))


def _leave_out_duplicates(connection: "duckdb.DuckDBPyConnection") -> int:
    """Delete all but the first row of a call that stands several times, by id and second."""
    connection.execute(_DUPLICATES)
    if not one_row(connection, "SELECT count(*) FROM doubled")[0]:
        return 0
    connection.execute(_EXTRA)
    (number,) = one_row(connection, "SELECT count(*) FROM extra")
    connection.execute("DELETE FROM calls WHERE rowid IN (SELECT row FROM extra)")
    return number
