"""`emeritus incidents`: what monitoring found, who was told, and closing it."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.command_options import AsJson, Key, Model, Person

incidents = typer.Typer(
    help="What monitoring found that a person must look at: list, show, close.",
    no_args_is_help=True,
)

Incident = Annotated[
    str, typer.Argument(help="The incident's id, or its beginning, as `list` shows it.")
]
Reason = Annotated[str, typer.Option(help="resolved, false_alarm, accepted or duplicate")]
Words = Annotated[
    str, typer.Option(help="What you found, in your own words, at least 20 characters.")
]


@incidents.command("list")
def list_incidents(
    model: Model,
    everything: Annotated[bool, typer.Option("--all", help="The closed ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List open incidents, the latest first."""
    from rich.console import Console

    from flows import acts, incident_acts, incident_table

    config = acts.config_in_force(model)
    found = incident_acts.incidents_now(config, everything=everything)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        incident_table.show_list(Console(), config.id, found)


@incidents.command()
def show(model: Model, incident: Incident, as_json: AsJson = False) -> None:
    """Show one incident: what it says, its evidence, who was told, how it was closed."""
    from rich.console import Console

    from flows import acts, incident_acts, incident_table

    found = incident_acts.incident_now(acts.config_in_force(model), incident)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        incident_table.show(Console(), found)


@incidents.command()
def signals(model: Model, as_json: AsJson = False) -> None:
    """Show each daily figure that is watched, and changes of who calls, by the latest readings."""
    from rich.console import Console

    from flows import acts, incident_acts, incident_table

    config = acts.config_in_force(model)
    found = incident_acts.signals_now(config)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        incident_table.show_signals(Console(), config.id, found)


@incidents.command()
def statement(model: Model, incident: Incident, reason: Reason, words: Words) -> None:
    """Print the exact bytes that a closing signs (`-n emeritus-incident@v1`)."""
    from flows import acts, incident_acts

    act = incident_acts.Closing(incident, reason, words)
    sys.stdout.buffer.write(incident_acts.closing_statement(acts.config_in_force(model), act))


@incidents.command()
def close(
    model: Model,
    incident: Incident,
    reason: Reason,
    words: Words,
    person: Person,
    key: Key = None,
    signature: Annotated[
        Path | None, typer.Option(help="A signature made elsewhere, instead of --key.")
    ] = None,
) -> None:
    """Close an incident; its signal is watched anew from the next day on."""
    from flows import acts, incident_acts

    config, act = acts.config_in_force(model), incident_acts.Closing(incident, reason, words)
    words_to_sign = b"" if key is None else incident_acts.closing_statement(config, act)
    signed = acts.signed(words_to_sign, incident_acts.INCIDENT_NAMESPACE, key=key, file=signature)
    typer.echo(incident_acts.close(config, person, act, signed))
