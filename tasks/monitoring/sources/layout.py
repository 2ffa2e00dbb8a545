"""Where the columns of a source's file stand. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from configs.schema.monitoring_sources import (
    FileSourceConfig,
    IncidentSource,
    SurveySource,
    TicketSource,
    UsageSource,
)
from configs.schema.usage import UsageExport
from tasks.monitoring.export_layout import Caller, Header, folded
from tasks.monitoring.export_layout import layout_of as export_layout_of

Rows = Literal["calls", "counts", "tokens", "costs", "scores", "tickets", "incidents"]

#: Columns of Anthropic's console that are measured; what is left tells which row is which.
_CONSOLE_MEASURES = ("usage_input", "usage_output", "web_search", "cost_usd", "list_price")


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns by position, from 0; None or empty for what a file doesn't tell.

    Attributes:
        rows: what a row is.
        width: how many columns there are.
        time: instant or day; `zone` is the IANA zone of those that carry none, or empty.
        callers: the one to go by first.
        served: the model that answered; `asked` the name that the caller used.
        number: how many calls, or tickets, a row stands for.
        status: `failure` there marks a call that failed.
        charge: what a cost is for; only tokens are use of a model.
        measures: columns whose values may differ between two exports of the same row.
        text: whether it is a CSV, and no Parquet.
        refused_named, unsafe_named: whether certain values there mean yes.
    """

    rows: Rows
    width: int
    time: int
    zone: str
    callers: tuple[Caller, ...] = ()
    served: int | None = None
    asked: int | None = None
    id: int | None = None
    number: int | None = None
    tokens_in: tuple[int, ...] = ()
    tokens_out: tuple[int, ...] = ()
    cost: int | None = None
    refused: int | None = None
    unsafe: int | None = None
    surface: int | None = None
    score: int | None = None
    severity: int | None = None
    status: int | None = None
    charge: int | None = None
    measures: frozenset[int] = frozenset()
    text: bool = True
    refused_named: bool = False
    unsafe_named: bool = False

    @property
    def names(self) -> frozenset[int]:
        """Columns that are read as text whatever stands in them."""
        callers = {one.column for one in self.callers}
        others = {self.time, self.served, self.asked, self.id, self.surface, self.status}
        return frozenset(one for one in {*callers, *others, self.charge} if one is not None)

    @property
    def summed(self) -> bool:
        """Whether a row is a sum, which a later export may tell anew with other values."""
        return self.rows in ("counts", "tokens", "costs")


def columns_of(where: str, source: FileSourceConfig, header: Sequence[str]) -> Columns:
    """Find a source's columns.

    Args:
        where: the file, for errors.
        source: says the kind, the format and the map.
        header: the file's column names.

    Raises:
        UsageLogUnusable: a column is missing or stands twice; the names that are there are listed.
    """
    if isinstance(source, UsageSource) and source.columns is None:
        return _known_format(where, source, header)
    names = Header(where, "columns", header, folded)
    width = len(header)
    if isinstance(source, UsageSource):
        return _usage(names, source, width)
    if isinstance(source, SurveySource):
        survey = source.columns
        find = _finder(names, survey.model_dump())
        return Columns(
            rows="scores",
            width=width,
            time=names.need(survey.timestamp or survey.date),
            zone=source.time_zone,
            callers=(Caller(names.need(survey.owner)),) if survey.owner else (),
            served=find(survey.model),
            score=names.need(survey.score),
        )
    return _listed(names, source, width)


def _listed(names: Header, source: TicketSource | IncidentSource, width: int) -> Columns:
    find = _finder(names, source.columns.model_dump())
    tickets = isinstance(source, TicketSource)
    return Columns(
        rows="tickets" if tickets else "incidents",
        width=width,
        time=names.need(source.columns.timestamp or source.columns.date),
        zone=source.time_zone,
        served=find(source.columns.model),
        id=find(getattr(source.columns, "ticket_id" if tickets else "incident_id")),
        number=find(getattr(source.columns, "count", "")),
        severity=find(getattr(source.columns, "severity", "")),
    )


def _finder(names: Header, wanted: dict[str, object]) -> Callable[[str], int | None]:
    """Finds columns; every one that the map names has to be there."""
    said = [one for one in wanted.values() if isinstance(one, str) and one]
    if missing := [name for name in said if names.find(name) is None]:
        raise names.lacks(", ".join(map(repr, missing)))
    return names.find


def _usage(names: Header, source: UsageSource, width: int) -> Columns:
    asked = source.columns
    assert asked is not None
    callers = {f"caller {place}": name for place, name in enumerate(asked.callers)}
    find = _finder(names, {**asked.model_dump(), **callers})
    number, cost = find(asked.requests), find(asked.cost_usd)
    refused, unsafe = find(asked.refused), find(asked.unsafe)
    tokens = (find(asked.input_tokens), find(asked.output_tokens))
    measured = {number, cost, refused, unsafe, *tokens} - {None}
    return Columns(
        rows="calls" if number is None else "counts",
        width=width,
        time=names.need(asked.timestamp or asked.date),
        zone=source.time_zone,
        callers=tuple(Caller(names.need(name)) for name in asked.callers),
        served=find(asked.model),
        asked=find(asked.model_asked),
        id=find(asked.request_id),
        number=number,
        tokens_in=_known(tokens[0]),
        tokens_out=_known(tokens[1]),
        cost=cost,
        refused=refused,
        unsafe=unsafe,
        surface=find(asked.surface),
        measures=frozenset(one for one in measured if one is not None),
        refused_named=bool(asked.refused_values),
        unsafe_named=bool(asked.unsafe_values),
    )


def _known_format(where: str, source: UsageSource, header: Sequence[str]) -> Columns:
    assert source.path is not None or source.bucket is not None
    export = UsageExport.model_validate(
        {"name": source.name, "path": source.path or source.pattern, "format": source.format}
        | {"time_zone": source.time_zone}
    )
    found = export_layout_of(where, export, header)
    measures = {*found.input_tokens, *found.output_tokens}
    if source.format == "anthropic_console":
        measures |= {
            at
            for at, name in enumerate(header)
            if folded(name).replace(" ", "_").startswith(_CONSOLE_MEASURES)
        }
    return Columns(
        rows=found.kind,
        width=len(header),
        time=found.time,
        zone=found.zone,
        callers=found.callers,
        served=found.served,
        asked=found.asked,
        id=found.request_id,
        tokens_in=found.input_tokens,
        tokens_out=found.output_tokens,
        cost=found.cost,
        status=found.status,
        charge=found.charge,
        measures=frozenset(measures),
    )


def _known(column: int | None) -> tuple[int, ...]:
    return () if column is None else (column,)
