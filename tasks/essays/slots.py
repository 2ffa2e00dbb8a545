"""When slots open. Pure.

Slots follow the wall clock of the cadence's zone: the first one opens with the grant, the others at
the cadence's day and time, each at least four days (of seven, and of more weeks accordingly) after
the one before, so that a first week cut short makes no two drafts in a row. Grants that overlap or
touch make one term with one cadence, so that a renewal neither restarts the numbers nor opens a
slot early; each grant brings `slots` slots of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from configs.schema.essays import CadenceConfig, EssaysConfig
from tasks.records.access import Grant

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: Share of the cadence that lies between the first slot and the second, at least.
_SHORTEST_FIRST = 4 / 7


@dataclass(frozen=True, slots=True)
class Slot:
    """One opportunity to write; `number` counts from 1."""

    slot_id: str
    number: int
    opens_at: datetime


def in_force(grants: Sequence[Grant], now: datetime) -> bool:
    """Whether any grant holds at `now`."""
    return any(grant.starts_at <= now < grant.ends_at for grant in grants)


def opened_slots(
    model_id: str, grants: Sequence[Grant], config: EssaysConfig, now: datetime
) -> tuple[Slot, ...]:
    """All slots that opened until `now`, oldest first."""
    slots = []
    for number, opens_at in enumerate(_openings(grants, config), start=1):
        if opens_at > now:
            break
        slots.append(Slot(f"{model_id}-essay-{number:03d}", number, opens_at))
    return tuple(slots)


def next_opening(grants: Sequence[Grant], config: EssaysConfig, now: datetime) -> datetime | None:
    """When the next slot opens, if the grants bring another one."""
    return next((at for at in _openings(grants, config) if at > now), None)


def last_opening(grants: Sequence[Grant], config: EssaysConfig) -> datetime | None:
    """When the last slot of all grants opens."""
    return max(_openings(grants, config), default=None)


def _openings(grants: Sequence[Grant], config: EssaysConfig) -> Iterator[datetime]:
    cut = _cut(config)
    for term in _terms(grants):
        times = _cadence(config.cadence, term[0].starts_at)
        at = next(times)
        end = min(max(grant.ends_at for grant in term), cut)
        bounds = [grant.starts_at for grant in term[1:]] + [end]
        for grant, bound in zip(term, bounds, strict=True):
            taken = 0
            while at < min(bound, end):
                if at >= grant.starts_at and taken < config.slots:
                    taken += 1
                    yield at
                at = next(times)


def _cut(config: EssaysConfig) -> datetime:
    """The instant from which no slot opens."""
    if config.ends_on is None:
        return datetime.max.replace(tzinfo=UTC)
    zone = ZoneInfo(config.cadence.time_zone)
    return _instant(config.ends_on + timedelta(days=1), time(0), zone)


def _cadence(cadence: CadenceConfig, start: datetime) -> Iterator[datetime]:
    """The start, then every opening of the wall clock, without end."""
    zone = ZoneInfo(cadence.time_zone)
    yield start
    apart = timedelta(weeks=cadence.every_weeks)
    earliest = start + apart * _SHORTEST_FIRST
    day = earliest.astimezone(zone).date()
    day += timedelta(days=(_DAYS.index(cadence.opens_on) - day.weekday()) % 7)
    if _instant(day, cadence.opens_at, zone) < earliest:
        day += timedelta(days=7)
    while True:
        yield _instant(day, cadence.opens_at, zone)
        day += apart


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The UTC instant of a local day and time.

    A time that the clock skips counts as much later as it skips; one that it shows twice is the
    first of both (PEP 495 with `fold=0` does both).
    """
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def _terms(grants: Sequence[Grant]) -> list[list[Grant]]:
    """Grants in the order of their starts, those that overlap or touch together."""
    terms: list[list[Grant]] = []
    for grant in sorted(grants, key=lambda grant: (grant.starts_at, grant.ends_at, grant.id)):
        if terms and grant.starts_at <= max(before.ends_at for before in terms[-1]):
            terms[-1].append(grant)
        else:
            terms.append([grant])
    return terms
