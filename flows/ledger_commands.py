"""`emeritus ledger`: what was decided of each stable preference."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.command_options import Key, Model, Person

ledger = typer.Typer(
    help="What was decided of each stable preference: honoured, partly or declined.",
    no_args_is_help=True,
)

Theme = Annotated[str, typer.Argument(help="The preference's theme, as `show` lists it.")]
Outcome = Annotated[str, typer.Option(help="honoured, partly or declined")]
Reason = Annotated[str, typer.Option(help="Why, in your own words.")]
Evidence = Annotated[
    str, typer.Option(help="Where it can be seen: an address, a digest, a document.")
]


@ledger.command()
def show(
    model: Model,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the stable preferences, what was entered of each, and which are open."""
    from rich.console import Console

    from flows import acts, ledger_table

    found = acts.ledger_in_force(acts.config_in_force(model))
    if as_json:
        rows = ledger_table.rows_of(found)
        typer.echo(json.dumps({"preferences": rows}, indent=2, ensure_ascii=False))
    else:
        ledger_table.show(Console(), found, model)


@ledger.command()
def enter(
    model: Model,
    theme: Theme,
    outcome: Outcome,
    reason: Reason,
    evidence: Evidence,
    person: Person,
    key: Key = None,
    signature: Annotated[
        Path | None, typer.Option(help="A signature made elsewhere, instead of --key.")
    ] = None,
) -> None:
    """Enter what was decided of a stable preference; a later entry supersedes this one."""
    from flows import acts

    config, entry = acts.config_in_force(model), acts.Entry(theme, outcome, reason, evidence)
    signed = acts.signed(
        acts.ledger_statement(config, entry), acts.LEDGER_NAMESPACE, key=key, file=signature
    )
    typer.echo(acts.enter_ledger(config, person, entry, signed))


@ledger.command()
def statement(
    model: Model, theme: Theme, outcome: Outcome, reason: Reason, evidence: Evidence
) -> None:
    """Print the exact bytes that an entry signs, for `ssh-keygen -Y sign -n emeritus-ledger@v1`."""
    from flows import acts

    entry = acts.Entry(theme, outcome, reason, evidence)
    sys.stdout.buffer.write(acts.ledger_statement(acts.config_in_force(model), entry))
