"""Arguments and options that commands share, as `form_fields` is what forms share."""

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[str, typer.Argument(help="The model's id, as `emeritus status` shows it.")]
Person = Annotated[str, typer.Option("--as", help="Your name among the allowed signers.")]
Key = Annotated[Path | None, typer.Option(help="Your private SSH key; signs on the spot.")]
SignatureFile = Annotated[
    Path | None, typer.Option("--signature", help="A signature made elsewhere, instead of --key.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
