"""The workflow is one that GitHub takes, may do little, and runs nothing of a pull request."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from configs.home import CHECKOUT

FILE = CHECKOUT / "deployments" / "github" / "plan.yml"


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    return dict(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def test_it_is_a_workflow_by_githubs_schema() -> None:
    program = shutil.which("check-jsonschema", path=str(Path(sys.executable).parent))
    assert program, "check-jsonschema is installed with the extra `dev`"
    run = subprocess.run(
        [program, "--builtin-schema", "vendor.github-workflows", str(FILE)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout


def test_it_may_do_little_and_knows_no_secret(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] == {}
    granted = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    assert granted == {
        "plan": {"contents": "read"},
        "comment": {"pull-requests": "write"},
        "verdict": {},
    }
    assert "secrets." not in FILE.read_text(encoding="utf-8")
    assert list(workflow[True]) == ["pull_request"], "and not pull_request_target"


def test_nothing_that_a_stranger_writes_becomes_a_command(workflow: dict[Any, Any]) -> None:
    """What comes from a pull request reaches a script by its environment alone."""
    scripts = [
        step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step
    ]
    assert scripts
    assert not [script for script in scripts if "${{" in script]
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False


def test_the_command_in_it_is_one_that_emeritus_has(workflow: dict[Any, Any]) -> None:
    from typer.testing import CliRunner

    from flows.cli import app

    script = next(s["run"] for s in workflow["jobs"]["plan"]["steps"] if s.get("id") == "plan")
    options = set(re.findall(r"--[a-z-]+", script))
    told = CliRunner().invoke(app, ["plan", "--help"], env={"COLUMNS": "200"}).output
    assert options - {"--ref", "--against", "--format"} == set()
    assert all(option in told for option in options)
