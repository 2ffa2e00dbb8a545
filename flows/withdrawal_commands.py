"""`emeritus withdrawal`: how a model is withdrawn at the gateway, and how that is stopped."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.command_options import Key, Model, Person, SignatureFile

withdrawal = typer.Typer(
    help="How a model is withdrawn at the gateway: the plan, and pausing it.",
    no_args_is_help=True,
)

Reason = Annotated[str, typer.Option(help="Why, in your own words.")]


class Action(StrEnum):
    """What can be done with a withdrawal."""

    pause = "pause"
    resume = "resume"


class Gateway(StrEnum):
    """Gateways that a snippet can be made for."""

    litellm = "litellm"
    nginx = "nginx"


@withdrawal.command()
def show(
    model: Model,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show what holds now, what comes next, the headers, who stays and who is let go."""
    from rich.console import Console

    from flows import acts, withdrawal_shown
    from flows.withdrawal_acts import withdrawal_outlook

    config = acts.config_in_force(model)
    found = withdrawal_outlook(config)
    if as_json:
        typer.echo(json.dumps(withdrawal_shown.as_json(found), indent=2, ensure_ascii=False))
    else:
        withdrawal_shown.show(Console(), config, found)


@withdrawal.command()
def pause(
    model: Model,
    reason: Reason,
    person: Person,
    key: Key = None,
    signature: SignatureFile = None,
) -> None:
    """Stop the withdrawal at once: nobody is refused or redirected until it is resumed."""
    _act(model, Action.pause, person, reason, key, signature)


@withdrawal.command()
def resume(
    model: Model,
    reason: Reason,
    person: Person,
    key: Key = None,
    signature: SignatureFile = None,
) -> None:
    """Put a paused withdrawal in force again, by the plan as `show` tells it."""
    _act(model, Action.resume, person, reason, key, signature)


@withdrawal.command()
def statement(model: Model, action: Action, reason: Reason) -> None:
    """Print the exact bytes that an act signs, for `ssh-keygen -Y sign`.

    The namespace is emeritus-withdrawal@v1.
    """
    from flows import acts
    from flows.withdrawal_acts import withdrawal_statement

    config = acts.config_in_force(model)
    sys.stdout.buffer.write(withdrawal_statement(config, action.value, reason))


@withdrawal.command()
def snippet(
    model: Model,
    gateway: Annotated[Gateway, typer.Option("--for", help="litellm or nginx")],
) -> None:
    """Print configuration for a gateway that carries the plan out."""
    from configs.home import under_home
    from flows import acts
    from flows.withdrawal_acts import withdrawal_outlook
    from tasks.access.gateway.names import gateway_names
    from tasks.access.withdrawal.snippet import litellm_snippet, nginx_snippet

    config = acts.config_in_force(model)
    found = withdrawal_outlook(config)
    if gateway is Gateway.litellm:
        folder = under_home(config.access.grants_folder)
        typer.echo(litellm_snippet(found.plan, gateway_names(config), folder), nl=False)
    else:
        typer.echo(nginx_snippet(found.plan, found.at), nl=False)


def _act(
    model: str, action: Action, person: str, reason: str, key: Path | None, file: Path | None
) -> None:
    from flows import acts
    from flows.withdrawal_acts import act_on_withdrawal, stands_already, withdrawal_statement
    from tasks.access.withdrawal.act import WITHDRAWAL_NAMESPACE

    config = acts.config_in_force(model)
    signed = ""
    if not stands_already(config, action.value):
        words = withdrawal_statement(config, action.value, reason)
        signed = acts.signed(words, WITHDRAWAL_NAMESPACE, key=key, file=file)
    typer.echo(act_on_withdrawal(config, action.value, person, reason, signed))
