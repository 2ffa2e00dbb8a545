"""Which notices a changed configuration triggers: who is told what, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from configs.schema import RetirementConfig
from flows.plan_report import PlannedNotice
from tasks.communication.core import DueNotice, owed_notices, receivers, schedule
from tasks.records.communication import Notice
from tasks.records.latest import latest_check
from tasks.records.promises import Told, broken_promise, contradiction, told_now


@dataclass(frozen=True, slots=True)
class Planned:
    """Notices, and what else is to be known of them."""

    notices: tuple[PlannedNotice, ...]
    notes: tuple[str, ...]


def planned_notices(
    config: RetirementConfig,
    old: RetirementConfig | None,
    notices: Sequence[Notice],
    session: Session,
    now: datetime,
) -> Planned:
    """What a configuration owes to people that the one before it did not.

    Args:
        config: the new one.
        old: the one before; None for a new model.
        notices: recorded ones of the model.
        session: the records.
        now: the current instant.
    """
    before = {one.id for one in owed_notices(old, notices, now)} if old is not None else set()
    owed = [one for one in owed_notices(config, notices, now) if one.id not in before]
    known = set(schedule(old.candidate, old.communication)) if old is not None else set()
    coming = [
        event
        for event in schedule(config.candidate, config.communication)
        if event.at > now and event not in known
    ]
    everybody = tuple(one.name for one in receivers(config.candidate, config.communication))
    said = _words(told_now(config.candidate))
    return Planned(
        (
            *_now(owed),
            *(
                PlannedNotice(
                    kind=event.kind, at=event.at.date().isoformat(), to=everybody, tells=said
                )
                for event in coming
            ),
        ),
        _held_back(config, notices, session, now),
    )


def _now(owed: Sequence[DueNotice]) -> tuple[PlannedNotice, ...]:
    """One line for all who are told the same."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in owed:
        groups.setdefault((one.kind, _tells(one)), []).append(one.owner)
    return tuple(
        PlannedNotice(kind=kind, at="", to=tuple(to), tells=tells)
        for (kind, tells), to in groups.items()
    )


def _tells(notice: DueNotice) -> str:
    said = _words(notice.told)
    moved = [
        f"{one.surface or 'first last day'} {f'was {one.before}' if one.before else 'is new'}"
        for one in notice.changes
    ]
    if notice.hold_changed:
        held = notice.told.legal_hold
        moved.append("a legal hold stands" if held else "the legal hold is lifted")
    return f"{said} ({'; '.join(moved)})" if moved else said


def _words(told: Told) -> str:
    return ", ".join(f"{surface} until {day}" for surface, day in told.dates)


def _held_back(
    config: RetirementConfig, notices: Sequence[Notice], session: Session, now: datetime
) -> tuple[str, ...]:
    check = latest_check(session, config.id)
    broken = broken_promise(config.candidate, notices, now) or contradiction(
        config.candidate, check, now
    )
    return (f"nobody is told: {broken}",) if broken else ()
