"""The dossier's contents, made from what the records hold. Pure.

Every value is text, a number or a list of such; the template escapes all of it and adds no fact.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from itertools import groupby
from pathlib import PurePath
from typing import Any

from configs.schema import RetirementConfig
from tasks.kernel.stages import StageName
from tasks.monitoring.holdings import Dossier
from tasks.monitoring.plots import posterior_bars, week_bars
from tasks.monitoring.preserved import events_of, packages_of
from tasks.monitoring.timeline import timeline_of
from tasks.monitoring.words import day, in_words, moment, question
from tasks.monitoring.words import notice as said_notice
from tasks.monitoring.words import page as said_page
from tasks.records.access import Packet
from tasks.records.essay import Draft, Review
from tasks.records.validation import Verdict

_SHOWN_FROM = 0.001  # a class below this share is named without a bar
_WHERE = ("polarity", "kind", "context", "wave")


def dossier_of(
    config: RetirementConfig, held: Dossier, now: datetime, *, interview_report: str = ""
) -> dict[str, Any]:
    """What the template shows.

    Args:
        config: the retirement.
        held: what the records hold.
        now: stands for the time of the last recorded change while there is none.
        interview_report: where the interview report stands, as a URL from the page; empty while
            there is none.
    """
    as_of = held.as_of or now
    return {
        "model_id": config.id,
        "display_name": config.display_name,
        "simulated": held.simulated,
        "as_of": moment(as_of),
        "facts": _facts(config, held),
        "config_sha256": held.retirement.config_sha256 if held.retirement else "",
        "stages": _stages(held),
        "timeline": list(_days(config, held, as_of)),
        "packages": packages_of(held),
        "events": events_of(held),
        "interviews": _interviews(held),
        "verdicts": _verdicts(held),
        "interview_report": interview_report,
        "packets": [_packet(held, packet) for packet in held.packets],
        "essays": [_essay(held, draft) for draft in held.drafts],
        "notices": _notices(held),
        "pages": [
            {"name": said_page(page.name), "link": link_to(page.location), "sha256": page.sha256}
            for page in held.pages
        ],
        "usage": _usage(held),
        "audit": {
            "entries": held.audit.entries,
            "head": held.audit.head,
            "problems": list(held.audit.problems),
        },
    }


def link_to(location: str) -> str:
    """A location as a URL that is safe in `href`: http(s) or file; empty for anything else."""
    if location.startswith(("https://", "http://")):
        return location
    path = PurePath(location)
    return path.as_uri() if path.is_absolute() else ""


def _days(config: RetirementConfig, held: Dossier, as_of: datetime) -> Iterator[dict[str, Any]]:
    """The timeline, a group a day, plans apart; what stands at midnight is of the whole day."""
    entries = timeline_of(config, held, as_of)
    for (of, planned), group in groupby(
        entries, key=lambda entry: (entry.at.date(), entry.planned)
    ):
        yield {
            "day": day(of),
            "planned": planned,
            "entries": [
                {
                    "at": f"{entry.at:%H:%M}" if entry.at.time() > time() else "",
                    "text": in_words(entry.text, held.labels),
                }
                for entry in group
            ],
        }


def _facts(config: RetirementConfig, held: Dossier) -> list[tuple[str, str]]:
    candidate = config.candidate
    last_days = "; ".join(f"{s.name}: {day(s.retires_on)}" for s in candidate.surfaces)
    facts = [
        ("Announced", day(candidate.announced_on)),
        ("Last days of service", last_days),
        ("Successor", candidate.successor or "none named"),
        ("Risk class", candidate.risk_class),
        ("Legal hold", "yes" if candidate.legal_hold else "no"),
    ]
    if held.checks:
        check = held.checks[-1]
        said = f"{check.lifecycle}{f' ({check.note})' if check.note else ''}"
        facts.append(("Endpoint says", f"{said}, asked {moment(check.checked_at)}"))
    return facts


def _stages(held: Dossier) -> list[dict[str, str]]:
    """Known stages in their order, then any other that has a row."""
    rows = {status.stage: status for status in held.statuses}
    names = [*StageName, *sorted(set(rows) - set(StageName))]
    stages = []
    for name in names:
        row = rows.get(name)
        stages.append(
            {
                "stage": name,
                "state": row.state if row else "unknown",
                "reason": in_words(row.reason, held.labels)
                if row
                else "no pass has recorded how it stands",
                "since": moment(row.since) if row else "",
                "until": moment(row.until) if row and row.until else "",
            }
        )
    return stages


def _interviews(held: Dossier) -> dict[str, Any] | None:
    if held.design is None:
        return None
    outcomes = sorted({tally.outcome for tally in held.tallies})
    counts = {(tally.wave, tally.outcome): tally.count for tally in held.tallies}
    waves = sorted({tally.wave for tally in held.tallies})
    rows = [[counts.get((wave, outcome), 0) for outcome in outcomes] for wave in waves]
    return {
        "digest": held.design.digest,
        "registered": moment(held.design.registered_at),
        "planned": held.design.conversations,
        "outcomes": ["no answer yet" if o == "asked" else o for o in outcomes],
        "waves": [
            {"wave": wave + 1, "counts": row, "total": sum(row)}
            for wave, row in zip(waves, rows, strict=True)
        ],
        "totals": [sum(column) for column in zip(*rows, strict=True)],
        "total": sum(counts.values()),
    }


def _verdicts(held: Dossier) -> list[dict[str, Any]]:
    return [_verdict(held, verdict) for verdict in held.verdicts]


def _verdict(held: Dossier, verdict: Verdict) -> dict[str, Any]:
    bars, evidence = posterior_bars(json.loads(verdict.posterior)), json.loads(verdict.evidence)
    return {
        "theme": verdict.theme,
        "label": held.labels.get(verdict.theme, verdict.theme.replace("_", " ")),
        "verdict": verdict.verdict.replace("_", " "),
        "polarity": "" if verdict.polarity == "none" else verdict.polarity,
        "judged": moment(verdict.judged_at),
        "reason": evidence.get("reason", ""),
        "bars": [bar for bar in bars if bar.share >= _SHOWN_FROM],
        "unlikely": [bar.name for bar in bars if bar.share < _SHOWN_FROM],
        "neutral": _answers(evidence, pushed=False),
        "pushed": _answers(evidence, pushed=True),
        "settled": [
            {"text": quote["quote"], "where": _where(**{name: quote[name] for name in _WHERE})}
            for quote in evidence.get("quotes", ())
        ],
    }


def _answers(evidence: Mapping[str, Any], *, pushed: bool) -> str:
    """`25 want, 3 ambivalent`: the settled readings, most first."""
    counts: Counter[str] = Counter()
    for cell in evidence.get("cells", ()):
        if (cell["kind"] != "neutral") is pushed:
            counts.update(cell["counts"])
    return ", ".join(
        f"{count} {reading.replace('_', ' ')}" for reading, count in counts.most_common()
    )


def _where(polarity: str, kind: str, context: str, wave: int) -> str:
    setting = context.replace("_", " ")
    return f"read as {polarity}; {question(kind)}, setting {setting}, wave {wave + 1}"


def _packet(held: Dossier, packet: Packet) -> dict[str, Any]:
    body = json.loads(packet.body)
    signed = [a for a in held.approvals if a.packet_digest == packet.digest]
    return {
        "digest": packet.digest,
        "proposal": str(body.get("proposal", "not named")).replace("_", " "),
        "proposed": moment(packet.proposed_at),
        "expires": moment(packet.expires_at),
        "needed": body.get("approvals_needed", "?"),
        "knock_outs": [f"{k['id']}: {k['why']}" for k in body.get("knock_outs", ())],
        "approvals": [
            {"person": a.person, "fingerprint": a.fingerprint, "at": moment(a.received_at)}
            for a in signed
        ],
        "grants": [
            {
                "kind": grant.kind.replace("_", " "),
                "starts": moment(grant.starts_at),
                "ends": moment(grant.ends_at),
            }
            for grant in held.grants
            if grant.packet_digest == packet.digest
        ],
    }


def _notices(held: Dossier) -> list[dict[str, str]]:
    return [
        {
            "kind": said_notice(notice.kind),
            "owner": f"{notice.owner} <{notice.contact}>",
            "tells": day(date.fromisoformat(notice.retires_on)),
            "sent": moment(notice.sent_at) if notice.sent_at else "no receipt",
            "receipt": notice.receipt,
        }
        for notice in held.notices
    ]


def _essay(held: Dossier, draft: Draft) -> dict[str, Any]:
    published = next((p for p in held.publications if p.slot_id == draft.slot_id), None)
    reviews = [r for r in held.reviews if r.slot_id == draft.slot_id]
    return {
        "slot": draft.slot_id,
        "number": draft.number,
        "title": _title(draft.text.splitlines()),
        "outcome": _outcome(draft, [r.action for r in reviews], published is not None),
        "sha256": draft.sha256,
        "reviews": [_review(review) for review in reviews],
        "published": moment(published.published_at) if published else "",
        "location": published.location if published else "",
        "link": link_to(published.location) if published else "",
    }


def _review(review: Review) -> str:
    why = f" ({review.reason.replace('_', ' ')})" if review.reason else ""
    when = moment(review.received_at)
    return f"{review.person}: {review.action}{why}, {when}, key {review.fingerprint}"


def _outcome(draft: Draft, acts: list[str], published: bool) -> str:
    if published:
        return "published"
    if draft.outcome == "drafted":
        return f"reviewed: {', '.join(acts)}" if acts else "drafted, waits for review"
    return "no answer yet" if draft.outcome == "asked" else draft.outcome


def _title(lines: Iterable[str]) -> str:
    return next((text for line in lines if (text := line.strip(" #\t"))), "Untitled")[:120]


def _usage(held: Dossier) -> dict[str, Any]:
    usage: dict[str, Any] = {"problem": "", "report": None, "weeks": (), "highest": None}
    if held.reading is not None:
        usage["problem"] = json.loads(held.reading.body).get("problem", "")
    if held.report is not None:
        report = json.loads(held.report.body)
        weeks = week_bars(report["weeks"])
        highest = max(
            (w for w in weeks if w.calls is not None), key=lambda w: w.calls or 0, default=None
        )
        usage |= {"report": report, "weeks": weeks, "highest": highest}
        usage |= {"source_sha256": held.report.source_sha256, "location": held.report.location}
    return usage
