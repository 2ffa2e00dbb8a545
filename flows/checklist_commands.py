"""`emeritus checklist`: what is left to do, with its evidence, and the closing."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.command_options import Key, Model, Person, SignatureFile

checklist = typer.Typer(
    help="What has to be so before a retirement is closed, line by line, and the closing.",
    no_args_is_help=True,
)

Line = Annotated[str, typer.Argument(help="The line's id, as `show` lists it.")]
Evidence = Annotated[
    str, typer.Option(help="Where it can be seen: an address, a ticket, a digest; or why.")
]


@checklist.command()
def show(
    model: Model,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show every line with its evidence; exit status 1 while one is open."""
    from rich.console import Console

    from flows import acts, checklist_acts, checklist_table

    found = checklist_acts.checklist_now(acts.config_in_force(model))
    if as_json:
        typer.echo(json.dumps(checklist_table.json_of(found), indent=2, ensure_ascii=False))
    else:
        checklist_table.show(Console(highlight=False), found)
    raise typer.Exit(1 if found.open else 0)


@checklist.command()
def confirm(
    model: Model,
    line: Line,
    evidence: Evidence,
    person: Person,
    key: Key = None,
    signature: SignatureFile = None,
) -> None:
    """Say, signed, that a line is done."""
    _say(model, line, "confirm", evidence, person, key, signature)


@checklist.command("not-applicable")
def not_applicable(
    model: Model,
    line: Line,
    evidence: Evidence,
    person: Person,
    key: Key = None,
    signature: SignatureFile = None,
) -> None:
    """Say, signed, that a line does not apply to this model, and why."""
    _say(model, line, "not_applicable", evidence, person, key, signature)


@checklist.command()
def reopen(
    model: Model,
    line: Line,
    evidence: Evidence,
    person: Person,
    key: Key = None,
    signature: SignatureFile = None,
) -> None:
    """Take back, signed, what was said of a line."""
    _say(model, line, "reopen", evidence, person, key, signature)


@checklist.command()
def close(model: Model, person: Person, key: Key = None, signature: SignatureFile = None) -> None:
    """Sign the closing of a retirement; refused while a line is open."""
    from flows import acts, checklist_acts

    config = acts.config_in_force(model)
    signed = acts.signed(
        checklist_acts.closing_words(config),
        checklist_acts.CLOSING_NAMESPACE,
        key=key,
        file=signature,
    )
    typer.echo(checklist_acts.close_retirement(config, person, signed))


@checklist.command()
def statement(
    model: Model,
    line: Annotated[str, typer.Argument(help="The line's id; left out for the closing.")] = "",
    action: Annotated[str, typer.Option(help="confirm, not_applicable or reopen")] = "confirm",
    evidence: Evidence = "",
) -> None:
    """Print the exact bytes to sign: `ssh-keygen -Y sign -n emeritus-checklist@v1`.

    For the closing the namespace is emeritus-closing@v1.
    """
    from flows import acts, checklist_acts

    config = acts.config_in_force(model)
    if line:
        words = checklist_acts.line_words(config, checklist_acts.Word(line, action, evidence))
    else:
        words = checklist_acts.closing_words(config)
    sys.stdout.buffer.write(words)


def _say(
    model: str,
    line: str,
    action: str,
    evidence: str,
    person: str,
    key: Path | None,
    signature: Path | None,
) -> None:
    from flows import acts, checklist_acts

    config, word = acts.config_in_force(model), checklist_acts.Word(line, action, evidence)
    signed = acts.signed(
        checklist_acts.line_words(config, word),
        checklist_acts.CHECKLIST_NAMESPACE,
        key=key,
        file=signature,
    )
    typer.echo(checklist_acts.say_of_line(config, person, word, signed))
