"""`emeritus hold`: lifting a legal hold with a signature."""

import sys
from typing import Annotated

import typer

from flows.command_options import Key, Model, Person, SignatureFile

hold = typer.Typer(
    help="Legal holds: a person lifts one with a signature; the YAML alone can't.",
    no_args_is_help=True,
)

Reason = Annotated[str, typer.Option(help="On what grounds, in your own words.")]


@hold.command()
def lift(
    model: Model,
    reason: Reason,
    person: Person,
    key: Key = None,
    signature: SignatureFile = None,
) -> None:
    """Sign that the legal hold which stands now is lifted.

    Then set candidate.legal_hold to false in the model's YAML: the next pass takes it over. Without
    the signature it is refused.
    """
    from flows import acts
    from flows.hold_acts import HOLD_NAMESPACE, hold_statement, lift_hold

    words = hold_statement(model, reason)
    signed = acts.signed(words, HOLD_NAMESPACE, key=key, file=signature)
    typer.echo(lift_hold(model, person, reason, signed))


@hold.command()
def statement(model: Model, reason: Reason) -> None:
    """Print the exact bytes that the act signs, for `ssh-keygen -Y sign`.

    The namespace is emeritus-legal-hold@v1.
    """
    from flows.hold_acts import hold_statement

    sys.stdout.buffer.write(hold_statement(model, reason))
