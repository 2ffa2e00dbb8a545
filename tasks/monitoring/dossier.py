"""The dossier's contents, made from what the records hold. Pure.

Every value is text, a number or a list of such; the template escapes all of it and adds no fact.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePath
from typing import Any

from configs.schema import RetirementConfig
from tasks.kernel.instants import to_minute
from tasks.monitoring.holdings import Dossier
from tasks.monitoring.plots import posterior_bars, week_bars
from tasks.monitoring.timeline import timeline_of
from tasks.records.access import Packet
from tasks.records.essay import Draft

STAGES = (
    "candidate",
    "preservation",
    "interviews",
    "validation",
    "access",
    "essays",
    "communication",
    "monitoring",
)


def dossier_of(config: RetirementConfig, held: Dossier, now: datetime) -> dict[str, Any]:
    """What the template shows.

    Args:
        config: the retirement.
        held: what the records hold.
        now: stands for the time of the last recorded change while there is none.
    """
    as_of = held.as_of or now
    return {
        "model_id": config.id,
        "display_name": config.display_name,
        "simulated": held.simulated,
        "as_of": to_minute(as_of),
        "facts": _facts(config, held),
        "stages": _stages(held),
        "timeline": [
            {"at": to_minute(h.at), "text": h.text, "planned": h.planned}
            for h in timeline_of(config, held, as_of)
        ],
        "packages": _packages(held),
        "interviews": _interviews(held),
        "verdicts": _verdicts(held),
        "packets": [_packet(held, packet) for packet in held.packets],
        "essays": [_essay(held, draft) for draft in held.drafts],
        "notices": _notices(held),
        "pages": [
            {"name": page.name, "link": link_to(page.location), "sha256": page.sha256}
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


def _facts(config: RetirementConfig, held: Dossier) -> list[tuple[str, str]]:
    candidate = config.candidate
    last_days = ", ".join(f"{s.name} {s.retires_on}" for s in candidate.surfaces)
    facts = [
        ("Announced", candidate.announced_on.isoformat()),
        ("Last days of service", last_days),
        ("Successor", candidate.successor or "none named"),
        ("Risk class", candidate.risk_class),
        ("Legal hold", "yes" if candidate.legal_hold else "no"),
        ("Configuration, SHA-256", held.retirement.config_sha256 if held.retirement else "none"),
    ]
    if held.checks:
        check = held.checks[-1]
        said = f"{check.lifecycle}{f' ({check.note})' if check.note else ''}"
        facts.append(("Endpoint says", f"{said}, asked {to_minute(check.checked_at)}"))
    return facts


def _stages(held: Dossier) -> list[dict[str, str]]:
    """Known stages in their order, then any other that has a row."""
    rows = {status.stage: status for status in held.statuses}
    names = [*STAGES, *sorted(set(rows) - set(STAGES))]
    stages = []
    for name in names:
        row = rows.get(name)
        stages.append(
            {
                "stage": name,
                "state": row.state if row else "unknown",
                "reason": row.reason if row else "no pass has recorded how it stands",
                "since": to_minute(row.since) if row else "",
                "until": to_minute(row.until) if row and row.until else "",
            }
        )
    return stages


def _packages(held: Dossier) -> list[dict[str, Any]]:
    return [
        {
            "digest": package.id,
            "files": package.files,
            "bytes": f"{package.bytes:,}",
            "created": to_minute(package.created_at),
            "replicas": [
                {
                    "name": replica.name,
                    "location": replica.location,
                    "state": replica.state,
                    "verified": to_minute(replica.verified_at),
                    "problem": replica.problem,
                }
                for replica in held.replicas
                if replica.package_id == package.id
            ],
        }
        for package in held.packages
    ]


def _interviews(held: Dossier) -> dict[str, Any] | None:
    if held.design is None:
        return None
    outcomes = sorted({tally.outcome for tally in held.tallies})
    counts = {(tally.wave, tally.outcome): tally.count for tally in held.tallies}
    waves = sorted({tally.wave for tally in held.tallies})
    rows = [[counts.get((wave, outcome), 0) for outcome in outcomes] for wave in waves]
    return {
        "digest": held.design.digest,
        "registered": to_minute(held.design.registered_at),
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
    return [
        {
            "theme": verdict.theme,
            "label": held.labels.get(verdict.theme, verdict.theme.replace("_", " ")),
            "verdict": verdict.verdict.replace("_", " "),
            "polarity": "" if verdict.polarity == "none" else verdict.polarity,
            "judged": to_minute(verdict.judged_at),
            "reason": json.loads(verdict.evidence).get("reason", ""),
            "bars": posterior_bars(json.loads(verdict.posterior)),
            "quotes": [
                {
                    "text": quote.text,
                    "where": f"read as {quote.polarity}; {quote.kind.replace('_', ' ')} question, "
                    f"setting {quote.context.replace('_', ' ')}, wave {quote.wave + 1}",
                }
                for quote in held.quotes
                if quote.theme == verdict.theme
            ],
        }
        for verdict in held.verdicts
    ]


def _packet(held: Dossier, packet: Packet) -> dict[str, Any]:
    body = json.loads(packet.body)
    signed = [a for a in held.approvals if a.packet_digest == packet.digest]
    return {
        "digest": packet.digest,
        "proposal": str(body.get("proposal", "not named")).replace("_", " "),
        "proposed": to_minute(packet.proposed_at),
        "expires": to_minute(packet.expires_at),
        "needed": body.get("approvals_needed", "?"),
        "knock_outs": [f"{k['id']}: {k['why']}" for k in body.get("knock_outs", ())],
        "approvals": [
            {"person": a.person, "fingerprint": a.fingerprint, "at": to_minute(a.received_at)}
            for a in signed
        ],
        "grants": [
            {
                "kind": grant.kind.replace("_", " "),
                "starts": to_minute(grant.starts_at),
                "ends": to_minute(grant.ends_at),
            }
            for grant in held.grants
            if grant.packet_digest == packet.digest
        ],
    }


def _notices(held: Dossier) -> list[dict[str, str]]:
    return [
        {
            "kind": notice.kind,
            "owner": f"{notice.owner} <{notice.contact}>",
            "tells": notice.retires_on,
            "sent": to_minute(notice.sent_at) if notice.sent_at else "no receipt",
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
        "reviews": [
            f"{r.person}: {r.action}{f' ({r.reason})' if r.reason else ''}, "
            f"{to_minute(r.received_at)}, key {r.fingerprint}"
            for r in reviews
        ],
        "published": to_minute(published.published_at) if published else "",
        "location": published.location if published else "",
        "link": link_to(published.location) if published else "",
    }


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
