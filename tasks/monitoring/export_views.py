"""How far an export can be trusted: what it covers, and the signs that rows are missing. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from configs.schema.usage import UsageExport
from tasks.monitoring.coverage import Window, gaps_of, instant_at
from tasks.monitoring.file_read import FileRead

_TREND_DAYS = 60


@dataclass(frozen=True, slots=True)
class ExportView:
    """One export: what it covers, and why it proves nothing where it doesn't.

    Attributes:
        why: reasons for which no absence can be read from it; empty when it covers the window.
        notes: what else a reader has to know of it.
        trend: whether it covers the last 60 days, so that two months can be compared.
    """

    export: UsageExport
    files: tuple[FileRead, ...]
    gaps: tuple[str, ...]
    why: tuple[str, ...]
    notes: tuple[str, ...]
    trend: bool


def view_of(
    export: UsageExport, files: Sequence[FileRead], days: frozenset[int], window: Window
) -> ExportView:
    """How far one export can be trusted over a window."""
    mine = tuple(one for one in files if one.export == export.name)
    gaps = gaps_of(days, window, export.quiet_days)
    why = [one.problem for one in mine if one.problem]
    if gaps and any(not one.problem for one in mine):
        shown = ", ".join(map(str, gaps[:5]))
        more = f" and {len(gaps) - 5} more gaps" if len(gaps) > 5 else ""
        why.append(f"{export.name} has no row of any model on {shown}{more}")
    why += [said for one in mine for said in _losses(one)]
    notes = [said for one in mine for said in _notes(one)]
    notes += _overlaps(mine)
    last_60 = window.last(_TREND_DAYS)
    return ExportView(
        export=export,
        files=mine,
        gaps=tuple(map(str, gaps)),
        why=tuple(why),
        notes=tuple(notes),
        trend=not gaps_of(days, last_60, export.quiet_days),
    )


def _losses(one: FileRead) -> list[str]:
    """Signs that rows of a file are missing."""
    name, said = one.path.name, []
    if one.problem:
        return []
    if one.cut_at:
        said.append(f"{name} can't be read from line {one.cut_at} on: a quote is left open there")
    elif one.unreadable and one.open_end:
        said.append(f"{name} ends in the middle of a row")
    if one.unreadable and not one.cut_at:
        line = f", the first at line {one.first_unreadable}" if one.first_unreadable else ""
        said.append(f"{_rows(one.unreadable)} of {name} can't be read{line}")
    if one.round_count:
        said.append(f"{name} has {_rows(one.rows)}, at which exports are often cut off")
    if one.ahead:
        said.append(f"{_rows(one.ahead)} of {name} more than a day ahead of our clock")
    if one.nameless:
        said.append(f"{_rows(one.nameless)} of {name} without a model's name")
    return said


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"


def _notes(one: FileRead) -> list[str]:
    name, said = one.path.name, []
    if one.same_as:
        return [f"{name} has the bytes of {one.same_as}: they count once"]
    if one.problem:
        return []
    last = instant_at(one.last)
    if last and not one.whole_days and one.kind in {"calls", "counts"} and last.hour < 23:
        said.append(
            f"{name} ends on {last:%Y-%m-%d at %H:%M} UTC: that day is there in part, and nothing "
            "is known of the time since"
        )
    if one.kind in {"tokens", "costs"}:
        said.append(f"{name} tells {one.kind} and no number of calls")
    if one.whole_days:
        said.append(f"{name} tells days: first and last calls are known to the day")
    if one.open_end and not one.unreadable:
        said.append(f"{name} ends without a line break: its last row may be cut")
    if one.doubtful:
        said.append(
            f"{_rows(one.doubtful)} of {name} in an hour that the clocks' change made stand twice, "
            "or never: may be an hour off"
        )
    if one.costs_unclear:
        said.append(f"{name} writes costs both with dots and with commas: none was counted")
    return said


def _overlaps(files: Sequence[FileRead]) -> list[str]:
    """Files of one export over the same time whose rows carry no id that would tell them apart."""
    told: list[str] = []
    usable = [one for one in files if one.first is not None and not one.has_ids]
    for place, one in enumerate(usable):
        for other in usable[place + 1 :]:
            if one.kind != other.kind:
                continue
            assert one.first is not None
            assert one.last is not None
            assert other.first is not None
            assert other.last is not None
            if one.first <= other.last and other.first <= one.last:
                told.append(
                    f"{one.path.name} and {other.path.name} cover the same time and rows have no "
                    "id: what stands in both counts twice"
                )
    return told
