"""From the sums of a scan to what a reading tells of one model: its days, its mix, its totals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from configs.schema.monitoring_sources import (
    FileSourceConfig,
    IncidentSource,
    SurveySource,
    TicketSource,
)
from tasks.monitoring.coverage import EPOCH
from tasks.monitoring.file_read import one_row
from tasks.monitoring.model_names import Match, ModelNames
from tasks.monitoring.sources.scan_sql import NANO

if TYPE_CHECKING:
    import duckdb

OTHERS = "(others)"
_MOST_GROUPS = 40  # of a week's mix; the rest are counted together
_MOST_NAMES = 10  # shown to people
_LARGEST = 2**53  # a JSON number that every reader reads alike

#: What each kind of source tells, as (field of a day, sum, billionths or not).
_USAGE = (
    ("calls", "n", False),
    ("tokens_in", "tokens_in", False),
    ("tokens_out", "tokens_out", False),
    ("cost_usd", "cost", True),
    ("cost_known", "cost_known", False),
    ("refused", "refused", False),
    ("refused_of", "refused_of", False),
    ("unsafe", "unsafe", False),
    ("unsafe_of", "unsafe_of", False),
)
_SURVEY = (
    ("scores", "scores", False),
    ("score_sum", "score_sum", True),
    ("score_squares", "score_squares", True),
)
_TICKETS = (("tickets", "n", False),)
_INCIDENTS = (("incidents", "n", False), ("severe", "severe", False))

_NAMES = "SELECT served, asked, sum(rows)::BIGINT FROM cells GROUP BY ALL ORDER BY 3 DESC, 1, 2"
_COVERED = "SELECT DISTINCT day FROM cells WHERE day IS NOT NULL AND NOT ahead"
_OURS = "FROM cells SEMI JOIN ours USING (served, asked) WHERE day IS NOT NULL AND NOT ahead"
_MIXED = {
    "owner": "owner::VARCHAR",
    "surface": "trim(surface)",
    "name": "CASE WHEN asked = '' OR asked = served THEN served WHEN served = '' THEN asked"
    " ELSE asked || ' (answered by ' || served || ')' END",
}


@dataclass(frozen=True, slots=True)
class Sums:
    """What a source's files tell of one model.

    Attributes:
        days: by UTC day since the epoch, only what was told; a day with rows of others only has
            zeros.
        mix: as in a reading.
        covered: days since the epoch on which a row of any model stands.
        names: names of other models and their rows, the most used first, a few.
        near: names that look like the model's, and their rows.
        nameless: rows that name no model.
        rows: rows of the model.
        beyond: whether a sum was too large to be told.
    """

    days: dict[int, dict[str, Any]]
    mix: tuple[dict[str, Any], ...]
    covered: frozenset[int]
    names: tuple[tuple[str, int], ...]
    near: tuple[tuple[str, int], ...]
    nameless: int
    rows: int
    beyond: bool


def sums_of(
    connection: "duckdb.DuckDBPyConnection",
    source: FileSourceConfig,
    names: ModelNames,
    owners: Sequence[str],
    *,
    all_ours: bool,
) -> Sums:
    """Read what the tables of a scan hold. Adds the table `ours`.

    Args:
        connection: of the scan.
        source: whose kind says which figures there are.
        names: of the model.
        owners: names, in the order of their numbers.
        all_ours: whether the source names no models, so that every row is the model's.
    """
    others, near, nameless = _resolve(connection, names, all_ours=all_ours)
    covered = frozenset(int(day) for (day,) in connection.execute(_COVERED).fetchall())
    days, beyond = _days(connection, _fields(source), covered)
    (rows,) = one_row(connection, f"SELECT coalesce(sum(rows), 0)::BIGINT {_OURS}")
    return Sums(
        days=days,
        mix=tuple(_mix(connection, owners)),
        covered=covered,
        names=others,
        near=near,
        nameless=nameless,
        rows=int(rows),
        beyond=beyond,
    )


def _fields(source: FileSourceConfig) -> tuple[tuple[str, str, bool], ...]:
    if isinstance(source, SurveySource):
        return _SURVEY
    if isinstance(source, TicketSource):
        return _TICKETS
    return _INCIDENTS if isinstance(source, IncidentSource) else _USAGE


def _resolve(
    connection: "duckdb.DuckDBPyConnection", names: ModelNames, *, all_ours: bool
) -> tuple[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...], int]:
    """Put the model's names into a table; others, near ones, and rows without a name."""
    connection.execute("CREATE TABLE ours (served VARCHAR, asked VARCHAR)")
    found: dict[Match, dict[str, int]] = {Match.NEAR: {}, Match.OTHER: {}}
    ours: list[tuple[str, str]] = []
    nameless = 0
    for served, asked, rows in connection.execute(_NAMES).fetchall():
        told = [name for name in (asked, served) if name.strip()]
        matches = {names.match(name) for name in told}
        if all_ours or Match.OURS in matches:
            ours.append((served, asked))
        elif not told:
            nameless += rows
        else:
            match = Match.NEAR if Match.NEAR in matches else Match.OTHER
            found[match][told[0]] = found[match].get(told[0], 0) + rows
    if ours:
        connection.executemany("INSERT INTO ours VALUES (?, ?)", ours)
    return _most(found[Match.OTHER]), _most(found[Match.NEAR]), nameless


def _most(names: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(names.items(), key=lambda one: (-one[1], one[0])))[:_MOST_NAMES]


def _days(
    connection: "duckdb.DuckDBPyConnection",
    fields: Sequence[tuple[str, str, bool]],
    covered: Iterable[int],
) -> tuple[dict[int, dict[str, Any]], bool]:
    sums = ", ".join(f"sum({name})" for _, name, _ in fields)
    found = connection.execute(f"SELECT day, {sums} {_OURS} GROUP BY day").fetchall()
    told: dict[int, dict[str, Any]] = {}
    beyond = False
    for day, *values in found:
        row: dict[str, Any] = {}
        for (field, _, billionths), value in zip(fields, values, strict=True):
            if value is None:
                continue
            number = round(value / NANO, 6) if billionths else int(value)
            if abs(number) > _LARGEST:
                beyond = True
            else:
                row[field] = number
        told[int(day)] = row
    known = {field for row in told.values() for field in row} or {fields[0][0]}
    nothing = {field: 0.0 if billionths else 0 for field, _, billionths in fields if field in known}
    return {day: told.get(day, dict(nothing)) for day in sorted({*covered, *told})}, beyond


def nothing_of(days: dict[int, dict[str, Any]], source: FileSourceConfig) -> dict[str, Any]:
    """What a covered day without any row tells: zeros of all that the source tells elsewhere."""
    fields = _fields(source)
    known = {field for row in days.values() for field in row} or {fields[0][0]}
    return {field: 0.0 if billionths else 0 for field, _, billionths in fields if field in known}


def _mix(
    connection: "duckdb.DuckDBPyConnection", owners: Sequence[str]
) -> Iterable[dict[str, Any]]:
    for by, group in _MIXED.items():
        rows = connection.execute(
            f"SELECT (day + 3) // 7, coalesce({group}, ''), sum(n)::HUGEINT {_OURS}"
            " AND n IS NOT NULL GROUP BY ALL ORDER BY 1, 3 DESC, 2"
        ).fetchall()
        if not any(name for _, name, _ in rows):
            continue  # the source doesn't tell it
        weeks: dict[int, dict[str, int]] = {}
        for week, name, calls in rows:
            groups = weeks.setdefault(int(week), {})
            shown = owners[int(name)] if by == "owner" and name else str(name)
            if shown not in groups and len(groups) >= _MOST_GROUPS:
                shown = OTHERS
            groups[shown] = groups.get(shown, 0) + min(int(calls), _LARGEST)
        for week, groups in sorted(weeks.items()):
            monday = EPOCH + timedelta(days=week * 7 - 3)
            yield {"week_of": monday.isoformat(), "by": by, "groups": groups}
