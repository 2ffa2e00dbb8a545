"""The SQL that sums a file's rows by day, and that counts a row once which stands in two files.

Pure: builds text, runs nothing. What is bound by name: `file`, `path`, `latest` (the last day
since the epoch that is not ahead of the clock), `zone`, `zoned`; for a CSV `columns`, `delimiter`,
`rejects`, `skip`, `compression`; where a column asks for them `refused_values`, `unsafe_values`,
`severe_values`, `lowest` and `highest` of a scale.
"""

from collections.abc import Sequence

from tasks.monitoring.export_sql import DAY_US, FIRST_US, LAST_US, ORNAMENTS, READ_CSV, mark_of
from tasks.monitoring.sources.layout import Columns
from tasks.monitoring.sources.row_sql import Row

NANO = 1_000_000_000  # sums are of whole billionths, so that no order of adding changes them
#: DuckDB's buffers hold 16 of the longest lines: what is longer is told as not readable.
_READ_CSV = READ_CSV.replace("max_line_size=8000000", "max_line_size=2000000")
_MOST = 1_000_000_000_000  # calls, tickets or tokens in one row
_DEAREST = 1_000_000_000  # USD in one row; what is beyond is no cost

_GROUP = "day, served, asked, owner, surface"
_GROUP_TYPES = "day INTEGER, served VARCHAR, asked VARCHAR, owner INTEGER, surface VARCHAR"
#: What is summed; NULL where nothing was told. `cost` and scores are in billionths.
SUMS = (
    *("n", "tokens_in", "tokens_out", "cost", "cost_known", "refused", "refused_of", "unsafe"),
    *("unsafe_of", "scores", "score_sum", "score_squares", "severe"),
)
#: Rows whose cost, number or score is none.
ODD = ("cost_bad", "number_bad", "score_bad")
_SUMS = ", ".join(SUMS)
_SUM_TYPES = ", ".join(f"{name} HUGEINT" for name in SUMS)

TABLES = (
    f"CREATE TABLE cells (file INTEGER, {_GROUP_TYPES}, ahead BOOLEAN, rows BIGINT, ids BIGINT,"
    f" distinct_ids BIGINT, first BIGINT, last BIGINT, {_SUM_TYPES}, "
    + ", ".join(f"{name} HUGEINT" for name in ODD)
    + ", not_plain HUGEINT)",  # fields that are written otherwise than plainly
    "CREATE TABLE single (file INTEGER, key UHUGEINT, has_id BOOLEAN, moment BIGINT,"
    f" {_GROUP_TYPES}, {_SUM_TYPES.replace('HUGEINT', 'BIGINT')})",
    "CREATE TABLE keys (file INTEGER, day INTEGER, has_id BOOLEAN, key UBIGINT)",
)


def claims_table(length: int) -> str:
    """The table of callers' names, or of their beginnings of so many letters."""
    return f"CREATE TABLE claims_{length} (key VARCHAR, owner INTEGER)"


def insert_claim(length: int) -> str:
    """A claim: (name, owner) bound by position."""
    return f"INSERT INTO claims_{length} VALUES (lower(?), ?)"  # noqa: S608 - a number


def plain_types(columns: Columns) -> tuple[str, ...]:
    """Types as which a CSV's columns are read first: what they are if they are written plainly.

    A time stays text, since it has to be seen whether it carries an offset.
    """
    types = ["VARCHAR"] * columns.width
    number = () if columns.number is None else (columns.number,)
    for column in (*columns.tokens_in, *columns.tokens_out, *number):
        types[column] = "BIGINT"
    if columns.cost is not None:
        types[columns.cost] = "DOUBLE"
    flags = ((columns.refused, columns.refused_named), (columns.unsafe, columns.unsafe_named))
    for flag, named in flags:
        if flag is not None and not named:
            types[flag] = "BIGINT" if columns.rows == "counts" else "BOOLEAN"
    return tuple("VARCHAR" if at in columns.names else kind for at, kind in enumerate(types))


def insert_cells(
    columns: Columns, types: Sequence[str], lengths: Sequence[int], decimal: str = ""
) -> str:
    """An INSERT of one file's sums into `cells`; the arguments are those of `Row`."""
    row = Row(columns, types, lengths, decimal)
    ids = "0, 0" if columns.id is None else "count(id), approx_count_distinct(id)"
    told = {
        "day": True,
        "served": columns.served is not None,
        "asked": columns.asked is not None,
        "owner": bool(row.joins()),
        "surface": columns.surface is not None,
    }
    absent = {"served": "''", "asked": "''", "surface": "''", "owner": "NULL::INTEGER"}
    group = ", ".join(name for name in told if told[name])  # what is constant costs time too
    shown = ", ".join(name if told[name] else absent[name] for name in told)
    added = _added(columns)
    sums = [added.get(name, "NULL" if name in SUMS else "0") for name in (*SUMS, *ODD)]
    pairs = "".join(
        f", {row.there(at)} AS there_{at}, {read} AS read_{at}" for at, read in row.pairs()
    )
    odd = [f"count(there_{at}) - count(read_{at})" for at, _ in row.pairs()]
    return f"""
INSERT INTO cells
SELECT $file::INTEGER, {shown}, coalesce(day > $latest, false), count(*), {ids},
    min(moment), max(moment), {", ".join(sums)}, {" + ".join([*odd, "0"])}
FROM ({_lines(columns, row, row.raw_identity(), pairs)}) GROUP BY {group}
"""  # noqa: S608 - built of constants and positions alone


def _added(columns: Columns) -> dict[str, str]:
    """What adds up each sum that a file can tell: what is never there takes time too.

    Counting takes less than adding, so that it is done wherever a row is one call.
    """
    one = columns.number is None
    told: dict[str, str] = {}
    if columns.rows not in ("tokens", "costs"):
        told["n"] = "count(*)" if one else "sum(n)"
    if columns.cost is not None:
        told |= {"cost": "sum(cost)", "cost_bad": "count(cost_there) - count(cost)"}
        if columns.rows in ("calls", "counts"):
            told["cost_known"] = "nullif(count(cost), 0)" if one else "sum(cost_known)"
    if columns.score is not None:
        told["score_bad"] = "count(*) - count(scores)"
    if columns.number is not None:
        told["number_bad"] = "count(*) - count(number)"
    summed = {
        "tokens_in": columns.tokens_in or None,
        "tokens_out": columns.tokens_out or None,
        **dict.fromkeys(("scores", "score_sum", "score_squares"), columns.score),
        "severe": columns.severity,
    }
    told |= {name: f"sum({name})" for name, there in summed.items() if there is not None}
    return {**told, **_added_flags(columns)}


def _added_flags(columns: Columns) -> dict[str, str]:
    told: dict[str, str] = {}
    for name, column in (("refused", columns.refused), ("unsafe", columns.unsafe)):
        if column is None:
            continue
        if columns.number is None:
            known = f"nullif(count({name}_told), 0)"
            hits = f"CASE WHEN {known} > 0 THEN count_if({name}_told) END"
            told |= {name: hits, f"{name}_of": known}
        else:
            told |= {name: f"sum({name})", f"{name}_of": f"sum({name}_of)"}
    return told


def insert_single(
    columns: Columns, types: Sequence[str], lengths: Sequence[int], decimal: str = ""
) -> str:
    """An INSERT into `single` of one file's rows of the days (since the epoch) bound as `days`."""
    row = Row(columns, types, lengths, decimal)
    return f"""
INSERT INTO single
SELECT $file::INTEGER, key, id IS NOT NULL, moment, {_GROUP}, {_SUMS}
FROM ({_lines(columns, row, row.identity(), f", {row.key()} AS key")})
WHERE list_contains($days, day)
"""  # noqa: S608 - built of constants and positions alone


def marks_of_costs(columns: Columns) -> str:
    """How many costs give a decimal dot away, and how many a comma."""
    bare = f"regexp_replace(trim(c{columns.cost}), '{ORNAMENTS}', '', 'g')"
    return (
        "SELECT count(*) FILTER (mark = 1), count(*) FILTER (mark = 2) FROM "  # noqa: S608
        f"(SELECT {mark_of(bare)} AS mark FROM {_file(columns)})"
    )


def delete_cells() -> str:
    """Forget the sums of the days bound as `days`, of the files bound as `files`."""
    return (
        "DELETE FROM cells WHERE list_contains($files, file) AND list_contains($days, day)"
        " AND NOT ahead"
    )


def insert_keys(columns: Columns, types: Sequence[str], decimal: str) -> str:
    """An INSERT into `keys` of one file's rows of the days bound as `days`: a hash of each.

    It costs a fraction of `insert_single`, and shows on which days that is worth while.
    """
    row = Row(columns, types, (), decimal)
    return f"""
INSERT INTO keys
SELECT $file::INTEGER, day, has_id, key FROM (
    SELECT (told // {DAY_US})::INTEGER AS day, has_id, key FROM (
        SELECT {row.told()} AS told, {row.identity()} IS NOT NULL AS has_id,
            {row.key(hashed="hash")} AS key
        FROM (SELECT *, {row.quickly()} AS quick FROM {_file(columns)}
            WHERE {row.active()})))
WHERE list_contains($days, day)
"""  # noqa: S608 - built of constants and positions alone


def doubled_days() -> str:
    """First and last day of each key of `keys` that stands twice.

    A row without an id stands twice only where two files tell it.
    """
    return (
        "SELECT DISTINCT unnest([first, last]) FROM (SELECT min(day) AS first, max(day) AS last,"
        " count(*) AS rows, min(file) <> max(file) AS shared, has_id FROM keys"
        " GROUP BY key, has_id) WHERE shared OR (has_id AND rows > 1)"
    )


def insert_ids_once() -> str:
    """Sum the rows of `single` that carry an id, each id once: as the last file tells it."""
    kept = (
        f"SELECT arg_max(rowid, file::HUGEINT * {LAST_US} + moment) AS kept FROM single"  # noqa: S608
        " WHERE has_id GROUP BY key"
    )
    return _insert_from(f"SEMI JOIN ({kept}) AS one ON single.rowid = one.kept")


def insert_rows_once(summed: bool) -> str:
    """Sum the rows of `single` without an id; those of one key count as one file tells them.

    Args:
        summed: rows are sums: the last file is the one to go by. Else rows of one key say the
            same, and the file that has most of them is.
    """
    best = "file::HUGEINT" if summed else "rows::HUGEINT * 2147483648 + file"
    kept = (
        f"SELECT key, arg_max(file, {best}) AS file FROM (SELECT key, file, count(*) AS rows"  # noqa: S608
        " FROM single WHERE NOT has_id GROUP BY key, file) GROUP BY key"
    )
    return _insert_from(f"SEMI JOIN ({kept}) AS one USING (key, file) WHERE NOT has_id")


def _insert_from(kept: str) -> str:
    return f"""
INSERT INTO cells
SELECT -1, {_GROUP}, false, count(*), 0, 0, min(moment), max(moment),
    {", ".join(f"sum({name})" for name in SUMS)}, {", ".join("0" for _ in ODD)}, 0
FROM single {kept} GROUP BY {_GROUP}
"""  # noqa: S608 - built of constants alone


def _file(columns: Columns) -> str:
    if columns.text:
        return _READ_CSV
    return f"read_parquet($path) AS t({', '.join(f'c{n}' for n in range(columns.width))})"


def _lines(columns: Columns, row: Row, identity: str, more: str = "") -> str:
    """One row a row: its group, and what it adds to each sum; `more` are columns besides."""
    refused = row.flag(columns.refused, named=columns.refused_named, values="refused_values")
    unsafe = row.flag(columns.unsafe, named=columns.unsafe_named, values="unsafe_values")
    scaled = "NULL::DOUBLE"
    if columns.score is not None:
        scaled = f"(({row.score()}) - $lowest) / ($highest - $lowest)"
    # stage by stage, since what stands in a CASE twice is worked out twice
    quick = f"""
    SELECT *, {row.quickly()} AS quick{row.callers()} FROM {_file(columns)}
    WHERE {row.active()}
    """  # noqa: S608
    told = f"""
    SELECT {row.told()} AS told,
        {row.name(columns.served)} AS served, {row.name(columns.asked)} AS asked,
        {row.owner()} AS owner, {row.name(columns.surface)} AS surface, {identity} AS id,
        {row.number()} AS number_told, {row.tokens(columns.tokens_in)} AS in_told,
        {row.tokens(columns.tokens_out)} AS out_told, {row.cost()} AS usd,
        {row.there(columns.cost)} AS cost_there, {refused} AS refused_told,
        {unsafe} AS unsafe_told, {scaled} AS score, {row.severe()} AS severe_told{more}
    FROM ({quick}) {row.joins()}
    """  # noqa: S608
    number = "1" if columns.number is None else _bounded("number_told")
    placed = f"""
    SELECT *, CASE WHEN told BETWEEN {FIRST_US} AND {LAST_US} THEN told END AS moment,
        {number} AS number FROM ({told})
    """  # noqa: S608
    return f"""
    SELECT *, (moment // {DAY_US})::INTEGER AS day, {_sums(columns)} FROM ({placed})
    """  # noqa: S608


def _bounded(told: str) -> str:
    """A whole number of calls, tickets or tokens; NULL for what can be none."""
    return f"CASE WHEN {told} BETWEEN 0 AND {_MOST} THEN {told} END"


def _sums(columns: Columns) -> str:
    """What a row adds to each sum; NULL for nothing."""
    good = f"usd BETWEEN 0 AND {_DEAREST}"  # false for NaN and infinity
    each = columns.rows != "counts"
    scored = "score BETWEEN 0 AND 1"
    parts = {
        "n": "number" if columns.rows not in ("tokens", "costs") else "NULL",
        "tokens_in": _bounded("in_told"),
        "tokens_out": _bounded("out_told"),
        "cost": f"CASE WHEN {good} THEN round(usd * {NANO})::BIGINT END",
        "cost_known": f"CASE WHEN {good} THEN number END"
        if columns.rows in ("calls", "counts") and columns.cost is not None
        else "NULL",
        **_flags("refused", each, columns.refused_named),
        **_flags("unsafe", each, columns.unsafe_named),
        "scores": f"CASE WHEN {scored} THEN 1 END",
        "score_sum": f"CASE WHEN {scored} THEN round(score * {NANO})::BIGINT END",
        "score_squares": f"CASE WHEN {scored} THEN round(score * score * {NANO})::BIGINT END",
        "severe": "severe_told",
    }
    return ", ".join(f"{parts[name]} AS {name}" for name in SUMS)


def _flags(name: str, each: bool, named: bool) -> dict[str, str]:
    told = f"{name}_told"
    if each or named:  # a value stands for all calls of its row
        return {
            name: f"{told}::BIGINT * number",
            f"{name}_of": f"CASE WHEN {told} IS NOT NULL THEN number END",
        }
    within = f"{told} BETWEEN 0 AND number"  # how many of the row's calls
    return {
        name: f"CASE WHEN {within} THEN {told} END",
        f"{name}_of": f"CASE WHEN {within} THEN number END",
    }
