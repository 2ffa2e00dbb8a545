"""`emeritus coding`: people's coding, exported and imported as CSV."""

from pathlib import Path
from typing import Annotated

import typer

from flows.command_options import Model

coding = typer.Typer(help="Coding by people, beside or instead of a model.", no_args_is_help=True)


@coding.command()
def export(
    model: Model,
    file: Annotated[Path, typer.Argument(help="The CSV file to write; it must not exist yet.")],
    sample: Annotated[
        int | None, typer.Option(min=1, help="How many answers; all if left out.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides which, and in which order.")] = 0,
) -> None:
    """Write the answers to be coded by a person: whole, and without a word of what was asked.

    For each answer there is a line a theme. Fill in polarity (want, reject, ambivalent,
    indifferent, declined, off_topic) and quote, words copied from the answer, where the answer
    speaks of the theme; leave the other lines empty. Of an answer that speaks of no theme at all,
    write off_topic in one line.
    """
    from flows.acts import config_in_force
    from tasks import wiring
    from tasks.validation.human_coding import export_sheet

    config = config_in_force(model)
    count = export_sheet(config, wiring.book(), file, sample=sample, seed=seed)
    typer.echo(f"{file}: {count} answers to be coded; then `emeritus coding import {model} {file}`")


@coding.command("import")
def import_(
    model: Model,
    file: Annotated[Path, typer.Argument(help="The CSV file, filled in.")],
    coder: Annotated[str, typer.Option(help="Your name, lower case; it stands on each coding.")],
) -> None:
    """Record what a person coded: all lines, or none if any can't be recorded.

    It is compared with the settled coding. Where `validation.human_coder` names the same person,
    it takes the second coder's place.
    """
    from flows.acts import config_in_force
    from tasks import wiring
    from tasks.validation.human_coding import import_sheet

    config, now = config_in_force(model), wiring.clock().now()
    typer.echo(import_sheet(config, wiring.book(), file, coder=coder, now=now))


@coding.command()
def agreement(model: Model) -> None:
    """Print how far coders agree, with the target: two coders, then each person."""
    from flows.acts import config_in_force
    from tasks import wiring
    from tasks.validation.human_coding import agreement_with, coders_of

    config, book = config_in_force(model), wiring.book()
    for name in coders_of(config, book):
        typer.echo(agreement_with(config, book, name))
