"""What calendar and feed say of a model: the dates that its owners were told, and when. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tasks.kernel.instants import to_text
from tasks.records.promises import FIRST, Told, same


@dataclass(frozen=True, slots=True)
class Telling:
    """Dates that were told from an instant on (RFC 3339)."""

    since: str
    told: Told


@dataclass(frozen=True, slots=True)
class Revisit:
    """Until when the access that was decided holds; `packet` is the decision's digest."""

    packet: str
    decided_at: str
    ends_on: str


@dataclass(frozen=True, slots=True)
class PublicModel:
    """One model in public; texts are of one line.

    Attributes:
        names: wire names, the endpoint's own first.
        tellings: what was told, oldest first; never empty.
        help_url: http(s) address of the help page, or empty.
    """

    model_id: str
    display_name: str
    simulated: bool
    names: tuple[str, ...]
    announced_on: str
    successor: str
    legal_hold: bool
    contact: str
    help_url: str
    tellings: tuple[Telling, ...]
    revisit: Revisit | None = None

    @property
    def told(self) -> Told:
        """The dates that are told now."""
        return self.tellings[-1].told


def tellings(configured: Told, noted: Iterable[tuple[datetime, Told]]) -> tuple[Telling, ...]:
    """What was told, one entry a change; empty while nothing was, and so nothing is public.

    Args:
        configured: names the surfaces for notices of the first version, which kept one day alone.
        noted: instant and dates of every notice.
    """
    found: list[Telling] = []
    for at, told in sorted(noted, key=lambda one: (one[0], one[1].dates)):
        if not found or not same(found[-1].told, told):
            found.append(Telling(to_text(at), told))
    if found and not found[-1].told.whole and same(found[-1].told, configured):
        found[-1] = Telling(found[-1].since, configured)
    return tuple(one for one in found if one.told.whole)


@dataclass(frozen=True, slots=True)
class LastDay:
    """A surface's last day as it was told last; `surface` is of one line.

    Attributes:
        sequence: how often it changed.
        since: when it was first told so (RFC 3339).
        dropped: whether the surface is no longer listed.
    """

    surface: str
    day: str
    sequence: int
    since: str
    dropped: bool


def last_days(model: PublicModel) -> tuple[LastDay, ...]:
    """Every surface that was ever told, by name."""
    surfaces = sorted({s for one in model.tellings for s, _ in one.told.dates if s != FIRST})
    return tuple(
        LastDay(one_line(surface), *_course((t.since, t.told.on(surface)) for t in model.tellings))
        for surface in surfaces
    )


@dataclass(frozen=True, slots=True)
class Pause:
    """A brownout as it was told last, by its first instant (RFC 3339).

    Attributes:
        ends_at: the first instant after.
        sequence: how often it changed.
        since: when it was first told so (RFC 3339).
        dropped: whether it does not take place.
    """

    starts_at: str
    ends_at: str
    sequence: int
    since: str
    dropped: bool


def pauses(model: PublicModel) -> tuple[Pause, ...]:
    """Every brownout that was ever told, by time."""
    starts = sorted({start for one in model.tellings for start, _ in one.told.brownouts})
    ends = [(one.since, dict(one.told.brownouts)) for one in model.tellings]
    return tuple(
        Pause(start, *_course((since, end.get(start, "")) for since, end in ends))
        for start in starts
    )


def _course(told: Iterable[tuple[str, str]]) -> tuple[str, int, str, bool]:
    """Of what was told since when, empty where it wasn't listed: the last value that it had.

    With it: how often it changed, since when it is so, and whether it is listed no more.
    """
    value, sequence, since = "", -1, ""
    latest = ""
    for at, now in told:
        if now == value:
            continue
        value, sequence, since = now, sequence + 1, at
        latest = now or latest
    return latest, sequence, since, not value


def one_line(text: str) -> str:
    """Text without line breaks or control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
