"""`emeritus notices`: who is told what when, every receipt, the calendar and the feed."""

import getpass
import json
import sys
from typing import Annotated

import typer

from flows.command_options import Model

notices = typer.Typer(
    help="Notices to owners: plan and receipts, a test, calendar and lifecycle feed.",
    no_args_is_help=True,
)


@notices.command()
def plan(
    model: Model,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show the schedule, what everybody had last and is owed now, and every receipt."""
    from rich.console import Console

    from flows import notice_table
    from flows.acts import config_in_force
    from tasks.communication.view import plan_now

    config = config_in_force(model)
    found, simulated = plan_now(config)
    if as_json:
        values = notice_table.values_of(found, simulated)
        typer.echo(json.dumps(values, indent=2, ensure_ascii=False))
    else:
        notice_table.show(Console(), found, f"{config.display_name} ({config.id})", simulated)


@notices.command()
def send_test(
    model: Model,
    to: Annotated[str, typer.Option(help="A mail address, or the name of a webhook.")],
) -> None:
    """Send a message that says it is a test, through the channel that notices take."""
    from flows.acts import config_in_force
    from tasks.communication.act import send_test as act

    typer.echo(f"sent to {to}; receipt: {act(config_in_force(model), to)}")


@notices.command()
def retry(
    model: Model,
    to: Annotated[
        str, typer.Option(help="Only this address, or webhook:NAME; everybody if left out.")
    ] = "",
) -> None:
    """Let the next pass try again what was refused, is in doubt, or waits for its next try."""
    from flows.acts import config_in_force
    from tasks.communication.act import try_again

    number = try_again(config_in_force(model), to)
    what = "1 notice" if number == 1 else f"{number} notices"
    typer.echo(f"{what} of {model}: the next pass tries again")


@notices.command()
def told(
    model: Model,
    to: Annotated[str, typer.Option(help="The owner's address, as `plan` shows it.")],
    words: Annotated[str, typer.Option(help="How they were told, in your own words.")],
    person: Annotated[
        str, typer.Option("--as", help="Who told them; by default your login name.")
    ] = "",
) -> None:
    """Record that you told an owner what is owed to them, as where their mail fails."""
    from flows.acts import config_in_force
    from tasks.communication.act import record_told
    from tasks.communication.plan import told_words

    row = record_told(config_in_force(model), to, person or getpass.getuser(), words)
    typer.echo(f"{model}: {row.owner} <{to}> counts as told {told_words(row)}; {row.receipt}")


@notices.command()
def calendar(
    model: Model,
    every: Annotated[
        bool, typer.Option("--all", help="All models whose pages stand in the same folder.")
    ] = False,
) -> None:
    """Print the calendar file (.ics) of a model, as it is published."""
    from tasks.communication.holdings import CALENDAR

    _print(model, CALENDAR if every else f"{model}/{CALENDAR}")


@notices.command()
def feed(model: Model) -> None:
    """Print the lifecycle feed (model-eol 0.1) of a model and those published beside it."""
    from tasks.communication.holdings import FEED

    _print(model, FEED)


def _print(model: str, path: str) -> None:
    from flows.acts import config_in_force
    from tasks.communication.view import page_now

    sys.stdout.buffer.write(page_now(config_in_force(model), path))
    sys.stdout.flush()
