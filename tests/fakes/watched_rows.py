"""Rows of what was watched after a retirement, in small numbers that a test can add up."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from tasks.kernel.digests import canonical_json, digest_of, sha256_hex
from tasks.records.columns import Row
from tasks.records.follow_up import FollowUp
from tasks.records.incident import Incident, IncidentTelling
from tasks.records.monitoring import Retrospective, SourceReading
from tasks.records.replay import ReplayRun


def text(value: object) -> str:
    return canonical_json(value).decode()


def reading(
    now: datetime,
    *,
    source: str = "gateway",
    kind: str = "usage",
    state: str = "whole",
    days: list[dict[str, Any]] | None = None,
    findings: list[dict[str, str]] | None = None,
    model: str = "aster-1",
    simulated: bool = True,
) -> SourceReading:
    """One reading; what it covers follows from its days."""
    rows = days or []
    covers = {"from": rows[0]["day"], "to": rows[-1]["day"]} if rows else None
    body = {"covers": covers, "days": rows, "mix": [], "findings": findings or [], "sha256": []}
    basis = digest_of([source, body])
    return SourceReading(
        id=sha256_hex(f"{model} {source} {basis}".encode())[:24],
        model_id=model,
        source=source,
        kind=kind,
        basis=basis,
        state=state,
        body=text(body),
        simulated=simulated,
        read_at=now,
    )


def usage_days(first: date, number: int, calls: int = 200, **figures: Any) -> list[dict[str, Any]]:
    """Days of one pattern: falling calls, 1 % unsafe, 1.5 % refused, half a cent a call."""
    found = []
    for place in range(number):
        of = max(20, calls - place)
        row = {
            "day": (first + timedelta(days=place)).isoformat(),
            "calls": of,
            "cost_usd": round(of * 0.005, 3),
            "cost_known": of,
            "refused": 3 if place % 2 else 2,
            "refused_of": of,
            "unsafe": 2 if place % 2 else 1,
            "unsafe_of": of,
        }
        found.append({**row, **figures})
    return found


def replay(now: datetime, purpose: str, period: str, outcome: str, **fields: Any) -> ReplayRun:
    body = fields.pop("body", {})
    settings = {"model_id": "aster-1", "subject": "aster-1", "state": "judged", **fields}
    key = sha256_hex(f"{settings['model_id']}{purpose}{period}{now}".encode())
    judged = now if settings["state"] != "asking" else None
    return ReplayRun(
        id=key[:24],
        purpose=purpose,
        period=period,
        basis=key,
        outcome=outcome,
        body=text(body),
        simulated=True,
        started_at=now,
        judged_at=judged,
        **settings,
    )


def drift(state: str, hits: int) -> dict[str, Any]:
    """A theme's finding, as `tasks.validation.drift` makes it."""
    before = {"count": 20, "of": 22, "rate": 0.909, "low": 0.72, "high": 0.97}
    after = {"count": hits, "of": 20, "rate": hits / 20, "low": 0.2, "high": 0.99}
    q = 0.0004 if state == "changed" else 0.61
    return {"side": "want", "before": before, "after": after, "p": q, "q": q, "state": state}


def incidents(now: datetime, model: str = "aster-1") -> Iterator[Row]:
    """An open one whose second message has no receipt, and a closed one."""
    yield Incident(
        id="1" * 24,
        model_id=model,
        kind="alarm",
        subject="unsafe",
        severity="high",
        summary="Unsafe answers rose above 1 % on 24 Nov 2026",
        evidence=text({"cusum": 5.2, "bound": 4.9, "days": 6}),
        simulated=True,
        raised_at=now,
    )
    yield Incident(
        id="2" * 24,
        model_id=model,
        kind="source",
        subject="survey",
        severity="low",
        summary="The survey has been late for 9 days",
        evidence=text({"days": 9}),
        simulated=True,
        raised_at=now - timedelta(days=9),
        closed_at=now,
    )
    for contact, sent in (("ops@example.org", now), ("webhook:pager", None)):
        yield IncidentTelling(
            incident_id="1" * 24,
            contact=contact,
            model_id=model,
            channel="webhook" if sent is None else "email",
            intended_at=now,
            tries=1 if sent else 3,
            sent_at=sent,
            outcome="sent" if sent else "later",
            said="" if sent else "503 from the pager",
            receipt="<m1@example.org>" if sent else "",
        )


def learnt(now: datetime, model: str = "aster-1") -> Iterator[Row]:
    """Same-model tests, two owners compared, a follow-up, a retrospective."""
    for week, outcome, p in (("2026-11-16", "same", 0.41), ("2026-11-23", "differs", 0.002)):
        body = {"p_value": p, "calls": 240, "alpha": 0.05}
        yield replay(now, "same_model", week, outcome, body=body, model_id=model, subject=model)
    for owner, outcome in (("Search team", "no_difference"), ("Mail team", "worse")):
        body = {"prompts": 60, "mean_difference": -0.03, "p_adjusted": 0.04}
        yield replay(now, "successor", owner, outcome, body=body, model_id=model, subject="aster-2")
    body = text({"themes": ["keep_in_use", "share_essays"], "replicates": 8})
    yield FollowUp(
        digest=sha256_hex(body.encode()),
        model_id=model,
        number=1,
        design_digest="e" * 64,
        body=body,
        due_at=now - timedelta(days=2),
        registered_at=now - timedelta(days=2),
        outcome="compared",
        drift=text({"share_essays": drift("not_shown", 19), "keep_in_use": drift("changed", 7)}),
        simulated=True,
        ended_at=now,
    )
    yield Retrospective(
        id="3" * 24,
        model_id=model,
        basis=digest_of(["evidence"]),
        body=text({"proposals": [{"path": "essays.hold_days"}, {"path": "access.pilot_days"}]}),
        location=f"/reports/{model}/retrospective.html",
        made_at=now,
    )


def sources(now: datetime, first: date, number: int, model: str = "aster-1") -> Iterator[Row]:
    """A whole source, a late one and one that could not be used."""
    yield reading(now, days=usage_days(first, number), model=model)
    yield reading(
        now,
        source="survey",
        kind="survey",
        state="late",
        days=[{"day": first.isoformat(), "scores": 12, "score_sum": 9.4}],
        findings=[{"code": "late", "says": "The last row is 9 days old; it comes every 7 days."}],
        model=model,
    )
    yield reading(
        now,
        source="tickets",
        kind="tickets",
        state="unusable",
        findings=[{"code": "unusable", "says": "The file has no column 'opened_at'."}],
        model=model,
    )
