"""Ctrl-C and SIGTERM on a terminal, without a Prefect server of one's own: a real pty, a real end.

The model's endpoint takes calls and never answers, so a pass is at work for as long as it takes.
"""

import contextlib
import os
import pty
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import yaml

from configs.home import CHECKOUT
from flows.environment import prepare
from flows.services import free_port, program
from flows.stopping import stopping_in_order
from tests.fakes.configs import endpoint, retirement
from tests.flows.conftest import SERVER

#: One database of Prefect's own for all temporary servers: making it takes most of their start.
one_worker = pytest.mark.xdist_group("temporary-servers")

LONG = 300  # seconds; nothing below waits so long but for a fault
CTRL_C = b"\x03"
THE_REST = "what was recorded stands, and the same command goes on"


class Terminal:
    """`emeritus ARGUMENTS` on a terminal of its own, as the foreground job."""

    def __init__(self, home: Path, *arguments: str, **told: str) -> None:
        left_out = ("PREFECT", "EMERITUS", "DO_NOT_TRACK", "CI", "GITHUB_ACTIONS")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
        environment |= {"EMERITUS_HOME": str(home), "EMERITUS_TEST_KEY": "any-key", **told}
        command = program("emeritus")
        self.said = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(command, [command, *arguments], environment)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes():
            process.kill()
        os.close(self.fd)

    def processes(self) -> list[psutil.Process]:
        """The command, and what it started."""
        try:
            command = psutil.Process(self.pid)
            return [command, *command.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def status(self) -> int:
        """Read on until it ends."""
        with contextlib.suppress(OSError):  # EIO: nobody has the terminal any more
            while select.select([self.fd], [], [], LONG)[0] and (part := os.read(self.fd, 1 << 16)):
                self.said += part
        gone, left = psutil.wait_procs([psutil.Process(self.pid)], LONG)
        assert not left, f"it hangs, and said {self.said!r}"
        return int(gone[0].returncode)


@pytest.fixture(scope="module")
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LONG)
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stopped") / "var"


@pytest.fixture(scope="module")
def config(silent: socket.socket, home: Path) -> Path:
    url = f"http://127.0.0.1:{silent.getsockname()[1]}"
    told = retirement(url, endpoint={**endpoint("aster-1", url), "timeout_seconds": 600.0})
    file = home.with_name("aster-1.yaml")
    file.write_text(yaml.safe_dump(told.model_dump(mode="json"), sort_keys=False))
    return file


@one_worker
def test_ctrl_c_ends_a_pass_and_its_temporary_server(
    silent: socket.socket, home: Path, config: Path
) -> None:
    with Terminal(home, "stage", "candidate", str(config), **SERVER) as terminal:
        call, _ = silent.accept()
        with call:
            _, *servers = terminal.processes()
            assert servers
            assert _lease(home)
            os.write(terminal.fd, CTRL_C)
            assert terminal.status() == 130
        said = terminal.said.decode().removeprefix("^C").split("\r\n")
        assert said == ["stopped by Ctrl-C: " + THE_REST, ""]
        assert not _lease(home), "the next pass goes on at once"
        assert not psutil.wait_procs(servers, LONG)[1]


def test_sigterm_ends_a_pass(
    silent: socket.socket, home: Path, config: Path, prefect_api: str
) -> None:
    with Terminal(home, "stage", "candidate", str(config), PREFECT_API_URL=prefect_api) as terminal:
        call, _ = silent.accept()
        with call:
            assert _lease(home)
            os.kill(terminal.pid, signal.SIGTERM)
            assert terminal.status() == 143, terminal.said.decode()
        assert terminal.said.decode() == "stopped by SIGTERM: " + THE_REST + "\r\n"
        assert not _lease(home)


def _lease(home: Path) -> str:
    with closing(sqlite3.connect(home / "emeritus.sqlite", timeout=30)) as records:
        (row,) = records.execute("select holder from lease where model_id = 'aster-1'")
        return str(row[0])


@one_worker
def test_a_temporary_server_ends_with_whoever_started_it(home: Path) -> None:
    """However that was: the other end of its standard input is closed by a kill -9 too."""
    (home / "prefect").mkdir(parents=True, exist_ok=True)
    port = free_port()
    environment = {**os.environ, **SERVER, "PREFECT_HOME": str(home / "prefect")}
    command = [sys.executable, "-m", "flows.temporary_server", str(port)]
    with subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdin=subprocess.PIPE) as server:
        while server.poll() is None and not _answers(port):
            time.sleep(0.05)
        for unheard in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            server.send_signal(unheard)
        assert _answers(port)
        server.communicate(timeout=LONG)
    assert server.returncode == 0


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=LONG).close()
        return True
    return False


def test_what_a_person_set_for_prefect_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = {"DO_NOT_TRACK": "0", "PREFECT_CLI_COLORS": "true", "PREFECT_HOME": "/theirs"}
    monkeypatch.setattr(os, "environ", dict(theirs))
    prepare()
    assert {name: os.environ[name] for name in theirs} == theirs


@pytest.mark.parametrize("wrap", ["group", "context"])
def test_a_signal_that_prefect_took_ends_the_command_as_one(
    wrap: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from prefect.exceptions import TerminationSignal

    def fail() -> None:
        try:
            raise TerminationSignal(signal.SIGTERM)
        except BaseException as taken:
            if wrap == "group":
                raise BaseExceptionGroup("while it cleaned up", [OSError("x"), taken]) from None
            raise RuntimeError("while it cleaned up")  # noqa: B904

    with pytest.raises(SystemExit) as ended, stopping_in_order():
        fail()
    assert ended.value.code == 143
    assert capsys.readouterr().err == "stopped by SIGTERM: " + THE_REST + "\n"


def test_an_error_without_a_signal_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match="a bug"), stopping_in_order():
        raise RuntimeError("a bug")
