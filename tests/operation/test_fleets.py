"""`emeritus fleet` as a real process: stopped by Ctrl-C while at work, and two of them at once."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.died_runs import close_all
from flows.services import program
from flows.signs_of_life import Limits
from tests.bench.fleet import write_models
from tests.fakes.clock import FakeClock
from tests.flows.place import MODEL, Place, make_place
from tests.flows.planting import planted_world
from tests.operation.conftest import ASKED_FOR
from tests.operation.installation import Installation, Program, installation, wait_until
from tests.operation.slow_endpoint import SlowEndpoint, slow_endpoint

pytestmark = pytest.mark.skipif(
    not os.environ.get(ASKED_FOR), reason=f"takes minutes: `make test-faults` sets {ASKED_FOR}"
)

AT_ONCE = 3
MODELS = tuple(f"{MODEL}-{number}" for number in range(2 * AT_ONCE))
CONCURRENCY = 4  # calls of one model under way
WRITTEN = 2 * CONCURRENCY  # and those whose intent stands ready
ANSWER_SECONDS = 0.5
HELD_SECONDS = 15.0  # of calls that a test wants to be under way
LONG = 300.0  # seconds; nothing waits so long but for a fault
SAID = {signal.SIGINT: "by Ctrl-C", signal.SIGTERM: "by SIGTERM"}
THE_REST = "what was recorded stands, and the same command goes on"
#: Nobody waits ten minutes here for a silence that is known to be one.
SHORT = Limits(
    silent=timedelta(seconds=1), pending=timedelta(seconds=1), settling=timedelta(seconds=1)
)


class Fleet:
    """Six models in a folder, and the way to pass over them."""

    def __init__(self, place: Place, endpoint: SlowEndpoint) -> None:
        self.place, self.endpoint = place, endpoint
        folder = place.config.with_name("models")
        folder.mkdir()
        write_models(place, folder, list(MODELS))
        self.settings = folder.with_suffix(".yaml")
        told = {
            "schema_version": 1,
            "configs": {"folder": folder.name},
            "runner": {"kind": "threads", "at_once": AT_ONCE},
        }
        self.settings.write_text(yaml.safe_dump(told), encoding="utf-8")

    def begin(self, house: Installation) -> Program:
        """`emeritus fleet`, with no more of a person's environment than the place needs."""
        command = [program("emeritus"), "fleet", str(self.settings)]
        return house.started("fleet", command, **self.place.environment(), COLUMNS="200")

    def begun(self) -> list[str]:
        """Models that a pass took the lease of, by now."""
        return self._models("select model_id from lease")

    def at_work(self) -> list[str]:
        """Models whose lease somebody holds."""
        return self._models("select model_id from lease where holder <> ''")

    def told(self) -> list[str]:
        """Models of which a pass told at its end how they stand."""
        return self._models("select distinct model_id from stage_status")

    def conversations(self) -> int:
        """How many of them are recorded."""
        return len(self.place.rows("select id from conversation"))

    def asked_again(self) -> int:
        """Tries of conversations beyond the first."""
        return sum(row["attempts"] - 1 for row in self.place.rows("select * from conversation"))

    def calls(self) -> int:
        """Messages that the endpoint was asked for."""
        return sum(self.place.calls(name) for name in MODELS)

    def _models(self, query: str) -> list[str]:
        return sorted(row["model_id"] for row in self.place.rows(query))

    def is_whole(self) -> None:
        """Each model went its whole first way, and the records hold."""
        assert self._models("select model_id from retirement") == list(MODELS)
        assert self.at_work() == []
        assert self.place.problems() == ()
        assert self.place.rows("select id from conversation where outcome <> 'answered'") == []
        told = self.place.rows("select model_id, state from stage_status where stage='interviews'")
        assert {row["model_id"]: row["state"] for row in told} == dict.fromkeys(MODELS, "waiting")


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    start = datetime.now(UTC)
    world = planted_world(start)
    others = [world.models[0].model_copy(update={"id": name}) for name in MODELS]
    world = world.model_copy(update={"models": (*world.models, *others)})
    (tmp_path / "allowed_signers").touch()
    with slow_endpoint(world, ANSWER_SECONDS) as endpoint:
        place = make_place(tmp_path / "place", tmp_path, endpoint.url, FakeClock(start))
        place.write_config(
            endpoint={"concurrency": CONCURRENCY, "timeout_seconds": 4 * HELD_SECONDS}
        )
        monkeypatch.delenv("EMERITUS_DATABASE_URL", raising=False)
        for name, value in place.environment().items():
            monkeypatch.setenv(name, value)
        yield Fleet(place, endpoint)


def ended(one: Program) -> tuple[int, str]:
    """Status and words of a program, once it came to its end."""
    wait_until(lambda: one.process.poll() is not None, LONG, one.log.read_text)
    said = one.log.read_text()
    assert "Traceback" not in said, said
    return int(one.process.returncode), said


def in_the_middle(fleet: Fleet, house: Installation) -> Program:
    """A fleet that waits for as many answers as it may; those after them come sooner."""
    fleet.endpoint.seconds = HELD_SECONDS
    one = fleet.begin(house)
    most = AT_ONCE * CONCURRENCY
    wait_until(lambda: fleet.endpoint.waiting == most, told=house.said)
    fleet.endpoint.seconds = ANSWER_SECONDS
    return one


@pytest.mark.parametrize("came", SAID)
def test_a_signal_ends_a_fleet_after_the_passes_under_way(
    fleet: Fleet, tmp_path: Path, came: signal.Signals
) -> None:
    with installation(tmp_path / "house") as house:
        first = in_the_middle(fleet, house)
        under_way = fleet.at_work()
        assert len(under_way) == AT_ONCE
        before = first.log.read_text()
        os.killpg(first.process.pid, came)  # as a terminal does: to the whole group
        began = time.monotonic()
        status, said = ended(first)
        print(f"{came!r}: {time.monotonic() - began:.1f} s; said after it: {said[len(before) :]}")
        assert status == 128 + came
        assert "stopping: no further model is begun" in said, "or a person presses once more"
        assert said.strip().splitlines()[-1] == f"stopped {SAID[came]}: {THE_REST}"
        assert fleet.begun() == under_way, "no further model is begun"
        assert fleet.told() == under_way, "the passes under way came to their end"
        assert fleet.at_work() == []
        assert house.left_open() == []

        assert ended(fleet.begin(house))[0] == 0
        assert fleet.asked_again() == 0
        assert fleet.calls() == fleet.conversations()
        fleet.is_whole()
        assert house.left_open() == []


def test_a_second_ctrl_c_ends_a_fleet_at_once(fleet: Fleet, tmp_path: Path) -> None:
    with installation(tmp_path / "house") as house:
        first = in_the_middle(fleet, house)
        under_way = fleet.at_work()
        os.killpg(first.process.pid, signal.SIGINT)
        threading.Event().wait(1)
        assert first.process.poll() is None, "passes are under way still"
        os.killpg(first.process.pid, signal.SIGINT)
        began = time.monotonic()
        status, _ = ended(first)
        print(f"{time.monotonic() - began:.1f} s; left open: {house.left_open()}")
        assert status == -signal.SIGINT, "a shell tells of 130"
        assert fleet.begun() == under_way
        assert fleet.told() == [], "no pass came to its end"
        assert fleet.place.problems() == ()

        assert ended(fleet.begin(house))[0] == 0
        again = fleet.asked_again()
        print(f"asked again: {again}; left open: {house.left_open()}")
        assert 0 < again <= AT_ONCE * WRITTEN, "the calls under way, and what was answered is not"
        fleet.is_whole()
        states = Counter(run.state_name for run in passes_of(house))
        assert states == {"Crashed": AT_ONCE, "Waiting": len(MODELS)}, "closed by the next pass"
        with get_client(sync_client=True) as client:
            close_all(client, SHORT)
        assert house.left_open() == []


def test_two_fleets_at_once_share_the_models(fleet: Fleet, tmp_path: Path) -> None:
    with installation(tmp_path / "one") as one, installation(tmp_path / "other") as other:
        both = [fleet.begin(house) for house in (one, other)]
        assert [ended(each)[0] for each in both] == [0, 0]
        runs = [run for house in (one, other) for run in passes_of(house)]
        states = Counter(str(run.state_name) for run in runs)
        print(states)
        assert states["Skipped"] > 0, "they never met, so that nothing was tried here"
        assert set(states) <= {"Skipped", "Waiting"}
        worked = Counter(run.name for run in runs if run.state_name == "Waiting")
        assert set(worked) == set(MODELS), "each is passed over by one of them, or by both in turn"
        assert fleet.asked_again() == 0
        assert fleet.calls() == fleet.conversations(), "and asked by one alone"
        fleet.is_whole()
        assert [left_open(house) for house in (one, other)] == [[], []]


def left_open(house: Installation) -> list[str]:
    """As `Installation.left_open`, where several servers are up."""
    with temporary_settings({PREFECT_API_URL: house.api}):
        return house.left_open()


def passes_of(house: Installation) -> list[FlowRun]:
    """The passes over models that a server knows."""
    with temporary_settings({PREFECT_API_URL: house.api}):
        return [run for run in house.flow_runs() if run.name in MODELS]
