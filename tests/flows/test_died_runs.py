"""Runs whose process died, on a real server: what is closed, and what is left alone."""

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from prefect import Flow, flow, task
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.states import Cancelling, Completed, Crashed, Pending, Running, Scheduled

import flows
from flows.candidate import candidate
from flows.died_runs import close_all, close_died_runs, flow_names
from flows.fleet import fleet
from flows.retire import retire
from flows.signs_of_life import Limits
from tasks import wiring
from tasks.records import Book
from tasks.records.lease import TERM
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.usefixtures("prefect_api", "home")

LIMITS = Limits()


@flow(name="someone-elses")
def _someone_elses() -> None:
    """A flow of other people's on the same server."""


@task(name="a stage's run, as its parent counts it")
def _subflow() -> None:
    """Prefect makes a task run for each run within a run."""


@pytest.fixture
def client(prefect_api: str) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as one:
        yield one


class Runs:
    """Runs that no process has."""

    def __init__(self, client: SyncPrefectClient) -> None:
        self._client = client

    def make(self, of: Flow[..., object], state: State, within: UUID | None = None) -> UUID:
        """A run that comes into a state now."""
        parent = None
        if within is not None:
            parent = self._client.create_task_run(
                _subflow, within, dynamic_key=str(within), state=Running()
            ).id
        made = self._client.create_flow_run(of, parent_task_run_id=parent, state=Pending())
        self._client.set_flow_run_state(made.id, state, force=True)
        return made.id

    def state(self, run: UUID) -> str:
        found = self._client.read_flow_run(run).state
        assert found is not None
        return found.name

    def open_tasks(self) -> int:
        runs = self._client.read_task_runs()
        return sum(not (run.state and run.state.is_final()) for run in runs)


@pytest.fixture
def clock() -> Iterator[FakeClock]:
    """Ours; the server keeps its own, so what it notes is the present."""
    fake = FakeClock(datetime.now(UTC))
    with wiring.using_clock(fake):
        yield fake


@pytest.fixture
def runs(client: SyncPrefectClient, clock: FakeClock, book: Book) -> Iterator[Runs]:
    """They are closed at the end, so that no other test finds them."""
    yield Runs(client)
    clock.advance(days=9)
    close_all(client, LIMITS)


def test_a_fleet_that_died_is_closed_with_all_that_is_within(
    runs: Runs, client: SyncPrefectClient, clock: FakeClock
) -> None:
    died = runs.make(fleet, Running())
    within = runs.make(retire, Running(), died)
    stage = runs.make(candidate, Running(), within)
    clock.advance(hours=23)
    assert close_all(client, LIMITS) == []
    clock.advance(hours=2)
    assert close_all(client, LIMITS)
    assert {runs.state(run) for run in (died, within, stage)} == {"Crashed"}
    assert runs.open_tasks() == 0


def test_what_a_run_left_open_that_lost_its_server_is_closed(
    runs: Runs, client: SyncPrefectClient, clock: FakeClock
) -> None:
    failed = runs.make(retire, Running())
    stage = runs.make(candidate, Running(), failed)
    client.set_flow_run_state(failed, Crashed(), force=True)
    close_all(client, LIMITS)
    assert runs.state(stage) == "Running", "it may come to its end in this moment"
    clock.advance(minutes=3)
    close_all(client, LIMITS)
    assert runs.state(stage) == "Crashed"
    assert runs.open_tasks() == 0


def test_a_lease_tells_more_than_silence(
    runs: Runs, client: SyncPrefectClient, clock: FakeClock, book: Book
) -> None:
    died, lives = runs.make(retire, Running()), runs.make(retire, Running())
    around = runs.make(fleet, Running())
    within = runs.make(retire, Running(), around)
    book.take_lease("died", str(died), clock.now() - 3 * TERM)
    assert len(close_all(client, LIMITS)) == 1
    clock.advance(days=2)
    book.take_lease("lives", str(lives), clock.now())
    book.take_lease("within", str(within), clock.now())
    assert close_all(client, LIMITS) == []
    found = [runs.state(run) for run in (died, lives, around, within)]
    assert found == ["Crashed", "Running", "Running", "Running"]


def test_what_is_left_alone(runs: Runs, client: SyncPrefectClient, clock: FakeClock) -> None:
    elses, ended = runs.make(_someone_elses, Running()), runs.make(retire, Completed())
    late = runs.make(retire, Scheduled())
    clock.advance(days=400)
    assert close_all(client, LIMITS) == []
    assert [runs.state(one) for one in (elses, late, ended)] == [
        "Running",
        "Scheduled",
        "Completed",
    ]


def test_a_run_that_never_began_and_one_that_was_to_be_cancelled(
    runs: Runs, clock: FakeClock
) -> None:
    taken, cancelled = runs.make(retire, Pending()), runs.make(retire, Cancelling())
    clock.advance(days=2)
    told = close_died_runs(return_state=True)
    assert told.name == "Closed"
    assert told.message == "1 cancelled, and nobody ended it; 1 never begun"
    assert runs.state(taken) == "Crashed"
    assert runs.state(cancelled) == "Cancelled"


def test_a_run_that_was_closed_and_lives_tells_its_end(
    runs: Runs, client: SyncPrefectClient, clock: FakeClock
) -> None:
    """The price of taking a silent run for dead is one wrong word until it ends."""
    lives = runs.make(fleet, Running())
    clock.advance(days=2)
    close_all(client, LIMITS)
    assert runs.state(lives) == "Crashed"
    client.set_flow_run_state(lives, Completed())
    assert runs.state(lives) == "Completed"


def test_every_flow_is_looked_after() -> None:
    found = set()
    for module in pkgutil.iter_modules(flows.__path__):
        imported = importlib.import_module(f"flows.{module.name}")
        found |= {one.name for one in vars(imported).values() if isinstance(one, Flow)}
    assert found <= set(flow_names())
