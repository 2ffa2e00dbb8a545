"""What a model's retirement waits for, and what a person does about it: a page of Prefect's UI."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tasks.kernel.instants import to_minute
from tasks.kernel.labels import labelled
from tasks.kernel.stages import Assessment, StageState
from tasks.monitoring.render import markdown_cell

_LAST = {StageState.BLOCKED: 0, StageState.WAITING: 1}


@dataclass(frozen=True, slots=True)
class Ways:
    """How a person gets from the page to what it names.

    Attributes:
        form: command -> address of the form that does the same, or empty.
        page: file -> its address, or empty.
        home: folder below which files are told by a relative path.
    """

    form: Callable[[str], str]
    page: Callable[[Path], str]
    home: Path


def standing_page(
    display_name: str,
    found: Mapping[str, Assessment],
    pages: Mapping[str, Path],
    ways: Ways,
    *,
    simulated: bool = False,
) -> str:
    """Markdown: what to do now, what to read before, and how every stage stands. Pure but for ways.

    Args:
        display_name: the model's.
        found: stage -> how it stands, in order.
        pages: what there is to read, by name.
        ways: addresses.
        simulated: whether the label stands at its head.
    """
    title = labelled(f"Retirement of {display_name}", simulated)
    parts = [f"## {markdown_cell(title)}", *_to_do(found, ways), *_to_read(pages, ways)]
    return "\n".join([*parts, *_table(found), ""])


def _to_do(found: Mapping[str, Assessment], ways: Ways) -> list[str]:
    open_ones = [(name, one) for name, one in found.items() if one.command or _is_blocked(one)]
    open_ones.sort(key=lambda pair: _LAST.get(pair[1].state, 2))
    if not open_ones:
        dates = [one.until for one in found.values() if one.until]
        if not dates:
            return ["**Nothing to do:** all is done.", ""]
        return [f"**Nothing to do:** the next date is {to_minute(min(dates))}.", ""]
    return ["**To do**", "", *(_item(name, one, ways) for name, one in open_ones), ""]


def _is_blocked(found: Assessment) -> bool:
    return found.state is StageState.BLOCKED


def _item(name: str, found: Assessment, ways: Ways) -> str:
    said = f"- **{name}** ({found.state.value}): {markdown_cell(found.reason)}"
    if not found.command:
        return said
    form = ways.form(found.command)
    opened = f"[open the form]({form}), or type " if form else "type "
    return f"{said}. To act, {opened}`{found.command}`"


def _to_read(pages: Mapping[str, Path], ways: Ways) -> list[str]:
    if not pages:
        return []
    told = []
    for name, path in pages.items():
        address = ways.page(path)
        where = path.relative_to(ways.home) if path.is_relative_to(ways.home) else path
        told.append(f"[{markdown_cell(name)}]({address})" if address else f"{name}: `{where}`")
    return ["**To read:** " + " · ".join(told), ""]


def _table(found: Mapping[str, Assessment]) -> list[str]:
    rows = [
        f"| {name} | {one.state.value} | {markdown_cell(one.reason)} "
        f"| {to_minute(one.until) if one.until else ''} |"
        for name, one in found.items()
    ]
    return ["| stage | state | what it says | next look |", "| --- | --- | --- | --- |", *rows]
