"""What the records say of the access decision."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks.access.core import basis_of, grounds_of
from tasks.access.evidence import AccessEvidence, PreferenceEvidence
from tasks.kernel.instants import to_minute
from tasks.kernel.stages import Assessment, blocked, done, due, waiting
from tasks.records import Book
from tasks.records.access import Approval, Grant, Packet
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
    )


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


def term_is_over(session: Session, packet: Packet, now: datetime) -> bool:
    """Whether all that a packet granted has ended, so that access is to be decided again."""
    grants = grants_under(session, packet)
    return bool(grants) and all(grant.ends_at <= now for grant in grants)


def needed(packet: Packet) -> int:
    """How many approvals the packet needs: what it says itself, and never fewer than two."""
    return max(FEWEST_APPROVALS, int(json.loads(packet.body)["approvals_needed"]))


def is_decided(session: Session, packet: Packet) -> bool:
    """Whether enough people signed."""
    return len(approvals_of(session, packet)) >= needed(packet)


def assess(config: RetirementConfig, book: Book, now: datetime) -> Assessment:
    """How the stage stands. Reads records only."""
    with book.reading() as session:
        packet = latest_packet(session, config.id)
        if config.candidate.legal_hold:
            return blocked(
                "KO-HOLD: a legal hold stands, so nothing is decided or withdrawn; set "
                "candidate.legal_hold to false once the legal department lifted it"
            )
        if packet is not None and is_decided(session, packet):
            if not term_is_over(session, packet, now):
                return _after_decision(session, packet)
            packet = None  # its time is over: decide again
        missing = _missing(config, session)
        if missing:
            return waiting(missing)
        evidence = gather(config, session)
        grounds = grounds_of(
            config.candidate, config.access, evidence, config.essays.preference_theme
        )
        current = packet is not None and packet.basis == basis_of(config.access, evidence, grounds)
        if packet is None or not current or packet.expires_at <= now:
            return due("an access packet is to be proposed")
        signed = [approval.person for approval in approvals_of(session, packet)]
    return waiting(
        f"signature {len(signed) + 1} of {needed(packet)} for the access decision "
        f"({grounds.scenario}, packet {packet.digest[:12]}"
        f"{', signed by ' + ', '.join(signed) if signed else ''}), "
        f"until {to_minute(packet.expires_at)}",
        packet.expires_at,
        f"emeritus approve {config.id} --as NAME --key PATH",
    )


def _missing(config: RetirementConfig, session: Session) -> str:
    design = latest_design(session, config.id)
    verdicts = verdicts_of(session, config.id)
    if design is None or {v.theme for v in verdicts} != set(json.loads(design.body)["themes"]):
        return "the verdicts of the validation stage"
    if latest_package(session, config.id) is None:
        return "the preservation stage"
    return ""


def _after_decision(session: Session, packet: Packet) -> Assessment:
    body = json.loads(packet.body)
    grants = grants_under(session, packet)
    if {g.kind for g in grants} != set(body["grants"]):
        return due("the approved grants are to be made")
    people = ", ".join(approval.person for approval in approvals_of(session, packet))
    if not grants:
        return done(f"{body['proposal']}, signed by {people}; nothing is granted")
    revisit = max(grant.ends_at for grant in grants)
    kinds = ", ".join(grant.kind for grant in grants)
    return done(
        f"{body['proposal']}, signed by {people}: {kinds} until {to_minute(revisit)}", revisit
    )
