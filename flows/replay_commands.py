"""`emeritus replays`: recorded prompts asked again, of the same model and of its successor."""

import json
from typing import Annotated

import typer

from flows.command_options import AsJson, Model

replays = typer.Typer(
    help="Recorded prompts asked again: the weekly same-model test, and old against successor.",
    no_args_is_help=True,
)

Run = Annotated[str, typer.Argument(help="The run's id, or its beginning, as `list` shows it.")]


@replays.command("list")
def list_runs(model: Model, as_json: AsJson = False) -> None:
    """List runs, the latest first, with what each found."""
    from rich.console import Console

    from flows import acts, replay_table
    from tasks.monitoring.replays.shown import runs_now

    found = runs_now(acts.config_in_force(model).id)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        replay_table.show_runs(Console(), found)


@replays.command()
def show(model: Model, run: Run, as_json: AsJson = False) -> None:
    """Show one run: its figures, what stands beside them, and where its report is."""
    from rich.console import Console

    from flows import acts, replay_table
    from tasks.monitoring.replays.shown import run_now

    found = run_now(acts.config_in_force(model).id, run)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        replay_table.show_run(Console(), found)


@replays.command()
def compare(
    model: Model,
    run: Run,
    prompt: Annotated[str, typer.Argument(help="The prompt's id, as `show` lists it.")],
    most: Annotated[int, typer.Option(min=1, help="Answers of each side, at most.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Print what was answered to one prompt before, and what in a run. Text only, as it came."""
    from rich.console import Console

    from flows import acts, replay_table
    from tasks.monitoring.replays.shown import answers_now

    found = answers_now(acts.config_in_force(model), run, prompt, most)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        replay_table.show_answers(Console(), found)
