"""`emeritus doctor`."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from flows.command_options import AsJson

Configs = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Models' YAML files, folders of them, or a fleet's settings; none tries the "
        "installation alone."
    ),
]
Free = Annotated[
    bool,
    typer.Option("--free", help="Ask endpoints for nothing that costs; not whether they answer."),
]
Within = Annotated[float, typer.Option(min=1, max=600, help="Longest wait in all, in seconds.")]


def doctor(
    configs: Configs = None, free: Free = False, within: Within = 30.0, as_json: AsJson = False
) -> None:
    """Try what passes rely on, and say how to mend what is wrong.

    The installation: programs, home, records, Prefect, clock. With configurations also what each
    relies on: secrets, source, places, buckets, keys, people, endpoints, letters, essays. Writes
    nothing but small probes, and removes them where it can; asks each endpoint for one token. Ends
    with status 1 on a `fail`.
    """
    from flows import doctor as examined

    report = examined.examine(configs or (), patience_seconds=within, free=free)
    if as_json:
        typer.echo(json.dumps(examined.as_json(report), indent=2, ensure_ascii=False))
    else:
        examined.show(Console(), report)
    if report.unfinished:  # what hangs would keep the process too
        sys.stdout.flush()
        os._exit(1)
    if report.failed:
        raise typer.Exit(1)
