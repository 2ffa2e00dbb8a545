"""What the calls that were read say of one model: by caller, by week, by name, by day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tasks.monitoring.callers import Callers
from tasks.monitoring.coverage import Window
from tasks.monitoring.export_sql import CALLERS, K
from tasks.monitoring.exports import Read
from tasks.monitoring.model_names import Match, ModelNames

if TYPE_CHECKING:
    import duckdb

MEASURES = ("calls", "tokens", "cost")
_BATCH = 50_000
_NAMES_A_CALLER = 20
_DAY_US = 86_400_000_000
_FIRST_MONDAY = date(1969, 12, 29)  # 3 days before the epoch

_NAMES = """
SELECT asked, served, count(*) FILTER (active AND moment >= $since AND moment < $until)
FROM calls GROUP BY ALL ORDER BY 3 DESC, 1, 2
"""
_CALLERS = f"""
SELECT DISTINCT unnest([{K}]) FROM calls JOIN models USING (asked, served) WHERE active
"""  # noqa: S608 - built of constants alone
_PLACES = range(CALLERS)
_CLAIMED = " ".join(f"WHEN c{n}.owner IS NOT NULL THEN k{n}" for n in _PLACES)
_NAMED = ", ".join(f"nullif(k{n}, '')" for n in _PLACES)
#: The first column that an owner claims, else the first that says a name.
_CALLER = f"CASE {_CLAIMED} ELSE coalesce({_NAMED}, '') END"
_OWNERS = ", ".join(f"c{n}.owner" for n in _PLACES)
_CLAIMS = " ".join(f"LEFT JOIN claims c{n} ON c{n}.name = k{n}" for n in _PLACES)
_CELLS = f"""
CREATE TABLE cells AS
SELECT {_CALLER} AS caller, coalesce({_OWNERS}, '') AS owner,
    list_distinct([{_OWNERS}]) AS claimed, files.export,
    CASE WHEN asked = '' OR asked = served THEN served WHEN served = '' THEN asked
        ELSE asked || ' (answered by ' || served || ')' END AS called, day,
    moment >= $since AND moment < $until AS within, count(*) AS rows,
    sum(CASE files.kind WHEN 'calls' THEN 1 WHEN 'counts' THEN n END) AS calls,
    sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out,
    fsum(CASE decimal WHEN '.' THEN cost_dot WHEN ',' THEN cost_comma END) AS cost,
    sum(failed::INT) AS failed, min(moment) AS first, max(moment) AS last,
    sum(CASE WHEN tokens_in IS NULL THEN tokens_out
        ELSE tokens_in + coalesce(tokens_out, 0) END) AS tokens
FROM calls JOIN files USING (file) JOIN models USING (asked, served)
    {_CLAIMS}
WHERE active AND moment <= $latest GROUP BY ALL
"""  # noqa: S608 - built of constants alone
_SPANS = {"last_7": (7, 0), "last_30": (30, 0), "before": (60, 30)}  # days back from the end


@dataclass(frozen=True, slots=True)
class Use:
    """What one caller did, by one export. None is what the export doesn't tell.

    Attributes:
        caller: empty for rows that name none; `owner` is empty for nobody's.
        rivals: owners whom other columns of the same rows point to.
        called: names by which the model was called, the most used first, a few.
        rows: rows of use within the window.
        calls, tokens_in, tokens_out, cost: sums within the window.
        failed: calls that failed, within the window; they are among the calls.
        first, last: of all rows that were read, microseconds since the epoch.
        recent: for each measure, sums of the last 7 days, the last 30, and the 30 before.
    """

    caller: str
    owner: str
    rivals: tuple[str, ...]
    export: str
    called: tuple[str, ...]
    rows: int
    calls: int | None
    tokens_in: int | None
    tokens_out: int | None
    cost: float | None
    failed: int
    first: int
    last: int
    recent: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Week:
    """Sums of one owner's week; None is what its exports don't tell."""

    monday: date
    calls: int | None
    tokens: int | None
    cost: float | None


@dataclass(frozen=True, slots=True)
class Counts:
    """All that the audit needs of the rows.

    Attributes:
        uses: of the model, by owner, caller and export.
        weeks: by owner; an empty name stands for nobody's.
        days: by export, the days since the epoch on which a row of any model stands.
        ours, near: names in the log, and rows of use within the window.
    """

    uses: tuple[Use, ...]
    weeks: dict[str, tuple[Week, ...]]
    days: dict[str, frozenset[int]]
    ours: tuple[tuple[str, int], ...]
    near: tuple[tuple[str, int], ...]


def count(read: Read, names: ModelNames, callers: Callers, window: Window) -> Counts:
    """Count the calls of one model. Adds tables to the reading's database; call it once.

    Rows that lie ahead of the clock are no calls: their times can't be right.
    """
    connection = read.connection
    until = read.latest + 1 if window.open else _micros(window.until)
    ends = {"since": _micros(window.since), "until": until}
    ours, near = _resolve(connection, names, ends)
    _claim(connection, callers)
    connection.execute(_CELLS, {**ends, "latest": read.latest})
    return Counts(
        uses=tuple(_uses(connection, window)),
        weeks=_weeks(connection),
        days=_days(connection, until),
        ours=ours,
        near=near,
    )


def _micros(instant: datetime) -> int:
    return round(instant.timestamp() * 1_000_000)


def _resolve(
    connection: "duckdb.DuckDBPyConnection", names: ModelNames, ends: dict[str, int]
) -> tuple[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]]:
    """Put the names of the model into a table `models`; tell them, and those near to it."""
    found: dict[Match, dict[str, int]] = {Match.OURS: {}, Match.NEAR: {}}
    pairs: list[tuple[str, str]] = []
    for asked, served, rows in connection.execute(_NAMES, ends).fetchall():
        stands = [(name, names.match(name)) for name in (asked, served) if name]
        for match in (Match.OURS, Match.NEAR):
            if fits := [name for name, one in stands if one is match]:
                shown = _shown(asked, served) if match is Match.OURS else fits[0]
                found[match][shown] = found[match].get(shown, 0) + int(rows)
                if match is Match.OURS:
                    pairs.append((asked, served))
                break
    connection.execute("CREATE TABLE models (asked VARCHAR, served VARCHAR)")
    connection.execute(
        "INSERT INTO models SELECT unnest($a::VARCHAR[]), unnest($s::VARCHAR[])",
        {"a": [asked for asked, _ in pairs], "s": [served for _, served in pairs]},
    )
    return _most(found[Match.OURS]), _most(found[Match.NEAR])


def _shown(asked: str, served: str) -> str:
    """A name that callers use, with the model behind it where the two differ."""
    if not asked or not served or asked == served:
        return asked or served
    return f"{asked} (answered by {served})"


def _most(rows: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(rows.items(), key=lambda pair: (-pair[1], pair[0])))


def _claim(connection: "duckdb.DuckDBPyConnection", callers: Callers) -> None:
    """Put every user, key or team that belongs to an owner into a table `claims`."""
    connection.execute("CREATE TABLE claims (name VARCHAR, owner VARCHAR)")
    reading = connection.cursor()
    reading.execute(_CALLERS)
    while rows := reading.fetchmany(_BATCH):
        found = [(name, owner) for (name,) in rows if (owner := callers.owner_of(name))]
        connection.execute(
            "INSERT INTO claims SELECT unnest($n::VARCHAR[]), unnest($o::VARCHAR[])",
            {"n": [name for name, _ in found], "o": [owner for _, owner in found]},
        )


def _uses(connection: "duckdb.DuckDBPyConnection", window: Window) -> Iterator[Use]:
    spans = ", ".join(
        f"coalesce(sum({measure}) FILTER (day >= $end - {far}"
        f" AND {'within' if near == 0 else f'day < $end - {near}'}), 0)"
        for measure in MEASURES
        for far, near in _SPANS.values()
    )
    sums = ", ".join(
        f"sum({name}) FILTER (within)" for name in ("calls", "tokens_in", "tokens_out", "cost")
    )
    found = connection.execute(
        f"""
        SELECT owner, caller, export, list_distinct(flatten(list(claimed))),
            coalesce(sum(rows) FILTER (within), 0), {sums},
            coalesce(sum(failed) FILTER (within), 0), min(first), max(last),
            {spans}, list(DISTINCT called)
        FROM cells GROUP BY owner, caller, export ORDER BY owner, 5 DESC, caller, export
        """,  # noqa: S608 - built of constants alone
        {"end": (_micros(window.until) - 1) // _DAY_US + 1},
    )
    while rows := found.fetchmany(_BATCH):
        yield from map(_use, rows)


def _use(row: Sequence[Any]) -> Use:
    owner, caller, export, claimed, rows, calls, read, wrote, cost, failed, first, last = row[:12]
    figures = [float(one) for one in row[12:-1]]
    recent = {
        measure: dict(zip(_SPANS, figures[at * 3 : at * 3 + 3], strict=True))
        for at, measure in enumerate(MEASURES)
    }
    return Use(
        caller=caller,
        owner=owner,
        rivals=tuple(sorted(set(claimed or ()) - {owner})),
        export=export,
        called=tuple(sorted(row[-1])[:_NAMES_A_CALLER]),
        rows=int(rows),
        calls=_whole(calls),
        tokens_in=_whole(read),
        tokens_out=_whole(wrote),
        cost=None if cost is None else float(cost),
        failed=int(failed),
        first=int(first),
        last=int(last),
        recent=recent,
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _weeks(connection: "duckdb.DuckDBPyConnection") -> dict[str, tuple[Week, ...]]:
    """By owner, in order; a week in which an owner called nothing is absent."""
    weeks: dict[str, tuple[Week, ...]] = {}
    found = connection.execute(
        "SELECT owner, (day + 3) // 7, sum(calls), sum(tokens), sum(cost) FROM cells"
        " GROUP BY ALL ORDER BY 1, 2"
    )
    for owner, week, calls, tokens, cost in found.fetchall():
        monday = _FIRST_MONDAY + timedelta(weeks=int(week))
        one = Week(monday, _whole(calls), _whole(tokens), None if cost is None else float(cost))
        weeks[owner] = (*weeks.get(owner, ()), one)
    return weeks


def _days(connection: "duckdb.DuckDBPyConnection", until: int) -> dict[str, frozenset[int]]:
    days: dict[str, set[int]] = {}
    found = connection.execute(
        "SELECT DISTINCT export, day FROM calls JOIN files USING (file) WHERE moment < ?", [until]
    )
    for export, day in found.fetchall():
        days.setdefault(export, set()).add(int(day))
    return {export: frozenset(numbers) for export, numbers in days.items()}
