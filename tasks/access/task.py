"""Prefect tasks of the access stage."""

import json
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.load import load_instrument
from configs.schema import RetirementConfig
from configs.templating import fill
from tasks import wiring
from tasks.access.core import (
    APPROVAL_NAMESPACE,
    approval_statement,
    basis_of,
    grounds_of,
    packet_body,
    packet_digest,
)
from tasks.access.view import (
    approvals_of,
    gather,
    grants_under,
    is_decided,
    latest_packet,
    needed,
    term_is_over,
)
from tasks.kernel.digests import canonical_json, stable_id
from tasks.kernel.errors import AuditBroken
from tasks.kernel.labels import SIMULATED
from tasks.ports.gateway import GrantedAccess
from tasks.records import Fence
from tasks.records.access import Approval, Grant, Packet


@task(name="propose access", cache_policy=NO_CACHE)
def propose(config: RetirementConfig, fence: Fence) -> None:
    """Propose a packet when its grounds changed or the one before expired; write its page.

    Safe to repeat: while the grounds stay, the packet and the signatures under it stay.
    """
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        packet = latest_packet(writing.session, config.id)
        if config.candidate.legal_hold:
            return
        if packet is not None and is_decided(writing.session, packet):
            if not term_is_over(writing.session, packet, now):
                return
            packet = None  # its time is over: decide again
        evidence = gather(config, writing.session)
        grounds = grounds_of(
            config.candidate, config.access, evidence, config.essays.preference_theme
        )
        basis = basis_of(config.access, evidence, grounds)
        if packet is None or packet.basis != basis or packet.expires_at <= now:
            expires = now + timedelta(days=config.access.packet_expiry_days)
            body = packet_body(
                model_id=config.id,
                access=config.access,
                evidence=evidence,
                grounds=grounds,
                nonce=secrets.token_hex(16),
                proposed_at=now,
                expires_at=expires,
            )
            packet = Packet(
                digest=packet_digest(body),
                model_id=config.id,
                body=canonical_json(body).decode(),
                basis=basis,
                proposed_at=now,
                expires_at=expires,
            )
            # the page first, then the record: nobody is asked to sign what they can't read
            wiring.pages(config.communication).publish(_pages(config, packet))
            writing.put(packet, "access.proposed")


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


@task(name="make grants", cache_policy=NO_CACHE)
def grant(config: RetirementConfig, fence: Fence) -> None:
    """Make what an approved packet grants, and hand it to the gateway. Safe to repeat.

    Every signature is verified again at its time of receipt, so that a row written behind our
    back grants nothing.

    Raises:
        SignatureRefused, AuditBroken: a recorded approval does not hold; nothing was granted.
    """
    with wiring.book().reading() as session:
        packet = latest_packet(session, config.id)
        if packet is None or not is_decided(session, packet) or config.candidate.legal_hold:
            return
        approvals = approvals_of(session, packet)
    _prove(config, packet, approvals)
    body: dict[str, Any] = json.loads(packet.body)
    now = wiring.clock().now()
    ends = now + timedelta(days=body["term_days"])
    with wiring.book().writing(now, fence=fence) as writing:
        for kind in body["grants"]:
            row_id = stable_id(packet.digest, kind)
            if writing.session.get(Grant, row_id) is None:
                row = Grant(
                    id=row_id,
                    model_id=config.id,
                    packet_digest=packet.digest,
                    kind=kind,
                    starts_at=now,
                    ends_at=ends,
                )
                writing.put(row, "access.granted")
        granted = [
            GrantedAccess(
                g.id, g.model_id, g.kind, g.starts_at, g.ends_at, simulated=body["simulated"]
            )
            for g in grants_under(writing.session, packet)
        ]
        # before the commit: a gateway that can't be told leaves the stage due, to try again
        wiring.gateway(config.access).apply(config.id, (), granted, {})


def _prove(config: RetirementConfig, packet: Packet, approvals: Sequence[Approval]) -> None:
    """Prove from signatures alone that enough different people approved this very packet."""
    body: dict[str, Any] = json.loads(packet.body)
    name = f"{config.id}: packet {packet.digest[:12]}"
    if packet_digest(body) != packet.digest or body["model_id"] != config.id:
        raise AuditBroken(f"{name} is not the one that was signed")
    signers: set[str] = set()
    for approval in approvals:
        signer = wiring.signatures(config.access).verify(
            approval_statement(config.id, packet.digest),
            approval.signature,
            namespace=APPROVAL_NAMESPACE,
            person=approval.person,
            at=approval.received_at,
        )
        proposes = approval.person.casefold() == str(body["proposer"]).casefold()
        if signer.fingerprint != approval.fingerprint or proposes:
            raise AuditBroken(f"{config.id}: the approval by {approval.person!r} was altered")
        signers.add(signer.fingerprint)
    people = {approval.person for approval in approvals}
    if min(len(signers), len(people)) < needed(packet):
        raise AuditBroken(f"{name} lacks the signatures of {needed(packet)} different people")
