"""A plan for a terminal."""

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from flows.plan_report import ModelPlan, PlanReport
from flows.plan_words import cost, headline, ordered, origin, taken, told, value

_MARKS = {
    "new": ("+", "green"),
    "changed": ("~", "yellow"),
    "refused": ("!", "bold red"),
    "invalid": ("!", "bold red"),
    "removed": ("-", "dim"),
}
_STATES = {"invalid": "can't be used", "removed": "no file"}


def show(console: Console, report: PlanReport) -> None:
    """Print a plan: what needs a person first, the sum at the end."""
    console.print(Text(f"Plan of {origin(report)}", style="bold"), soft_wrap=True)
    for warning in report.warnings:
        console.print(Text(warning, style="yellow"))
    for model in ordered(report):
        _model(console, model)
    console.print()
    style = {0: "", 1: "bold red", 2: "bold"}[report.exit_status]
    console.print(Text(headline(report), style=style))
    if said := cost(report):
        console.print(Text(said))


def _model(console: Console, model: ModelPlan) -> None:
    mark, style = _MARKS[model.state]
    title = Text(f"\n{mark} {model.id}", style=style)
    title.append(f"  {_STATES.get(model.state, model.state)}", style="default")
    if model.file:
        title.append(f"  {model.file}", style="dim")
    console.print(title)
    for refusal in model.refusals:
        where = f"{refusal.field}: " if refusal.field else ""
        _line(console, f"{where}{refusal.reason} ({refusal.id})", "red")
    for change in model.changes:
        _line(console, f"{change.field}: {value(change.before)} -> {value(change.now)}")
    for said in told(model.notices):
        _line(console, said)
    if model.interviews is not None:
        _line(console, f"interviews: {taken(model.interviews)}")
        if model.interviews.problem:
            _line(console, f"interviews: {model.interviews.problem}", "red")
    for note in model.notes:
        _line(console, note, "yellow" if model.state != "removed" else "")


def _line(console: Console, said: str, style: str = "") -> None:
    console.print(Padding(Text(said, style=style, overflow="fold"), (0, 0, 0, 4), expand=False))
