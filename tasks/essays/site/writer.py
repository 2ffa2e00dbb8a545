"""The site's pages, each from its template. Pure but for templates."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tasks.essays.pages import day_of, fill
from tasks.essays.provenance import APPROVAL, PROMPT, SIGNATURE, SIGNERS, WITHDRAWAL, WITHDRAWERS
from tasks.essays.site.content import Essay, Site
from tasks.essays.site.feeds import ATOM, JSON, description_of
from tasks.essays.site.origins import good_signature, origin_of, withdrawal_commands
from tasks.essays.site.outcomes import ArchiveRow, ArchiveYear, outcome_of

INDEX, VERIFY = "index.html", "verify.html"
ARCHIVE, ABOUT, RULES, RULES_JSON = "archive.html", "about.html", "policy.html", "policy.json"
TRANSPARENCY = "transparency/index.html"

#: Named in each essay's page; https://cv.iptc.org/newscodes/digitalsourcetype/
_BY_MODEL = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_BY_SIMULATION = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"


@dataclass(frozen=True, slots=True)
class Contact:
    """Where readers report a mistake; `href` is empty where it is no address that links lead to."""

    words: str
    href: str


def frame(site: Site, path: str) -> dict[str, Any]:
    """What `site.html.j2` needs for a page at `path`."""
    return {
        "root": "../" * path.count("/"),
        "path": path,
        "address": site.address(path) if site.url else "",
        "feeds": {"application/atom+xml": ATOM, "application/feed+json": JSON},
        "site_title": site.title,
        "description": description_of(site),
        "contacts": contacts(site),
        "disclaimers": site.disclaimers,
        "simulated": site.simulated,
        "kind": "website",
    }


def essay(site: Site, one: Essay, around: Sequence[Essay | None], rules: str) -> bytes:
    """An essay's own page.

    Args:
        site: whose.
        one: the essay.
        around: the essays before and after it.
        rules: path of the policy that it was approved under; empty where it is not at hand.
    """
    return _of_essay(
        site,
        one,
        "essay.html.j2",
        earlier=around[0],
        later=around[1],
        origin=origin_of(one),
        rules=rules,
        kind="article",
        description=one.excerpt or one.title,
    )


def verify(site: Site, one: Essay) -> bytes:
    """How a reader checks an essay."""
    folder = site.address(one.folder + INDEX) if site.url else ""
    return _of_essay(site, one, "verify.html.j2", VERIFY, origin=origin_of(one), folder=folder)


def tombstone(site: Site, one: Essay) -> bytes:
    """What stands at a withdrawn essay's address."""
    acts = [
        (act, WITHDRAWAL.format(number), good_signature(act))
        for number, act in enumerate(one.slot.withdrawals, start=1)
    ]
    return _of_essay(
        site,
        one,
        "tombstone.html.j2",
        acts=acts,
        commands=withdrawal_commands(one),
        outcome=outcome_of(one.slot),
        signers=WITHDRAWERS,
        proof=(APPROVAL, SIGNATURE, SIGNERS, PROMPT),
        description=f"Withdrawn on {day_of(one.withdrawn_at)}.",
    )


def rules(site: Site) -> bytes:
    """The policy, for people."""
    return _of_site(site, RULES, "policy.html.j2", policies=_policies(site), rules_json=RULES_JSON)


def rules_json(site: Site) -> bytes:
    """The policy, for programs."""
    told = [{"models": m, "sha256": d, "policy": p} for d, p, m in _policies(site)]
    return (json.dumps({"policies": told}, ensure_ascii=False, indent=1) + "\n").encode()


def about(site: Site) -> bytes:
    """What the site is, and who runs it."""
    return _of_site(site, ABOUT, "about.html.j2", channels=site.channels, reviewers=reviewers(site))


def transparency(site: Site) -> bytes:
    """The list of transparency reports."""
    return _of_site(site, TRANSPARENCY, "transparency.html.j2", reports=site.reports)


def archive(site: Site, years: Sequence[ArchiveYear]) -> bytes:
    """Every slot, and what came of it."""
    several = len(site.channels) > 1
    return _of_site(site, ARCHIVE, "archive.html.j2", years=years, several=several)


def index(site: Site, essays: Sequence[Essay], rows: Sequence[ArchiveRow]) -> bytes:
    """The front page."""
    return _of_site(
        site,
        INDEX,
        "index.html.j2",
        essays=essays,
        rows=rows,
        channels=site.channels,
        several=len(site.channels) > 1,
    )


def reviewers(site: Site) -> list[tuple[str, str]]:
    """(name, fingerprint) of everybody whose approval is public."""
    return sorted({(e.approval.person, e.approval.fingerprint) for e in site.essays})


def contacts(site: Site) -> list[Contact]:
    """Where readers report a mistake, each once."""
    told = dict.fromkeys(channel.essays.reports.contact for channel in site.channels)
    return [Contact(words.removeprefix("mailto:"), _href(words)) for words in told if words]


def _href(words: str) -> str:
    if words.startswith(("https://", "http://", "mailto:")):
        return words
    return f"mailto:{words}" if "@" in words and not set(words) & set(" <>,") else ""


def _policies(site: Site) -> list[tuple[str, dict[str, Any], list[str]]]:
    return [(d, p, [c.display_name for c in under]) for d, p, under in site.policies]


def _of_site(site: Site, path: str, template: str, **values: Any) -> bytes:
    return fill(template, **{**frame(site, path), **values})


def _of_essay(site: Site, one: Essay, template: str, name: str = INDEX, **values: Any) -> bytes:
    own = {
        "essay": one,
        "disclaimers": [one.channel.disclaimer],
        "simulated": one.simulated,
        "source_type": _BY_SIMULATION if one.simulated else _BY_MODEL,
    }
    return fill(template, **{**frame(site, one.folder + name), **own, **values})
