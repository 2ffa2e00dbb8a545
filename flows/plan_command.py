"""`emeritus plan`: what applying a commit, or the files as they stand, would change."""

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

FleetPath = Annotated[
    Path,
    typer.Argument(help="A fleet's settings, a folder with one YAML a model, or one such YAML."),
]
FLEET = Path("configs/fleet.yaml")


class Format(StrEnum):
    """How a plan is written."""

    text = "text"
    json = "json"
    markdown = "markdown"


class PlanCommand(TyperCommand):
    """Ends with 1 on a mistake in the command line: 2 says that something changes."""

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        """As any command, but for the status."""
        try:
            return super().make_context(*arguments, **named)
        except Exception as error:
            if getattr(error, "exit_code", 0) == 2:
                vars(error)["exit_code"] = 1
            raise


def plan(
    models: FleetPath = FLEET,
    ref: Annotated[
        str, typer.Option(help="Commit, branch or tag to look at; the files as they stand if none.")
    ] = "",
    against: Annotated[
        str,
        typer.Option(
            help="Compare with this commit, branch or tag, where no records are at hand, as on a "
            "pull request; with the records if left out."
        ),
    ] = "",
    output: Annotated[
        Format, typer.Option("--format", help="text, json for programs, markdown for a comment.")
    ] = Format.text,
) -> None:
    """Show what would change: models, fields, dates and who is told, refusals, calls and cost.

    Reads only. Ends with status 0 if nothing changes, 2 if something does, and 1 if something is
    refused or can't be used.
    """
    from configs.errors import EmeritusError

    try:
        status = _show(models, ref, against, output)
    except EmeritusError as error:
        sys.stderr.write(f"error[{error.code}]: {error}\n")
        status = 1  # whatever status the error has elsewhere
    raise typer.Exit(status)


def _show(models: Path, ref: str, against: str, output: Format) -> int:
    from flows.plan import as_json
    from flows.plan import plan as make

    report = make(models, ref, against)
    if output is Format.text:
        from rich.console import Console

        from flows.plan_text import show

        show(Console(), report)
        return report.exit_status
    from flows.plan_markdown import as_markdown

    written: dict[Format, Callable[..., str]] = {
        Format.json: lambda one: as_json(one) + "\n",
        Format.markdown: as_markdown,
    }
    sys.stdout.write(written[output](report))
    return report.exit_status
