"""`emeritus fleet`: passes over all models of a fleet, and how they stand then."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.environment import ready_prefect

if TYPE_CHECKING:
    from flows.fleet_look import Line, Looked

FLEET = Path("configs/fleet.yaml")
_MOST_LINES = 40


def fleet(
    folder: Annotated[
        Path,
        typer.Argument(help="A fleet's settings file, or a folder with one YAML a model."),
    ] = FLEET,
) -> None:
    """Run one pass over every model with something due, side by side; then show the fleet.

    `emeritus plan` shows before what that would change. Ends with status 1 if a model failed or a
    file was refused.
    """
    from flows.fleet_look import going_on_from, look_over

    looked = look_over(folder)
    if not looked.due:
        _show_lines(looked, {})
        _end_with([*looked.refused.values(), looked.source.warning])
        return
    ready_prefect()
    from flows.fleet import fleet as flow

    with going_on_from(folder, looked):
        state: Any = flow(folder, return_state=True)
    if not state.is_completed():
        fault = state.result(raise_on_failure=False)
        if isinstance(fault, Exception):
            raise fault
    _show_lines(looked, looked.due)
    if not state.is_completed():
        _end_with([state.message or "the fleet failed"])


def _show_lines(looked: "Looked", passed: "dict[str, Path] | Any") -> None:
    """One line a model, what needs a person first."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from flows.fleet_look import Line, line_now, line_of, worst_first
    from tasks import wiring

    book, now = wiring.book(), wiring.clock().now()
    lines = [line_of(model, found) for model, found in looked.idle.items()]
    lines += [line_now(model, file, book, now) for model, file in passed.items()]
    lines += [Line(name, "refused", why) for name, why in looked.refused.items()]
    table = Table(box=None, pad_edge=False, show_edge=False)
    for name in ("model", "state", "what it waits for"):
        table.add_column(name, no_wrap=name == "state", overflow="fold")
    ordered = worst_first(lines)
    for line in _worth_a_line(ordered):
        said = Text(line.waits_for)
        if line.command:
            said.append(f"\n→ {line.command}", style="bold")
        table.add_row(line.model, line.state, said)
    console = Console()
    commit = f", commit {looked.source.commit[:12]}" if looked.source.commit else ""
    console.print(Text(f"{looked.source.name.split(', commit ')[0]}{commit}", style="bold"))
    console.print(table)
    left = len(ordered) - len(_worth_a_line(ordered))
    if left:
        console.print(f"and {left} more, with nothing for a person to do (`emeritus status`)")


def _worth_a_line(lines: "Sequence[Line]") -> "Sequence[Line]":
    """All of a small fleet; of a large one those that a person can do something for."""
    if len(lines) <= _MOST_LINES:
        return lines
    return [one for one in lines if one.command or one.state not in ("done", "waiting")]


def _end_with(told: list[str]) -> None:
    said = [one for one in told if one]
    if said:
        typer.echo("\n".join(said), err=True)
        raise typer.Exit(1)
