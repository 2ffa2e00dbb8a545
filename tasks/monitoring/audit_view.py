"""What the records say of the usage audits."""

import json
from typing import Any

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks.kernel.stages import Assessment, StageState, blocked, done, due
from tasks.monitoring.auditing import basis_of, check_surfaces
from tasks.records.monitoring import UsageAudit


def latest_audit(session: Session, model_id: str) -> UsageAudit | None:
    """The audit made last."""
    return session.exec(
        select(UsageAudit)
        .where(UsageAudit.model_id == model_id)
        .order_by(col(UsageAudit.made_at).desc())
    ).first()


def audit_due(config: RetirementConfig, session: Session) -> str:
    """Why an audit is to be made now; empty when none is. Reads records, and files' times.

    Raises:
        ConfigError: an export names a surface that the candidate has not.
    """
    if not config.monitoring.exports:
        return ""
    check_surfaces(config, config.monitoring.exports)
    row = latest_audit(session, config.id)
    if row is None:
        return "the usage exports are to be audited"
    if row.basis != basis_of(config):
        return "the usage exports, or what is said of them, changed: they are to be audited again"
    return ""


def with_audit(found: Assessment, config: RetirementConfig, session: Session) -> Assessment:
    """The stage's assessment with the audit's part; unchanged where no exports are configured."""
    if not config.monitoring.exports or found.state is StageState.DUE:
        return found
    if reason := audit_due(config, session):
        return due(reason)
    if found.state is not StageState.DONE:
        return found
    row = latest_audit(session, config.id)
    assert row is not None
    body = json.loads(row.body)
    if problems := problems_of(body):
        return blocked(f"usage audit: {problems[0]}")
    return done(f"{found.reason}; {summary(body)}", found.until)


def problems_of(body: dict[str, Any]) -> list[str]:
    """Why files of an audit could not be used."""
    files = [file for export in body["exports"] for file in export["files"]]
    return [file["problem"] for file in files if file["problem"]]


def summary(body: dict[str, Any]) -> str:
    """An audit in one line: `audit of 2026-12-01: 2 of 5 owners call it, ...`."""
    using = sum(owner["state"] == "in_use" for owner in body["owners"])
    unknown = sum(owner["state"] == "not_known" for owner in body["owners"])
    said = f"audit of {body['made_at'][:10]}: {using} of {len(body['owners'])} owners call it"
    if unknown:
        said += f", of {unknown} it is not known"
    if nobodys := body["unknown_callers_in_all"]:
        said += f"; {nobodys:,} {'caller has' if nobodys == 1 else 'callers have'} no known owner"
    return said
