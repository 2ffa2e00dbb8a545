"""Atom (RFC 4287) and JSON Feed 1.1: the same items, under ids that never change. Pure.

An id follows from the slot and the digest of its text. A withdrawn essay keeps its id and comes to
the top again, with a note in place of its words, so that readers who hold the text are told.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from tasks.essays.characters import visible
from tasks.essays.markup import LONGEST_EXCERPT, shortened
from tasks.essays.site.content import Essay, Site
from tasks.essays.site.outcomes import outcome_of
from tasks.kernel.instants import to_utc
from tasks.kernel.labels import labelled

INDEX, ATOM, JSON = "index.html", "feed.xml", "feed.json"
#: Items in a feed: what changed last.
LATEST = 20

_IDS = uuid.UUID("6d1f0c1e-6f0b-5d3c-9a54-1f3b1f0f9d11")


@dataclass(frozen=True, slots=True)
class Item:
    """One essay as both feeds tell it.

    Attributes:
        id: `urn:uuid:…`, the same for good.
        title: with the label where a simulation wrote.
        address: absolute when the site's address is known, otherwise a path.
        summary: the disclaimer, labelled too.
        html: disclaimer and essay without its title, or the note that it is withdrawn.
        essay: where it comes from.
    """

    id: str
    title: str
    address: str
    summary: str
    html: str
    essay: Essay


def latest(site: Site) -> tuple[Essay, ...]:
    """The essays that the feeds hold: those that changed last."""
    by_change = sorted(site.essays, key=lambda e: (e.updated_at, e.slot_id), reverse=True)
    return tuple(by_change[:LATEST])


def item_of(site: Site, essay: Essay) -> Item:
    """One essay as both feeds tell it."""
    identity = f"{essay.slot_id} {essay.text.sha256}"
    summary = visible(labelled(essay.channel.disclaimer, essay.simulated))
    note = Markup("<p><em>{}</em></p>\n").format(summary)
    if essay.withdrawn:
        outcome = outcome_of(essay.slot)
        told = f"This essay was {outcome.words}. {outcome.detail}"
        body = Markup("<p>{}</p>\n").format(told.strip())
    else:
        body = essay.html  # its title is the item's
    return Item(
        id=f"urn:uuid:{uuid.uuid5(_IDS, identity)}",
        title=visible(labelled(essay.title, essay.simulated)),
        address=site.address(essay.folder + INDEX),
        summary=summary,
        html=str(note + body),
        essay=essay,
    )


def atom(site: Site, items: Sequence[Item]) -> bytes:
    """The Atom feed."""
    from feedgen.feed import FeedGenerator  # it takes 70 ms to import

    feed = FeedGenerator()
    feed.id(f"urn:uuid:{uuid.uuid5(_IDS, site.title)}")
    feed.title(visible(site.title))
    feed.subtitle(visible(" ".join(site.disclaimers)))
    feed.updated(_updated(site))
    feed.generator("Emeritus")
    feed.link(href=site.address(ATOM), rel="self", type="application/atom+xml")
    feed.link(href=site.address(INDEX), rel="alternate", type="text/html")
    for item in items:
        entry = feed.add_entry(order="append")
        entry.id(item.id)
        entry.title(item.title)
        entry.link(href=item.address, rel="alternate", type="text/html")
        entry.author(name=visible(item.essay.channel.display_name))
        entry.category(term=item.essay.channel.model_id)
        entry.published(to_utc(item.essay.approved_at))
        entry.updated(to_utc(item.essay.updated_at))
        entry.summary(item.summary)
        entry.content(item.html, type="html")
    return bytes(feed.atom_str(pretty=True)) + b"\n"


def json_feed(site: Site, items: Sequence[Item]) -> bytes:
    """The JSON feed. Its addresses have to be absolute: without the site's they are left out."""
    languages = {channel.essays.language for channel in site.channels}
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": visible(site.title),
        **_when(site.url, home_page_url=site.address(INDEX), feed_url=site.address(JSON)),
        "description": visible(" ".join(site.disclaimers)),
        **({"language": languages.pop()} if len(languages) == 1 else {}),
        "items": [
            {
                "id": item.id,
                **_when(site.url, url=item.address),
                "title": item.title,
                "summary": item.summary,
                "content_html": item.html,
                "date_published": _rfc3339(item.essay.approved_at),
                "date_modified": _rfc3339(item.essay.updated_at),
                "authors": [{"name": visible(item.essay.channel.display_name)}],
                "language": item.essay.channel.essays.language,
                "tags": [item.essay.channel.model_id],
                "_emeritus": {
                    "slot": item.essay.slot_id,
                    "sha256": item.essay.text.sha256,
                    "simulated": item.essay.simulated,
                    "withdrawn": item.essay.withdrawn,
                },
            }
            for item in items
        ],
    }
    return (json.dumps(feed, ensure_ascii=False, indent=1) + "\n").encode()


def description_of(site: Site) -> str:
    """The site in a sentence, for cards and search engines."""
    return shortened(visible(" ".join(site.disclaimers)), LONGEST_EXCERPT)


def _updated(site: Site) -> datetime:
    opened = [slot.draft.opens_at for channel in site.channels for slot in channel.slots]
    return to_utc(max([essay.updated_at for essay in site.essays] or opened))


def _when(known: str, /, **fields: str) -> dict[str, str]:
    return fields if known else {}


def _rfc3339(instant: datetime) -> str:
    return f"{to_utc(instant):%Y-%m-%dT%H:%M:%SZ}"
