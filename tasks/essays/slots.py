"""When slots open. Pure.

Grants that overlap or touch make one term with one cadence, so that a renewal neither restarts
the numbers nor opens a slot early; each grant brings `slots` slots of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from configs.schema.essays import EssaysConfig
from tasks.records.access import Grant


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


def _openings(grants: Sequence[Grant], config: EssaysConfig) -> Iterator[datetime]:
    spacing = timedelta(seconds=config.slot_spacing_seconds)
    for term in _terms(grants):
        start, end = term[0].starts_at, max(grant.ends_at for grant in term)
        bounds = [grant.starts_at for grant in term[1:]] + [end]
        for grant, bound in zip(term, bounds, strict=True):
            first = -((start - grant.starts_at) // spacing)  # rounded up to the cadence
            for position in range(first, first + config.slots):
                opens_at = start + position * spacing
                if opens_at >= min(bound, end):
                    break
                yield opens_at


def _terms(grants: Sequence[Grant]) -> list[list[Grant]]:
    """Grants in the order of their starts, those that overlap or touch together."""
    terms: list[list[Grant]] = []
    for grant in sorted(grants, key=lambda grant: (grant.starts_at, grant.ends_at, grant.id)):
        if terms and grant.starts_at <= max(before.ends_at for before in terms[-1]):
            terms[-1].append(grant)
        else:
            terms.append([grant])
    return terms
