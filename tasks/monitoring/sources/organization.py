"""From an organization's own report to a reading of one model. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

from configs.schema import RetirementConfig
from configs.schema.monitoring_sources import AnthropicAdminSource
from tasks.kernel.digests import digest_of
from tasks.monitoring.callers import Callers
from tasks.monitoring.model_names import Match, ModelNames
from tasks.monitoring.sources.judgement import lateness, state_of
from tasks.monitoring.sources.reading import Read, settings_of
from tasks.monitoring.sources.rows import Finding
from tasks.ports.organization_report import Reported, ReportRow

KINDS = {"usage": "anthropic_usage", "cost": "anthropic_cost"}


def reading_of(
    config: RetirementConfig, source: AnthropicAdminSource, reported: Reported, now: datetime
) -> Read:
    """What a report tells of the model. The same answers give the same basis.

    The report covers every day that was asked for, up to the instant until which it knows: a day
    without a row had no use, which a file can't tell.

    Args:
        config: the model's.
        source: which report.
        reported: the report.
        now: today has not ended.
    """
    names = ModelNames(config.monitoring.model_names, config.monitoring.not_model_names)
    ours = [row for row in reported.rows if names.match(row.model) is Match.OURS]
    near = sorted({row.model for row in reported.rows if names.match(row.model) is Match.NEAR})
    others = sorted({row.model for row in reported.rows if row.model} - {row.model for row in ours})
    covers, part = _covered(reported, now)
    findings: list[Finding] = []
    if covers and not ours:
        shown = ", ".join(others[:5]) or "none"
        wanted = " or ".join(config.monitoring.model_names)
        findings.append(
            Finding(
                "no_name",
                f"no row names {wanted}; the names there are {shown}: check monitoring.model_names "
                "before reading this as no use",
            )
        )
    if near:
        said = f"names that look like the model's were not counted: {', '.join(near[:5])}"
        findings.append(Finding("near_name", said))
    if covers is None:
        findings.append(Finding("empty", "the report knows nothing of the days asked for"))
    if late := lateness(covers, source.patience_days, now):
        findings.append(late)
    days = _days(source.report, ours, covers, part)
    body = {
        "covers": covers and {"from": covers[0].isoformat(), "to": covers[1].isoformat()},
        "days": days,
        "mix": _mix(config, source, ours),
        "totals": {"rows": len(reported.rows), "rows_of_the_model": len(ours)},
        "findings": [asdict(one) for one in findings],
        "sha256": [reported.sha256],
    }
    asked = [reported.first.isoformat(), reported.last.isoformat()]
    return Read(
        kind=KINDS[source.report],
        state=state_of(findings, covers, 1),
        body=body,
        basis=digest_of([settings_of(config, source), asked, reported.sha256]),
        simulated=reported.simulated,
    )


def _covered(reported: Reported, now: datetime) -> tuple[tuple[date, date] | None, date]:
    """Days that are known, and the first one that is known in part."""
    until = min(now, reported.refreshed_at or now).astimezone(UTC)
    last = min(reported.last, until.date())
    covers = (reported.first, last) if reported.first <= last else None
    return covers, until.date()


def _days(
    report: str, ours: Sequence[ReportRow], covers: tuple[date, date] | None, part: date
) -> list[dict[str, Any]]:
    by_day: dict[date, list[ReportRow]] = defaultdict(list)
    for row in ours:
        by_day[row.day].append(row)
    days: list[dict[str, Any]] = []
    if covers is None:
        return days
    day = covers[0]
    while day <= covers[1]:
        told: dict[str, Any] = {"day": day.isoformat()}
        rows = by_day.get(day, [])
        if report == "cost":
            told["cost_usd"] = round(sum(row.cost_usd or 0.0 for row in rows), 6)
        else:
            if all(row.calls is not None for row in rows):
                told["calls"] = sum(row.calls or 0 for row in rows)
            told["tokens_in"] = sum(row.tokens_in or 0 for row in rows)
            told["tokens_out"] = sum(row.tokens_out or 0 for row in rows)
        days.append({**told, "part": True} if day >= part else told)
        day += timedelta(days=1)
    return days


def _mix(
    config: RetirementConfig, source: AnthropicAdminSource, ours: Sequence[ReportRow]
) -> list[dict[str, Any]]:
    callers = Callers(config.candidate.owners)
    found: list[dict[str, Any]] = []
    if source.report == "cost":
        return found
    ways = ["name"] if source.owners_by == "none" else ["owner", "name"]
    for by in ways:
        weeks: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for row in ours:
            monday = row.day - timedelta(days=row.day.weekday())
            group = callers.owner_of(row.group) if by == "owner" else row.model
            weeks[monday][group] += row.calls or 0
        found += [
            {"week_of": monday.isoformat(), "by": by, "groups": dict(sorted(groups.items()))}
            for monday, groups in sorted(weeks.items())
        ]
    return found
