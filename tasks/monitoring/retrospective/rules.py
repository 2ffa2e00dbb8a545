"""From what happened in a period to what is proposed. Pure.

A rule proposes a value only where the records show what the present one led to; it never touches
what was registered (interviews, coding) or signed. What no value can mend is a note.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_Path = tuple[str | int, ...]

FEWEST_SLOTS = 4
FEWEST_ANSWERS = 4
FEWEST_CLOSED = 2
SHORTEST_FIXITY_HOURS = 24.0
LEAST_FALSE_ALARMS = 0.005
LONGEST_ANSWER_DAYS = 365
LONGEST_LATE_DAYS = 92  # as the schema has it


@dataclass(frozen=True, slots=True)
class Closed:
    """An incident that a person closed: id, kind, subject, and the reason from the list."""

    id: str
    kind: str
    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class Happened:
    """What the records tell of the period.

    Attributes:
        damaged: ids of fixity checks that found damage.
        slots: (slot id, outcome) of essay slots that were asked for, oldest first.
        answer_days: (application id, days until its first answer) of those answered.
        closed: incidents closed.
        still_used: owners whom the latest usage audit saw calling within a month of the last day
            or after it.
        audit: id of that audit; empty for none.
        unknown_callers: callers without an owner in it.
        refused_notices: (owner, what the other side said) of notices refused for good.
    """

    damaged: tuple[str, ...] = ()
    slots: tuple[tuple[str, str], ...] = ()
    answer_days: tuple[tuple[str, float], ...] = ()
    closed: tuple[Closed, ...] = ()
    still_used: tuple[str, ...] = ()
    audit: str = ""
    unknown_callers: int = 0
    refused_notices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """The present values that rules look at, by the names of the configuration.

    Attributes:
        fixity_interval_hours: `preservation.fixity_interval_hours`.
        every_weeks: `essays.cadence.every_weeks`.
        answer_within_days: `access.applications.answer_within_days`.
        yearly_false_alarms: `monitoring.alarms.yearly_false_alarms`; None where none are raised.
        late_after_days: place and value of `monitoring.sources[i].late_after_days`, by source.
    """

    fixity_interval_hours: float
    every_weeks: int
    answer_within_days: int
    yearly_false_alarms: float | None
    late_after_days: dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change of configuration, with what it rests on.

    Attributes:
        rule: its stable id.
        path: where in the configuration.
        before: the value in force.
        after: the proposed one.
        why: one sentence.
        evidence: ids of rows.
    """

    rule: str
    path: _Path
    before: Any
    after: Any
    why: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """What was learnt and no value of the configuration mends by itself."""

    rule: str
    said: str
    evidence: tuple[str, ...]


def proposals_of(happened: Happened, settings: Settings) -> tuple[Proposal, ...]:
    """All changes that the period speaks for; none where it shows nothing."""
    found = (
        _fixity(happened, settings),
        _cadence(happened, settings),
        _answers(happened, settings),
        _alarms(happened, settings),
        *_late(happened, settings),
    )
    return tuple(one for one in found if one is not None)


def notes_of(happened: Happened) -> tuple[Note, ...]:
    """What people should know beside."""
    return tuple(_notes(happened))


def _fixity(happened: Happened, settings: Settings) -> Proposal | None:
    before = settings.fixity_interval_hours
    after = max(SHORTEST_FIXITY_HOURS, before / 2)
    if not happened.damaged or after >= before:
        return None
    number = len(happened.damaged)
    return Proposal(
        "RETRO-FIXITY",
        ("preservation", "fixity_interval_hours"),
        before,
        after,
        f"{_times(number)} a check found damage: half the interval halves the time in which "
        "a second replica can go bad unseen.",
        happened.damaged,
    )


def _cadence(happened: Happened, settings: Settings) -> Proposal | None:
    missed = [slot for slot, outcome in happened.slots if outcome == "missed"]
    if len(happened.slots) < FEWEST_SLOTS or 2 * len(missed) < len(happened.slots):
        return None
    before = settings.every_weeks
    if before >= 4:
        return None
    return Proposal(
        "RETRO-CADENCE",
        ("essays", "cadence", "every_weeks"),
        before,
        before + 1,
        f"{len(missed)} of {len(happened.slots)} slots were missed: fewer slots that are kept "
        "serve readers, and the model, better than gaps.",
        tuple(missed),
    )


def _answers(happened: Happened, settings: Settings) -> Proposal | None:
    before = settings.answer_within_days
    late = [one for one, days in happened.answer_days if days > before]
    if len(happened.answer_days) < FEWEST_ANSWERS or 5 * len(late) < len(happened.answer_days):
        return None
    after = min(LONGEST_ANSWER_DAYS, _upper([days for _, days in happened.answer_days]))
    if after <= before:
        return None
    return Proposal(
        "RETRO-ANSWERS",
        ("access", "applications", "answer_within_days"),
        before,
        after,
        f"{len(late)} of {len(happened.answer_days)} applications were answered later than "
        f"promised; nine in ten within {after} days. Promise what is kept, or add reviewers.",
        tuple(late),
    )


def _alarms(happened: Happened, settings: Settings) -> Proposal | None:
    before = settings.yearly_false_alarms
    false = [c.id for c in happened.closed if (c.kind, c.reason) == ("alarm", "false_alarm")]
    if before is None or len(false) < FEWEST_CLOSED:
        return None
    after = max(LEAST_FALSE_ALARMS, round(before / 2, 4))
    if after >= before:
        return None
    return Proposal(
        "RETRO-ALARMS",
        ("monitoring", "alarms", "yearly_false_alarms"),
        before,
        after,
        f"{len(false)} alarms were closed as false: a stricter bound raises fewer, and finds a "
        "change later.",
        tuple(false),
    )


def _late(happened: Happened, settings: Settings) -> Iterator[Proposal]:
    for source, (place, before) in sorted(settings.late_after_days.items()):
        false = [
            c.id
            for c in happened.closed
            if (c.kind, c.subject) == ("source", source) and c.reason in ("false_alarm", "accepted")
        ]
        after = min(LONGEST_LATE_DAYS, before + max(1, math.ceil(before / 2)))
        if len(false) < FEWEST_CLOSED or after <= before:
            continue
        yield Proposal(
            "RETRO-LATE",
            ("monitoring", "sources", place, "late_after_days"),
            before,
            after,
            f"{_times(len(false)).capitalize()} people accepted that {source} was late: it comes "
            "later than is expected of it.",
            tuple(false),
        )


def _notes(happened: Happened) -> Iterator[Note]:
    if happened.still_used:
        named = ", ".join(happened.still_used)
        yield Note(
            "RETRO-NOTICE",
            f"Still calling it within a month of the last day, or after it: {named}. Whoever "
            "retires the next model should give them more than notice: a person to ask.",
            (happened.audit,),
        )
    if happened.unknown_callers:
        number = happened.unknown_callers
        yield Note(
            "RETRO-CALLERS",
            f"{number} {'caller has' if number == 1 else 'callers have'} no owner in "
            "candidate.owners: nobody told them anything.",
            (happened.audit,),
        )
    for owner, said in happened.refused_notices:
        yield Note(
            "RETRO-CONTACT",
            f"Notices to {owner} were refused for good ({said}): mend the contact.",
            (owner,),
        )


def _upper(days: Sequence[float]) -> int:
    """The least whole number of days within which nine in ten came."""
    ordered = sorted(days)
    return math.ceil(ordered[math.ceil(0.9 * len(ordered)) - 1])


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
