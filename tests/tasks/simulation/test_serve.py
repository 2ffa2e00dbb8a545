"""`python -m tasks.simulation`: one line when ready, a quiet end, clear mistakes."""

import signal
import subprocess
import sys
from pathlib import Path

import anthropic
import pytest

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "tasks" / "simulation" / "worlds" / "demo.yaml"


def _start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tasks.simulation", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_signalled_and_leaves_quietly(stop: signal.Signals) -> None:
    process = _start("--planted", str(DEMO), "--port", "0")
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("planted respondent (SIMULATED) on http://127.0.0.1:")
        base_url = line.split()[-1]
        with anthropic.Anthropic(base_url=base_url, api_key="any", max_retries=0) as client:
            assert client.models.retrieve("aster-1").lifecycle == "deprecated"
            process.send_signal(stop)
            out, err = process.communicate(timeout=10)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (0, "", "")


def test_a_missing_file_is_one_sentence_and_status_2(tmp_path: Path) -> None:
    process = _start("--planted", str(tmp_path / "absent.yaml"))
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, "")
    assert err.count("\n") == 1
    assert "cannot be read" in err
