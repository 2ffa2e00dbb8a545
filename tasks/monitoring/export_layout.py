"""Where the columns of an export stand, for each format that is known. Pure.

Sources: for `anthropic_console` headers of token and cost exports in public repositories of people
who read them, since the console's help names no columns; for `litellm_spend` LiteLLM_SpendLogs in
LiteLLM's schema.prisma. docs/stages/access/usage-audit.md says which was seen where.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from configs.schema.usage import ExportColumns, UsageExport
from tasks.kernel.errors import UsageLogUnusable

Kind = Literal["calls", "counts", "tokens", "costs"]

_SHOWN = 20  # columns that an error lists at most


@dataclass(frozen=True, slots=True)
class Caller:
    """One column that tells who called; `key` is a field of the JSON that it holds, or empty."""

    column: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns by position, from 0; None or empty for what an export doesn't tell.

    Attributes:
        kind: what a row is: one call, a number of calls, or tokens or costs of nobody knows how
            many calls.
        time: instant or day; `zone` is the IANA zone of those that carry none, or empty.
        callers: the one to go by first.
        served: the model that answered; `asked` the name that the caller used.
        status: `failure` there marks a call that failed.
        charge: what a cost is for; only tokens are use of a model.
    """

    kind: Kind
    time: int
    zone: str
    callers: tuple[Caller, ...]
    served: int
    asked: int | None = None
    request_id: int | None = None
    requests: int | None = None
    input_tokens: tuple[int, ...] = ()
    output_tokens: tuple[int, ...] = ()
    cost: int | None = None
    status: int | None = None
    charge: int | None = None


def layout_of(where: str, export: UsageExport, header: Sequence[str]) -> Layout:
    """Find an export's columns.

    Args:
        where: the file, for errors.
        export: says the format and, for `columns`, the map.
        header: the file's column names.

    Raises:
        UsageLogUnusable: a column is missing or stands twice; the names that are there are listed.
    """
    if export.format == "litellm_spend":
        return _litellm(Header(where, export.format, header, _letters), export)
    if export.format == "anthropic_console":
        return _anthropic(Header(where, export.format, header, _letters))
    assert export.columns is not None
    return _mapped(Header(where, export.format, header, folded), export, export.columns)


class Header:
    """Column names of one file, and the sentences that tell what is wrong with them."""

    def __init__(
        self, where: str, form: str, names: Sequence[str], same: Callable[[str], str]
    ) -> None:
        self._where, self._format, self._names, self._same = where, form, names, same
        self._keys = [same(name) for name in names]

    def find(self, name: str) -> int | None:
        """A column's position; None when it is not there."""
        if not name:
            return None
        key = self._same(name)
        if self._keys.count(key) > 1:
            raise UsageLogUnusable(
                f"{self._where}: has column {name!r} twice; which one counts is unclear"
            )
        return self._keys.index(key) if key in self._keys else None

    def need(self, name: str) -> int:
        """A column's position."""
        at = self.find(name)
        if at is None:
            raise self.lacks(repr(name))
        return at

    def all_that_begin(self, name: str) -> tuple[int, ...]:
        """Positions of the columns that begin so."""
        begin = self._same(name)
        return tuple(at for at, key in enumerate(self._keys) if key.startswith(begin))

    def lacks(self, what: str) -> UsageLogUnusable:
        """The error that names the columns that are there, and the format that they fit."""
        shown = ", ".join(map(repr, self._names[:_SHOWN]))
        shown += f" and {len(self._names) - _SHOWN} more" if len(self._names) > _SHOWN else ""
        other = _looks_like(self._names)
        if other and other != self._format:
            mend = f"they are those of the format {other}"
        elif self._format == "columns":
            mend = "mend the export's columns, or export it again"
        else:
            mend = "export it again, or name its columns with the format columns"
        return UsageLogUnusable(
            f"{self._where}: is no {self._format} export, it has no column {what}; its columns "
            f"are {shown}: {mend}"
        )


def _looks_like(names: Sequence[str]) -> str:
    keys = {_letters(name) for name in names}
    if {"starttime", "model", "spend"} <= keys:
        return "litellm_spend"
    return "anthropic_console" if "usagedateutc" in keys else ""


def _litellm(header: Header, export: UsageExport) -> Layout:
    told = header.find("metadata")
    callers = [
        None if told is None else Caller(told, "user_api_key_alias"),
        _caller(header.find("user")),
        None if told is None else Caller(told, "user_api_key_team_alias"),
        _caller(header.find("team_id")),
        _caller(header.find("api_key")),
        _caller(header.find("end_user")),
    ]
    found = tuple(one for one in callers if one)
    time, served = header.need("startTime"), header.need("model")
    if not found:
        raise header.lacks("'user', 'team_id' or 'api_key'")
    return Layout(
        kind="calls",
        time=time,
        zone=export.time_zone or "UTC",
        callers=found,
        served=served,
        asked=header.find("model_group"),
        request_id=header.find("request_id"),
        input_tokens=_known(header.find("prompt_tokens")),
        output_tokens=_known(header.find("completion_tokens")),
        cost=header.find("spend"),
        status=header.find("status"),
    )


def _anthropic(header: Header) -> Layout:
    time = header.need("usage_date_utc")
    callers = tuple(
        Caller(at) for name in ("api_key", "workspace") if (at := header.find(name)) is not None
    )
    if not callers:
        raise header.lacks("'api_key' or 'workspace'")
    served, cost = header.find("model_version"), header.find("cost_usd")
    if served is not None and cost is None:
        return Layout(
            kind="tokens",
            time=time,
            zone="UTC",
            callers=callers,
            served=served,
            input_tokens=header.all_that_begin("usage_input_tokens"),
            output_tokens=(header.need("usage_output_tokens"),),
        )
    if cost is None:
        raise header.lacks("'model_version' of the token export, or 'cost_usd' of the cost export")
    return Layout(
        kind="costs",
        time=time,
        zone="UTC",
        callers=callers,
        served=header.need("model") if served is None else served,
        cost=cost,
        charge=header.find("cost_type"),
    )


def _mapped(header: Header, export: UsageExport, columns: ExportColumns) -> Layout:
    if missing := [name for name in _named(columns) if name and header.find(name) is None]:
        raise header.lacks(", ".join(map(repr, missing)))
    return Layout(
        kind="counts" if columns.requests else "calls",
        time=header.need(columns.timestamp or columns.date),
        zone=export.time_zone,
        callers=tuple(Caller(header.need(name)) for name in columns.callers),
        served=header.need(columns.model),
        asked=header.find(columns.model_asked),
        request_id=header.find(columns.request_id),
        requests=header.find(columns.requests),
        input_tokens=_known(header.find(columns.input_tokens)),
        output_tokens=_known(header.find(columns.output_tokens)),
        cost=header.find(columns.cost_usd),
    )


def _named(columns: ExportColumns) -> tuple[str, ...]:
    return (
        columns.timestamp,
        columns.date,
        columns.model,
        *columns.callers,
        columns.model_asked,
        columns.request_id,
        columns.requests,
        columns.input_tokens,
        columns.output_tokens,
        columns.cost_usd,
    )


def _caller(column: int | None) -> Caller | None:
    return None if column is None else Caller(column)


def _known(column: int | None) -> tuple[int, ...]:
    return () if column is None else (column,)


def _letters(name: str) -> str:
    """`startTime`, `start_time` and ` Start Time` are one name."""
    return re.sub(r"[\W_]+", "", name.casefold())


def folded(name: str) -> str:
    """A name without case and outer or doubled spaces."""
    return " ".join(name.split()).casefold()
