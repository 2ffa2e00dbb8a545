"""The SQL that turns an export's rows into calls. Pure: builds text, runs nothing.

No name from a file or the configuration is part of it: columns are c0, c1, ... by position, and
paths and zones are bound by name.
"""

from collections.abc import Callable, Sequence

from tasks.monitoring.export_layout import Caller, Layout

CALLERS = 6  # columns that tell who called, at most
K = ", ".join(f"k{n}" for n in range(CALLERS))

CALLS_TABLE = f"""
CREATE TABLE calls (
    file INTEGER, moment BIGINT, day INTEGER, whole_day BOOLEAN, naive BOOLEAN, doubtful BOOLEAN,
    id UHUGEINT, {K.replace(",", " VARCHAR,")} VARCHAR, asked VARCHAR, served VARCHAR,
    n DOUBLE, tokens_in DOUBLE, tokens_out DOUBLE, cost_dot DOUBLE, cost_comma DOUBLE,
    mark TINYINT, failed BOOLEAN, active BOOLEAN
)
"""

READ_CSV = """read_csv($path, auto_detect=false, header=true, columns=$columns, delim=$delimiter,
        quote='"', escape='"', strict_mode=true, ignore_errors=true, store_rejects=true,
        rejects_limit=$rejects, skip=$skip, compression=$compression, max_line_size=8000000)"""

_OFFSET = (
    r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*([zZ]|[uU][tT][cC]|[gG][mM][tT]|[+-]\d{2}(:?\d{2})?)$"
)
_EPOCHS = (  # digits, and what makes microseconds of them
    (r"\d{9,10}([.,]\d+)?", "* 1000000"),
    (r"\d{12,13}([.,]\d+)?", "* 1000"),
    (r"\d{15,16}", ""),
    (r"\d{18,19}", "/ 1000"),
)
_DAY = r"\d{4}([-/]\d{1,2}[-/]\d{1,2}|\d{4})"
DAY_US = 86_400_000_000
FIRST_US, LAST_US = 946_684_800_000_000, 4_102_444_800_000_000  # 2000 to 2100
_GROUPED = r"\d{1,3}([.,]\d{3})+"
_DOT = r"-?(\d{1,3}(,\d{3})+\.\d+|\d*\.(\d{1,2}|\d{4,})([eE]-?\d+)?|0?\.\d+)"
_COMMA = r"-?(\d{1,3}(\.\d{3})+,\d+|\d*,(\d{1,2}|\d{4,})|0?,\d+)"
ORNAMENTS = "[$€£''\\s\u00a0\u202f]"


def insert_calls(layout: Layout, types: Sequence[str]) -> str:
    """An INSERT of one file's rows into `calls`.

    Bound by name: `file`, `path`, `zone`, `zoned` (whether it is known) and `shifts` (whether its
    clocks may change); for a CSV also `columns`, `delimiter`, `rejects`, `skip`, `compression`.

    Args:
        layout: where its columns stand.
        types: DuckDB's types of a Parquet file's columns; empty for a CSV, whose are all text.
    """
    text = reader(types)
    callers = [caller_in(one, text) for one in layout.callers]
    callers += ["''"] * (CALLERS - len(callers))
    alias = f" AS t({', '.join(f'c{n}' for n in range(len(types)))})" if types else ""
    return f"""
INSERT INTO calls
WITH raw AS (
    SELECT {_time(layout.time, types)} AS t, {text(layout.request_id)} AS id,
        {", ".join(f"{one} AS k{place}" for place, one in enumerate(callers))},
        {text(layout.asked)} AS asked, {text(layout.served)} AS served,
        {count_in(text(layout.requests))} AS n,
        {_sum(layout.input_tokens, text)} AS tokens_in,
        {_sum(layout.output_tokens, text)} AS tokens_out,
        regexp_replace({text(layout.cost)}, '{ORNAMENTS}', '', 'g') AS cost,
        coalesce(lower({text(layout.status)}) = 'failure', false) AS failed,
        lower({text(layout.charge)}) AS charge
    FROM {"read_parquet($path)" if types else READ_CSV}{alias}
), timed AS (
    SELECT *, {instant_in("t")} AS sure, {local_in("t")} AS local FROM raw
), placed AS (
    SELECT *,
        coalesce(sure, CASE WHEN $zoned THEN epoch_us(timezone($zone, local)) END) AS placed_at
    FROM timed
), priced AS (
    SELECT *, CASE WHEN placed_at BETWEEN {FIRST_US} AND {LAST_US} THEN placed_at END AS moment,
        {with_dot("cost")} AS cost_dot, {with_comma("cost")} AS cost_comma
    FROM placed
)
SELECT $file::INTEGER, moment, moment // {DAY_US},
    length(t) <= 10 AND coalesce(regexp_full_match(t, '{_DAY}'), false),
    sure IS NULL AND local IS NOT NULL AND NOT $zoned,
    CASE WHEN $shifts AND sure IS NULL AND local IS NOT NULL THEN {_doubtful()} ELSE false END,
    CASE WHEN id <> '' THEN md5_number(id) END, {K}, coalesce(asked, ''), coalesce(served, ''),
    n, tokens_in, tokens_out, cost_dot, cost_comma, {mark_of("cost")}, failed, {_active(layout)}
FROM priced
"""  # noqa: S608 - built of constants and positions alone


Text = Callable[[int | None], str]


def reader(types: Sequence[str]) -> Text:
    """A column as text without outer spaces; NULL for none."""

    def text(column: int | None) -> str:
        if column is None:
            return "NULL::VARCHAR"
        kind = types[column] if types else "VARCHAR"
        if kind.startswith(("STRUCT", "MAP")) or kind.endswith("[]"):
            return f"to_json(c{column})::VARCHAR"
        return f"trim(c{column}::VARCHAR)"

    return text


def _time(column: int, types: Sequence[str]) -> str:
    """The time column as text that `_instant` and `_local` read."""
    kind = types[column] if types else "VARCHAR"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"epoch_us(c{column})::VARCHAR"
    if kind in {"DOUBLE", "FLOAT"}:  # as text they would be 1.7e9
        return f"c{column}::DECIMAL(38, 6)::VARCHAR"
    return f"trim(c{column}::VARCHAR)"


def caller_in(one: Caller, text: Text) -> str:
    """A column that tells who called, as text; empty where it tells nothing."""
    told = text(one.column)
    if one.key:
        told = f"json_extract_string(CASE WHEN json_valid({told}) THEN {told} END, '$.{one.key}')"
    return f"coalesce({told}, '')"


def instant_in(t: str) -> str:
    """Microseconds since the epoch of a text that needs no zone; else NULL.

    A day needs none: it is known to the day, and stands as it is written.
    """
    number = f"try_cast(replace({t}, ',', '.') AS DECIMAL(38, 6))"
    epochs = " ".join(
        f"WHEN regexp_full_match({t}, '{digits}') THEN ({number} {factor})::BIGINT"
        for digits, factor in _EPOCHS
    )
    iso = f"regexp_replace(replace({t}, ',', '.'), '\\s*([uU][tT][cC]|[gG][mM][tT])$', 'Z')"
    return (  # what most exports have comes first: a pattern a row is what costs time
        f"CASE WHEN contains({t}, ':') THEN CASE WHEN regexp_matches({t}, '{_OFFSET}') "
        f"THEN epoch_us(try_cast({iso} AS TIMESTAMPTZ)) END "
        f"WHEN regexp_full_match({t}, '{_DAY}') THEN epoch_us({local_in(t)}) {epochs} END"
    )


def local_in(t: str) -> str:
    """A day or an instant without a zone; else NULL."""
    return (
        f"CASE WHEN regexp_full_match({t}, '\\d{{8}}') THEN try_strptime({t}, '%Y%m%d') "
        f"ELSE try_cast(replace({t}, ',', '.') AS TIMESTAMP) END"
    )


def _doubtful() -> str:
    """An hour that the clocks' change made stand twice, or never."""
    return (
        "timezone($zone, timezone($zone, local)) <> local"
        " OR timezone($zone, timezone($zone, local) - INTERVAL 1 HOUR) = local"
        " OR timezone($zone, timezone($zone, local) + INTERVAL 1 HOUR) = local"
    )


def count_in(told: str) -> str:
    """A whole number; dots and commas before three digits are thousands."""
    bare = f"regexp_replace({told}, '{ORNAMENTS}', '', 'g')"
    return (
        f"CASE WHEN regexp_full_match({told}, '\\d+') THEN try_cast({told} AS DOUBLE) "
        f"WHEN regexp_full_match({bare}, '{_GROUPED}') "
        f"THEN try_cast(regexp_replace({bare}, '[.,]', '', 'g') AS DOUBLE) "
        f"ELSE try_cast(replace({bare}, ',', '.') AS DOUBLE) END"
    )


def _sum(columns: Sequence[int], text: Text) -> str:
    """The sum of what the columns tell; NULL when none tells anything."""
    if not columns:
        return "NULL::DOUBLE"
    return f"list_sum([{', '.join(count_in(text(column)) for column in columns)}])"


def with_dot(cost: str) -> str:
    """A cost read with a decimal dot; NULL if it can't be."""
    return f"try_cast(replace({cost}, ',', '') AS DOUBLE)"


def with_comma(cost: str) -> str:
    """A cost read with a decimal comma; NULL if it can't be."""
    return f"try_cast(replace(replace({cost}, '.', ''), ',', '.') AS DOUBLE)"


def mark_of(cost: str) -> str:
    """Which decimal mark a cost gives away: 1 the dot, 2 the comma, 0 neither."""
    return (
        f"CASE WHEN regexp_full_match({cost}, '{_DOT}') THEN 1 "
        f"WHEN regexp_full_match({cost}, '{_COMMA}') THEN 2 ELSE 0 END"
    )


def _active(layout: Layout) -> str:
    """Whether a row is use of a model: not what counts nothing, nor a call that reached none."""
    if layout.kind == "calls":
        return "NOT (failed AND coalesce(served, '') = '' AND coalesce(asked, '') = '')"
    told = "n, tokens_in, tokens_out, cost_dot"
    some = (
        "coalesce(n, 0) > 0 OR coalesce(tokens_in, 0) > 0 OR coalesce(tokens_out, 0) > 0"
        " OR coalesce(cost_dot, 0) > 0 OR coalesce(cost_comma, 0) > 0"
    )
    tokens_only = "coalesce(charge, '') IN ('', 'token', 'tokens')"
    return f"{tokens_only} AND (coalesce({told}) IS NULL OR {some})"
