"""Every act that a person signed, in the order of receipt. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tasks.monitoring.dossier.holdings import Dossier
from tasks.monitoring.dossier.tables import Table, code, table, when
from tasks.monitoring.words import moment


@dataclass(frozen=True, slots=True)
class SignedAct:
    """One act: when it was received, who signed what, and with which key."""

    at: datetime
    person: str
    what: str
    fingerprint: str


def signed_acts(held: Dossier) -> tuple[SignedAct, ...]:
    """All of one model's, oldest first."""
    found = (*_decisions(held), *_essays(held), *_watched(held))
    return tuple(sorted(found, key=lambda act: (act.at, act.person, act.what)))


def signed_table(held: Dossier) -> Table | None:
    """The same as a table."""
    rows = [
        (when(moment(act.at)), act.person, act.what, code(act.fingerprint))
        for act in signed_acts(held)
    ]
    return table("Signed acts, oldest first", ("Received", "Person", "Act", "Key"), rows)


def _decisions(held: Dossier) -> Iterator[SignedAct]:
    for row in held.approvals:
        what = f"approved access decision {row.packet_digest[:12]}"
        yield SignedAct(row.received_at, row.person, what, row.fingerprint)
    for event in held.application_events:
        if event.fingerprint:
            what = f"application {event.application_id[:12]}: {event.kind}"
            yield SignedAct(event.at, event.person, what, event.fingerprint)
    for revoked in held.revocations:
        what = f"revoked grant {revoked.grant_id[:12]} ({revoked.reason})"
        yield SignedAct(revoked.received_at, revoked.person, what, revoked.fingerprint)
    for act in held.withdrawal_acts:
        what = f"{act.action}d the withdrawal"
        yield SignedAct(act.received_at, act.person, what, act.fingerprint)
    for entry in held.ledger:
        what = f"ledger: {entry.theme} {entry.outcome}"
        yield SignedAct(entry.entered_at, entry.person, what, entry.fingerprint)


def _essays(held: Dossier) -> Iterator[SignedAct]:
    for row in held.reviews:
        what = f"{row.action} of {row.slot_id}, text {row.draft_sha256[:12]}"
        yield SignedAct(row.received_at, row.person, what, row.fingerprint)


def _watched(held: Dossier) -> Iterator[SignedAct]:
    for row in held.incident_acts:
        what = f"{row.action}d incident {row.incident_id[:12]} ({row.reason})"
        yield SignedAct(row.received_at, row.person, what, row.fingerprint)
    for line in held.checklist_acts:
        what = f"checklist: {line.line}: {line.action.replace('_', ' ')}"
        yield SignedAct(line.received_at, line.person, what, line.fingerprint)
    for signature in held.closing_signatures:
        what = f"signed the closing of checklist {signature.digest[:12]}"
        yield SignedAct(signature.received_at, signature.person, what, signature.fingerprint)
