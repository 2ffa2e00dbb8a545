"""A whole installation: a Prefect server, workers and deployments, as real processes to be killed.

One folder holds it. The server keeps its port and its database when it is started again.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, TaskRun
from prefect.settings import PREFECT_API_URL, temporary_settings

from configs.home import CHECKOUT
from flows.services import comes_up, free_port, program

POOL = "emeritus"
FILE = "deployments/prefect.yaml"
LONG = 180.0  # seconds; nothing waits so long but for a fault
_PAGE = 200
#: What a server needs not here: a UI, telemetry, and runs by schedule.
SERVER = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
}


@dataclass
class Program:
    """A started program and all that it started."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def kill(self) -> None:
        """SIGKILL to it alone: its children live on."""
        self.process.kill()
        self.process.wait()

    def children(self) -> list[psutil.Process]:
        """What it started, and what that started."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return list(psutil.Process(self.process.pid).children(recursive=True))
        return []

    def end(self) -> None:
        """Stop it and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Installation:
    """One folder with a Prefect home, and the programs that run on it."""

    folder: Path
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    programs: list[Program] = field(default_factory=list)
    server: Program | None = None

    @property
    def api(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self.port}/api"

    def started(self, name: str, command: list[str], **told: str) -> Program:
        """Start a program with the installation's environment."""
        log = self.folder / f"{name}-{len(self.programs)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**self._environment(), **told},
            )
        made = Program(process, log)
        self.programs.append(made)
        return made

    def start_server(self) -> Program:
        """Start the server, or start it again on what it kept."""
        command = [program("prefect"), "server", "start", "--host", "127.0.0.1"]
        self.server = self.started("server", [*command, "--port", str(self.port)])
        said = self.server.log.read_text
        assert comes_up(self.server.process, f"{self.api}/health"), said()
        return self.server

    def kill_server(self) -> None:
        """`kill -9` of the server and its services."""
        assert self.server is not None
        self.server.end()

    def start_worker(self, name: str = "one", **told: str) -> Program:
        """A process worker of the pool."""
        arguments = ["worker", "start", "--pool", POOL, "--type", "process", "--name", name]
        return self.started(f"worker-{name}", [program("prefect"), *arguments], **told)

    def deploy(self, *names: str) -> None:
        """Make the pool, and the deployments of deployments/prefect.yaml with these names."""
        self._prefect("work-pool", "create", POOL, "--type", "process", "--overwrite")
        wanted = [word for name in names for word in ("--name", name)]
        self._prefect("--no-prompt", "deploy", "--prefect-file", FILE, *wanted)

    def _prefect(self, *arguments: str) -> str:
        run = subprocess.run(
            [program("prefect"), *arguments],
            cwd=CHECKOUT,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def trigger(self, deployment: str, **parameters: Any) -> UUID:
        """Ask for a run, as the UI's button does."""
        with get_client(sync_client=True) as client:
            found = client.read_deployment_by_name(deployment)
            run = client.create_flow_run_from_deployment(found.id, parameters=parameters)
            return run.id

    def cancel(self, run: UUID) -> str:
        """`prefect flow-run cancel`."""
        return self._prefect("flow-run", "cancel", str(run))

    def run(self, run: UUID) -> FlowRun:
        """How a run stands."""
        with get_client(sync_client=True) as client:
            return client.read_flow_run(run)

    def ended(self, run: UUID, seconds: float = LONG) -> FlowRun:
        """A run once it came to an end."""
        wait_until(lambda: _final(self.run(run)), seconds, self.said)
        return self.run(run)

    def flow_runs(self) -> list[FlowRun]:
        """All of them, page by page."""
        runs: list[FlowRun] = []
        with get_client(sync_client=True) as client:
            while page := client.read_flow_runs(limit=_PAGE, offset=len(runs)):
                runs += page
        return runs

    def task_runs(self) -> list[TaskRun]:
        """All of them, page by page."""
        runs: list[TaskRun] = []
        with get_client(sync_client=True) as client:
            while page := client.read_task_runs(limit=_PAGE, offset=len(runs)):
                runs += page
        return runs

    def left_open(self) -> list[str]:
        """Names and states of flow runs and task runs that are not at an end."""
        runs = [*self.flow_runs(), *self.task_runs()]
        return sorted(f"{run.name}: {run.state_name}" for run in runs if not _final(run))

    def said(self) -> str:
        """The end of every program's log."""
        return "\n".join(
            f"--- {one.log.name}\n{one.log.read_text(errors='replace')[-3000:]}"
            for one in self.programs
        )

    def _environment(self) -> dict[str, str]:
        left_out = ("PREFECT", "EMERITUS", "DO_NOT_TRACK")
        mine = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
        told = {
            "PREFECT_HOME": str(self.folder / "prefect"),
            "PREFECT_API_URL": self.api,
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
            "PREFECT_CLI_COLORS": "false",
            "PREFECT_CLI_PROMPT": "false",
            "EMERITUS_CHECKOUT": str(CHECKOUT),
            "DO_NOT_TRACK": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{mine.get('PATH', '')}",
        }
        return {**mine, **SERVER, **told, **self.environment}


@contextmanager
def installation(folder: Path, **environment: str) -> Iterator[Installation]:
    """One for the block, its API in force for this process; every program ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Installation(folder, environment)
    with temporary_settings({PREFECT_API_URL: made.api}):
        try:
            made.start_server()
            yield made
        finally:
            for one in reversed(made.programs):
                _end_tree(one)


def wait_until(
    holds: Callable[[], object], seconds: float = LONG, told: Callable[[], str] = str
) -> None:
    """Wait until something holds.

    Raises:
        AssertionError: it did not in time; with what `told` says.
    """
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, told()
        threading.Event().wait(0.2)


def _end_tree(one: Program) -> None:
    """A worker's runs have sessions of their own: each is ended by its own id."""
    for child in one.children():
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    one.end()


def _final(run: FlowRun | TaskRun) -> bool:
    return run.state is not None and run.state.is_final()
