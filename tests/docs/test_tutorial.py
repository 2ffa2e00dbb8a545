"""The tutorial as a reader does it: its files saved, its commands typed, its outputs compared.

One shell runs all commands in order, against the planted respondent that the page itself starts. A
Prefect server is up beside it, so that not each pass has to start one for its own time.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from configs.home import CHECKOUT
from flows.services import free_port, prefect_server
from tests.docs.pages import Block, blocks

PAGE = CHECKOUT / "docs" / "tutorial.md"
pytestmark = pytest.mark.skipif(
    not os.environ.get("EMERITUS_TEST_TUTORIAL"),
    reason="`make test-docs` runs it; a minute and more",
)
_PORT = "8765"  # of the page; here a free one takes its place
_MARK = "@@ tutorial @@"
# What a short-lived Prefect server can do without, as in tests/flows.
_LIGHT = {
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_LOGGER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A command of the page, and what the page says that it prints."""

    where: str
    command: str
    printed: str


def steps(block: Block) -> Iterator[Step]:
    """The commands of a `console` block; what follows a command is what it prints."""
    command, printed, line = "", list[str](), block.line
    for number, text in enumerate(block.text.splitlines(), block.line):
        if command.endswith("\\"):
            command += f"\n{text}"
        elif text.startswith("$ "):
            if command:
                yield Step(f"{PAGE.name}:{line}", command, "\n".join(printed))
            command, printed, line = text[2:], [], number
        else:
            printed.append(text)
    yield Step(f"{PAGE.name}:{line}", command, "\n".join(printed))


def agrees(printed: str, real: str) -> bool:
    """Whether an output is what the page shows; `...` is anything, and space is not counted."""
    first, *rest = [" ".join(part.split()) for part in printed.split("...")]
    text = " ".join(real.split())
    if not rest:
        return text == first
    if not text.startswith(first):
        return False
    place = len(first)
    for part in rest[:-1]:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return text.endswith(rest[-1]) and len(text) - len(rest[-1]) >= place


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout as `make setup` leaves it, with a var/ of its own."""
    for name in (".venv", "configs", "flows", "tasks"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    (tmp_path / "var" / "tutorial").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Prefect server for the passes."""
    for name, value in _LIGHT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    port = free_port()
    with prefect_server(port, tmp_path / "server.log"):
        yield f"http://127.0.0.1:{port}/api"


def _typed(script: list[str], folder: Path, api: str) -> str:
    """Run a script in a shell, and give what it printed; whatever it started is ended."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("EMERITUS_", "PREFECT_"))}
    shell = subprocess.Popen(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env={**kept, "PREFECT_API_URL": api, "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        return shell.communicate(timeout=1200)[0]
    finally:
        with contextlib.suppress(ProcessLookupError):  # nothing of it is left
            os.killpg(shell.pid, signal.SIGKILL)


@pytest.mark.skipif(shutil.which("bash") is None, reason="the page is typed into bash")
def test_the_tutorial_does_what_it_says(checkout: Path, api: str) -> None:
    port = str(free_port())
    script, asked = [], []
    for block in blocks(PAGE):
        text = block.text.replace(_PORT, port)
        if saved := re.search(r'title="([^"]+)"', block.info):
            (checkout / saved[1]).write_text(text, encoding="utf-8")
        elif block.language == "console":
            for step in steps(block):
                asked.append(step)
                script += [f"echo; echo '{_MARK}'", step.command.replace(_PORT, port)]
    printed = _typed(script, checkout, api).split(f"{_MARK}\n")[1:]
    assert len(printed) == len(asked), printed[-1:]
    for step, real in zip(asked, printed, strict=True):
        expected = step.printed.replace(_PORT, port)
        assert agrees(expected, real), f"{step.where}: $ {step.command}\n{real}"


def test_an_output_that_differs_is_seen() -> None:
    assert agrees("a ... c", "a  b\n c")
    assert agrees("...", "")
    assert not agrees("2 stable of 3", "1 stable of 3")
    assert not agrees("done", "done, and an error")
    assert not agrees("", "error[EM100]: no such file")
