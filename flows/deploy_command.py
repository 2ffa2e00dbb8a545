"""`emeritus deploy`."""

import os
from pathlib import Path
from typing import Annotated

import typer

Repository = Annotated[
    str, typer.Option(help="Have each run clone this repository; this checkout if left out.")
]
Ref = Annotated[str, typer.Option(help="With --repository: its branch or tag.")]
Home = Annotated[
    Path | None,
    typer.Option(
        help="With --repository: EMERITUS_HOME of the runs, as the worker sees it; a clone is "
        "thrown away."
    ),
]
TokenBlock = Annotated[
    str, typer.Option(help="With --repository: the Prefect Secret block with its access token.")
]


def deploy(
    repository: Repository = "", ref: Ref = "main", home: Home = None, token_block: TokenBlock = ""
) -> None:
    """Make every deployment on the Prefect server of PREFECT_API_URL; twice changes nothing.

    The work pool `emeritus` is made if it is not there. A schedule that was switched off stays off.
    """
    from flows.deploying import POOL, DeployRefused, FromGit
    from flows.deploying import deploy as make

    if not os.environ.get("PREFECT_API_URL"):
        raise DeployRefused(
            "PREFECT_API_URL is not set; name the server, such as http://127.0.0.1:4200/api"
        )
    source = None
    if repository:
        if home is None or not home.is_absolute():
            raise DeployRefused(
                "--home: name the absolute folder in which workers keep records and replicas; a "
                "clone is thrown away after its run"
            )
        source = FromGit(repository, ref, home, token_block)
    names = make(source)
    typer.echo(f"{len(names)} deployments stand; run them: prefect worker start --pool {POOL}")
