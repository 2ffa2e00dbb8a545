"""`make serve`: the Prefect UI and a worker on this machine, every deployment ready to trigger."""

import contextlib
import os
import signal
import subprocess
import threading
from datetime import UTC, datetime

from rich.console import Console

from configs.home import CHECKOUT, home
from flows.demo_world import KEY, make_world, remembered_port
from flows.services import (
    ServiceFailed,
    free_port,
    planted_respondent,
    prefect_server,
    program,
    running,
)
from tasks.kernel.labels import SIMULATED

_POOL = "emeritus"
_PREFERRED_PORT = 4200


def serve() -> None:
    """Start everything, tell where it is, and stop it all on Ctrl-C or SIGTERM.

    Raises:
        ServiceFailed: something did not come up.
    """
    console = Console(highlight=False, soft_wrap=True)
    logs = home() / "logs"
    port = free_port(_PREFERRED_PORT)
    os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "INFO"  # into the worker's log file
    os.environ["EMERITUS_CHECKOUT"] = str(CHECKOUT)
    with contextlib.ExitStack() as stack:
        stack.enter_context(prefect_server(port, logs / "prefect.log"))
        if remembered_port():
            _demo_endpoint(stack, console)
        _prefect(["work-pool", "create", _POOL, "--type", "process", "--overwrite"])
        file = str(CHECKOUT / "deployments" / "prefect.yaml")
        _prefect(["--no-prompt", "deploy", "--prefect-file", file, "--all"])
        worker = [program("prefect"), "worker", "start", "--pool", _POOL, "--name", "local"]
        stack.enter_context(running("the worker", worker, log=logs / "worker.log", environment={}))
        console.print(f"Prefect UI: http://127.0.0.1:{port}/deployments   (Ctrl-C stops)")
        _wait_for_stop()
    console.print("stopped")


def _demo_endpoint(stack: contextlib.ExitStack, console: Console) -> None:
    """After a demo its respondent comes up too, so that its model's runs find an endpoint."""
    world = make_world(datetime.now(UTC).date(), free_port(remembered_port()))
    os.environ["EMERITUS_DEMO_KEY"] = KEY
    journal = home() / "demo" / "respondent.journal"
    log = home() / "logs" / "respondent.log"
    stack.enter_context(planted_respondent(world.world, world.port, journal, log))
    console.print(f"{SIMULATED} respondent: port {world.port}; configuration: {world.config}")


def _prefect(arguments: list[str]) -> None:
    run = subprocess.run(
        [program("prefect"), *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if run.returncode != 0:
        said = (run.stderr or run.stdout).strip().splitlines()[-1:]
        raise ServiceFailed(f"`prefect {' '.join(arguments)}` failed: {' '.join(said)}")


def _wait_for_stop() -> None:
    stop = threading.Event()
    for caught in (signal.SIGINT, signal.SIGTERM):
        signal.signal(caught, lambda *_: stop.set())
    stop.wait()
