"""`emeritus interviews export`: the conversations and their codings, for other programs."""

from pathlib import Path
from typing import Annotated

import typer


def export(
    model: Annotated[str, typer.Argument(help="The model's id, as `emeritus status` shows it.")],
    inspect: Annotated[
        Path,
        typer.Option(
            help="The log to write, for `inspect view`: a name that ends in .eval or .json."
        ),
    ],
) -> None:
    r"""Write all conversations, with how they were read, as a log of Inspect.

    Needs the extra `inspect`: pip install --editable '.\[inspect]'. Changes no record.
    """
    from flows.acts import config_in_force
    from flows.inspect_export import export_log

    typer.echo(export_log(config_in_force(model), inspect.absolute()))
