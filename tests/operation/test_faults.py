"""Prefect server, workers and children killed while a pass is at work; each a real process.

After every fault the next pass must come to where an undisturbed one comes, and no run may be left
that is not at its end.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun

from flows.died_runs import close_all
from flows.signs_of_life import Limits
from tests.fakes.clock import FakeClock
from tests.flows.place import MODEL, Place, make_place
from tests.flows.planting import planted_world
from tests.operation.installation import Installation, Program, installation, wait_until
from tests.operation.slow_endpoint import SlowEndpoint, slow_endpoint

ANSWER_SECONDS = 0.4  # some 25 rounds of calls: a pass is at work for ten seconds
LONGER_THAN_RETRIES = 85  # seconds; Prefect's client tries for 62
#: Nobody waits ten minutes here for a silence that is known to be one.
AT_ONCE = Limits(
    silent=timedelta(seconds=1), pending=timedelta(seconds=1), settling=timedelta(seconds=1)
)
CONVERGED = {"candidate": "done", "interviews": "waiting", "communication": "done"}


@pytest.fixture(scope="module")
def started() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def endpoint(started: datetime) -> Iterator[SlowEndpoint]:
    with slow_endpoint(planted_world(started), ANSWER_SECONDS) as slow:
        yield slow


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("installation")) as made:
        made.deploy("one-model", "folder")
        yield made


class Scene:
    """A model of its own, a worker, and the way to have it passed over."""

    def __init__(self, house: Installation, endpoint: SlowEndpoint, place: Place) -> None:
        self.house, self.endpoint, self.place = house, endpoint, place
        self.worker = self.another_worker()

    def another_worker(self) -> Program:
        return self.house.start_worker(f"n{len(self.house.programs)}", **self.place.environment())

    def begin(self, kind: str) -> UUID:
        """A pass, or a fleet's; and wait until it is in the middle of a stage."""
        self.endpoint.called.clear()
        run = self.trigger(kind)
        wait_until(self.endpoint.called.is_set, told=self.house.said)
        threading.Event().wait(1)  # a few answers come in
        return run

    def trigger(self, kind: str) -> UUID:
        if kind == "fleet":
            return self.house.trigger("fleet/folder", folder=str(self.place.config.parent))
        return self.house.trigger("retire/one-model", config=str(self.place.config))

    def children(self) -> list[psutil.Process]:
        found = []
        for one in self.worker.children():
            with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                found += [one] if "prefect.engine" in one.cmdline() else []
        return found

    def go_on(self, kind: str = "pass") -> FlowRun:
        """The next pass, by a worker that lives."""
        if self.worker.process.poll() is not None:
            self.worker = self.another_worker()
        return self.house.ended(self.trigger(kind))

    def close_died_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As the deployment does, by shorter limits."""
        for name, value in self.place.environment().items():
            monkeypatch.setenv(name, value)
        with get_client(sync_client=True) as client:
            close_all(client, AT_ONCE)

    def is_whole(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The records hold, tell what an undisturbed pass tells, and nothing is left at work."""
        self.close_died_runs(monkeypatch)
        assert self.place.problems() == ()
        told = {name: row["state"] for name, row in self.place.told().items()}
        assert {name: told.get(name) for name in CONVERGED} == CONVERGED
        assert self.place.rows("select holder from lease") == [{"holder": ""}]
        assert self.house.left_open() == []
        answered = self.place.rows("select * from conversation where outcome <> 'answered'")
        assert answered == []


@pytest.fixture
def scene(
    house: Installation, endpoint: SlowEndpoint, started: datetime, tmp_path: Path
) -> Iterator[Scene]:
    (tmp_path / "allowed_signers").touch()
    place = make_place(tmp_path / "place", tmp_path, endpoint.url, FakeClock(started))
    made = Scene(house, endpoint, place)
    yield made
    made.worker.end()


def _lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


Fault = Callable[[Scene], None]


def _child(scene: Scene) -> None:
    for child in scene.children():
        child.kill()


def _worker(scene: Scene) -> None:
    scene.worker.kill()


def _both(scene: Scene) -> None:
    children = scene.children()
    scene.worker.kill()
    for child in children:
        child.kill()


def _everything(scene: Scene) -> None:
    """As when the power goes: the server keeps slots of concurrency limits in memory alone."""
    children = scene.children()
    scene.house.kill_server()
    scene.worker.kill()
    for child in children:
        child.kill()
    scene.house.start_server()


def _server_for_a_moment(scene: Scene) -> None:
    scene.house.kill_server()
    threading.Event().wait(3)
    scene.house.start_server()


def _server_for_longer(scene: Scene) -> None:
    scene.house.kill_server()
    threading.Event().wait(LONGER_THAN_RETRIES)
    scene.house.start_server()


FAULTS: dict[str, Fault] = {
    "child": _child,
    "worker": _worker,
    "both": _both,
    "everything": _everything,
    "server for a moment": _server_for_a_moment,
    "server for longer": _server_for_longer,
}


@pytest.mark.parametrize("kind", ["pass", "fleet"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_pass_that_lost_a_process(
    scene: Scene, fault: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = scene.begin(kind)
    at_work = scene.children()  # one whose worker was killed ends a moment after it
    FAULTS[fault](scene)
    wait_until(lambda: not any(map(_lives, at_work)), told=scene.house.said)
    told = f"{kind}, {fault} killed: {scene.house.run(run).state}"
    if kind == "fleet":  # its deployment has one slot, which a dead run keeps until it is closed
        scene.close_died_runs(monkeypatch)
    after = scene.go_on(kind)
    assert after.state_name in {"Waiting", "Completed"}, after.state
    print(f"{told}; then {scene.house.run(run).state}; left open: {scene.house.left_open()}")
    scene.is_whole(monkeypatch)


def test_a_cancelled_pass_ends_in_order(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene.endpoint, "seconds", 5.0)  # the command takes its time to start
    run = scene.begin("pass")
    scene.house.cancel(run)
    assert scene.house.ended(run).state_name == "Cancelled"
    assert scene.place.rows("select holder from lease") == [{"holder": ""}]
    monkeypatch.setattr(scene.endpoint, "seconds", ANSWER_SECONDS)
    assert scene.go_on().state_name == "Waiting"
    scene.is_whole(monkeypatch)


def test_two_workers_and_one_model(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    other = scene.another_worker()
    monkeypatch.setattr(scene.endpoint, "seconds", 5.0)  # the first one is at work for as long
    first = scene.begin("pass")
    second, fleet = scene.trigger("pass"), scene.trigger("fleet")
    assert scene.house.ended(second).state_name == "Skipped"
    found = scene.house.ended(fleet).state
    print(f"a fleet beside a pass: {found}")
    assert found is not None
    assert found.is_completed()
    monkeypatch.setattr(scene.endpoint, "seconds", ANSWER_SECONDS)
    assert scene.house.ended(first).state_name == "Waiting"
    other.end()
    asked = scene.place.rows("select * from conversation where attempts > 1")
    assert asked == [], f"{MODEL} was asked by both"
    scene.is_whole(monkeypatch)
