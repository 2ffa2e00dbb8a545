"""Background programs of the demo and of `serve`: started, awaited, and stopped together."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from configs.errors import EmeritusError

_START_SECONDS = 120.0  # imports and migrations of a fresh database, on a slow machine
_STOP_SECONDS = 10


class ServiceFailed(EmeritusError):
    """A background program did not come up."""

    code = "EM700"


def free_port(preferred: int = 0) -> int:
    """A free TCP port on loopback; the preferred one when nobody has it."""
    for wanted in (preferred, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", wanted))
            return int(probe.getsockname()[1])
    raise ServiceFailed("no free port on loopback; stop some servers and try again")


@contextlib.contextmanager
def running(
    name: str, arguments: list[str], *, log: Path, url: str = "", environment: dict[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program for the block, and stop it, with all its children, at the end.

    Args:
        name: what it is called in messages.
        arguments: the command line.
        log: file that takes what it prints.
        url: address that answers once it is up; empty to wait for nothing.
        environment: variables added to ours.

    Raises:
        ServiceFailed: it ended, or did not answer in time; the log's end is in the message.
    """
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    left_over = log.with_suffix(".pid")
    _stop_left_over(left_over)
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **environment},
            start_new_session=True,  # Ctrl-C reaches us, and we stop them in order
        )
        try:
            started = psutil.Process(process.pid).create_time()
            left_over.write_text(json.dumps({"pid": process.pid, "started": started}))
            if url:
                _await(name, process, url, log)
            yield process
        finally:
            _stop(process.pid, process.wait)
            left_over.unlink(missing_ok=True)


def comes_up(process: "subprocess.Popen[bytes]", url: str) -> bool:
    """Wait until a program answers at a URL; False when it ended, or took far too long."""
    until = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310  # our own loopback URL
            return True
        time.sleep(0.05)
    return False


def _await(name: str, process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    if comes_up(process, url):
        return
    tail = log.read_text(errors="replace").strip().splitlines()[-3:]
    raise ServiceFailed(f"{name} did not come up; {log} ends with: {' | '.join(tail)}")


def _stop_left_over(file: Path) -> None:
    """Stop what a run that was killed left running; the start time tells it from a later pid."""
    try:
        told = json.loads(file.read_text())
        process = psutil.Process(int(told["pid"]))
        if abs(process.create_time() - float(told["started"])) < 1:
            _stop(process.pid, process.wait)
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return  # nothing is left, or nobody can tell


def _stop(group: int, wait: Callable[[float], object]) -> None:
    """Stop a process group: politely, then not; `wait` waits for its leader."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, sent)
        with contextlib.suppress(subprocess.TimeoutExpired, psutil.TimeoutExpired):
            wait(_STOP_SECONDS)
            if not _group_lives(group):
                return


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def program(name: str) -> str:
    """A program of the environment that runs us."""
    return str(Path(sys.executable).with_name(name))


def prefect_server(port: int, log: Path) -> contextlib.AbstractContextManager[object]:
    """A Prefect server on loopback."""
    return running(
        "the Prefect server",
        [program("prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(port)],
        log=log,
        url=f"http://127.0.0.1:{port}/api/health",
        environment={},
    )


def planted_respondent(
    world: Path, port: int, journal: Path, log: Path
) -> contextlib.AbstractContextManager[object]:
    """The SIMULATED endpoint on loopback."""
    module = [sys.executable, "-m", "tasks.simulation"]
    return running(
        "the planted respondent",
        [*module, "--planted", str(world), "--port", str(port), "--journal", str(journal)],
        log=log,
        url=f"http://127.0.0.1:{port}/_simulate/log",
        environment={},
    )
