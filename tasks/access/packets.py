"""What the records say of access: the evidence, the packets, who approved, what is granted."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks.access.core import Grounds, basis_of, grounds_of
from tasks.access.evidence import AccessEvidence, PreferenceEvidence
from tasks.access.gateway.names import gateway_names, names_unsigned
from tasks.access.gateway.paid_users import paid_users_unsigned
from tasks.kernel.instants import from_text
from tasks.records.access import Grant, Packet
from tasks.records.application import Application
from tasks.records.decisions import revisit_at
from tasks.records.latest import (
    is_simulated,
    latest_design,
    latest_package,
    latest_report,
    verdicts_of,
)
from tasks.records.preservation import Replica

USAGE_AGES = timedelta(days=31)  # so long after its log ended a report still tells of today


def reopens_at(config: RetirementConfig, session: Session, packet: Packet) -> datetime:
    """From when a decision that stands may be decided anew: some time before its term is over.

    At once where the gateway serves the model under a name that nobody signed for, or a paying
    user is named for whom nobody did: both get nothing until somebody does.
    """
    if names_unsigned(config, packet) or paid_users_unsigned(config, packet):
        return packet.proposed_at
    revisit = revisit_at(session, packet)
    assert revisit is not None, "it stands"
    term = timedelta(days=int(json.loads(packet.body)["term_days"]))
    return revisit - min(timedelta(days=config.access.revisit_lead_days), term / 2)


def gather(config: RetirementConfig, session: Session, now: datetime) -> AccessEvidence:
    """Collect what the decision rests on, as it is known at an instant."""
    package = latest_package(session, config.id)
    replicas: Sequence[Replica] = ()
    if package is not None:
        replicas = session.exec(
            select(Replica).where(Replica.package_id == package.id, Replica.state == "verified")
        ).all()
    verdicts = verdicts_of(session, config.id)
    report = latest_report(session, config.id)
    return AccessEvidence(
        preferences=tuple(PreferenceEvidence(v.theme, v.verdict, v.polarity) for v in verdicts),
        package_id=package.id if package else "",
        verified_replicas=tuple(sorted(r.name for r in replicas)),
        usage=_as_known(json.loads(report.body), now) if report else None,
        simulated=is_simulated(session, config.id) or any(v.simulated for v in verdicts),
        usage_source=f"report {report.id}" if report else "",
        design_digest=verdicts[0].design_digest if verdicts else "",
        applications=_applications(session, config.id),
    )


def _as_known(usage: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A usage report as it reads now: what covered the last days once says nothing of these."""
    ends = from_text(usage["covers"]["to"])
    return {**usage, "covers_last_7_days": usage["covers_last_7_days"] and now < ends + USAGE_AGES}


def _applications(session: Session, model_id: str) -> int:
    counted = select(func.count()).select_from(Application)
    return session.exec(counted.where(Application.model_id == model_id)).one()


def grants_of(session: Session, model_id: str) -> Sequence[Grant]:
    """All grants of one model."""
    return session.exec(
        select(Grant).where(Grant.model_id == model_id).order_by(col(Grant.kind))
    ).all()


def grants_under(session: Session, packet: Packet) -> list[Grant]:
    """The grants that one packet made."""
    return [g for g in grants_of(session, packet.model_id) if g.packet_digest == packet.digest]


def open_grounds(config: RetirementConfig, session: Session, now: datetime) -> tuple[Grounds, str]:
    """What would be proposed now, and the basis of that."""
    evidence = gather(config, session, now)
    grounds = grounds_of(config.candidate, config.access, evidence, config.essays.preference_theme)
    names = gateway_names(config)
    return grounds, basis_of(config.access, grounds, config.candidate.risk_class, names)


def missing_evidence(config: RetirementConfig, session: Session) -> str:
    """What has to be there before anything is proposed; empty once it is."""
    design = latest_design(session, config.id)
    verdicts = verdicts_of(session, config.id)
    if design is None or {v.theme for v in verdicts} != set(json.loads(design.body)["themes"]):
        return "the verdicts of the validation stage"
    if latest_package(session, config.id) is None:
        return "the preservation stage"
    return ""
