"""One Prefect server for all of these tests, a planted respondent, and places to retire in."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, PREFECT_LOGGING_LEVEL, temporary_settings

from flows.services import free_port, prefect_server
from tasks import wiring
from tasks.simulation.planted import PlantedWorld
from tasks.simulation.serve import running
from tests.fakes.clock import FakeClock
from tests.flows.place import Place, make_place
from tests.flows.planting import planted_world

NAMES = ("paula", "alice", "bob", "erin")
#: What a server needs not, for tests: a UI, telemetry, and services that look for work to do.
SERVER = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests that need the server run in one xdist worker, which alone starts it."""
    for item in items:
        if "prefect_api" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("prefect-server"))


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real `prefect server start`, and its API in force for flows of this process."""
    folder = tmp_path_factory.mktemp("prefect")
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(folder))
        patch.delenv("PREFECT_API_URL", raising=False)
        for name, value in SERVER.items():
            patch.setenv(name, value)
        server = prefect_server(port, folder / "server.log")
        settings = {PREFECT_API_URL: api, PREFECT_HOME: folder, PREFECT_LOGGING_LEVEL: "WARNING"}
        with server, temporary_settings(settings):
            yield api
            EventsWorker.drain_all()  # while there is a server: at exit they would try for a minute
            APILogWorker.instance().drain()


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key pairs, and the list of those who may sign."""
    folder = tmp_path_factory.mktemp("people")
    lines = []
    for name in NAMES:
        key = folder / name
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        lines.append(f"{name} {key.with_suffix('.pub').read_text()}")
    (folder / "allowed_signers").write_text("".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def serve_world() -> Iterator[Callable[[PlantedWorld], str]]:
    """Serve planted worlds in threads of this process until the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda world: stack.enter_context(running(world))


@pytest.fixture
def base_url(serve_world: Callable[[PlantedWorld], str]) -> str:
    """A fresh respondent: faults and call counts are the test's own."""
    return serve_world(planted_world())


@pytest.fixture
def place(
    tmp_path: Path, people: Path, base_url: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> Place:
    """A small retirement that nothing was done for yet; its home is this process's."""
    made = make_place(tmp_path, people, base_url, clock)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("EMERITUS_DATABASE_URL", raising=False)
    assert wiring.clock() is clock
    return made
