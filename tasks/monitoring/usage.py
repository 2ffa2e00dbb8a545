"""Reading a usage log with DuckDB, in bounded memory.

No name from the log or the configuration reaches SQL: the columns are called c0, c1, ... by
position, and paths and model names are bound as parameters. One scan reduces the log to a row per
model, user and week; every number comes from those.
"""

import csv
import hashlib
import io
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from configs.schema.monitoring import UsageColumns
from tasks.kernel.errors import UsageLogUnusable
from tasks.monitoring.core import RECENT, SLACK, Usage, WeekCount

if TYPE_CHECKING:
    import duckdb

_DELIMITERS = (",", ";", "\t", "|")
_HEADER_BYTES = 1 << 16
_CHUNK = 1 << 20
_REJECTS = 10_000  # unreadable rows that are listed at most
_HIGHEST_UNREADABLE = 0.01  # share of rows above which a log is not used
_WEEK_US = 7 * 86_400 * 1_000_000
_EPOCH_MONDAY = date(1969, 12, 29)  # the Monday before the epoch; 3 days earlier
_LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "384MB",
    "threads": 2,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_OFFSET = r"([zZ]|[+-]\d{2}(:?\d{2})?)$"

_CELLS = """
CREATE TEMP TABLE cells AS
WITH lines AS (
    SELECT {time} AS at_text, trim(coalesce({user}, '')) AS who,
        trim(coalesce({model}, '')) AS model,
        try_cast(trim({cost}) AS DOUBLE) AS cost, try_cast(trim({refused}) AS BOOLEAN) AS refused
    FROM read_csv(?, auto_detect=false, header=true, columns=?, delim=?, quote='"', escape='"',
        strict_mode=true, ignore_errors=true, store_rejects=true, rejects_limit=?)
), timed AS (
    SELECT *, CASE WHEN regexp_matches(trim(at_text), ?)
        THEN epoch_us(try_cast(trim(at_text) AS TIMESTAMPTZ)) END AS moment FROM lines
)
SELECT model, who, (moment + 3 * 86400000000) // ? AS week, count(*) AS calls,
    min(moment) AS first_at, max(moment) FILTER (moment <= ?) AS last_seen,
    count(*) FILTER (moment > ?) AS ahead,
    coalesce(fsum(cost) FILTER (isfinite(cost)), 0) AS cost,
    count(*) FILTER (isfinite(cost)) AS cost_known,
    count(*) FILTER (refused) AS refused, count(refused) AS refusal_known
FROM timed GROUP BY ALL
"""

_TOTALS = """
SELECT coalesce(sum(calls), 0), min(first_at), max(last_seen), coalesce(sum(ahead), 0)
FROM cells WHERE week IS NOT NULL
"""
_OURS = """
SELECT coalesce(sum(calls), 0), count(DISTINCT who) FILTER (who <> ''),
    coalesce(sum(calls) FILTER (who = ''), 0), coalesce(fsum(cost), 0),
    coalesce(sum(cost_known), 0), coalesce(sum(refused), 0), coalesce(sum(refusal_known), 0)
FROM cells WHERE week IS NOT NULL AND list_contains(?, model)
"""
_RECENT = """
SELECT count(DISTINCT who) FILTER (who <> ''), count(*) FILTER (who = '')
FROM cells WHERE list_contains(?, model) AND last_seen > ?
"""
_WEEKS = """
SELECT week, coalesce(sum(calls) FILTER (list_contains(?, model)), 0), sum(calls)
FROM cells WHERE week IS NOT NULL GROUP BY week ORDER BY week
"""
_TOP_USERS = """
SELECT who, sum(calls) AS number
FROM cells WHERE week IS NOT NULL AND list_contains(?, model) AND who <> ''
GROUP BY who ORDER BY number DESC, who LIMIT 10
"""
_OTHER_MODELS = """
SELECT model, sum(calls) AS number FROM cells WHERE NOT list_contains(?, model)
GROUP BY model ORDER BY number DESC, model LIMIT 5
"""


def stamp_of(path: Path) -> str:
    """Size and time of a log, as `size:mtime_ns`; empty when there is no such file."""
    try:
        seen = path.stat()
    except OSError:
        return ""
    return f"{seen.st_size}:{seen.st_mtime_ns}" if path.is_file() else ""


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex.

    Raises:
        OSError: it can't be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def measure(path: Path, columns: UsageColumns, model_names: Sequence[str], now: datetime) -> Usage:
    """Count what a usage log tells of one model. Reads only.

    Args:
        path: CSV with a header, UTF-8, a BOM allowed, delimited by `,`, `;`, `|` or a tab.
        columns: which column says what.
        model_names: names and aliases of the model in the log.
        now: rows more than a day ahead of it are no coverage.

    Raises:
        UsageLogUnusable: empty, without the columns, or not to be parsed.
    """
    delimiter, header = _header(path, columns)
    import duckdb  # 13 MB, for a pass that reads a log

    at = {
        name: f"c{header.index(column)}"
        for name, column in (
            ("time", columns.timestamp),
            ("user", columns.user),
            ("model", columns.model),
            ("cost", columns.cost_usd),
            ("refused", columns.refused),
        )
    }
    with (
        tempfile.TemporaryDirectory(prefix="emeritus-usage-") as spill,
        duckdb.connect(config={**_LIMITS, "temp_directory": spill}) as connection,
    ):
        latest = _micros(now + SLACK)
        types = {f"c{index}": "VARCHAR" for index in range(len(header))}
        literal = "".join(f"[{char}]" if char in "*?[" else char for char in str(path))
        bound = [literal, types, delimiter, _REJECTS, _OFFSET, _WEEK_US, latest, latest]
        try:
            connection.execute(_CELLS.format(**at), bound)
        except (duckdb.InvalidInputException, duckdb.IOException) as error:
            reason = str(error).strip().splitlines()[0]
            raise UsageLogUnusable(f"{path}: can't be read as CSV: {reason}") from None
        _check_readable(connection, path, columns)
        return _counted(connection, model_names)


def _header(path: Path, columns: UsageColumns) -> tuple[str, list[str]]:
    """Delimiter and column names; the delimiter is the one that shows the most mapped columns."""
    with path.open("rb") as file:
        start = file.read(_HEADER_BYTES)
    whole = len(start) < _HEADER_BYTES  # a cut one may end within a character
    try:
        text = start.decode("utf-8-sig", errors="strict" if whole else "replace")
    except UnicodeDecodeError:
        raise UsageLogUnusable(f"{path}: is not UTF-8 text; export it as CSV in UTF-8") from None
    if not text.strip():
        raise UsageLogUnusable(f"{path}: is empty; export the usage log again")
    wanted = list(columns.model_dump().values())
    headers = {mark: _first_record(text, mark) for mark in _DELIMITERS}
    delimiter = max(headers, key=lambda d: sum(name in headers[d] for name in wanted))
    header = headers[delimiter]
    if missing := [name for name in wanted if name not in header]:
        raise UsageLogUnusable(
            f"{path}: has no column {', '.join(map(repr, missing))}; its columns are "
            f"{', '.join(map(repr, header[:20]))}: mend monitoring.columns or the export"
        )
    if twice := [name for name in wanted if header.count(name) > 1]:
        raise UsageLogUnusable(
            f"{path}: has column {twice[0]!r} twice; which one counts is unclear"
        )
    return delimiter, header


def _first_record(text: str, delimiter: str) -> list[str]:
    try:
        record = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return []
    return [name.strip() for name in record]


def _check_readable(
    connection: "duckdb.DuckDBPyConnection", path: Path, columns: UsageColumns
) -> None:
    """Add structural rejects and rows without an instant; refuse a log with too many of them.

    Leaves a table `unread(number, first_line)` of one row.
    """
    connection.execute(
        "CREATE TEMP TABLE unread AS SELECT count(DISTINCT line)"
        " + (SELECT coalesce(sum(calls), 0) FROM cells WHERE week IS NULL) AS number,"
        " coalesce(min(line), 0) AS first_line FROM reject_errors"
    )
    rejected, first_line, timeless, rows = _one(
        connection,
        "SELECT (SELECT count(DISTINCT line) FROM reject_errors), (SELECT first_line FROM unread),"
        " coalesce(sum(calls) FILTER (week IS NULL), 0), coalesce(sum(calls), 0) FROM cells",
    )
    if rejected + rows == 0:
        raise UsageLogUnusable(f"{path}: has a header and no row; export the usage log again")
    if _too_many(rejected, rejected + rows) or rejected >= _REJECTS:
        raise UsageLogUnusable(
            f"{path}: {rejected} of {rejected + rows} rows are no CSV of the header's width, the "
            f"first at line {first_line}; export the usage log again"
        )
    if _too_many(timeless, rows):
        raise UsageLogUnusable(
            f"{path}: {timeless} of {rows} rows have no instant with an offset in "
            f"{columns.timestamp!r}; write them as 2026-12-02T09:30:00Z or with +01:00"
        )


def _too_many(unread: int, rows: int) -> bool:
    """A last line cut short is forgiven, even in a small log."""
    return unread == rows or unread > max(1, _HIGHEST_UNREADABLE * rows)


def _counted(connection: "duckdb.DuckDBPyConnection", model_names: Sequence[str]) -> Usage:
    names = list(model_names)
    unread, first_line = _one(connection, "SELECT number, first_line FROM unread")
    rows, first_at, last_at, ahead = _one(connection, _TOTALS)
    calls, users, nobody, cost, cost_known, refused, refusal_known = _one(
        connection, _OURS, [names]
    )
    since = (last_at or 0) - RECENT // timedelta(microseconds=1)
    recent, nameless = _one(connection, _RECENT, [names, since])
    return Usage(
        rows=int(rows),
        unreadable=int(unread),
        first_unreadable=int(first_line),
        first_at=_instant(first_at),
        last_at=_instant(last_at),
        ahead=int(ahead),
        calls=int(calls),
        users=int(users),
        calls_without_user=int(nobody),
        cost_usd=float(cost),
        cost_known=int(cost_known),
        refused=int(refused),
        refusal_known=int(refusal_known),
        weeks=_weeks(connection, names),
        top_users=_most(connection, _TOP_USERS, names),
        other_models=_most(connection, _OTHER_MODELS, names),
        recent_users=None if nameless and not recent else int(recent),
    )


def _weeks(connection: "duckdb.DuckDBPyConnection", names: list[str]) -> tuple[WeekCount, ...]:
    return tuple(
        WeekCount(_EPOCH_MONDAY + timedelta(weeks=int(week)), int(own), int(every))
        for week, own, every in connection.execute(_WEEKS, [names]).fetchall()
    )


def _most(
    connection: "duckdb.DuckDBPyConnection", sql: str, names: list[str]
) -> tuple[tuple[str, int], ...]:
    found = connection.execute(sql, [names]).fetchall()
    return tuple((str(name), int(number)) for name, number in found)


def _one(
    connection: "duckdb.DuckDBPyConnection", sql: str, bound: list[Any] | None = None
) -> tuple[int, ...]:
    row = connection.execute(sql, bound or []).fetchone()
    assert row is not None
    return row


def _micros(instant: datetime) -> int:
    return round(instant.timestamp() * 1_000_000)


def _instant(micros: int | None) -> datetime | None:
    if micros is None:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
