"""One stage over every model of a fleet, as the weekly schedules ask for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.fleet_source import source_of
from flows.passing import going_by_commit


def over_fleet(
    place: Path,
    stage: Callable[..., State[Any]],
    *,
    doing: str,
    then: Callable[[], object] | None = None,
) -> State[dict[str, str]]:
    """Run a stage's flow for one model after the other; one that fails stops no other.

    Args:
        place: a fleet's settings file, or a folder with one YAML a model.
        stage: the flow; it is given the model's file.
        doing: what it does, for the sentence about failures: `look at`.
        then: done at the end whatever failed; what it returns is told.

    Raises:
        ConfigError, CommitRefused, RepositoryUnusable: see `fleet_source.source_of`.
    """
    source = source_of(place)
    with going_by_commit(source.commit):
        ended = {file.stem: stage(file, return_state=True) for file in source.files}
    names = {name: state.name or state.type.value for name, state in ended.items()}
    failed = [name for name, state in ended.items() if not state.is_completed()]
    told = [f"could not {doing} {', '.join(failed)}"] if failed else [f"{len(ended)} models"]
    told += source.problems.values()
    told += [source.warning] if source.warning else []
    if then is not None:
        told.append(str(then()))
    message = "; ".join(told)
    if failed or source.problems:
        return Failed(message=message, data=names)
    return Completed(message=message, data=names)
