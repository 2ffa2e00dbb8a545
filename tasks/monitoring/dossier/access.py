"""The dossier's section on access: decisions, grants, keys, applications, withdrawal. Pure."""

import json
from typing import Any

from tasks.monitoring.dossier.holdings import Dossier
from tasks.monitoring.dossier.tables import Cell, Table, code, state, table, when
from tasks.monitoring.words import moment
from tasks.records.access import Grant, Packet
from tasks.records.application import Application

_TOLD = "told"
_ENDED = "ended"


def packet_of(held: Dossier, packet: Packet) -> dict[str, Any]:
    """One decision packet, who signed it, and what follows of it."""
    body = json.loads(packet.body)
    signed = [a for a in held.approvals if a.packet_digest == packet.digest]
    return {
        "digest": packet.digest,
        "proposal": str(body.get("proposal", "not named")).replace("_", " "),
        "proposed": moment(packet.proposed_at),
        "expires": moment(packet.expires_at),
        "needed": body.get("approvals_needed", "?"),
        "knock_outs": [f"{k['id']}: {k['why']}" for k in body.get("knock_outs", ())],
        "approvals": table(
            f"Approvals of the packet proposed {moment(packet.proposed_at)}",
            ("Person", "Key", "Received"),
            [(a.person, code(a.fingerprint), when(moment(a.received_at))) for a in signed],
        ),
        "signatures": len(signed),
        "grants": _grants(held, packet),
    }


def granted_of(held: Dossier) -> dict[str, Table | None]:
    """What became of grants: applications, keys, revocations, acts on the withdrawal."""
    return {
        "applications": _applications(held),
        "keys": _keys(held),
        "revocations": _revocations(held),
        "withdrawal": _withdrawal(held),
        "ledger": _ledger(held),
    }


def _grants(held: Dossier, packet: Packet) -> Table | None:
    rows = [
        (
            grant.kind.replace("_", " "),
            grant.holder or "all of this kind",
            when(moment(grant.starts_at)),
            when(moment(grant.ends_at)),
            _revoked(grant),
        )
        for grant in held.grants
        if grant.packet_digest == packet.digest
    ]
    caption = f"Grants of the packet proposed {moment(packet.proposed_at)}"
    return table(caption, ("For", "Holder", "From", "Until", "Revoked"), rows)


def _revoked(grant: Grant) -> str:
    return moment(grant.revoked_at) if grant.revoked_at else "no"


def _applications(held: Dossier) -> Table | None:
    heads = ("Applicant", "Received", "Stands", "Who decided, with which key", "Application")
    return table(
        "Applications of researchers", heads, [_application(held, a) for a in held.applications]
    )


def _application(held: Dossier, row: Application) -> tuple[Any, ...]:
    mine = [e for e in held.application_events if e.application_id == row.id]
    steps = [event for event in mine if event.kind != _TOLD]
    signed = [event for event in steps if event.fingerprint]
    by = "; ".join(f"{e.person}: {e.kind}, {moment(e.at)}, key {e.fingerprint}" for e in signed)
    who = Cell(row.applicant, note=row.affiliation)
    stands = steps[-1].kind if steps else "received"
    return (
        who,
        when(moment(row.received_at)),
        stands,
        Cell(by or "nobody yet", "detail"),
        code(row.id[:12]),
    )


def _keys(held: Dossier) -> Table | None:
    rows = [
        (
            key.holder,
            code(key.token_id),
            f"{key.gateway}, by {key.issued_by}",
            when(moment(key.issued_at)),
            state(_ENDED, moment(key.revoked_at)) if key.revoked_at else state("live"),
        )
        for key in held.keys
    ]
    heads = ("Holder", "Token id", "Made at", "Issued", "Stands")
    return table("Callers’ keys, by token id; no key is kept", heads, rows)


def _revocations(held: Dossier) -> Table | None:
    rows = [
        (
            f"grant {row.grant_id[:12]}",
            row.reason.replace("_", " "),
            row.words,
            row.person,
            code(row.fingerprint),
            when(moment(row.received_at)),
        )
        for row in held.revocations
    ]
    return table("Revocations", ("Of", "Reason", "In words", "Person", "Key", "Received"), rows)


def _withdrawal(held: Dossier) -> Table | None:
    rows = [
        (row.action, row.words, row.person, code(row.fingerprint), when(moment(row.received_at)))
        for row in held.withdrawal_acts
    ]
    heads = ("Act", "In words", "Person", "Key", "Received")
    return table("Acts on the withdrawal at the gateway", heads, rows)


def _ledger(held: Dossier) -> Table | None:
    over = {row.supersedes for row in held.ledger}
    rows = [
        (
            held.labels.get(row.theme, row.theme.replace("_", " ")),
            state(row.outcome, "superseded" if row.id in over else ""),
            row.reason,
            row.evidence,
            row.person,
            code(row.fingerprint),
            when(moment(row.entered_at)),
        )
        for row in held.ledger
    ]
    heads = ("Preference", "Outcome", "Reason", "Evidence", "Person", "Key", "Entered")
    return table("Ledger: what became of each stable preference", heads, rows)
