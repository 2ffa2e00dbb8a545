"""What the records tell of each line. Reads only."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks.kernel.instants import start_of
from tasks.monitoring.audit_view import latest_audit
from tasks.monitoring.checklist.core import Finding, Known
from tasks.records.access import Grant, GrantKey
from tasks.records.application import Application, ApplicationEvent
from tasks.records.audit import AuditReport
from tasks.records.communication import Notice
from tasks.records.decisions import all_decided, approvals_of, latest_packet
from tasks.records.incident import Incident
from tasks.records.latest import (
    entries_of,
    latest_design,
    latest_package,
    open_preferences,
    verdicts_of,
)
from tasks.records.preservation import PreservationEvent, Replica
from tasks.records.promises import told_by, told_now
from tasks.records.retirement import StageStatus

FEWEST_REPLICAS = 2
_DRILL = "restore drill"
_WAITING = frozenset(("received", "answered", "asked", "appealed"))


@dataclass(frozen=True, slots=True)
class _Look:
    """Where every line's finding is read from."""

    config: RetirementConfig
    session: Session
    now: datetime

    @property
    def model(self) -> str:
        return self.config.id


def findings(
    config: RetirementConfig, session: Session, now: datetime, audit: AuditReport | None
) -> Mapping[str, Finding]:
    """Line's id -> what the records tell of it.

    Args:
        config: the retirement.
        session: for reading.
        now: the present.
        audit: the audit chain as it was just verified; None leaves that line open, since to
            verify it reads every row.
    """
    look = _Look(config, session, now)
    found = {name: tells(look) for name, tells in _TELL.items()}
    if audit is not None:
        found["audit"] = _chain(audit)
    return found


def _yes(said: str) -> Finding:
    return Finding(Known.YES, said)


def _no(said: str) -> Finding:
    return Finding(Known.NO, said)


def _unknown(said: str) -> Finding:
    return Finding(Known.NOT_KNOWN, said)


def _preserved(look: _Look) -> Finding:
    package = latest_package(look.session, look.model)
    if package is None:
        return _no("nothing is preserved")
    rows = look.session.exec(
        select(Replica).where(Replica.package_id == package.id).order_by(col(Replica.name))
    ).all()
    damaged = [row.name for row in rows if row.state != "verified"]
    whole = [row.name for row in rows if row.state == "verified"]
    if damaged:
        mend = "`emeritus repair` mends it from one that verifies" if whole else "none verifies"
        return _no(f"replica {', '.join(damaged)} is damaged; {mend}")
    if len(whole) < FEWEST_REPLICAS:
        return _no(f"{len(whole)} replica of package {package.id[:12]}; two are the fewest")
    return _yes(f"package {package.id[:12]}, replicas {', '.join(whole)}")


def _drill(look: _Look) -> Finding:
    package = latest_package(look.session, look.model)
    if package is None:
        return _unknown("nothing is preserved, so nothing was restored")
    last = look.session.exec(
        select(PreservationEvent)
        .where(PreservationEvent.package_id == package.id, PreservationEvent.kind == _DRILL)
        .order_by(col(PreservationEvent.at).desc(), col(PreservationEvent.id))
    ).first()
    if last is None:
        return _unknown(f"package {package.id[:12]} was never restored in a drill")
    if last.outcome != "success":
        return _no(f"the last drill failed: {last.detail}")
    return _yes(f"package {package.id[:12]} passed")


def _interviewed(look: _Look) -> Finding:
    design = latest_design(look.session, look.model)
    if design is None:
        return _unknown("no interview was registered")
    verdicts = verdicts_of(look.session, look.model)
    if not verdicts:
        return _unknown(f"design {design.digest[:12]} has no verdicts")
    return _yes(f"design {design.digest[:12]}, verdicts on {len(verdicts)} themes")


def _ledger(look: _Look) -> Finding:
    verdicts = verdicts_of(look.session, look.model)
    stable = [row.theme for row in verdicts if row.verdict == "stable"]
    left = open_preferences(verdicts, entries_of(look.session, look.model))
    if left:
        return _no(
            f"no entry for {', '.join(left)}; run `emeritus ledger enter {look.model} THEME`"
        )
    if not verdicts:
        return _yes("no preference was judged; see the line interviewed")
    return _yes(f"{len(stable)} stable, all entered" if stable else "no preference was stable")


def _essays(look: _Look) -> Finding:
    row = look.session.get(StageStatus, (look.model, "essays"))
    if row is None:
        return _no("no pass has recorded how the essays stand")
    return _yes(row.reason) if row.state == "done" else _no(f"{row.state}: {row.reason}")


def _access(look: _Look) -> Finding:
    decided = next(all_decided(look.session, look.model), None)
    if decided is None:
        packet = latest_packet(look.session, look.model)
        return _no(f"packet {packet.digest[:12]} is not signed" if packet else "no packet yet")
    people = ", ".join(one.person for one in approvals_of(look.session, decided))
    return _yes(f"packet {decided.digest[:12]}, signed by {people}")


def _last_day(look: _Look) -> Finding:
    candidate = look.config.candidate
    if candidate.legal_hold:
        return _no("a legal hold stands; nothing is withdrawn under it")
    last = max(surface.retires_on for surface in candidate.surfaces)
    ahead = [
        surface.name
        for surface in candidate.surfaces
        if look.now < start_of(surface.retires_on + timedelta(days=1))
    ]
    if ahead:
        return _no(f"{', '.join(ahead)}: the last day is {last}")
    return _yes(f"the last one was {last}")


def _notices(look: _Look) -> Finding:
    rows = look.session.exec(select(Notice).where(Notice.model_id == look.model)).all()
    told = told_now(look.config.candidate)
    sent = [row for row in rows if row.sent_at is not None]
    reached = {row.contact for row in sent if told_by(row).dates == told.dates}
    owners = look.config.candidate.owners
    missing = [owner.name for owner in owners if owner.contact not in reached]
    if missing:
        return _unknown(f"no receipt of these dates from {', '.join(missing)}")
    return _yes(f"receipts of all {len(owners)} owners" if len(owners) > 1 else "a receipt")


def _unused(look: _Look) -> Finding:
    row = latest_audit(look.session, look.model)
    if row is None:
        return _unknown("there is no usage audit")
    body = json.loads(row.body)
    if body["state"] == "in_use":
        return _no("the usage audit found calls; `emeritus usage` tells whose")
    if body["state"] != "unused_in_window":
        return _unknown(f"the usage audit could not tell: {body['doubts'][0]}")
    return _yes("the usage audit covers its window and found no call")


def _applications(look: _Look) -> Finding:
    applied = look.session.exec(
        select(Application.id).where(Application.model_id == look.model)
    ).all()
    last = {
        event.application_id: event.kind
        for event in look.session.exec(
            select(ApplicationEvent)
            .where(ApplicationEvent.model_id == look.model, ApplicationEvent.kind != "told")
            .order_by(col(ApplicationEvent.at), col(ApplicationEvent.id))
        )
    }
    left = [one for one in applied if last.get(one, "received") in _WAITING]
    if left:
        return _no(f"{len(left)} wait: {', '.join(one[:8] for one in sorted(left))}")
    return _yes(f"{len(applied)} answered" if applied else "there was none")


def _grants(look: _Look) -> Finding:
    rows = look.session.exec(select(Grant).where(Grant.model_id == look.model)).all()
    running = [
        row for row in rows if row.revoked_at is None and row.starts_at <= look.now < row.ends_at
    ]
    if running:
        last = max(row.ends_at for row in running)
        return _no(f"{len(running)} in force, the last one until {last.date()}")
    ahead = [row for row in rows if row.revoked_at is None and row.starts_at > look.now]
    if ahead:
        return _no(f"{len(ahead)} begin later")
    return _yes(f"{len(rows)} ended" if rows else "none was given")


def _keys(look: _Look) -> Finding:
    rows = look.session.exec(select(GrantKey).where(GrantKey.model_id == look.model)).all()
    left = sorted(row.token_id[:12] for row in rows if row.revoked_at is None)
    if left:
        return _no(f"{', '.join(left)} can be used; `emeritus grants close-key` ends one")
    return _yes(f"{len(rows)} closed" if rows else "none was made")


def _incidents(look: _Look) -> Finding:
    rows = look.session.exec(select(Incident).where(Incident.model_id == look.model)).all()
    left = [row for row in rows if row.closed_at is None]
    if left:
        return _no(f"{len(left)} open: {', '.join(sorted(row.id[:8] for row in left))}")
    return _yes(f"{len(rows)} closed" if rows else "there was none")


def _chain(audit: AuditReport) -> Finding:
    if audit.problems:
        return _no(f"it does not: {audit.problems[0]}")
    return _yes("every row is as it was written")


_TELL: Mapping[str, Callable[[_Look], Finding]] = {
    "preserved": _preserved,
    "drill": _drill,
    "interviewed": _interviewed,
    "ledger": _ledger,
    "essays": _essays,
    "access": _access,
    "last-day": _last_day,
    "notices": _notices,
    "unused": _unused,
    "applications": _applications,
    "grants": _grants,
    "keys": _keys,
    "incidents": _incidents,
}
