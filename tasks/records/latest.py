"""The questions that several stages ask of the records: what is in force for a model."""

import json
from collections.abc import Sequence

from sqlmodel import Session, col, select

from tasks.records.candidate import LifecycleCheck
from tasks.records.interview import Conversation, Design
from tasks.records.monitoring import Report
from tasks.records.preservation import GoldenAnswer, Package, Replica
from tasks.records.retirement import Retirement
from tasks.records.validation import LedgerEntry, Verdict

STABLE = "stable"  # a verdict


def latest_check(session: Session, model_id: str) -> LifecycleCheck | None:
    """The endpoint's latest answer about the model's lifecycle."""
    return session.exec(
        select(LifecycleCheck)
        .where(LifecycleCheck.model_id == model_id)
        .order_by(col(LifecycleCheck.checked_at).desc())
    ).first()


def latest_package(session: Session, model_id: str) -> Package | None:
    """The package preserved last; one of which no replica was ever read back is none yet."""
    replicas = select(Replica.package_id).where(Replica.package_id == Package.id)
    return session.exec(
        select(Package)
        .where(Package.model_id == model_id, replicas.exists())
        .order_by(col(Package.created_at).desc())
    ).first()


def latest_design(session: Session, model_id: str) -> Design | None:
    """The design in force: the one registered last."""
    return session.exec(
        select(Design).where(Design.model_id == model_id).order_by(col(Design.registered_at).desc())
    ).first()


def verdicts_of(session: Session, model_id: str) -> Sequence[Verdict]:
    """The verdicts of the design in force, by theme."""
    design = latest_design(session, model_id)
    if design is None:
        return ()
    return session.exec(
        select(Verdict).where(Verdict.design_digest == design.digest).order_by(col(Verdict.theme))
    ).all()


def entries_of(session: Session, model_id: str) -> Sequence[LedgerEntry]:
    """The ledger's entries under the design in force, oldest first; a theme's last one stands."""
    design = latest_design(session, model_id)
    if design is None:
        return ()
    return session.exec(
        select(LedgerEntry)
        .where(LedgerEntry.design_digest == design.digest)
        .order_by(col(LedgerEntry.entered_at), col(LedgerEntry.id))
    ).all()


def open_preferences(
    verdicts: Sequence[Verdict], entries: Sequence[LedgerEntry]
) -> tuple[str, ...]:
    """Themes of stable preferences that have no entry, in the verdicts' order. Pure."""
    entered = {(entry.design_digest, entry.theme) for entry in entries}
    return tuple(
        row.theme
        for row in verdicts
        if row.verdict == STABLE and (row.design_digest, row.theme) not in entered
    )


def latest_report(session: Session, model_id: str) -> Report | None:
    """The latest usage report that read its log; one that only tells of a problem is no report."""
    reports = session.exec(
        select(Report).where(Report.model_id == model_id).order_by(col(Report.made_at).desc())
    )
    return next((r for r in reports if "problem" not in json.loads(r.body)), None)


def is_simulated(session: Session, model_id: str) -> bool:
    """Whether the configuration in force, or anything recorded, is of a simulation."""
    row = session.get(Retirement, model_id)
    if row is not None and json.loads(row.config_json).get("endpoint", {}).get("simulated"):
        return True
    check = latest_check(session, model_id)
    if check is not None and check.simulated:
        return True
    answered = (
        select(table.id).where(table.model_id == model_id, col(table.simulated)).limit(1)
        for table in (Conversation, GoldenAnswer)
    )
    return any(session.exec(query).first() is not None for query in answered)
