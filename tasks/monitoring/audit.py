"""What the counted calls let one say: who still uses a model, and where that is not known. Pure.

"Unused" is only ever said of a window that the exports cover whole, for every surface, with no
sign that rows are missing. Everything else is "not known", with each reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from configs.schema.candidate import CandidateConfig, Owner
from tasks.kernel.instants import to_text
from tasks.monitoring.audit_counts import MEASURES, Counts, Use, Week
from tasks.monitoring.coverage import EPOCH, Window, day_at, day_of, instant_at
from tasks.monitoring.export_views import ExportView

State = Literal["in_use", "unused_in_window", "not_known"]

FORMAT = "emeritus-usage-audit/1"
LISTED = 200  # callers of one list; all of them stand in callers.csv
_RISES, _FALLS = 1.25, 0.8  # the last 30 days over the 30 before
_NAMES = 50


@dataclass(frozen=True, slots=True)
class Subject:
    """The model that an audit is of."""

    model_id: str
    display_name: str
    names: tuple[str, ...]
    candidate: CandidateConfig
    simulated: bool


def body_of(
    subject: Subject,
    views: Sequence[ExportView],
    counts: Counts,
    window: Window,
    *,
    duplicates: int,
    made_at: str,
) -> dict[str, Any]:
    """The whole audit as JSON values."""
    doubts = _doubts(subject.candidate, views, counts)
    trusted = {one.export.name for one in views if one.trend}
    unclaimed = [use for use in counts.uses if not use.owner]
    unknown = [use for use in unclaimed if use.caller]
    nobody = [use for use in unclaimed if not use.caller]
    used = any(use.rows for use in counts.uses)
    owners = [
        _owner(owner, counts, window, doubts=doubts, unclaimed=unclaimed, trusted=trusted)
        for owner in subject.candidate.owners
    ]
    return {
        "format": FORMAT,
        "model_id": subject.model_id,
        "display_name": subject.display_name,
        "simulated": subject.simulated,
        "names": list(subject.names),
        "made_at": made_at,
        "window": {"from": to_text(window.since), "until": to_text(window.until)},
        "state": "in_use" if used else "not_known" if doubts else "unused_in_window",
        "doubts": doubts,
        "successor": subject.candidate.successor,
        "surfaces": _surfaces(subject.candidate, views, window),
        "owners": owners,
        "unknown_callers": [_caller(use, trusted) for use in unknown[:LISTED]],
        "unknown_callers_in_all": len({use.caller for use in unknown}),
        "unknown_callers_left": max(0, len(unknown) - LISTED),
        "unknown": _sum(unknown, trusted),
        "unknown_weeks": _weeks(counts, "", window),
        "no_caller": _sum(nobody, trusted),
        "rivals": [
            {"caller": use.caller, "owner": use.owner, "others": list(use.rivals)}
            for use in counts.uses
            if use.rivals
        ][:LISTED],
        "called_as": _named(counts.ours),
        "near_names": _named(counts.near),
        "exports": [_export(view) for view in views],
        "duplicates": duplicates,
    }


def _doubts(candidate: CandidateConfig, views: Sequence[ExportView], counts: Counts) -> list[str]:
    """Every reason for which no use of the model can be concluded from absent rows."""
    doubts = [said for view in views for said in view.why]
    for surface in candidate.surfaces:
        if not _exports_of(surface.name, candidate, views):
            doubts.append(
                f"no export is said to hold the calls of the surface {surface.name}: name it in "
                "the export's surfaces"
            )
    if near := [name for name, rows in counts.near if rows]:
        shown = ", ".join(near[:5]) + (f" and {len(near) - 5} more" if len(near) > 5 else "")
        doubts.append(
            f"calls name {shown}, near to the model's name: decide, and put each name into "
            "monitoring.model_names or monitoring.not_model_names"
        )
    return doubts


def _exports_of(surface: str, candidate: CandidateConfig, views: Sequence[ExportView]) -> list[str]:
    alone = len(candidate.surfaces) == 1
    return [
        view.export.name
        for view in views
        if surface in view.export.surfaces or (alone and not view.export.surfaces)
    ]


def _surfaces(
    candidate: CandidateConfig, views: Sequence[ExportView], window: Window
) -> list[dict[str, Any]]:
    today = day_at(day_of(window.until))
    return [
        {
            "name": surface.name,
            "retires_on": surface.retires_on.isoformat(),
            "days_left": (surface.retires_on - today).days,
            "exports": _exports_of(surface.name, candidate, views),
        }
        for surface in sorted(candidate.surfaces, key=lambda one: (one.retires_on, one.name))
    ]


def _owner(
    owner: Owner,
    counts: Counts,
    window: Window,
    *,
    doubts: list[str],
    unclaimed: Sequence[Use],
    trusted: set[str],
) -> dict[str, Any]:
    uses = [use for use in counts.uses if use.owner == owner.name]
    why = list(doubts)
    if not owner.callers:
        why.insert(0, "no callers of theirs are listed: add them under candidate.owners")
    elif any(use.rows for use in unclaimed):
        why.insert(0, "the model is called by callers whose owner is not known")
    used = any(use.rows for use in uses)
    state: State = "in_use" if used else "not_known" if why else "unused_in_window"
    return {
        "name": owner.name,
        "contact": owner.contact,
        "listed_callers": list(owner.callers),
        "state": state,
        "why": [] if state != "not_known" else why,
        **_sum(uses, trusted),
        "callers": [_caller(use, trusted) for use in uses[:LISTED]],
        "callers_in_all": len({use.caller for use in uses}),
        "callers_left": max(0, len(uses) - LISTED),
        "weeks": _weeks(counts, owner.name, window),
    }


def _caller(use: Use, trusted: set[str]) -> dict[str, Any]:
    return {"caller": use.caller, "export": use.export, **_sum([use], trusted)}


def _sum(uses: Sequence[Use], trusted: set[str]) -> dict[str, Any]:
    """Figures over several callers; null for what no export tells."""
    recent = {m: {k: sum(use.recent[m][k] for use in uses) for k in _KEYS} for m in MEASURES}
    told = {
        "calls": _total([use.calls for use in uses]),
        "tokens": _total([_tokens(use) for use in uses]),
        "cost": _total([use.cost for use in uses]),
    }
    measure = next((name for name in MEASURES if told[name] is not None), "")
    spans = recent.get(measure, dict.fromkeys(_KEYS, 0.0))
    exports = sorted({use.export for use in uses})
    names = dict.fromkeys(name for use in uses for name in use.called)
    cost = told["cost"]
    return {
        "rows": sum(use.rows for use in uses),
        "calls": told["calls"],
        "failed": sum(use.failed for use in uses),
        "tokens_in": _total([use.tokens_in for use in uses]),
        "tokens_out": _total([use.tokens_out for use in uses]),
        "cost_usd": None if cost is None else round(cost, 6),
        "first_at": _when(min((use.first for use in uses), default=None)),
        "last_at": _when(max((use.last for use in uses), default=None)),
        "measure": measure,
        "last_7_days": _rounded(spans["last_7"], measure),
        "last_30_days": _rounded(spans["last_30"], measure),
        "trend": _trend(spans, known=bool(uses) and set(exports) <= trusted),
        "names": list(names)[:_NAMES],
        "exports": exports,
    }


_KEYS = ("last_7", "last_30", "before")


def _tokens(use: Use) -> int | None:
    told = [part for part in (use.tokens_in, use.tokens_out) if part is not None]
    return sum(told) if told else None


def _total(parts: Sequence[Any]) -> Any:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _rounded(value: float, measure: str) -> float | int:
    return round(value, 6) if measure == "cost" else round(value)


def _when(micros: int | None) -> str | None:
    found = instant_at(micros)
    return None if found is None else to_text(found)


def _trend(spans: Mapping[str, float], *, known: bool) -> str:
    """How the last 30 days stand to the 30 before; not known unless both are covered."""
    last, before = spans["last_30"], spans["before"]
    if not known:
        return "not_known"
    if not before:
        return "new" if last else "none"
    if not last:
        return "stopped"
    return "rising" if last > before * _RISES else "falling" if last < before * _FALLS else "steady"


def _weeks(counts: Counts, owner: str, window: Window) -> list[dict[str, Any]]:
    """Every week of the window; `known` is false where no export has a row of any model.

    `whole` is false for the week in which the window ends.
    """
    by_monday = {week.monday: week for week in counts.weeks.get(owner, ())}
    held = {(day + 3) // 7 for days in counts.days.values() for day in days}
    start = window.since.date()
    monday = start - timedelta(days=start.weekday())
    series: list[dict[str, Any]] = []
    while monday < window.until.date() or not series:
        week = by_monday.get(monday, Week(monday, None, None, None))
        following = monday + timedelta(days=7)
        series.append(
            {
                "week_of": monday.isoformat(),
                "calls": week.calls,
                "tokens": week.tokens,
                "cost_usd": None if week.cost is None else round(week.cost, 6),
                "known": ((monday - EPOCH).days + 3) // 7 in held,
                "whole": following <= window.until.date(),
            }
        )
        monday = following
    return series


def _named(names: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"name": name, "rows": rows} for name, rows in names[:_NAMES]]


def _export(view: ExportView) -> dict[str, Any]:
    usable = [one for one in view.files if one.first is not None]
    return {
        "name": view.export.name,
        "format": view.export.format,
        "surfaces": list(view.export.surfaces),
        "covers_window": not view.why,
        "first_at": _when(min((one.first for one in usable if one.first), default=None)),
        "last_at": _when(max((one.last for one in usable if one.last), default=None)),
        "gaps": list(view.gaps[:_NAMES]),
        "why": list(view.why),
        "notes": list(view.notes),
        "files": [
            {
                "path": str(one.path),
                "sha256": one.sha256,
                "bytes": one.size,
                "rows": one.rows,
                "unreadable": one.unreadable,
                "kind": one.kind,
                "first_at": _when(one.first),
                "last_at": _when(one.last),
                "problem": one.problem,
            }
            for one in view.files
        ],
    }
