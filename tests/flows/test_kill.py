"""`kill -9` in every stage, before and after the commit of what the stage records.

One retirement is killed again and again: every point below is one real process that dies there,
and the next one goes on from the records. At the end it must be the retirement that nobody killed.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from configs.home import CHECKOUT
from tasks import wiring
from tasks.simulation.planted import PlantedWorld
from tests.fakes.clock import FakeClock
from tests.flows.conftest import SERVER
from tests.flows.place import SPACING, Place, make_place
from tests.flows.planting import planted_world
from tests.flows.runs import all_runs
from tests.flows.story import Story

pytestmark = pytest.mark.usefixtures("prefect_api")

CONCURRENCY = 4
KILLED = -9
Point = tuple[str, str, int]  # before or after which write or call, and which one of them

FIRST_PASS: tuple[Point, ...] = (
    ("after", "lease.take", 1),
    ("before", "bag.write", 3),
    ("before", "preservation.packaged", 1),
    ("after", "preservation.packaged", 1),
    ("after", "bag.commit", 1),  # one replica has its bag, the other one has half of it
    ("before", "preservation.replica_verified", 1),
    ("after", "preservation.replica_verified", 2),
    ("after", "interviews.design_registered", 1),
    ("before", "interviews.asked", 1),
    ("after", "interviews.asked", 1),
    ("before", "interviews.answered", 2),
    ("after", "interviews.answered", 2),
    ("before", "validation.coded", 2),
    ("after", "communication.notice_intended", 1),
    ("before", "communication.page_made", 1),
    ("after", "communication.notice_tried", 1),
    ("after", "outbox.send", 1),
    ("before", "communication.notice_sent", 1),
    ("before", "monitoring.usage_read", 1),
    ("before", "stage.waiting", 1),
)
LAST_WAVE: tuple[Point, ...] = (
    ("after", "interviews.asked", 3),
    ("before", "validation.judged", 1),
    ("before", "access.proposed", 1),
    ("after", "access.proposed", 1),
)
AFTER_APPROVAL: tuple[Point, ...] = (
    ("before", "access.granted", 2),
    ("after", "access.granted", 3),
    ("after", "essays.asked", 1),
    ("before", "essays.drafted", 1),
    ("after", "essays.drafted", 1),
)
AFTER_REVIEW: tuple[Point, ...] = (
    ("before", "essays.published", 1),
    ("after", "essays.published", 1),
    ("before", "essays.page_made", 1),
)
WRITTEN = 2 * CONCURRENCY  # calls under way, and those whose intent stands ready
IN_FLIGHT = 5  # points above that stand between an intent to ask and the answer's commit


@dataclass
class Passes:
    """Passes as processes of their own, forked from one that has imported everything."""

    process: "subprocess.Popen[str]"
    log: Path
    kills: list[str] = field(default_factory=list)

    def run(self, place: Place, point: str = "", nth: int = 0, when: str = "") -> int:
        """One pass; its exit status, or -9 when it died at the point."""
        order = {
            "config": str(place.config),
            "now": place.clock.now().isoformat(),
            "point": point,
            "nth": nth,
            "when": when,
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        status: int = json.loads(self.process.stdout.readline())["status"]
        if status == KILLED:
            self.kills.append(f"{when} {point} {nth}")
        return status

    def kill_at(self, place: Place, points: tuple[Point, ...]) -> None:
        """Die at each point, and look at the records each time."""
        for when, point, nth in points:
            status = self.run(place, point, nth, when)
            assert status == KILLED, f"{when} {point} {nth}: {status}; {self.log.read_text()}"
            assert place.problems() == (), f"killed {when} {point} {nth}"

    def finish(self, place: Place) -> None:
        """A pass that lives."""
        assert self.run(place) == 0, self.log.read_text()
        assert place.problems() == ()


@pytest.fixture
def passes(
    prefect_api: str, prefect_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Place], Passes]]:
    """Starts the process that forks passes over a place."""
    started: list[subprocess.Popen[str]] = []

    def start(place: Place) -> Passes:
        for name, value in place.environment().items():
            monkeypatch.setenv(name, value)
        for name, value in SERVER.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("EMERITUS_DATABASE_URL", raising=False)
        monkeypatch.setenv("PREFECT_API_URL", prefect_api)
        monkeypatch.setenv("PREFECT_HOME", str(prefect_home))
        monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "WARNING")
        log = tmp_path / "passes.log"
        with log.open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.flows.zygote"],
                cwd=CHECKOUT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        started.append(process)
        return Passes(process, log)

    yield start
    for process in started:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(20)


def test_a_retirement_killed_everywhere_ends_as_one_that_nobody_killed(
    story: Story,
    passes: Callable[[Place], Passes],
    serve_world: Callable[[PlantedWorld], str],
    tmp_path: Path,
    people: Path,
) -> None:
    clock = FakeClock(story.start)
    url = serve_world(planted_world(story.start))
    place = make_place(tmp_path / "place", people, url, clock)
    processes = passes(place)

    with wiring.using_clock(clock):
        processes.kill_at(place, FIRST_PASS)
        processes.finish(place)
        clock.advance(seconds=SPACING.total_seconds())
        processes.finish(place)
        clock.advance(seconds=SPACING.total_seconds())
        processes.kill_at(place, LAST_WAVE)
        processes.finish(place)
        place.approve("alice")
        place.approve("bob")
        processes.kill_at(place, AFTER_APPROVAL)
        processes.finish(place)
        clock.advance(seconds=60)
        place.review("erin")
        processes.kill_at(place, AFTER_REVIEW)
        processes.finish(place)

        _is_the_same_retirement(place, story)
        _asked_little_twice(place)
        before = place.dump()
        processes.finish(place)
        assert place.dump() == before
    _no_run_is_left_running(place, processes)


def _is_the_same_retirement(place: Place, story: Story) -> None:
    killed, whole = place.dump(), story.stations["published"].dump

    def told(dump: dict[str, list[dict[str, Any]]], table: str, *columns: str) -> list[Any]:
        return sorted(tuple(row[column] for column in columns) for row in dump[table])

    for table, columns in {
        "retirement": ("model_id",),
        "package": ("id",),
        "replica": ("package_id", "name", "state"),
        "design": ("digest",),
        "conversation": ("id", "outcome"),
        "packet": ("model_id",),
        "approval": ("person",),
        "grant": ("kind",),
        "draft": ("number", "outcome"),
        "review": ("person", "action"),
        "publication": ("model_id",),
        "notice": ("id",),
        "report": ("source_sha256",),
        "verdict": ("theme", "verdict"),
        "stage_status": ("stage", "state"),
    }.items():
        assert told(killed, table, *columns) == told(whole, table, *columns), table
    assert len(place.bags()) == 2, place.bags()
    assert [letter.name for letter in place.letters()] == [f"{killed['notice'][0]['id']}.eml"]
    (text,) = place.home.glob("site/essays/*/index.md")
    assert text.read_bytes() == killed["draft"][0]["text"].encode()
    strays = [p for p in place.home.rglob(".*") if "prefect" not in p.parts]
    assert not strays, "half-written files are left"


def _asked_little_twice(place: Place) -> None:
    """Each kill leaves at most the calls in flight in doubt, and nothing that was answered."""
    rows = place.rows("select attempts from conversation")
    again = [row for row in rows if row["attempts"] > 1]
    assert 0 < len(again) <= IN_FLIGHT * WRITTEN
    assert sum(row["attempts"] - 1 for row in rows) <= IN_FLIGHT * WRITTEN
    an_essay, drafts_in_flight = 1, 2
    asked = len(rows) + an_essay
    assert place.calls() <= asked + IN_FLIGHT * CONCURRENCY + drafts_in_flight


def _no_run_is_left_running(place: Place, processes: Passes) -> None:
    mine = [run for run in all_runs() if str(run.parameters.get("config")) == str(place.config)]
    passes = [run for run in mine if run.parent_task_run_id is None]
    assert len(passes) == len(processes.kills) + 6
    left = [(run.name, run.state_name) for run in mine if run.state and not run.state.is_final()]
    assert not left, f"{len(left)} of {len(mine)}; kills: {processes.kills}"
    crashed = [run for run in passes if run.state_name == "Crashed"]
    assert len(crashed) == len(processes.kills)
