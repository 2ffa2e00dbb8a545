"""Prefect tasks of the access stage."""

import json
import logging
import secrets
from datetime import datetime, timedelta
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlmodel import Session

from configs.load import load_instrument
from configs.schema import RetirementConfig
from configs.templating import fill
from tasks import wiring
from tasks.access import plots
from tasks.access.act import approve, check_files
from tasks.access.core import (
    APPROVAL_NAMESPACE,
    Grounds,
    approval_statement,
    packet_body,
    packet_digest,
)
from tasks.access.gateway.grants import PAID_USERS, grants_in_force, keys_of
from tasks.access.gateway.names import gateway_names
from tasks.access.gateway.paid_users import paid_users_open, signed_paid_users
from tasks.access.packets import grants_under, missing_evidence, open_grounds
from tasks.access.proof import in_force, prove
from tasks.access.reopening import granted_before, reopening_of
from tasks.kernel.digests import canonical_json, stable_id
from tasks.kernel.errors import DecisionRefused
from tasks.kernel.labels import SIMULATED
from tasks.records import Fence
from tasks.records.access import Grant, GrantKey, Packet
from tasks.records.decisions import approvals_of, is_decided, latest_packet, revisit_at

_log = logging.getLogger("emeritus")


@task(name="propose access", task_run_name="propose access of {config.id}", cache_policy=NO_CACHE)
def propose(config: RetirementConfig, fence: Fence) -> None:
    """Propose a packet when its grounds changed or the one before expired; write its page.

    Safe to repeat: while the grounds stay, the packet and the signatures under it stay.
    """
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        session = writing.session
        last = latest_packet(session, config.id)
        decided = in_force(config, session, now)
        if decided is not None and reopening_of(config, session, decided, now) is None:
            return
        if missing_evidence(config, session):
            return
        grounds, basis = open_grounds(config, session, now)
        if grounds.barring:
            return
        current = last is not None and not is_decided(session, last) and last.basis == basis
        if current and last is not None and now < last.expires_at:
            return
        before = granted_before(session, decided, now) if decided is not None else []
        packet = _proposed(config, grounds, basis=basis, last=last, before=before, now=now)
        # the page first, then the record: nobody is asked to sign what they can't read
        wiring.pages(config.communication).publish(_pages(config, packet))
        writing.put(packet, "access.proposed")


def _proposed(
    config: RetirementConfig,
    grounds: Grounds,
    *,
    basis: str,
    last: Packet | None,
    before: list[dict[str, Any]],
    now: datetime,
) -> Packet:
    if last is not None:  # a clock that went back must not leave the old one the latest
        now = max(now, last.proposed_at + timedelta(microseconds=1))
    expires = now + timedelta(days=config.access.packet_expiry_days)
    body = packet_body(
        model_id=config.id,
        access=config.access,
        names=gateway_names(config),
        grounds=grounds,
        nonce=secrets.token_hex(16),
        proposed_at=now,
        expires_at=expires,
    )
    body["granted_before"] = before
    return Packet(
        digest=packet_digest(body),
        model_id=config.id,
        body=canonical_json(body).decode(),
        basis=basis,
        proposed_at=now,
        expires_at=expires,
    )


@task(
    name="take in committed signatures",
    task_run_name="take in committed signatures of {config.id}",
    cache_policy=NO_CACHE,
)
def take_in_signatures(config: RetirementConfig) -> None:
    """Record the approvals that were committed to git as signature files. Safe to repeat.

    A file that does not count is left where it is; `status` tells why.
    """
    book, verifier = wiring.book(), wiring.signatures(config.access)
    now = wiring.clock().now()
    with book.reading() as session:
        fresh, _ = check_files(config, session, verifier, now)
    for file in fresh:
        try:
            approve(config, book, verifier, person=file.person, signature=file.signature, now=now)
        except DecisionRefused as error:  # such as decided meanwhile, by the file before it
            _log.info("%s: %s", file.path.name, error)


def _pages(config: RetirementConfig, packet: Packet) -> dict[str, bytes]:
    """The packet as JSON, as the statement to sign, and as a page for people."""
    folder = f"{config.id}/access/{packet.digest[:12]}"
    body: dict[str, Any] = json.loads(packet.body)
    values = {
        "config": config,
        "packet": body,
        "digest": packet.digest,
        "labels": _labels(config),
        "namespace": APPROVAL_NAMESPACE,
        "simulated": SIMULATED if body["simulated"] else "",
        "cost": plots.cost_plot(body["scenarios"]),
        "plots": plots,
    }
    page = fill("access", "packet.html.j2", values)
    return {
        f"{folder}/packet.json": packet.body.encode(),
        f"{folder}/statement.json": approval_statement(config.id, packet.digest),
        f"{folder}/packet.html": page.encode(),
    }


def _labels(config: RetirementConfig) -> dict[str, str]:
    """Theme id -> the theme in a person's words."""
    _, codebook = load_instrument(config.interviews.instrument_folder)
    return {theme.id: theme.label for theme in codebook.themes}


@task(name="make grants", task_run_name="make grants of {config.id}", cache_policy=NO_CACHE)
def grant(config: RetirementConfig, fence: Fence) -> None:
    """Make what a decided packet grants, until its revisit date. Safe to repeat.

    Every signature is verified again at its time of receipt, so that a row written behind our
    back grants nothing.

    Raises:
        SignatureRefused, AuditBroken: a recorded approval does not hold; nothing was granted.
    """
    now = wiring.clock().now()
    with wiring.book().reading() as session:
        packet = in_force(config, session, now)
        if packet is None or config.candidate.legal_hold:
            return
        ends = revisit_at(session, packet)
        made = {one.kind for one in grants_under(session, packet)}
        approvals = approvals_of(session, packet)
    assert ends is not None, "it stands"
    missing = [kind for kind in json.loads(packet.body)["grants"] if kind not in made]
    if not missing:
        return
    prove(config, packet, approvals)
    with wiring.book().writing(now, fence=fence) as writing:
        for kind in missing:
            row = Grant(
                id=stable_id(packet.digest, kind),
                model_id=config.id,
                packet_digest=packet.digest,
                kind=kind,
                starts_at=now,
                ends_at=ends,
            )
            writing.put(row, "access.granted")
            for key in _keys_to_carry(config, writing.session, row, packet, now):
                key.grant_id = row.id
                writing.put(key, "access.key_carried_over")


def _keys_to_carry(
    config: RetirementConfig, session: Session, new: Grant, packet: Packet, now: datetime
) -> list[GrantKey]:
    """Keys of paying users under the decision before, which go on under the new one.

    A researcher's key ends with their study: going on is an application of its own.
    """
    if new.kind != PAID_USERS:
        return []
    named = paid_users_open(config, signed_paid_users(packet))
    before = {
        grant.id
        for grant in grants_in_force(session, config.id, now)
        if grant.kind == PAID_USERS and grant.id != new.id
    }
    return [
        key
        for key in keys_of(session, config.id)
        if key.grant_id in before and key.revoked_at is None and key.holder in named
    ]
