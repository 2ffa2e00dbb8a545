"""What a stage answers when it is asked how it stands.

A stage is asked twice in a pass: before (is anything due?) and after (what does it wait for
now?). The answer is worked out from records each time and never stored as a promise.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class StageName(StrEnum):
    """The stages of a retirement, in order."""

    candidate = "candidate"
    preservation = "preservation"
    interviews = "interviews"
    validation = "validation"
    access = "access"
    essays = "essays"
    communication = "communication"
    monitoring = "monitoring"


class StageState(StrEnum):
    """How a stage stands."""

    DONE = "done"
    DUE = "due"  # there is work that a pass can do now
    WAITING = "waiting"  # for an instant or for a person
    BLOCKED = "blocked"  # a person has to mend something first


@dataclass(frozen=True, slots=True)
class Assessment:
    """One stage's state in words that an operator can act on.

    Attributes:
        state: how it stands.
        reason: one sentence; for `waiting` what it waits for, for `blocked` why and how to mend.
        until: when it is worth looking again, or None when only a person's act changes it.
        command: the command that a person would type next, or empty.
    """

    state: StageState
    reason: str
    until: datetime | None = None
    command: str = ""


def done(reason: str, until: datetime | None = None) -> Assessment:
    """Nothing left to do now; `until` when the stage has later work on a schedule."""
    return Assessment(StageState.DONE, reason, until)


def due(reason: str) -> Assessment:
    """A pass can do something now."""
    return Assessment(StageState.DUE, reason)


def waiting(reason: str, until: datetime | None = None, command: str = "") -> Assessment:
    """An instant or a person has to come first."""
    return Assessment(StageState.WAITING, reason, until, command)


def blocked(reason: str, command: str = "") -> Assessment:
    """A person has to mend something first."""
    return Assessment(StageState.BLOCKED, reason, None, command)
