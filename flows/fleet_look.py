"""A cheap look at every model of a fleet, in this process: which have something due, and which not.

Most models of a large fleet have nothing due at most times. They cost some tens of milliseconds
each, and start no flow run.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from configs.errors import ConfigError
from configs.load import load_retirement
from configs.schema import RetirementConfig
from flows.fleet_source import Source, source_of
from flows.stages import as_last_tried, assess_all, is_told
from tasks import wiring
from tasks.access.gateway.claims import claimed_twice, names_in_force
from tasks.access.gateway.names import gateway_names
from tasks.kernel.once import keeping
from tasks.kernel.stages import Assessment, StageState
from tasks.records import Book

_WORST_FIRST = (StageState.BLOCKED, StageState.DUE, StageState.WAITING, StageState.DONE)


@dataclass(frozen=True, slots=True)
class Looked:
    """A fleet before its passes.

    Attributes:
        source: where its files come from.
        due: model -> its file, of those that a pass can do something for.
        idle: model -> how its stages stand, of those with nothing due.
        refused: name of a file or model -> why it is not passed over.
    """

    source: Source
    due: Mapping[str, Path]
    idle: Mapping[str, Mapping[str, Assessment]]
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One model in the table of a fleet."""

    model: str
    state: str
    waits_for: str
    until: datetime | None = None
    command: str = ""


_taken: ContextVar[tuple[Path, Looked] | None] = ContextVar("looked", default=None)


@contextmanager
def going_on_from(models: Path, looked: Looked) -> Iterator[None]:
    """Within the block, `as_looked_at` gives this look: a large fleet is not looked at twice."""
    token = _taken.set((models, looked))
    try:
        yield
    finally:
        _taken.reset(token)


def as_looked_at(models: Path) -> Looked:
    """The look just taken in this process, or a new one; see `look_over`."""
    kept = _taken.get()
    return kept[1] if kept is not None and kept[0] == models else look_over(models)


def look_over(models: Path) -> Looked:
    """Find out what is due in a fleet. Writes nothing to the records.

    A file that can't be used is told, and stops no other. A removed file deletes nothing. Where two
    files claim one gateway name, neither is passed over, but for a model that has it already.

    Args:
        models: a folder with one YAML a model, or a fleet's settings file.

    Raises:
        ConfigError, CommitRefused, RepositoryUnusable: see `fleet_source.source_of`.
    """
    source = source_of(models)
    refused = {name: f"{name}: {why}" for name, why in source.problems.items()}
    loaded: dict[str, tuple[Path, RetirementConfig]] = {}
    for file in source.files:
        try:
            config = load_retirement(file)
        except ConfigError as error:
            refused[file.stem] = str(error)
        else:
            loaded[config.id] = file, config
    refused |= _sharing_names({name: config for name, (_, config) in loaded.items()})
    book, now = wiring.book(), wiring.clock().now()
    due, idle = dict[str, Path](), dict[str, Mapping[str, Assessment]]()
    with keeping():
        for name, (file, config) in loaded.items():
            if name in refused:
                continue
            found = assess_all(config, book, now)
            if is_told(name, found, book):
                idle[name] = found
            else:
                due[name] = file
    return Looked(source, due, idle, refused)


def line_of(model: str, found: Mapping[str, Assessment]) -> Line:
    """A model's worst stage: a blocked one before one that waits for a person, then for a date."""
    stage, worst = min(
        found.items(),
        key=lambda item: (_WORST_FIRST.index(item[1].state), not item[1].command),
    )
    until = min((one.until for one in found.values() if one.until), default=None)
    return Line(model, worst.state.value, f"{stage}: {worst.reason}", until, worst.command)


def line_now(model: str, file: Path, book: Book, now: datetime) -> Line:
    """How a model stands after its pass, by the records."""
    try:
        config = load_retirement(file)
    except ConfigError as error:
        return Line(model, "refused", str(error))
    return line_of(model, as_last_tried(model, assess_all(config, book, now), book))


def worst_first(lines: list[Line]) -> list[Line]:
    """What needs a person first; then by model."""
    order = ("failed", "refused", *(state.value for state in _WORST_FIRST))
    return sorted(lines, key=lambda one: (order.index(one.state), not one.command, one.model))


def _sharing_names(configs: Mapping[str, RetirementConfig]) -> dict[str, str]:
    """Model -> why it is not passed over; looked at before anything is done for any."""
    if len(configs) < 2:
        return {}
    names = {name: gateway_names(config) for name, config in configs.items()}
    with wiring.book().reading() as session:
        return claimed_twice(names, names_in_force(session))
