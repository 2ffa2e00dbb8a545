"""The pages of a model, and those over all models: which of them are to be made now, and from what.

A page's basis is the digest of all that it rests on; it is made again when the basis changes.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.communication.calendar import Entry, calendar_basis, calendar_bytes, entries_of
from tasks.communication.facts import Facts
from tasks.communication.feed import feed_basis, feed_bytes
from tasks.communication.fleet import Fleet, model_of
from tasks.communication.holdings import CALENDAR, FEED
from tasks.communication.render import PAGES, basis_of, page_bytes
from tasks.kernel.labels import labelled
from tasks.kernel.once import once
from tasks.records.communication import Page

OVER_ALL = "*"
"""The model id of pages over all models."""


@dataclass(frozen=True, slots=True)
class PageDue:
    """A page that is missing, or that rests on something else than the records say now.

    Attributes:
        model_id: whose page; `*` for one over all models.
        name: its name in the records.
        path: under the pages folder.
        basis: digest of what it rests on.
        data: makes its bytes, given the instant from which on it is so.
    """

    model_id: str
    name: str
    path: str
    basis: str
    data: Callable[[datetime], bytes]


def pages_due(
    config: RetirementConfig, session: Session, facts: Facts, fleet: Fleet
) -> list[PageDue]:
    """The pages that are to be made now."""
    rows = session.exec(select(Page).where(col(Page.model_id).in_((config.id, OVER_ALL))))
    made = {(page.model_id, page.name): page.basis for page in rows}
    found = pages_of(config, facts, fleet)
    return [page for page in found if made.get((page.model_id, page.name)) != page.basis]


def pages_of(config: RetirementConfig, facts: Facts, fleet: Fleet) -> list[PageDue]:
    """All pages, as they should be now."""
    texts = [
        PageDue(
            config.id,
            name,
            f"{config.id}/{name}",
            basis_of(facts, name),
            partial(_text, facts, name),
        )
        for name in PAGES
    ]
    return [*texts, *_calendars(config, fleet), *_feeds(config, fleet)]


def _calendars(config: RetirementConfig, fleet: Fleet) -> list[PageDue]:
    """The model's own calendar, and the one of all models."""
    own = model_of(fleet, config.id)
    if own is None:
        return []
    place = wiring.pages(config.communication).location(CALENDAR)
    title = labelled(f"{own.display_name} retires", own.simulated)
    return [
        _calendar((config.id, CALENDAR), f"{config.id}/{CALENDAR}", entries_of(own), title),
        once(_key(fleet, "calendar", place), lambda: _calendar_of_all(place, fleet)),
    ]


def _calendar_of_all(place: str, fleet: Fleet) -> PageDue:
    everything = tuple(entry for model in fleet.models for entry in entries_of(model))
    simulated = any(model.simulated for model in fleet.models)
    title = labelled("Model retirements", simulated)
    return _calendar((OVER_ALL, place), CALENDAR, everything, title)


def _calendar(key: tuple[str, str], path: str, entries: tuple[Entry, ...], title: str) -> PageDue:
    basis = calendar_basis(entries, title)
    return PageDue(*key, path, basis, partial(_ics, entries, title))


def _feeds(config: RetirementConfig, fleet: Fleet) -> list[PageDue]:
    if not fleet.models:
        return []
    place = wiring.pages(config.communication).location(FEED)
    basis = once(_key(fleet, "feed"), lambda: feed_basis(fleet.models, fleet.publisher))
    return [PageDue(OVER_ALL, place, FEED, basis, partial(_feed, fleet))]


def _key(fleet: Fleet, *page: str) -> tuple[Hashable, ...]:
    """Under which a page over all models is kept: only where many models share the fleet."""
    return (*page, *fleet.key) if fleet.key else ()


def _text(facts: Facts, name: str, _: datetime) -> bytes:
    return page_bytes(facts, name)


def _ics(entries: tuple[Entry, ...], title: str, _: datetime) -> bytes:
    return calendar_bytes(entries, title)


def _feed(fleet: Fleet, at: datetime) -> bytes:
    generated = at.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    return feed_bytes(fleet.models, fleet.publisher, generated)
