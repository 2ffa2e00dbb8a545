"""`emeritus deploy`: every deployment of deployments/prefect.yaml, on the Prefect server in use.

The same as `prefect deploy --all` on that file, with what it can't do: make the work pool if there
is none, and have runs clone a repository instead of using this checkout.
"""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from configs.errors import EmeritusError
from configs.home import CHECKOUT
from flows.services import program

FILE = CHECKOUT / "deployments" / "prefect.yaml"
POOL = "emeritus"

_Document = dict[str, Any]


class DeployRefused(EmeritusError):
    """The deployments could not be made."""

    code = "EM731"


@dataclass(frozen=True, slots=True)
class FromGit:
    """Where runs clone the code from, instead of using a checkout of the worker's machine.

    Attributes:
        repository: URL or path, without credentials.
        ref: branch or tag.
        home: EMERITUS_HOME of every run, as the worker sees it; a clone is thrown away.
        token_block: name of a Prefect Secret block with an access token; empty if none is needed.
    """

    repository: str
    ref: str
    home: Path
    token_block: str = ""


def cloning(document: _Document, source: FromGit) -> _Document:
    """deployments/prefect.yaml with runs that clone a repository. Pure."""
    clone = {"repository": source.repository, "branch": source.ref}
    if source.token_block:
        clone["access_token"] = f"{{{{ prefect.blocks.secret.{source.token_block} }}}}"
    environment = {"EMERITUS_HOME": str(source.home)}
    return {
        **document,
        "pull": [{"prefect.deployments.steps.git_clone": clone}],
        "deployments": [
            {**one, "work_pool": {**one["work_pool"], "job_variables": {"env": environment}}}
            for one in document["deployments"]
        ],
    }


def deploy(source: FromGit | None = None) -> tuple[str, ...]:
    """Make every deployment, or bring it up to date; twice changes nothing. Returns their names.

    What a person switched in the UI, a schedule or a pause, stays as it is.

    Args:
        source: where runs clone the code from; None for this checkout.

    Raises:
        DeployRefused: Prefect refused; its last words are told.
    """
    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    if source is not None:
        document = cloning(document, source)
    _make_pool()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "prefect.yaml"
        file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        run_prefect(["--no-prompt", "deploy", "--prefect-file", str(file), "--all"])
    return tuple(one["name"] for one in document["deployments"])


def run_prefect(arguments: list[str]) -> str:
    """Run Prefect's own command from the checkout; returns what it printed.

    Raises:
        DeployRefused: it failed; its last line is told.
    """
    run = subprocess.run(
        [program("prefect"), *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "EMERITUS_CHECKOUT": str(CHECKOUT)},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if run.returncode != 0:
        said = (run.stderr or run.stdout).strip().splitlines()[-1:]
        raise DeployRefused(f"`prefect {' '.join(arguments)}` failed: {' '.join(said)}")
    return run.stdout


def _make_pool() -> None:
    """Make the work pool, of worker processes; one that is there stays as it is, of any type."""
    try:
        run_prefect(["work-pool", "inspect", POOL])
    except DeployRefused:
        run_prefect(["work-pool", "create", POOL, "--type", "process"])
