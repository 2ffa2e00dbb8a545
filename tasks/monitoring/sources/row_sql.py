"""What one row of a source's file tells, as SQL expressions. Pure: builds text, runs nothing.

No name from a file or the configuration is part of it: columns are c0, c1, ... by position, and
zones, scales and values are bound by name. What most exports have comes first in each CASE: a
pattern a row is what costs time.
"""

from collections.abc import Sequence

from tasks.monitoring.export_sql import (
    ORNAMENTS,
    Text,
    caller_in,
    count_in,
    instant_in,
    local_in,
    with_comma,
    with_dot,
)
from tasks.monitoring.sources.layout import Columns

UNCLEAR = "?"
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_UTC = ("UTC", "Etc/UTC", "GMT")


class Row:
    """The expressions of one file's rows.

    Args:
        columns: where they stand.
        types: DuckDB's types of the columns.
        lengths: of the beginnings of names by which owners claim callers; 0 for whole names.
        decimal: the decimal mark of costs, or `UNCLEAR` where which mark is which can't be told.
            Empty to read only what is written plainly, fast: `pairs` then shows whether anything
            was written in another way, and the file is to be read with a mark.
    """

    def __init__(
        self, columns: Columns, types: Sequence[str], lengths: Sequence[int], decimal: str = ""
    ) -> None:
        self._columns, self._types, self._decimal = columns, types, decimal
        self._lengths = lengths if columns.callers else ()
        self._plainly = not decimal
        self._text: Text = self._trimmed

    def _type(self, column: int) -> str:
        return self._types[column]

    def _trimmed(self, column: int | None) -> str:
        """A column as text without outer spaces; NULL for none."""
        if column is None:
            return "NULL::VARCHAR"
        kind = self._type(column)
        if kind.startswith(("STRUCT", "MAP")) or kind.endswith("[]"):
            return f"to_json(c{column})::VARCHAR"
        return f"trim(c{column})" if kind == "VARCHAR" else f"trim(c{column}::VARCHAR)"

    def quickly(self) -> str:
        """The time as TIMESTAMP where it is written as most are; else NULL."""
        column, zone = self._columns.time, self._columns.zone
        if self._type(column) != "VARCHAR":
            return "NULL::TIMESTAMP"
        c = f"c{column}"
        with_z = f"CASE WHEN suffix({c}, 'Z') THEN try_cast({c} AS TIMESTAMP)"
        if zone not in _UTC:
            return f"{with_z} END"
        # the connection's zone is UTC too: what carries an offset is read with it
        other = f"timezone('UTC', try_cast({c} AS TIMESTAMPTZ))"
        return f"{with_z} WHEN contains({c}, ':') THEN {other} END"

    def told(self) -> str:
        """Microseconds since the epoch, of whatever century; `quick` is what `quickly` found."""
        column, zone = self._columns.time, self._columns.zone
        c, kind = f"c{column}", self._type(column)
        if kind == "TIMESTAMP WITH TIME ZONE":
            return f"CASE WHEN isfinite({c}) THEN epoch_us({c}) END"
        if kind == "DATE":
            return f"CASE WHEN isfinite({c}) THEN epoch_us({c}::TIMESTAMP) END"
        if kind.startswith("TIMESTAMP"):
            naive = f"{c}::TIMESTAMP"
            placed = naive if zone in _UTC else f"timezone($zone, {naive})"
            return f"CASE WHEN $zoned AND isfinite({naive}) THEN epoch_us({placed}) END"
        float_like = kind in {"DOUBLE", "FLOAT"}  # as text they would be 1.7e9
        t = f"{c}::DECIMAL(38, 6)::VARCHAR" if float_like else f"trim({c}::VARCHAR)"
        local = f"epoch_us(timezone($zone, {local_in(t)}))"
        slow = f"coalesce({instant_in(t)}, CASE WHEN $zoned THEN {local} END)"
        if kind != "VARCHAR":
            return slow
        return "epoch_us(quick)" if self._plainly else f"coalesce(epoch_us(quick), {slow})"

    def name(self, column: int | None) -> str:
        """A name to group by, as it stands; empty for none."""
        if column is None:
            return "''"
        return f"coalesce(c{column}{'' if self._type(column) == 'VARCHAR' else '::VARCHAR'}, '')"

    def identity(self) -> str:
        """The row's id; NULL where it has none."""
        column = self._columns.id
        return "NULL::VARCHAR" if column is None else f"nullif({self._text(column)}, '')"

    def raw_identity(self) -> str:
        """The same without trimming, where only their number is asked for."""
        return "NULL::VARCHAR" if self._columns.id is None else f"c{self._columns.id}"

    def key(self, hashed: str = "md5_number") -> str:
        """What tells a row apart from others: its id, else all that it says but its measures.

        Args:
            hashed: the function that makes a number of it.
        """
        columns = self._columns
        left_out = columns.measures if columns.summed else frozenset[int]()
        told = ", ".join(
            f"coalesce({self._text(at)}, chr(0))"
            for at in range(columns.width)
            if at not in left_out
        )
        row = f"{hashed}('r' || concat_ws(chr(31), {told}))"
        if columns.id is None:
            return row
        one = self.identity()
        return f"CASE WHEN {one} IS NOT NULL THEN {hashed}('i' || {one}) ELSE {row} END"

    def number(self) -> str:
        """Calls or tickets that the row stands for, as a number; NULL for what is none."""
        if self._columns.number is None:
            return "1"
        return self._counted(self._columns.number)

    def tokens(self, places: Sequence[int]) -> str:
        """The sum of what the columns tell; NULL when none tells anything."""
        if not places:
            return "NULL::BIGINT"
        parts = [self._counted(place) for place in places]
        return parts[0] if len(parts) == 1 else f"list_sum([{', '.join(parts)}])"

    def _counted(self, column: int) -> str:
        """A whole number; NULL for what is none, or beyond all bounds."""
        c, kind = f"c{column}", self._type(column)
        if kind in _WHOLE:
            return f"{c}::BIGINT"
        if kind != "VARCHAR":
            return f"try_cast(round(try_cast({c} AS DOUBLE)) AS BIGINT)"
        if self._plainly:
            return f"try_cast({c} AS BIGINT)"
        told = count_in(self._text(column))
        return f"coalesce(try_cast({c} AS BIGINT), try_cast(round({told}) AS BIGINT))"

    def cost(self) -> str:
        """USD as DOUBLE; NULL for what is no number."""
        column = self._columns.cost
        if column is None or self._decimal == UNCLEAR:
            return "NULL::DOUBLE"
        if self._plainly or self._type(column) != "VARCHAR":
            return f"try_cast(c{column} AS DOUBLE)"
        bare = f"regexp_replace({self._text(column)}, '{ORNAMENTS}', '', 'g')"
        return with_dot(bare) if self._decimal == "." else with_comma(bare)

    def there(self, column: int | None) -> str:
        """What stands in a column, as it stands; NULL for nothing."""
        if column is None:
            return "NULL"
        if self._columns.text:
            return f"c{column}"  # DuckDB reads an empty field of a CSV as NULL
        return f"nullif(c{column}, '')" if self._type(column) == "VARCHAR" else f"c{column}"

    def pairs(self) -> tuple[tuple[int, str], ...]:
        """Columns of text that are to hold numbers or flags, and what is read of each."""
        columns = self._columns
        told = [(one, self._counted(one)) for one in (*columns.tokens_in, *columns.tokens_out)]
        if columns.number is not None:
            told.append((columns.number, self._counted(columns.number)))
        if columns.cost is not None:
            told.append((columns.cost, self.cost()))
        for one, named in (
            (columns.refused, columns.refused_named),
            (columns.unsafe, columns.unsafe_named),
        ):
            if one is not None and not named:
                told.append((one, self.flag(one, named=False, values="")))
        return tuple((one, read) for one, read in told if self._type(one) == "VARCHAR")

    def flag(self, column: int | None, *, named: bool, values: str) -> str:
        """True, false or NULL; in a row that is a sum, a number.

        Args:
            column: where it stands.
            named: whether the bound list `values` tells what means yes.
            values: the list's name.
        """
        if column is None:
            return "NULL::BOOLEAN"
        if named:
            told = f"nullif(lower({self._text(column)}), '')"
            return f"list_contains(${values}, {told})"
        if self._columns.rows == "counts":
            return self._counted(column)
        c, kind = f"c{column}", self._type(column)
        if kind == "VARCHAR" and not self._plainly:
            slow = f"coalesce(try_cast(trim({c}) AS BOOLEAN), try_cast({c} AS DOUBLE) <> 0)"
            return f"coalesce(try_cast({c} AS BOOLEAN), CASE WHEN {c} <> '' THEN {slow} END)"
        return f"try_cast({c} AS BOOLEAN)"

    def score(self) -> str:
        """A score as it is written; NULL for what is no number."""
        column = self._columns.score
        if column is None:
            return "NULL::DOUBLE"
        if self._type(column) != "VARCHAR":
            return f"try_cast(c{column} AS DOUBLE)"
        told = self._text(column)
        return (
            f"coalesce(try_cast({told} AS DOUBLE), try_cast(replace({told}, ',', '.') AS DOUBLE))"
        )

    def severe(self) -> str:
        """1 for a severe incident, else 0; NULL where severity isn't told at all."""
        column = self._columns.severity
        if column is None:
            return "NULL::BIGINT"
        return (
            f"coalesce(list_contains($severe_values, lower({self._text(column)})), false)::BIGINT"
        )

    def active(self) -> str:
        """Whether a row is use of a model: not what reached none, nor what is no charge for it."""
        columns, said = self._columns, []
        if columns.status is not None:
            names = f"{self.name(columns.served)} = '' AND {self.name(columns.asked)} = ''"
            failed = f"coalesce(lower({self._text(columns.status)}) = 'failure', false)"
            said.append(f"NOT ({failed} AND {names})")
        if columns.charge is not None:
            charge = f"coalesce(lower({self._text(columns.charge)}), '')"
            said.append(f"{charge} IN ('', 'token', 'tokens')")
        return " AND ".join(said) or "true"

    def owner(self) -> str:
        """The owner whose caller it is, by number; NULL for nobody's."""
        if not self._lengths:
            return "NULL::INTEGER"
        places = range(len(self._columns.callers))
        claims = ", ".join(f"j{at}_{length}.owner" for at in places for length in self._lengths)
        return f"coalesce({claims})"

    def callers(self) -> str:
        """Columns `k0`, `k1`, ... that tell who called, in one case; what `joins` compares."""
        if not self._lengths:
            return ""
        told = [f"lower({caller_in(one, self._text)})" for one in self._columns.callers]
        return "".join(f", {one} AS k{at}" for at, one in enumerate(told))

    def joins(self) -> str:
        """Joins with the claims of all owners."""
        said = []
        for at in range(len(self._columns.callers)):
            for length in self._lengths:
                name = f"left(k{at}, {length})" if length else f"k{at}"
                said.append(f"LEFT JOIN claims_{length} j{at}_{length}")
                said.append(f"ON j{at}_{length}.key = {name}")
        return " ".join(said)
