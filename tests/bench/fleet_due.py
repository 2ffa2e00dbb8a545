"""A fleet with something due: whole first passes side by side, in threads and on Dask.

Every call to the SIMULATED endpoint takes half a second. Prefect's server and the records stand on
SQLite, and then on one PostgreSQL, Debian's, which is left out where it is not installed. Wall
seconds are of this machine as it was; CPU seconds are those of this process alone, without the
server's or Dask's.
"""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import yaml
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from psycopg import sql

from flows.environment import prepare
from flows.fleet import fleet
from flows.services import free_port
from tasks.simulation.planted import PlantedWorld
from tests.bench.fleet import fleet_place, timed, write_models
from tests.bench.harness import Figure, report
from tests.contracts.installed_postgres import installed_postgres, programs
from tests.flows.place import MODEL, Place
from tests.flows.planting import planted_world
from tests.operation.installation import installation
from tests.operation.slow_endpoint import SlowEndpoint, slow_endpoint

ANSWER_SECONDS = 0.5
FEW = {"themes": ["share_essays"], "contexts": ["bare"], "paraphrases_per_cell": 3}


@dataclass(frozen=True)
class Asked:
    """What runs the passes, how many at once, and over how many models."""

    kind: str
    at_once: int
    models: int

    def names(self, database: str) -> list[str]:
        return [f"{MODEL}-{database}-{self.kind}-{self.at_once}-{n}" for n in range(self.models)]


DUE = {
    "sqlite": (Asked("threads", 1, 10), Asked("threads", 8, 50)),
    "postgresql": (Asked("threads", 1, 10), Asked("threads", 8, 50), Asked("dask", 2, 20)),
}


def main() -> None:
    logging.disable(logging.ERROR)
    start = datetime.now(UTC)
    with slow_endpoint(_world(start), ANSWER_SECONDS) as endpoint:
        usable = [one for one in DUE if one != "postgresql" or programs() is not None]
        report(one for name in usable for one in _side_by_side(name, endpoint, start))


def _side_by_side(database: str, endpoint: SlowEndpoint, start: datetime) -> Iterator[Figure]:
    """Seconds a model of whole first passes."""
    walls = list[float]()
    with _standing_on(database, endpoint.url, start) as place:
        for asked in DUE[database]:
            settings = _settings(place, asked, asked.names(database))
            endpoint.most = 0
            state, wall, cpu = timed(partial(fleet, settings, return_state=True))
            ended: dict[str, str] = state.result(raise_on_failure=False) or {}
            failed = sum(how in ("Failed", "Crashed") for how in ended.values())
            assert len(ended) == asked.models, state.message
            walls.append(wall / asked.models)
            name = f"{database}, {asked.kind}, {asked.at_once} of {asked.models}"
            yield Figure(name, failed, "failed", "all of them", failed / asked.models)
            yield Figure(name, walls[-1], "s each", "one at once", walls[-1] / walls[0])
            yield Figure(name, endpoint.most, "calls", "at once", endpoint.most / asked.at_once)
            yield Figure(name, cpu / asked.models, "CPU s each", "its wall time", cpu / wall)


@contextmanager
def _standing_on(database: str, url: str, start: datetime) -> Iterator[Place]:
    """A Prefect server and records, each on a database of that kind."""
    os.environ.pop("EMERITUS_DATABASE_URL", None)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp")))
        folder.chmod(0o755)  # PostgreSQL runs as another user, where we are root
        told = {}
        if database == "postgresql":
            ours, prefects = stack.enter_context(_postgresql(folder))
            os.environ["EMERITUS_DATABASE_URL"] = ours
            told["PREFECT_API_DATABASE_CONNECTION_URL"] = prefects
        stack.enter_context(temporary_settings({PREFECT_CLIENT_MAX_RETRIES: _tries()}))
        stack.enter_context(installation(folder / "server", **told))
        place = fleet_place(folder / "due", url, start)
        place.write_config(endpoint={"concurrency": 4}, interviews=FEW)
        yield place


@contextmanager
def _postgresql(folder: Path) -> Iterator[tuple[str, str]]:
    """URLs of a database for the records and of one for Prefect, in one server."""
    port = free_port()
    with installed_postgres(folder, port) as socket:
        where = f"host={socket}&port={port}"
        admin = f"postgresql://postgres@/postgres?{where}"
        with psycopg.connect(admin, autocommit=True) as connection:
            for name in ("emeritus", "prefect"):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield (
            f"postgresql+psycopg://postgres@/emeritus?{where}",
            f"postgresql+asyncpg://postgres@/prefect?{where}",
        )


def _tries() -> int:
    """As often as Prefect's client tries under the command; this module imported it before."""
    prepare()
    return int(os.environ["PREFECT_CLIENT_MAX_RETRIES"])


def _settings(place: Place, asked: Asked, names: list[str]) -> Path:
    """A fleet's settings file, beside the folder of its models."""
    folder = place.config.with_name(f"{asked.kind}-{asked.at_once}")
    folder.mkdir()
    write_models(place, folder, names)
    told: dict[str, Any] = {
        "schema_version": 1,
        "configs": {"folder": folder.name},
        "runner": {"kind": asked.kind, "at_once": asked.at_once},
    }
    settings = folder.with_suffix(".yaml")
    settings.write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
    return settings


def _world(start: datetime) -> PlantedWorld:
    """Enough planted models for all who are asked."""
    world = planted_world(start)
    names = [name for on, due in DUE.items() for asked in due for name in asked.names(on)]
    others = [world.models[0].model_copy(update={"id": name}) for name in names]
    return world.model_copy(update={"models": (*world.models, *others)})


if __name__ == "__main__":
    main()
