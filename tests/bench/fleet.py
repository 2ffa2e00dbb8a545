"""A fleet: a pass over many models with nothing due, and fifty with a wave due, side by side.

Every model with nothing due has a package in two replicas, is told of by its endpoint, and stands
blocked at its ceiling of calls: each of its eight stages is looked at. Wall seconds are of this
machine as it was; CPU seconds are those of this process alone.
"""

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

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
from tests.operation.slow_endpoint import SlowEndpoint, slow_endpoint

SIZES = (250, 500, 1000)
#: What runs the passes, how many at once, and how many models have something due.
DUE = (("threads", 1, 10), ("threads", 8, 50), ("dask", 2, 20))
ANSWER_SECONDS = 0.5

_Made = TypeVar("_Made")


def main() -> None:
    logging.disable(logging.ERROR)
    start = datetime.now(UTC)
    with (
        tempfile.TemporaryDirectory() as folder,
        slow_endpoint(_world(start), ANSWER_SECONDS) as endpoint,
        installation(Path(folder) / "server"),
    ):
        idle = _place(Path(folder) / "idle", endpoint.url, start)
        figures = _nothing_due(idle)
        figures += _in_the_middle(_place(Path(folder) / "middle", endpoint.url, start), endpoint)
        figures += _side_by_side(_place(Path(folder) / "due", endpoint.url, start), endpoint)
        report(figures)


def _nothing_due(place: Place) -> list[Figure]:
    figures, walls = list[Figure](), list[float]()
    folder = place.config.parent
    place.config.unlink()
    (place.home / "usage.csv").unlink()
    for size in SIZES:
        _add_idle(place, size)
        assert not look_over(folder).due
        state, wall, cpu = _timed(partial(fleet, folder, return_state=True))
        assert state.is_completed(), state.message
        _, parsed, _ = _timed(lambda: _parse(folder))
        walls.append(wall)
        name = f"{size} models, nothing due"
        figures.append(Figure(name, wall, "s", "yaml.safe_load of them", wall / parsed))
        figures.append(Figure(name, cpu, "CPU s", f"{SIZES[0]} models", wall / walls[0]))
    return figures


def _in_the_middle(place: Place, endpoint: SlowEndpoint) -> list[Figure]:
    """What one look at a model costs that was interviewed, and waits for its second wave."""
    endpoint.seconds = 0.0
    for _ in range(2):
        retire(place.config, return_state=True)
    config, book = load_retirement(place.config), wiring.book()
    looks = 20
    _, bare, _ = _timed(lambda: [_parse(place.config.parent) for _ in range(looks)])
    now = place.clock.now()
    _, wall, _ = _timed(lambda: [assess_all(config, book, now) for _ in range(looks)])
    name, against = "a look at a model with answers", "yaml.safe_load of it"
    return [Figure(name, wall / looks, "s", against, wall / bare)]


def _side_by_side(place: Place, endpoint: SlowEndpoint) -> list[Figure]:
    """Whole first passes of many models, each call half a second long; seconds a model."""
    figures, walls = list[Figure](), list[float]()
    few = {"themes": ["share_essays"], "contexts": ["bare"], "paraphrases_per_cell": 3}
    place.write_config(endpoint={"concurrency": 4}, interviews=few)
    endpoint.seconds = ANSWER_SECONDS
    for kind, at_once, models in DUE:
        folder = place.config.with_name(f"{kind}-{at_once}")
        folder.mkdir()
        _write_models(place, folder, [f"{MODEL}-{kind}-{at_once}-{n}" for n in range(models)])
        settings = folder.with_suffix(".yaml")
        told: dict[str, Any] = {
            "schema_version": 1,
            "configs": {"folder": folder.name},
            "runner": {"kind": kind, "at_once": at_once},
        }
        settings.write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
        endpoint.most = 0
        state, wall, cpu = _timed(partial(fleet, settings, return_state=True))
        ended: dict[str, str] = state.result(raise_on_failure=False) or {}
        failed = sum(how in ("Failed", "Crashed") for how in ended.values())
        assert len(ended) == models, state.message
        walls.append(wall / models)
        name = f"{models} due, {at_once} {kind}, {endpoint.most} calls"
        figures.append(Figure(name, failed, "failed", "all of them", failed / models))
        figures.append(Figure(name, walls[-1], "s each", "one at once", walls[-1] / walls[0]))
        figures.append(Figure(name, cpu / models, "CPU s each", "its wall time", cpu / wall))
    return figures


def _place(folder: Path, url: str, start: datetime) -> Place:
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
    files = _write_models(place, place.config.parent, names)
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


def _write_models(place: Place, folder: Path, names: list[str]) -> list[Path]:
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


def _timed(work: Callable[[], _Made]) -> tuple[_Made, float, float]:
    """What some work makes, and its wall and CPU seconds in this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    made = work()
    return made, time.perf_counter() - wall, time.process_time() - cpu


def _world(start: datetime) -> Any:
    """Enough planted models for all who are asked."""
    world = planted_world(start)
    aster = world.models[0]
    names = [f"{MODEL}-{kind}-{at}-{n}" for kind, at, models in DUE for n in range(models)]
    others = [aster.model_copy(update={"id": name}) for name in names]
    return world.model_copy(update={"models": (*world.models, *others)})


if __name__ == "__main__":
    main()
