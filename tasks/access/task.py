"""Prefect tasks of the access stage."""

import json
import logging
import secrets
from datetime import datetime, timedelta
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

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
from tasks.access.evidence import AccessEvidence
from tasks.access.packets import (
    approvals_of,
    gather,
    grants_under,
    is_decided,
    latest_packet,
    missing_evidence,
    open_grounds,
    revisit_at,
    standing,
)
from tasks.access.proof import is_void, prove
from tasks.kernel.digests import canonical_json, stable_id
from tasks.kernel.errors import DecisionRefused
from tasks.kernel.labels import SIMULATED
from tasks.records import Fence
from tasks.records.access import Grant, Packet

_log = logging.getLogger("emeritus")


@task(name="propose access", cache_policy=NO_CACHE)
def propose(config: RetirementConfig, fence: Fence) -> None:
    """Propose a packet when its grounds changed or the one before expired; write its page.

    Safe to repeat: while the grounds stay, the packet and the signatures under it stay.
    """
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        session = writing.session
        last = latest_packet(session, config.id)
        void = last is not None and is_void(config, session, last)
        if standing(session, config.id, now) is not None and not void:
            return
        if missing_evidence(config, session):
            return
        grounds, basis = open_grounds(config, session)
        if grounds.barring:
            return
        current = last is not None and not is_decided(session, last) and last.basis == basis
        if current and last is not None and now < last.expires_at:
            return
        evidence = gather(config, session)
        packet = _proposed(config, evidence, grounds, basis=basis, last=last, now=now)
        # the page first, then the record: nobody is asked to sign what they can't read
        wiring.pages(config.communication).publish(_pages(config, packet))
        writing.put(packet, "access.proposed")


def _proposed(
    config: RetirementConfig,
    evidence: AccessEvidence,
    grounds: Grounds,
    *,
    basis: str,
    last: Packet | None,
    now: datetime,
) -> Packet:
    if last is not None:  # a clock that went back must not leave the old one the latest
        now = max(now, last.proposed_at + timedelta(microseconds=1))
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
    return Packet(
        digest=packet_digest(body),
        model_id=config.id,
        body=canonical_json(body).decode(),
        basis=basis,
        proposed_at=now,
        expires_at=expires,
    )


@task(name="take in committed signatures", cache_policy=NO_CACHE)
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


@task(name="make grants", cache_policy=NO_CACHE)
def grant(config: RetirementConfig, fence: Fence) -> None:
    """Make what a decided packet grants, until its revisit date. Safe to repeat.

    Every signature is verified again at its time of receipt, so that a row written behind our
    back grants nothing.

    Raises:
        SignatureRefused, AuditBroken: a recorded approval does not hold; nothing was granted.
    """
    now = wiring.clock().now()
    with wiring.book().reading() as session:
        packet = standing(session, config.id, now)
        if packet is None or config.candidate.legal_hold:
            return
        if is_void(config, session, packet):
            raise DecisionRefused(
                f"{config.id}: since packet {packet.digest[:12]} was signed, what it grants was "
                "knocked out, or a key under it revoked; nothing is granted: a pass proposes anew"
            )
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
