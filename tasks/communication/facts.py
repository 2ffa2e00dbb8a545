"""What may be told in public: every fact comes from a record, and what has none is said so. Pure.

Nothing here names an owner, a user, an approver or the place of a replica: the pages are public.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from configs.schema import RetirementConfig
from tasks.kernel.digests import sha256_hex
from tasks.records.access import Approval, Grant, Packet
from tasks.records.essay import Draft, Publication
from tasks.records.preservation import Package, Replica
from tasks.records.validation import Verdict

_UNSUPPORTED = "The evidence does not support a finding; none is claimed."
_VERDICTS = {
    "stable": "Its answers were steady across wordings, settings and rounds: it {direction}.",
    "context_dependent": "Its answers depend on the setting; we claim no preference of its own.",
    "led": "Its answers follow how the question is put; we claim no preference of its own.",
    "drifting": "Its answers changed from round to round; we claim no lasting preference.",
    "noise": "Its answers show no pattern beyond chance.",
    "borderline": "The evidence is not enough to say either way.",
    "insufficient": "There is not enough evidence yet to say.",
    "indifferent": "It said, steadily, that either way is fine with it.",
    "declined": "It mostly declined to say. We take that as an answer, not as a preference.",
}
_DIRECTIONS = {"want": "wants this", "reject": "does not want this"}
_PROPOSALS = {
    "hard_retire": "full retirement",
    "limited_pilot": "a limited pilot",
    "keep_everything": "keeping it as it is",
}
_GRANTS = {
    "paid_users": "paying users keep access",
    "research_api": "researchers may apply for access",
    "essay_channel": "the model keeps a supervised essay channel",
}


@dataclass(frozen=True, slots=True)
class Holdings:
    """The records that the pages rest on, as read in one snapshot.

    `package`, `packet` and their parts are the latest ones; `verdicts` are those of the latest
    design; `answered` and `conversations` count the latest design's conversations.
    """

    simulated: bool = False
    package: Package | None = None
    replicas: tuple[Replica, ...] = ()
    conversations: int = 0
    answered: int = 0
    verdicts: tuple[Verdict, ...] = ()
    packet: Packet | None = None
    approvals: tuple[Approval, ...] = ()
    grants: tuple[Grant, ...] = ()
    drafts: tuple[Draft, ...] = ()
    publications: tuple[Publication, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """What was preserved; `digest` is SHA-256 of the manifest."""

    digest: str
    files: int
    bytes: int
    kept_on: str
    copies: int
    verified: int
    last_verified_on: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One theme's verdict in plain words."""

    theme: str
    verdict: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Term:
    """One grant in plain words, with its first and last day."""

    text: str
    starts_on: str
    ends_on: str


@dataclass(frozen=True, slots=True)
class Access:
    """The access decision; `state` is `undecided`, `proposed` or `decided`.

    `applies`: whether researchers may apply now.
    """

    state: str
    sentence: str
    digest: str = ""
    terms: tuple[Term, ...] = ()
    applies: bool = False


@dataclass(frozen=True, slots=True)
class Links:
    """Where people find what is published: URLs; a path, or empty, while nothing serves it."""

    help: str
    calendar: str
    feed: str
    apply: str
    site: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a template may say. ISO dates; links are http(s) URLs or empty.

    `apply_page`: whether a page for researchers stands beside the help page.
    """

    model_id: str
    display_name: str
    simulated: bool
    announced_on: str
    retires_on: str
    surfaces: tuple[tuple[str, str], ...]
    successor: str
    legal_hold: bool
    contact: str
    help_link: str
    calendar_link: str
    feed_link: str
    apply_link: str
    apply_page: bool
    kept: Kept | None
    conversations: int
    answered: int
    findings: tuple[Finding, ...]
    access: Access
    essays: str
    essay_site: str


def tell(
    config: RetirementConfig,
    held: Holdings,
    *,
    labels: Mapping[str, str],
    links: Links,
    now: datetime,
) -> Facts:
    """Put configuration and records into public words.

    Args:
        config: the retirement.
        held: what the records hold.
        labels: theme id -> the theme in a person's words.
        links: where people find what is published.
        now: tells an expired proposal from a standing one.
    """
    candidate = config.candidate
    return Facts(
        model_id=config.id,
        display_name=config.display_name,
        simulated=held.simulated,
        announced_on=candidate.announced_on.isoformat(),
        retires_on=candidate.first_retires_on.isoformat(),
        surfaces=tuple((s.name, s.retires_on.isoformat()) for s in candidate.surfaces),
        successor=candidate.successor,
        legal_hold=candidate.legal_hold,
        contact=config.communication.sender,
        help_link=_served(links.help),
        calendar_link=_served(links.calendar),
        feed_link=_served(links.feed),
        apply_link=_served(links.apply),
        apply_page=bool(links.apply),
        kept=_kept(held),
        conversations=held.conversations,
        answered=held.answered,
        findings=tuple(_finding(v, labels) for v in held.verdicts),
        access=_access(held, now),
        essays=_essays(held, config.essays.preference_theme, linked=bool(_served(links.site))),
        essay_site=_served(links.site) if held.publications else "",
    )


def _served(location: str) -> str:
    """The location where people elsewhere can open it; a path of this machine is none for them."""
    return location if location.startswith(("https://", "http://")) else ""


def verdict_sentence(verdict: str, polarity: str) -> str:
    """What a verdict means, for a reader who knows none of its method."""
    sentence = _VERDICTS.get(verdict.replace("-", "_"), _UNSUPPORTED)
    if "{direction}" not in sentence:
        return sentence
    direction = _DIRECTIONS.get(polarity)
    return sentence.format(direction=direction) if direction else _UNSUPPORTED


def _finding(verdict: Verdict, labels: Mapping[str, str]) -> Finding:
    label = labels.get(verdict.theme, verdict.theme.replace("_", " "))
    name = verdict.verdict.replace("_", " ")
    return Finding(label, name, verdict_sentence(verdict.verdict, verdict.polarity))


def _kept(held: Holdings) -> Kept | None:
    if held.package is None:
        return None
    verified = [r for r in held.replicas if r.state == "verified"]
    return Kept(
        digest=sha256_hex(held.package.manifest.encode()),
        files=held.package.files,
        bytes=held.package.bytes,
        kept_on=held.package.created_at.date().isoformat(),
        copies=len(held.replicas),
        verified=len(verified),
        last_verified_on=max((r.verified_at.date().isoformat() for r in verified), default=""),
    )


def _access(held: Holdings, now: datetime) -> Access:
    packet = held.packet
    if packet is None:
        return Access("undecided", "Not yet decided.")
    body = json.loads(packet.body)
    signed, needed = len({a.fingerprint for a in held.approvals}), int(body["approvals_needed"])
    what = _PROPOSALS.get(body["proposal"], body["proposal"].replace("_", " "))
    if signed < needed:
        if packet.expires_at <= now:
            return Access("undecided", "Not yet decided: an earlier proposal expired unsigned.")
        words = f"Not yet decided: {what} is proposed, with {signed} of {needed} signatures."
        return Access("proposed", words, packet.digest)
    in_force = [g for g in held.grants if not g.holder and g.revoked_at is None]
    terms = tuple(
        Term(
            _GRANTS.get(grant.kind, grant.kind.replace("_", " ")),
            grant.starts_at.date().isoformat(),
            grant.ends_at.date().isoformat(),
        )
        for grant in in_force
    )
    given = "these terms hold" if terms else "no access is granted so far"
    words = f"Decided: {what}, signed by {signed} people; {given}."
    applies = any(g.kind == "research_api" and now < g.ends_at for g in in_force)
    return Access("decided", words, packet.digest, terms, applies)


def _essays(held: Holdings, theme: str, *, linked: bool) -> str:
    if held.publications:
        number = len(held.publications)
        said = f"{number} essay{'' if number == 1 else 's'} published after review by a person."
        where = "The essay site has no public address yet; once it has one, it is linked here."
        return said if linked else f"{said} {where}"
    if held.drafts:
        return "The channel is open; nothing is published yet."
    for verdict in held.verdicts:
        if verdict.theme == theme and (verdict.verdict, verdict.polarity) != ("stable", "want"):
            return "Not opened so far: no steady wish to share essays was found."
    return "Not yet decided."
