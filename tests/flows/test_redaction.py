"""Whatever process runs a flow logs without secrets: a worker's, an engine's, the command's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from configs.home import CHECKOUT

SECRET = "hidden-word-0123456789"
LOGS = """
import logging, flows
from prefect.logging import get_logger
from tasks.adapters.secrets import read_secret
from tasks.kernel.errors import ConfigError

secret = read_secret("A_KEY", ConfigError("unset"))
get_logger("flow_runs").warning("opened with %s", secret)
try:
    raise RuntimeError(f"refused {secret}")
except RuntimeError:
    logging.getLogger("emeritus").exception("failed")
    get_logger("worker").exception("failed")
"""
BREAKS = """
import sys
from flows import cli
from tasks import wiring
from configs.redaction import remember

def broken():
    remember("%s")
    raise RuntimeError("a bug with %s in its words")

wiring.book = broken
sys.argv = ["emeritus", "audit", "verify"]
cli.main()
"""


def run(script: str, home: Path) -> str:
    known = {**os.environ, "PYTHONPATH": str(CHECKOUT), "A_KEY": SECRET, "EMERITUS_HOME": str(home)}
    known |= {"PREFECT_HOME": str(home / "prefect"), "PREFECT_LOGGING_TO_API_ENABLED": "false"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=known,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_a_process_that_imports_flows_logs_no_secret(tmp_path: Path) -> None:
    said = run(LOGS, tmp_path)
    assert "opened with ***" in said
    assert said.count("RuntimeError: refused ***") == 2
    assert SECRET not in said


@pytest.mark.parametrize("secret", [SECRET, "sk-ant-api03-0123456789abcdef"])
def test_a_bug_s_traceback_on_the_terminal_holds_none(secret: str, tmp_path: Path) -> None:
    script = tmp_path / "breaks.py"
    script.write_text(BREAKS % (secret, secret))
    said = run(f"exec(compile(open({str(script)!r}).read(), 'breaks', 'exec'))", tmp_path)
    assert "Traceback" in said
    assert "a bug with *** in its words" in said
    assert secret not in said
