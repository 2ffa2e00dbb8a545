"""`make serve`: the Prefect UI and a worker on this machine, every deployment ready to trigger."""

import contextlib
import json
import os
import signal
import threading
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from configs.home import CHECKOUT, home
from flows.demo_world import KEY, make_world, remembered_port
from flows.deploying import POOL, deploy, run_prefect
from flows.services import (
    free_port,
    planted_respondent,
    prefect_server,
    program,
    running,
)
from tasks.kernel.labels import SIMULATED

_PREFERRED_PORT = 4200
_PAGES_PORT = 4201


def serve() -> None:
    """Start everything, tell where it is, and stop it all on Ctrl-C or SIGTERM.

    Raises:
        ServiceFailed, DeployRefused: something did not come up.
    """
    console = Console(highlight=False, soft_wrap=True)
    logs = home() / "logs"
    port = free_port(_PREFERRED_PORT)
    os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "INFO"  # into the worker's log file
    os.environ["EMERITUS_CHECKOUT"] = str(CHECKOUT)
    os.environ["PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT"] = "false"
    with contextlib.ExitStack() as stack:
        stack.enter_context(prefect_server(port, logs / "prefect.log"))
        if remembered_port():
            _demo_endpoint(stack, console)
        stack.enter_context(_pages(free_port(_PAGES_PORT), logs))
        first = not _deployed(port)
        deploy()
        if first:
            run_prefect(["deployment", "schedule", "pause", "--all"])
        worker = [program("prefect"), "worker", "start", "--pool", POOL, "--name", "local"]
        stack.enter_context(running("the worker", worker, log=logs / "worker.log", environment={}))
        console.print(f"Prefect UI: http://127.0.0.1:{port}/deployments   (Ctrl-C stops)")
        if first:
            console.print(
                "Schedules are paused, since this is a place to try things; switch them on there."
            )
        _wait_for_stop()
    console.print("stopped")


def _pages(port: int, logs: Path) -> contextlib.AbstractContextManager[object]:
    """Packets, drafts and dossiers for a browser; what the worker starts links to them."""
    os.environ["EMERITUS_PAGES_URL"] = f"http://127.0.0.1:{port}"
    return running(
        "the pages",
        [program("emeritus"), "pages", "--port", str(port)],
        log=logs / "pages.log",
        environment={"EMERITUS_PAGES_AUTH": ""},
    )


def _deployed(port: int) -> bool:
    """Whether this server has deployments of an earlier start.

    Asked over HTTP: Prefect's own client took its settings before the server had an address.
    """
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/deployments/count",
        data=b"{}",
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # our own loopback URL
        return int(json.load(answer)) > 0


def _demo_endpoint(stack: contextlib.ExitStack, console: Console) -> None:
    """After a demo its respondent comes up too, so that its model's runs find an endpoint."""
    world = make_world(datetime.now(UTC).date(), free_port(remembered_port()))
    os.environ["EMERITUS_DEMO_KEY"] = KEY
    journal = home() / "demo" / "respondent.journal"
    log = home() / "logs" / "respondent.log"
    stack.enter_context(planted_respondent(world.world, world.port, journal, log))
    console.print(f"{SIMULATED} respondent: port {world.port}; configuration: {world.config}")


def _wait_for_stop() -> None:
    stop = threading.Event()
    for caught in (signal.SIGINT, signal.SIGTERM):
        signal.signal(caught, lambda *_: stop.set())
    stop.wait()
