"""What the records say of access: the evidence, the packets, who approved, what is granted."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks.access.core import Grounds, basis_of, grounds_of
from tasks.access.evidence import AccessEvidence, PreferenceEvidence
from tasks.records.access import Approval, Grant, Packet
from tasks.records.application import Application
from tasks.records.latest import (
    is_simulated,
    latest_design,
    latest_package,
    latest_report,
    verdicts_of,
)
from tasks.records.preservation import Replica

FEWEST_APPROVALS = 2


def gather(config: RetirementConfig, session: Session) -> AccessEvidence:
    """Collect what the decision rests on."""
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
        usage=json.loads(report.body) if report else None,
        simulated=is_simulated(session, config.id) or any(v.simulated for v in verdicts),
        usage_source=f"report {report.id}" if report else "",
        design_digest=verdicts[0].design_digest if verdicts else "",
        applications=_applications(session, config.id),
    )


def _applications(session: Session, model_id: str) -> int:
    counted = select(func.count()).select_from(Application)
    return session.exec(counted.where(Application.model_id == model_id)).one()


def latest_packet(session: Session, model_id: str) -> Packet | None:
    """The packet proposed last."""
    return session.exec(
        select(Packet).where(Packet.model_id == model_id).order_by(col(Packet.proposed_at).desc())
    ).first()


def approvals_of(session: Session, packet: Packet) -> Sequence[Approval]:
    """The approvals of one packet, in order of receipt."""
    return session.exec(
        select(Approval)
        .where(Approval.packet_digest == packet.digest)
        .order_by(col(Approval.received_at))
    ).all()


def grants_of(session: Session, model_id: str) -> Sequence[Grant]:
    """All grants of one model."""
    return session.exec(
        select(Grant).where(Grant.model_id == model_id).order_by(col(Grant.kind))
    ).all()


def grants_under(session: Session, packet: Packet) -> list[Grant]:
    """The grants that one packet made."""
    return [g for g in grants_of(session, packet.model_id) if g.packet_digest == packet.digest]


def needed(packet: Packet) -> int:
    """How many approvals the packet needs: what it says itself, and never fewer than two."""
    return max(FEWEST_APPROVALS, int(json.loads(packet.body)["approvals_needed"]))


def is_decided(session: Session, packet: Packet) -> bool:
    """Whether enough people signed."""
    return len(approvals_of(session, packet)) >= needed(packet)


def revisit_at(session: Session, packet: Packet) -> datetime | None:
    """When a decided packet is to be decided again: its term after the deciding signature."""
    approvals = approvals_of(session, packet)
    if len(approvals) < needed(packet):
        return None
    decided_at = approvals[needed(packet) - 1].received_at
    return decided_at + timedelta(days=int(json.loads(packet.body)["term_days"]))


def standing(session: Session, model_id: str, now: datetime) -> Packet | None:
    """The decided packet whose term runs; None while none is, so that access is to be decided."""
    packet = latest_packet(session, model_id)
    if packet is None:
        return None
    revisit = revisit_at(session, packet)
    return packet if revisit is not None and now < revisit else None


def open_grounds(config: RetirementConfig, session: Session) -> tuple[Grounds, str]:
    """What would be proposed now, and the basis of that."""
    evidence = gather(config, session)
    grounds = grounds_of(config.candidate, config.access, evidence, config.essays.preference_theme)
    return grounds, basis_of(config.access, evidence, grounds, config.candidate.risk_class)


def missing_evidence(config: RetirementConfig, session: Session) -> str:
    """What has to be there before anything is proposed; empty once it is."""
    design = latest_design(session, config.id)
    verdicts = verdicts_of(session, config.id)
    if design is None or {v.theme for v in verdicts} != set(json.loads(design.body)["themes"]):
        return "the verdicts of the validation stage"
    if latest_package(session, config.id) is None:
        return "the preservation stage"
    return ""
