"""The stages of a retirement, in order: how each is assessed, and the flow that advances it."""

from collections.abc import Callable
from datetime import datetime

from configs.schema import RetirementConfig
from tasks.access.view import assess as assess_access
from tasks.candidate.view import assess as assess_candidate
from tasks.communication.view import assess as assess_communication
from tasks.essays.view import assess as assess_essays
from tasks.interviews.view import assess as assess_interviews
from tasks.kernel.errors import EmeritusError, RecordsAway, told
from tasks.kernel.stages import Assessment, StageState, blocked
from tasks.monitoring.view import assess as assess_monitoring
from tasks.preservation.view import assess as assess_preservation
from tasks.records import Book
from tasks.records.retirement import StageStatus
from tasks.validation.view import assess as assess_validation

Assess = Callable[[RetirementConfig, Book, datetime], Assessment]

STAGES: dict[str, Assess] = {
    "candidate": assess_candidate,
    "preservation": assess_preservation,
    "interviews": assess_interviews,
    "validation": assess_validation,
    "access": assess_access,
    "essays": assess_essays,
    "communication": assess_communication,
    "monitoring": assess_monitoring,
}


def trouble(error: EmeritusError | OSError, where: str) -> Assessment:
    """What a stage's error tells an operator; `where` names the place when the error does not."""
    if isinstance(error, EmeritusError):
        return blocked(str(error))
    return blocked(told(error, where))


def assess_stage(name: str, config: RetirementConfig, book: Book, now: datetime) -> Assessment:
    """How one stage stands; what keeps it from being assessed is told as `blocked`. Reads only.

    Raises:
        RecordsAway: no stage can be assessed without the records.
    """
    try:
        return STAGES[name](config, book, now)
    except RecordsAway:
        raise
    except (EmeritusError, OSError) as error:
        return trouble(error, name)


def assess_all(config: RetirementConfig, book: Book, now: datetime) -> dict[str, Assessment]:
    """How every stage stands, in order. Reads only."""
    return {name: assess_stage(name, config, book, now) for name in STAGES}


def tells(row: StageStatus | None, found: Assessment) -> bool:
    """True when a stage has nothing due and its recorded status says just that."""
    told = row is not None and (row.state, row.reason) == (found.state.value, found.reason)
    return told and found.state is not StageState.DUE


def is_told(model_id: str, found: dict[str, Assessment], book: Book) -> bool:
    """True when no stage has anything due and the records tell every stage's state already."""
    with book.reading() as session:
        rows = {name: session.get(StageStatus, (model_id, name)) for name in found}
    return all(tells(rows[name], one) for name, one in found.items())


def as_last_tried(model_id: str, found: dict[str, Assessment], book: Book) -> dict[str, Assessment]:
    """What is due, told as its last try ended when that failed: the next pass tries again."""
    with book.reading() as session:
        rows = {name: session.get(StageStatus, (model_id, name)) for name in found}
    return {name: _last_tried(rows[name], one) for name, one in found.items()}


def _last_tried(row: StageStatus | None, found: Assessment) -> Assessment:
    if found.state is not StageState.DUE or row is None or not row.failed:
        return found
    return Assessment(StageState(row.state), f"{row.reason} (the next pass tries again)")
