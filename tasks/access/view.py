"""How the access stage stands."""

import json
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.act import check_files
from tasks.access.applications.view import (
    applications_due,
    applications_next,
    applications_open,
)
from tasks.access.gateway.grants import grants_in_force
from tasks.access.gateway.names import names_said
from tasks.access.gateway.paid_users import paid_users_said
from tasks.access.gateway.wanted import enforcement_due
from tasks.access.held import ends_under_hold
from tasks.access.packets import grants_under, missing_evidence, open_grounds
from tasks.access.proof import in_force, prove
from tasks.access.reopening import Reopening, reopening_of
from tasks.access.withdrawal.plan import held_by
from tasks.access.withdrawal.standing import standing_of
from tasks.access.withdrawal.words import missed_words, state_words, untold_words
from tasks.kernel.instants import to_minute
from tasks.kernel.stages import Assessment, StageState, blocked, done, due, waiting
from tasks.records import Book
from tasks.records.access import Packet
from tasks.records.decisions import (
    approvals_of,
    is_decided,
    latest_packet,
    needed,
    revisit_at,
)


def assess(config: RetirementConfig, book: Book, now: datetime) -> Assessment:
    """How the stage stands: the decision, and the applications and the gateway beside it.

    Reads records, and the folders of committed signatures and applications.
    """
    with book.reading() as session:
        found = decision(config, session, now)
        if found.state is StageState.DUE:
            return found
        # whatever the decision waits for: receipts go out, and the gateway is kept in step
        other = applications_due(config, session, now) or enforcement_due(config, session, now)
        if other:
            return due(other)
        owed = "; ".join(
            filter(
                None, (_held_back(config, session, now), applications_open(config, session, now))
            )
        )
        upcoming = [
            at for at in (found.until, applications_next(config, session, now)) if at is not None
        ]
    return replace(
        found,
        reason=f"{found.reason}; {owed}" if owed else found.reason,
        until=min(upcoming, default=None),
    )


def _held_back(config: RetirementConfig, session: Session, now: datetime) -> str:
    """Why a decided withdrawal is not carried out, where somebody could forget it; or empty."""
    found = standing_of(config, session, now)
    if not found.decided or config.candidate.legal_hold:
        return ""
    held = held_by(config, found)
    stopped = f"the withdrawal is {state_words(held, found.paused_by)}"
    untold = untold_words(found.untold, len(config.candidate.owners), config.id)
    parts = (
        stopped if held in {"paused", "promise", "untold"} else "",
        untold if held == "untold" else "",
        missed_words(found.unheralded, now),
    )
    return "; ".join(filter(None, parts))


def decision(config: RetirementConfig, session: Session, now: datetime) -> Assessment:
    """How the decision alone stands. Reads records, and committed signatures.

    Raises:
        SignatureRefused, AuditBroken: a decision that grants nothing does not hold.
    """
    if config.candidate.legal_hold:
        ends, until = ends_under_hold(config, session, now)
        said = (
            "KO-HOLD: a legal hold stands, so nothing is decided or withdrawn; set "
            "candidate.legal_hold to false once the legal department lifted it"
        )
        return replace(blocked(f"{said}; {ends}" if ends else said), until=until)
    decided = in_force(config, session, now)
    if decided is not None:
        if not json.loads(decided.body)["grants"]:  # no grant tells that its signatures were proven
            prove(config, decided, approvals_of(session, decided))
        after = _after_decision(session, decided, now)
        told = (names_said(config, decided), paid_users_said(config, decided))
        if said := "; ".join(filter(None, told)):
            after = replace(after, reason=f"{after.reason}; {said}")
        if after.state is StageState.DUE:
            return after
        opened = reopening_of(config, session, decided, now)
        return after if opened is None else _reopened(config, session, after, opened, now)
    return _undecided(config, session, now)


def _reopened(
    config: RetirementConfig,
    session: Session,
    after: Assessment,
    opened: Reopening,
    now: datetime,
) -> Assessment:
    """A decision that stands, and why and how it is decided anew."""
    anew = _undecided(config, session, now)
    if anew.state is StageState.DUE:
        return replace(anew, reason=": ".join(filter(None, (anew.reason, opened.why))))
    told = "; ".join(filter(None, (after.reason, opened.told(config))))
    found = replace(anew, reason=f"{told}; for what comes then: {anew.reason}")
    if opened.presses:
        return found
    ends = [at for at in (after.until, anew.until) if at is not None]
    return replace(found, state=after.state, until=min(ends, default=None))


def _undecided(config: RetirementConfig, session: Session, now: datetime) -> Assessment:
    if missing := missing_evidence(config, session):
        return waiting(missing)
    grounds, basis = open_grounds(config, session, now)
    if grounds.barring:
        first = grounds.barring[0]
        return blocked(f"{first.id}: {first.why}; lifted by {first.lifted_by}")
    packet = latest_packet(session, config.id)
    if packet is None or is_decided(session, packet) or packet.basis != basis:
        return due("an access packet is to be proposed")
    if packet.expires_at <= now:
        return due("an access packet is to be proposed anew: the one before expired unsigned")
    return _unsigned(config, session, packet, now)


def _unsigned(
    config: RetirementConfig, session: Session, packet: Packet, now: datetime
) -> Assessment:
    """What an open packet waits for, and which committed signatures are to be taken in."""
    signed = [approval.person for approval in approvals_of(session, packet)]
    fresh, refused = check_files(config, session, wiring.signatures(config.access), now)
    if fresh:
        return due(f"the committed signature {fresh[0].path.name} is to be taken in")
    proposal = json.loads(packet.body)["proposal"]
    trouble = "".join(f"; {one.file.path.name} does not count: {one.why}" for one in refused)
    return waiting(
        f"signature {len(signed) + 1} of {needed(packet)} for the access decision "
        f"({proposal}, packet {packet.digest[:12]}"
        f"{', signed by ' + ', '.join(signed) if signed else ''}), "
        f"until {to_minute(packet.expires_at)}{trouble}",
        packet.expires_at,
        f"emeritus approve {config.id} --as NAME --key PATH",
    )


def _after_decision(session: Session, packet: Packet, now: datetime) -> Assessment:
    body = json.loads(packet.body)
    grants = grants_under(session, packet)
    if not set(body["grants"]) <= {g.kind for g in grants}:
        return due("the approved grants are to be made")
    people = ", ".join(approval.person for approval in approvals_of(session, packet))
    revisit = revisit_at(session, packet)
    assert revisit is not None, "it is decided"
    kinds = ", ".join(g.kind for g in grants if g.kind in body["grants"] and not g.revoked_at)
    older = [
        g
        for g in grants_in_force(session, packet.model_id, now)
        if g.packet_digest != packet.digest and not g.holder and g.kind not in body["grants"]
    ]
    said = (
        f"{body['proposal']}, signed by {people}: {kinds or 'nothing is granted'}; to be decided "
        f"again on {to_minute(revisit)}"
    )
    if older:
        stands = ", ".join(f"{g.kind} until {to_minute(g.ends_at)}" for g in older)
        said += (
            f"; of the decision before still stands {stands}: `emeritus grants revoke "
            f"{packet.model_id} GRANT` ends it sooner"
        )
    return done(said, min([revisit, *(g.ends_at for g in older)]))
