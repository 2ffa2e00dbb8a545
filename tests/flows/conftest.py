"""One Prefect server and one whole retirement for all of these tests, and copies to go on from."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_HOME,
    PREFECT_LOGGING_LEVEL,
    temporary_settings,
)
from prefect.tasks import Task

from flows.services import free_port, prefect_server
from tasks import wiring
from tasks.candidate.task import ask_lifecycle
from tasks.essays.task import draft_due_slots, publish_approved
from tasks.interviews.task import hold_wave
from tasks.preservation.task import preserve
from tasks.simulation.planted import PlantedWorld
from tasks.simulation.serve import running
from tasks.validation.task import code_answers
from tests.fakes.clock import FakeClock
from tests.flows.place import Place, make_place
from tests.flows.planting import planted_world
from tests.flows.story import Story, live_through

NAMES = ("paula", "alice", "bob", "erin")
#: What a server needs not, for tests: a UI, telemetry, services that look for work to do, and a
#: list of events, which no automation waits for and nobody reads.
SERVER = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_LOGGER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
}
RETRIED: tuple[Task[..., object], ...] = (
    ask_lifecycle,
    preserve,
    hold_wave,
    code_answers,
    draft_due_slots,
    publish_approved,
)

At = Callable[[str], Place]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests that need the server run in one xdist worker, which alone starts it."""
    for item in items:
        if "prefect_api" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("prefect-server"))


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps its database and its log."""
    return tmp_path_factory.mktemp("prefect")


@pytest.fixture(scope="session")
def prefect_api(prefect_home: Path) -> Iterator[str]:
    """A real `prefect server start`, and its API in force for flows of this process."""
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(prefect_home))
        patch.delenv("PREFECT_API_URL", raising=False)
        for name, value in SERVER.items():
            patch.setenv(name, value)
        server = prefect_server(port, prefect_home / "server.log")
        settings = {
            PREFECT_API_URL: api,
            PREFECT_HOME: prefect_home,
            PREFECT_LOGGING_LEVEL: "WARNING",
            PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,  # saves half a second a pass
        }
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


@pytest.fixture(scope="session")
def story(prefect_api: str, people: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A whole retirement, lived through once; `at` hands out copies of its stations."""
    folder, clock = tmp_path_factory.mktemp("story"), FakeClock()
    with (
        pytest.MonkeyPatch.context() as patch,
        wiring.using_clock(clock),
        running(planted_world(clock.now())) as url,
    ):
        place = make_place(folder / "whole", people, url, clock)
        _move_in(place, patch)
        return live_through(place, folder / "stations")


@pytest.fixture
def serve_world() -> Iterator[Callable[[PlantedWorld], str]]:
    """Serve planted worlds in threads of this process until the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda world: stack.enter_context(running(world))


@pytest.fixture
def at(
    story: Story,
    tmp_path: Path,
    people: Path,
    serve_world: Callable[[PlantedWorld], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[At]:
    """A copy of a station, to go on from: its clock, and a respondent of the test's own."""
    with contextlib.ExitStack() as stack:

        def go_to(name: str) -> Place:
            station = story.stations[name]
            clock = FakeClock(station.now)
            stack.enter_context(wiring.using_clock(clock))
            url = serve_world(planted_world(story.start))
            place = make_place(tmp_path / "place", people, url, clock, copy_of=station.home)
            _move_in(place, monkeypatch)
            return place

        yield go_to


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks try again as often as ever, but at once."""
    for task in RETRIED:
        monkeypatch.setattr(task, "retry_delay_seconds", [0, 0])


def _move_in(place: Place, patch: pytest.MonkeyPatch) -> None:
    for name, value in place.environment().items():
        patch.setenv(name, value)
    patch.delenv("EMERITUS_DATABASE_URL", raising=False)
