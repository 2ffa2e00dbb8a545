"""The dossier's contents, made from what the records hold. Pure.

Every value is text, a number or a list of such; the template escapes all of it and adds no fact.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from itertools import groupby
from typing import Any

from configs.schema import RetirementConfig
from tasks.kernel.stages import StageName
from tasks.monitoring.dossier.access import granted_of, packet_of
from tasks.monitoring.dossier.artefacts import artefacts_table
from tasks.monitoring.dossier.closing import closing_of
from tasks.monitoring.dossier.costs import costs_of
from tasks.monitoring.dossier.essays import deliveries_of, essays_of
from tasks.monitoring.dossier.holdings import Dossier
from tasks.monitoring.dossier.preserved import events_of, packages_of
from tasks.monitoring.dossier.signed import signed_table
from tasks.monitoring.dossier.timeline import timeline_of
from tasks.monitoring.dossier.watched import watched_of
from tasks.monitoring.plots import posterior_bars, week_bars
from tasks.monitoring.scoreboard.shown import names_of, sources_of
from tasks.monitoring.scoreboard.view import scoreboard_of
from tasks.monitoring.words import day, in_words, link_to, moment, question
from tasks.monitoring.words import notice as said_notice
from tasks.monitoring.words import page as said_page
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
    board = scoreboard_of(config, held, now)
    return {
        "model_id": config.id,
        "display_name": config.display_name,
        "simulated": held.simulated,
        "as_of": moment(as_of),
        "facts": _facts(config, held),
        "config_sha256": held.retirement.config_sha256 if held.retirement else "",
        "config_commit": held.retirement.config_commit if held.retirement else "",
        "stages": _stages(held),
        "timeline": list(_days(config, held, as_of)),
        "packages": packages_of(held),
        "events": events_of(held),
        "interviews": _interviews(held),
        "verdicts": _verdicts(held),
        "interview_report": interview_report,
        "packets": [packet_of(held, packet) for packet in held.packets],
        "granted": granted_of(held),
        "essays": essays_of(held),
        "deliveries": deliveries_of(held),
        "notices": _notices(held),
        "pages": [
            {"name": said_page(page.name), "link": link_to(page.location), "sha256": page.sha256}
            for page in held.pages
        ],
        "usage": _usage(held),
        "costs": costs_of(held),
        "watched": watched_of(held),
        "closing": closing_of(held),
        "board": board,
        "board_names": names_of(board),
        "board_sources": sources_of(board),
        "signed": signed_table(held),
        "artefacts": artefacts_table(held),
        "audit": {
            "entries": held.audit.entries,
            "own": held.own_entries,
            "head": held.audit.head,
            "problems": list(held.audit.problems),
        },
    }


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
