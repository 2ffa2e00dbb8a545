"""Research continuity and safety signals that the records themselves hold, with their dates. Pure.

Figures are counts by UTC day; a count of zero is meant, since the records are whole: what did not
happen here is known not to have happened here. What happens elsewhere is no part of them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from tasks.records.access import Grant
from tasks.records.application import Application, ApplicationEvent
from tasks.records.essay import Draft, ReaderReport, Review
from tasks.records.replay import ReplayRun

_RESEARCH = ("research", "research_api")
_ACCEPTED = ("accepted", "overturned")
_STOPS = {"hold": "held", "veto": "vetoed"}


@dataclass(frozen=True, slots=True)
class Rows:
    """What the figures are made of."""

    grants: Sequence[Grant] = ()
    applications: Sequence[Application] = ()
    events: Sequence[ApplicationEvent] = ()
    comparisons: Sequence[ReplayRun] = ()
    drafts: Sequence[Draft] = ()
    reviews: Sequence[Review] = ()
    reports: Sequence[ReaderReport] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """One figure.

    Attributes:
        name: such as `grants_in_use`.
        about: `continuity` or `safety`.
        says: what is counted, for people.
        now: the figure as it stands; `total` counts all that ever happened.
        total: likewise.
        by_day: days on which it changed or something happened, in order: for `grants_in_use` how
            many were in use from that day on, for all others how many happened on it.
        simulated: whether anything in it is of a simulation.
    """

    name: str
    about: str
    says: str
    now: int
    total: int
    by_day: tuple[tuple[date, int], ...]
    simulated: bool = False

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "name": self.name,
            "about": self.about,
            "says": self.says,
            "now": self.now,
            "total": self.total,
            "by_day": [[day.isoformat(), count] for day, count in self.by_day],
            "simulated": self.simulated,
        }


def rows_of(session: Session, model_id: str) -> Rows:
    """Read what the figures of a model are made of."""

    def all_of(table: Any, *more: Any) -> Sequence[Any]:
        return session.exec(select(table).where(table.model_id == model_id, *more)).all()

    return Rows(
        grants=all_of(Grant),
        applications=all_of(Application),
        events=all_of(ApplicationEvent),
        comparisons=all_of(ReplayRun, col(ReplayRun.purpose) == "successor"),
        drafts=all_of(Draft),
        reviews=all_of(Review),
        reports=all_of(ReaderReport),
    )


def figures_of(rows: Rows, now: datetime) -> tuple[Series, ...]:
    """The figures, in the order in which people read them."""
    return (*_continuity(rows, now), *_safety(rows))


def _continuity(rows: Rows, now: datetime) -> Iterable[Series]:
    research = [one for one in rows.grants if one.kind in _RESEARCH]
    yield _in_use(research, now)
    made_up = {one.id for one in rows.applications if one.simulated}
    simulated = bool(made_up)
    yield _count(
        "applications",
        "continuity",
        "researchers' applications that were received",
        [one.received_at for one in rows.applications],
        simulated=simulated,
    )
    accepted = [one.at for one in rows.events if one.kind in _ACCEPTED]
    yield _count(
        "applications_accepted",
        "continuity",
        "applications that were accepted",
        accepted,
        simulated=simulated,
    )
    studies = [one for one in research if one.application_id and _end(one) <= now]
    for name, says, ended in (
        ("studies_finished", "studies whose grant ran to its end", False),
        ("studies_stopped", "studies whose grant was revoked before its end", True),
    ):
        some = [one for one in studies if (one.revoked_at is not None) == ended]
        made = any(one.application_id in made_up for one in some)
        yield _count(name, "continuity", says, [_end(one) for one in some], simulated=made)
    judged = [one for one in rows.comparisons if one.judged_at is not None]
    yield _count(
        "comparisons_run",
        "continuity",
        "comparisons with the successor on owners' own prompts that were judged",
        [one.judged_at for one in judged if one.judged_at is not None],
        simulated=any(one.simulated for one in judged),
    )


def _in_use(grants: Sequence[Grant], now: datetime) -> Series:
    changes: Counter[date] = Counter()
    in_use = 0
    for one in grants:
        end = _end(one)
        if end <= one.starts_at:
            continue  # revoked before it began
        changes[_day(one.starts_at)] += 1
        # in use through its last day: what ends within a day is in use on it
        changes[_day(end - timedelta(microseconds=1)) + timedelta(days=1)] -= 1
        in_use += one.starts_at <= now < end
    count, by_day = 0, []
    for day, change in sorted(changes.items()):
        if change and day <= _day(now):
            count += change
            by_day.append((day, count))
    begun = sum(one.starts_at <= now for one in grants)
    says = "research grants in use"
    return Series("grants_in_use", "continuity", says, in_use, begun, tuple(by_day))


def _safety(rows: Rows) -> Iterable[Series]:
    simulated = {one.slot_id: one.simulated for one in rows.drafts}
    for outcome, says in (
        ("declined", "essays that the model declined to write"),
        ("missed", "essays that did not come about"),
    ):
        drafts = [one for one in rows.drafts if one.outcome == outcome]
        yield _count(
            f"drafts_{outcome}",
            "safety",
            says,
            [one.answered_at or one.asked_at for one in drafts],
            simulated=any(one.simulated for one in drafts),
        )
    for action, name in _STOPS.items():
        yield _count(
            f"drafts_{name}",
            "safety",
            f"texts that reviewers {name}, each once",
            _first_acts(rows.reviews, action),
            simulated=_any(simulated, [one for one in rows.reviews if one.action == action]),
        )
    yield _count(
        "reader_reports",
        "safety",
        "reports of readers about published essays",
        [one.received_at for one in rows.reports],
        simulated=_any(simulated, rows.reports),
    )


def _first_acts(reviews: Sequence[Review], action: str) -> list[datetime]:
    """When a text was first acted upon so: two people veto one text, which is one veto."""
    first: dict[tuple[str, str], datetime] = {}
    for one in reviews:
        if one.action == action:
            key = (one.slot_id, one.draft_sha256)
            first[key] = min(first.get(key, one.received_at), one.received_at)
    return list(first.values())


def _any(simulated: Mapping[str, bool], rows: Iterable[Any]) -> bool:
    return any(simulated.get(one.slot_id, False) for one in rows)


def _count(
    name: str, about: str, says: str, instants: Sequence[datetime], *, simulated: bool
) -> Series:
    by_day = tuple(sorted(Counter(map(_day, instants)).items()))
    return Series(name, about, says, len(instants), len(instants), by_day, simulated)


def _end(grant: Grant) -> datetime:
    return min(grant.ends_at, grant.revoked_at or grant.ends_at)


def _day(instant: datetime) -> date:
    return instant.astimezone(UTC).date()
