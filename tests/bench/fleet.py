"""A fleet with nothing due: a pass over many models, and a look at one in the middle of its way.

Every model with nothing due has a package in two replicas, is told of by its endpoint, and stands
blocked at its ceiling of calls: each of its eight stages is looked at. Wall seconds are of this
machine as it was; CPU seconds are those of this process alone.
"""

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

import yaml
from sqlmodel import select

from configs.load import load_retirement
from configs.schema import RetirementConfig
from flows.fleet import fleet
from flows.fleet_look import look_over
from flows.retire import retire
from flows.stages import assess_all
from tasks import wiring
from tasks.candidate.opening import put_in_force
from tasks.preservation.task import preserve
from tasks.records import Fence
from tasks.records.candidate import LifecycleCheck
from tasks.records.preservation import Package, Replica
from tasks.records.retirement import StageStatus
from tests.bench.harness import Figure, report
from tests.fakes.clock import FakeClock
from tests.flows.place import MODEL, Place, make_place
from tests.flows.planting import planted_world
from tests.operation.installation import installation
from tests.operation.slow_endpoint import slow_endpoint

SIZES = (250, 500, 1000)

_Made = TypeVar("_Made")


def main() -> None:
    logging.disable(logging.ERROR)
    start = datetime.now(UTC)
    with (
        tempfile.TemporaryDirectory() as folder,
        slow_endpoint(planted_world(start), seconds=0.0) as endpoint,
        installation(Path(folder) / "server"),
    ):
        idle = fleet_place(Path(folder) / "idle", endpoint.url, start)
        middle = partial(fleet_place, Path(folder) / "middle", endpoint.url, start)
        report(chain(_nothing_due(idle), _in_the_middle(middle)))


def _nothing_due(place: Place) -> Iterator[Figure]:
    walls = list[float]()
    folder = place.config.parent
    place.config.unlink()
    (place.home / "usage.csv").unlink()
    for size in SIZES:
        _add_idle(place, size)
        assert not look_over(folder).due
        state, wall, cpu = timed(partial(fleet, folder, return_state=True))
        assert state.is_completed(), state.message
        _, parsed, _ = timed(lambda: _parse(folder))
        walls.append(wall)
        name = f"{size} models, nothing due"
        yield Figure(name, wall, "s", "yaml.safe_load of them", wall / parsed)
        yield Figure(name, cpu, "CPU s", f"{SIZES[0]} models", wall / walls[0])


def _in_the_middle(made: Callable[[], Place]) -> Iterator[Figure]:
    """What one look at a model costs that was interviewed, and waits for its second wave."""
    place = made()
    for _ in range(2):
        retire(place.config, return_state=True)
    config, book = load_retirement(place.config), wiring.book()
    looks = 20
    _, bare, _ = timed(lambda: [_parse(place.config.parent) for _ in range(looks)])
    now = place.clock.now()
    _, wall, _ = timed(lambda: [assess_all(config, book, now) for _ in range(looks)])
    name, against = "a look at a model with answers", "yaml.safe_load of it"
    yield Figure(name, wall / looks, "s", against, wall / bare)


def fleet_place(folder: Path, url: str, start: datetime) -> Place:
    """One home with configurations, in force for this process."""
    folder.mkdir()
    (folder / "allowed_signers").touch()
    place = make_place(folder / "place", folder, url, FakeClock(start))
    tiny = place.home / "models" / "tiny"
    tiny.mkdir()
    (tiny / "weights.bin").write_bytes(b"w" * 5000)
    os.environ |= place.environment()
    return place


def _add_idle(place: Place, size: int) -> None:
    """Models up to a number, with what a pass would have recorded, by our own code."""
    present = len(list(place.config.parent.glob("*.yaml")))
    day = place.clock.now().date()
    place.sections["preservation"] = {"source_folder": "models/tiny"}
    place.write_config(
        candidate={
            "announced_on": day + timedelta(days=30),
            "surfaces": [{"name": "api", "retires_on": str(day + timedelta(days=150))}],
        },
        interviews={"max_calls": 20},
    )
    names = [f"{MODEL}-{number:05d}" for number in range(present, size)]
    files = write_models(place, place.config.parent, names)
    place.config.unlink()
    book, now = wiring.book(), datetime.now(UTC)
    for name, file in zip(names, files, strict=True):
        config = load_retirement(file)
        fence = book.take_lease(name, "", now).fence
        put_in_force(config, book, fence, now)
        check = LifecycleCheck(
            id=f"check-{name}", model_id=name, checked_at=now, lifecycle="active",
            retires_at=None, endpoint_model=name, simulated=True, note="",
        )  # fmt: skip
        with book.writing(now, fence=fence) as writing:
            writing.put(check, "candidate.asked")
        _preserve_alike(place, config, fence)
        found = assess_all(config, book, now)
        with book.writing(now, fence=fence) as writing:
            for stage, one in found.items():
                row = StageStatus(
                    model_id=name, stage=stage, state=one.state.value, reason=one.reason,
                    since=now, until=one.until, failed=False,
                )  # fmt: skip
                writing.put(row, f"stage.{one.state.value}")
        book.keep_lease(fence, now, free=True)


def _preserve_alike(place: Place, config: RetirementConfig, fence: Fence) -> None:
    """A package in two replicas; all but the first are that of the first under another name."""
    book, now = wiring.book(), datetime.now(UTC)
    with book.reading() as session:
        packages = list(session.exec(select(Package).limit(1)))
        replicas = list(session.exec(select(Replica).limit(2)))
    if not packages:
        preserve.fn(config, fence)
        return
    (first,) = packages
    bag = f"{config.id}-{first.id[:8]}"
    package = {**first.model_dump(), "id": bag, "model_id": config.id, "bag": bag}
    with book.writing(now, fence=fence) as writing:
        writing.put(Package.model_validate(package), "preservation.packaged")
        for archive, replica in zip(wiring.archives(config.preservation), replicas, strict=True):
            held = place.home / "replicas" / archive.name
            shutil.copytree(held / first.bag, held / bag)
            row = {
                **replica.model_dump(),
                "package_id": bag,
                "model_id": config.id,
                "name": archive.name,
                "location": archive.location(bag),
                "stamp": archive.stamp(bag),
            }
            writing.put(Replica.model_validate(row), "preservation.replica_verified")


def write_models(place: Place, folder: Path, names: list[str]) -> list[Path]:
    """A YAML file for each name, alike but for that."""
    body = yaml.safe_load(place.config.read_text(encoding="utf-8"))
    files = []
    for name in names:
        mine = {**body, "id": name, "endpoint": {**body["endpoint"], "model": name}}
        file = folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(mine, sort_keys=False), encoding="utf-8")
        files.append(file)
    return files


def _parse(folder: Path) -> None:
    for file in folder.glob("*.yaml"):
        yaml.safe_load(file.read_text(encoding="utf-8"))


def timed(work: Callable[[], _Made]) -> tuple[_Made, float, float]:
    """What some work makes, and its wall and CPU seconds in this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    made = work()
    return made, time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
