"""What a new configuration changes of the one in force, and which changes are refused. Pure.

The same function says what `emeritus plan` shows and what a pass enforces. A refused change leaves
the configuration in force as it is; whoever wants it mends the file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from configs.schema.candidate import CandidateConfig
from tasks.records.communication import Notice
from tasks.records.promises import (
    FIRST,
    Change,
    broken_promise,
    changes,
    may_have_arrived,
    told_now,
)

HOLD, NOTICE, FLOOR, DESIGN = "CH-HOLD", "CH-NOTICE", "CH-FLOOR", "CH-DESIGN"

#: Where a setting of a registered design stands in a YAML; others stand in `interviews`.
_STANDS_IN = {
    "model": "endpoint.model",
    "instrument": "interviews.instrument_folder",
    "codebook_sha256": "interviews.instrument_folder",
    "retirement": "id",
}
_JUDGING = "judging."


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field whose value differs.

    Attributes:
        field: such as `candidate.surfaces[api].retires_on`; a list's entry is named by its `name`,
            where each has one, else by its index.
        before: JSON value; None also where there was none.
        now: JSON value; None also where there is none.
    """

    field: str
    before: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change that is refused.

    Attributes:
        id: `CH-...`; docs/errors.md lists them.
        field: which field of the YAML.
        reason: why, and how to go on.
    """

    id: str
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the records tell that a change is judged by.

    Attributes:
        now: the current instant.
        notices: the model's.
        lifted: whether a person signed that the legal hold of the configuration in force is lifted.
        departed: settings in which the configuration in force departs from the registered design.
        departs: those in which the new one does; both empty while no design is registered.
    """

    now: datetime
    notices: Sequence[Notice] = ()
    lifted: bool = False
    departed: Sequence[str] = ()
    departs: Sequence[str] = ()


def field_changes(before: object, now: object, within: str = "") -> tuple[FieldChange, ...]:
    """Every field that differs between two configurations, given as JSON values."""
    return tuple(_differing(before, now, within))


def moved_dates(before: CandidateConfig, now: CandidateConfig) -> tuple[Change, ...]:
    """Every surface whose last day differs, or that is new or gone."""
    return changes(told_now(before), told_now(now))


def refused_changes(
    model_id: str, before: CandidateConfig, after: CandidateConfig, known: Known
) -> tuple[Refusal, ...]:
    """What of a change is refused; nothing where it may be put in force.

    Args:
        model_id: the model.
        before: the candidate's section of the configuration in force.
        after: the same of the new one.
        known: see there.
    """
    return (
        *_hold(model_id, before, after, known),
        *_floor(before, after, known),
        *_notice(before, after, known),
        *_design(known),
    )


def _differing(before: object, now: object, within: str) -> Iterator[FieldChange]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys((*now, *before)):
            where = f"{within}.{key}" if within else str(key)
            yield from _differing(before.get(key), now.get(key), where)
    elif _entries(before) and _entries(now):
        ours, theirs = _by_name(before), _by_name(now)
        if ours is None or theirs is None:
            ours, theirs = dict(enumerate(before)), dict(enumerate(now))  # type: ignore[arg-type]
        for key in dict.fromkeys((*theirs, *ours)):
            yield from _differing(ours.get(key), theirs.get(key), f"{within}[{key}]")
        if list(ours) != list(theirs) and ours.keys() == theirs.keys():
            yield FieldChange(f"{within} (order)", list(ours), list(theirs))
    elif before != now:
        yield FieldChange(within, before, now)


def _entries(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, Mapping) for v in value)


def _by_name(entries: Any) -> dict[object, object] | None:
    found = {entry["name"]: entry for entry in entries if "name" in entry}
    return found if len(found) == len(entries) else None


def _hold(
    model_id: str, before: CandidateConfig, after: CandidateConfig, known: Known
) -> Iterator[Refusal]:
    if before.legal_hold and not after.legal_hold and not known.lifted:
        yield Refusal(
            HOLD,
            "candidate.legal_hold",
            "the file takes a legal hold away, and nobody signed that it is lifted; whoever may "
            f"lift it signs with `emeritus hold lift {model_id}`, else put true back",
        )


def _floor(before: CandidateConfig, after: CandidateConfig, known: Known) -> Iterator[Refusal]:
    lower = after.notice_floor_days < before.notice_floor_days
    if lower and any(may_have_arrived(notice) for notice in known.notices):
        yield Refusal(
            FLOOR,
            "candidate.notice_floor_days",
            f"{after.notice_floor_days} days are fewer than the {before.notice_floor_days} under "
            f"which owners were told of the retirement; put {before.notice_floor_days} back",
        )


def _notice(before: CandidateConfig, after: CandidateConfig, known: Known) -> Iterator[Refusal]:
    """Judged by the longer floor of both, and with the owners of both: one change may alter all."""
    moved = moved_dates(before, after)
    sooner = [one for one in moved if one.before and (not one.now or one.now < one.before)]
    if after.first_retires_on < before.first_retires_on:
        first = before.first_retires_on.isoformat(), after.first_retires_on.isoformat()
        sooner.append(Change(FIRST, *first))
    held_no_more = before.legal_hold and not after.legal_hold
    if not sooner and not held_no_more:
        return
    floor = max(before.notice_floor_days, after.notice_floor_days)
    here = {owner.contact for owner in after.owners}
    owners = (*after.owners, *(one for one in before.owners if one.contact not in here))
    both = after.model_copy(update={"notice_floor_days": floor, "owners": owners})
    broken = broken_promise(both, known.notices, known.now)
    if broken:
        yield Refusal(NOTICE, "candidate.surfaces", broken)
        return
    if any(may_have_arrived(notice) for notice in known.notices):
        return
    soonest = known.now.date() + timedelta(days=floor)
    for one in sooner:
        if one.now and date.fromisoformat(one.now) < soonest:
            name = one.surface or "the first of all"
            yield Refusal(
                NOTICE,
                "candidate.surfaces",
                f"{name}: moved from {one.before} to {one.now}, fewer than {floor} days ahead "
                f"(notice_floor_days); set retires_on to {min(one.before, str(soonest))} or later",
            )
            return


def _design(known: Known) -> Iterator[Refusal]:
    new = [name for name in known.departs if name not in known.departed]
    fields = dict.fromkeys(map(_field_of, new))
    if fields:
        yield Refusal(
            DESIGN,
            ", ".join(fields),
            "the interviews' design was registered with another value, and answers to two designs "
            "can't be judged as one; put the old value back",
        )


def _field_of(name: str) -> str:
    if name.startswith(_JUDGING):
        return f"validation.{name.removeprefix(_JUDGING)}"
    return _STANDS_IN.get(name.partition(".")[0], f"interviews.{name}")
