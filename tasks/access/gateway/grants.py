"""Grants as the records tell them, for gateways and for people."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks.access.gateway.names import names_open, signed_names
from tasks.ports.gateway import GrantedAccess, KeyAtGateway
from tasks.records.access import Grant, GrantKey, Packet
from tasks.records.latest import is_simulated

PAID_USERS, RESEARCH_API, RESEARCH = "paid_users", "research_api", "research"
#: Kinds under which a caller holds a key of their own.
HELD_BY_KEY = (PAID_USERS, RESEARCH)


def in_force(grant: Grant, at: datetime, under: Grant | None = None) -> bool:
    """Whether a grant opens the model at an instant. Pure.

    Args:
        grant: the grant.
        at: the instant.
        under: for a `research` grant, the `research_api` grant of its packet: when that is revoked,
            so are all that were given under it.
    """
    revoked = min((r.revoked_at for r in (grant, under) if r and r.revoked_at), default=None)
    return grant.starts_at <= at < grant.ends_at and (revoked is None or at < revoked)


def grants_in_force(session: Session, model_id: str, at: datetime) -> list[Grant]:
    """The grants of a model that open it at an instant. Reads only."""
    rows = all_grants(session, model_id)
    return [row for row in rows if in_force(row, at, given_under(row, rows))]


def all_grants(session: Session, model_id: str) -> Sequence[Grant]:
    """Every grant of a model ever made, oldest first. Reads only."""
    return session.exec(
        select(Grant)
        .where(Grant.model_id == model_id)
        .order_by(col(Grant.starts_at), col(Grant.kind), col(Grant.id))
    ).all()


def given_under(grant: Grant, rows: Sequence[Grant]) -> Grant | None:
    """The `research_api` grant under which a `research` grant was given. Pure."""
    if grant.kind != RESEARCH:
        return None
    return next(
        (r for r in rows if r.kind == RESEARCH_API and r.packet_digest == grant.packet_digest), None
    )


def keys_of(session: Session, model_id: str) -> Sequence[GrantKey]:
    """Every key ever made for a model's grants, oldest first. Reads only."""
    return session.exec(
        select(GrantKey)
        .where(GrantKey.model_id == model_id)
        .order_by(col(GrantKey.issued_at), col(GrantKey.id))
    ).all()


def granted_access(session: Session, config: RetirementConfig) -> list[GrantedAccess]:
    """All grants with names and live keys, as a gateway is told of them. Reads only."""
    rows, simulated = all_grants(session, config.id), is_simulated(session, config.id)
    keys: dict[str, list[KeyAtGateway]] = {}
    for key in keys_of(session, config.id):
        if key.revoked_at is None:
            known = KeyAtGateway(key.token_id, key.grant_id, key.holder)
            keys.setdefault(key.grant_id, []).append(known)
    found = []
    for row in rows:
        under = given_under(row, rows)
        revoked = [r.revoked_at for r in (row, under) if r is not None and r.revoked_at is not None]
        packet = session.get(Packet, row.packet_digest)
        found.append(
            GrantedAccess(
                id=row.id,
                model_id=row.model_id,
                kind=row.kind,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                names=names_open(config, signed_names(packet)),
                holder=row.holder,
                revoked_at=min(revoked, default=None),
                keys=tuple(keys.get(row.id, ())),
                simulated=simulated
                or (packet is not None and bool(json.loads(packet.body).get("simulated"))),
            )
        )
    return found
