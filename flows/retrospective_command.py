"""`emeritus retrospective`: what was learnt, and the changes of configuration that it proposes."""

from pathlib import Path
from typing import Annotated

import typer


def retrospective(
    config: Annotated[
        Path, typer.Argument(help="The model's YAML file, to which the patch applies.")
    ],
    patch: Annotated[
        bool, typer.Option("--patch", help="Print the patch alone, for `git apply`.")
    ] = False,
) -> None:
    """Look back now, also before it is due; nothing is changed."""
    from flows.environment import ready_prefect

    ready_prefect()
    from flows.retrospective import look_back_now

    location = Path(look_back_now(config))
    shown = location.with_suffix(".patch") if patch else location
    typer.echo(shown.read_text(encoding="utf-8"), nl=False)
