"""Which files the site has, in the order in which they become public. Pure but for templates.

A file's basis is a digest of all that it tells and of how it looks: while the basis stays, the
bytes stay, and the file need not be made again.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from tasks.essays.policy import policy_digest
from tasks.essays.site import writer
from tasks.essays.site.content import Channel, Essay, Site
from tasks.essays.site.feeds import ATOM, JSON, Item, atom, item_of, json_feed, latest
from tasks.essays.site.looks import assets, looks
from tasks.essays.site.origins import signed_policy
from tasks.essays.site.outcomes import archive
from tasks.essays.site.quarterly import FAQ, faq
from tasks.kernel.digests import canonical_json, sha256_hex

POLICIES = "policies/{}.json"

#: Essays on the front page, each with its first words; and slots below them.
ESSAYS_SHOWN, SLOTS_SHOWN = 12, 6


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file of the site that is not made yet.

    Attributes:
        path: on the site.
        basis: digest of all that it tells and of how it looks.
        make: its bytes, the same for the same basis. Raises `ConfigError`.
    """

    path: str
    basis: str
    make: Callable[[], bytes]


def plan(site: Site) -> tuple[PlannedFile, ...]:
    """Every file: looks, essays, what is told of them, feeds. Raises `PublicationRefused`."""
    based = _Based(site)
    return (
        *_assets(based),
        *(file for essay in reversed(site.essays) for file in _essay(based, essay)),
        *_policies(based),
        *_told(based),
        *_front(based),
        *_feeds(based),
    )


def essay_files(site: Site, slot_id: str) -> dict[str, bytes]:
    """Path -> bytes of one essay's own pages and of what they need to look right.

    They are the bytes that the whole site has. Raises `PublicationRefused`.
    """
    based = _Based(site)
    essay = next(one for one in site.essays if one.slot_id == slot_id)
    return {file.path: file.make() for file in (*_assets(based), *_essay(based, essay))}


def site_files(site: Site) -> dict[str, bytes]:
    """Path -> bytes of the whole site. Raises `PublicationRefused`."""
    return {file.path: file.make() for file in plan(site)}


class _Based:
    """A site, and what the bases of its files have in common."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.looks = looks()
        told = [site.title, site.url, site.disclaimers, site.simulated]
        self.frame = [*told, [c.words for c in writer.contacts(site)]]
        self.settings = {c.model_id: _settings(c) for c in site.channels}
        self.channels = [(self.settings[c.model_id], len(c.slots)) for c in site.channels]
        self.policies = {digest for digest, *_ in site.policies}
        standing = [essay for essay in site.essays if not essay.withdrawn]
        earlier, later = [*standing[1:], None], [None, *standing]
        self.around = {e.slot_id: (a, b) for e, a, b in zip(standing, earlier, later, strict=False)}

    def file(self, path: str, told: Any, make: Callable[[], bytes]) -> PlannedFile:
        """A file with its basis."""
        words = json.dumps([self.looks, path, told], default=str, sort_keys=True)
        return PlannedFile(path, hashlib.sha256(words.encode()).hexdigest(), cache(make))

    def told_of(self, essay: Essay) -> list[Any]:
        """All that pages tell of an essay; its text by its digest."""
        return [_told_of(essay), self.settings[essay.channel.model_id]]

    def page(self, path: str, told: Any, make: Callable[[], bytes]) -> PlannedFile:
        """A page; all have the same frame."""
        return self.file(path, [told, self.frame], make)


def _assets(based: _Based) -> Iterator[PlannedFile]:
    for path, read in assets().items():
        yield based.file(path, [], read)


def _essay(based: _Based, essay: Essay) -> Iterator[PlannedFile]:
    site, own = based.site, based.told_of(essay)
    path = essay.folder + writer.INDEX
    if essay.withdrawn:
        yield based.page(path, own, partial(writer.tombstone, site, essay))
        return
    around, signed = based.around[essay.slot_id], signed_policy(essay)
    rules = POLICIES.format(signed) if signed in based.policies else ""
    told = [own, rules, [(e.folder, e.title) if e else None for e in around]]
    yield based.page(path, told, partial(writer.essay, site, essay, around, rules))
    yield based.page(essay.folder + writer.VERIFY, own, partial(writer.verify, site, essay))


def _policies(based: _Based) -> Iterator[PlannedFile]:
    site = based.site
    for digest, policy, _ in site.policies:  # the file's own digest is the policy's
        yield based.file(POLICIES.format(digest), [], partial(canonical_json, policy))
    under = [(digest, [c.display_name for c in channels]) for digest, _, channels in site.policies]
    yield based.file(writer.RULES_JSON, under, partial(writer.rules_json, site))
    yield based.page(writer.RULES, under, partial(writer.rules, site))


def _told(based: _Based) -> Iterator[PlannedFile]:
    site = based.site
    about = [based.channels, writer.reviewers(site)]
    yield based.page(writer.ABOUT, about, partial(writer.about, site))
    yield based.page(FAQ, list(based.settings.values()), partial(faq, site))
    for path, data in site.made:
        yield PlannedFile(path, sha256_hex(data), partial(bytes, data))
    reports = [(report.path, report.title) for report in site.reports]
    yield based.page(writer.TRANSPARENCY, reports, partial(writer.transparency, site))


def _front(based: _Based) -> Iterator[PlannedFile]:
    site = based.site
    years = archive(site.channels, site.essays)
    rows = [row for year in years for row in year.rows]
    told = [[r.channel.display_name, r.number, r.opens_at, r.outcome.words, r.outcome.detail,
             r.essay and [r.essay.title, r.essay.folder, r.essay.simulated]]
            for r in rows]  # fmt: skip
    yield based.page(writer.ARCHIVE, told, partial(writer.archive, site, years))
    shown = [essay for essay in site.essays if not essay.withdrawn][:ESSAYS_SHOWN]
    front = [based.channels, told[:SLOTS_SHOWN], [based.told_of(e) for e in shown]]
    make = partial(writer.index, site, shown, rows[:SLOTS_SHOWN])
    yield based.page(writer.INDEX, front, make)


def _feeds(based: _Based) -> Iterator[PlannedFile]:
    site = based.site
    opened = [str(slot.draft.opens_at) for c in site.channels for slot in c.slots]
    told = [[based.told_of(essay) for essay in latest(site)], opened if not site.essays else []]
    items = cache(lambda: [item_of(site, essay) for essay in latest(site)])  # both tell the same
    yield based.page(ATOM, told, partial(_feed, atom, site, items))
    yield based.page(JSON, told, partial(_feed, json_feed, site, items))


def _feed(
    write: Callable[[Site, Sequence[Item]], bytes], site: Site, items: Callable[[], list[Item]]
) -> bytes:
    return write(site, items())


def _told_of(essay: Essay) -> list[Any]:
    slot, text = essay.slot, essay.text
    draft = slot.draft
    return [
        [draft.slot_id, draft.number, draft.opens_at, draft.prompt, draft.context],
        [text.sha256, text.findings, text.served_model, text.answered_at, text.simulated],
        [[r.id, r.outcome, r.sha256, r.prompt] for r in slot.redrafts],
        [[r.id, r.action, r.reason, r.person, r.fingerprint, r.received_at] for r in slot.reviews],
        str(essay.standing),
    ]


def _settings(channel: Channel) -> list[Any]:
    told = {"disclaimer", "language", "cadence", "slots", "ends_on", "preference_theme"}
    essays = channel.essays.model_dump(mode="json", include=told)
    return [channel.model_id, channel.display_name, essays, policy_digest(channel.essays)]
