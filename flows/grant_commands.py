"""`emeritus grants`: who is let through to a model, and the keys that they hold."""

import getpass
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.command_options import AsJson, Key, Model, Person

grants = typer.Typer(
    help="Who is let through to a model: grants, keys, revocations, and the gateway compared.",
    no_args_is_help=True,
)

Grant = Annotated[str, typer.Argument(help="The grant's id, or its beginning, as `list` shows it.")]
Reason = Annotated[
    str, typer.Option(help="misuse, security, legal, request, ended_early or mistake")
]
Words = Annotated[str, typer.Option(help="Why, in your own words.")]
Maker = Annotated[str, typer.Option("--as", help="Who does it; by default your login name.")]


@grants.command("list")
def list_grants(model: Model, as_json: AsJson = False) -> None:
    """List grants and keys, and what the last comparison with the gateway found."""
    from rich.console import Console

    from flows import acts, grant_acts, grant_table

    found = grant_acts.grants_now(acts.config_in_force(model))
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        grant_table.show(Console(), found)


@grants.command()
def key(
    model: Model,
    grant: Grant,
    holder: Annotated[
        str, typer.Option(help="For `paid_users`: one whom the signed packet names.")
    ] = "",
    maker: Maker = "",
) -> None:
    """Make a key for a grant's holder; it is written once, into a file that only you can read."""
    from flows import acts, grant_acts

    config = acts.config_in_force(model)
    typer.echo(grant_acts.issue(config, grant, holder, maker or getpass.getuser()))


@grants.command("close-key")
def close_key(
    model: Model,
    token: Annotated[str, typer.Argument(help="The key's token id, or its beginning.")],
    maker: Maker = "",
) -> None:
    """End one key, as when it leaked or was replaced; its grant stays."""
    from flows import acts, grant_acts

    config = acts.config_in_force(model)
    typer.echo(grant_acts.close(config, token, maker or getpass.getuser()))


@grants.command()
def revoke(
    model: Model,
    grant: Grant,
    reason: Reason,
    words: Words,
    person: Person,
    key: Key = None,
    signature: Annotated[
        Path | None, typer.Option(help="A signature made elsewhere, instead of --key.")
    ] = None,
) -> None:
    """End a grant before its day, with all its keys; the gateway is told at once."""
    from flows import acts, grant_acts

    config, act = acts.config_in_force(model), grant_acts.Revoking(grant, reason, words)
    signed = acts.signed(
        grant_acts.revocation_statement(config, act),
        grant_acts.REVOCATION_NAMESPACE,
        key=key,
        file=signature,
    )
    typer.echo(grant_acts.revoke_grant(config, person, act, signed))


@grants.command()
def statement(model: Model, grant: Grant, reason: Reason, words: Words) -> None:
    """Print the exact bytes that a revocation signs (`-n emeritus-revocation@v1`)."""
    from flows import acts, grant_acts

    act = grant_acts.Revoking(grant, reason, words)
    sys.stdout.buffer.write(grant_acts.revocation_statement(acts.config_in_force(model), act))


@grants.command()
def reconcile(model: Model, as_json: AsJson = False) -> None:
    """Compare the gateway with the records now; mend what is ours, report what is not."""
    from rich.console import Console

    from flows import acts, grant_acts, grant_table

    said, found = grant_acts.reconcile(acts.config_in_force(model))
    if as_json:
        typer.echo(json.dumps({"said": said, "findings": found}, indent=2, ensure_ascii=False))
        return
    typer.echo(said)
    grant_table.show_findings(Console(), found)
