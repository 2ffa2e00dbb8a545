"""What `interviews export` and `evaluate` print beside their results."""

import os
import subprocess
import sys
from pathlib import Path

import typer
from typer.testing import CliRunner

from flows.export_command import export

_EVALUATE = """
import logging, sys
from flows import cli, evaluation

def logs(*_, **__):
    import prefect.main
    logging.getLogger("emeritus").warning("wave 1 of 5")
    raise ValueError("enough")

evaluation.evaluate = logs
sys.argv = ["emeritus", "evaluate", "--end-to-end"]
cli.main()
"""


def test_the_help_names_the_extra_to_install() -> None:
    app = typer.Typer(rich_markup_mode="rich")
    app.command()(export)
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "120", "TERM": "dumb"}).output
    assert "'.[inspect]'" in shown


def test_what_the_stages_log_during_an_evaluation_brings_no_warning(tmp_path: Path) -> None:
    unset = ("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "PREFECT_HOME")  # in a process of its own
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    ran = subprocess.run(
        [sys.executable, "-c", _EVALUATE],
        env={**environment, "EMERITUS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "wave 1 of 5" in ran.stderr
    assert "enough" in ran.stderr
    assert "without a flow run id" not in ran.stderr
