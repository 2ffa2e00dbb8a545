"""Every signed act of a model with the bytes that were signed, made again from the records.

A statement that a row holds is taken as it stands. Others are made by the stage's own function from
the rows that it was made from, and count as found only where the row's id, which follows from the
statement, agrees. Where the records don't hold all that was signed, the statement is None.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime

from sqlmodel import Session, col, select

from tasks.access.applications.cases import cases_of
from tasks.access.applications.rules import APPLICATION_NAMESPACE, decision_statement
from tasks.access.applications.states import SIGNED, Act, truncated
from tasks.access.core import APPROVAL_NAMESPACE, approval_statement
from tasks.access.gateway.revoking import REVOCATION_NAMESPACE
from tasks.access.withdrawal.act import WITHDRAWAL_NAMESPACE
from tasks.candidate.act import HOLD_NAMESPACE
from tasks.essays.statement import REVIEW_NAMESPACE
from tasks.kernel.digests import canonical_json, digest_of, sha256_hex
from tasks.monitoring.checklist.core import (
    CHECKLIST_NAMESPACE,
    CLOSING_NAMESPACE,
    closing_statement,
)
from tasks.monitoring.evidence.core import SignedStatement
from tasks.monitoring.incidents.closing import INCIDENT_NAMESPACE
from tasks.records.access import Approval, Grant, Revocation, WithdrawalAct
from tasks.records.candidate import HoldLift
from tasks.records.checklist import ChecklistAct, ClosingSignature
from tasks.records.essay import Publication, Review
from tasks.records.incident import IncidentAct
from tasks.records.validation import LedgerEntry, Verdict
from tasks.validation.ledger import LEDGER_NAMESPACE, Entry, ledger_statement

_Found = Iterator[SignedStatement]


def signed_statements(session: Session, model_id: str) -> tuple[SignedStatement, ...]:
    """All signed acts of a model. Reads only."""
    kinds: tuple[Callable[[Session, str], _Found], ...] = (
        _hold_lifts,
        _approvals,
        _applications,
        _revocations,
        _withdrawals,
        _ledger,
        _reviews,
        _incidents,
        _checklist,
        _closings,
    )
    return tuple(one for kind in kinds for one in kind(session, model_id))


def _hold_lifts(session: Session, model_id: str) -> _Found:
    for row in session.exec(select(HoldLift).where(HoldLift.model_id == model_id)):
        about = f"lifts the legal hold of configuration {row.config_sha256[:12]}"
        yield _stored("legal-hold", about, row, HOLD_NAMESPACE, row.received_at)


def _approvals(session: Session, model_id: str) -> _Found:
    for row in session.exec(select(Approval).where(Approval.model_id == model_id)):
        yield SignedStatement(
            act="access",
            about=f"approves access decision {row.packet_digest[:12]}",
            person=row.person,
            namespace=APPROVAL_NAMESPACE,
            statement=approval_statement(model_id, row.packet_digest),
            signature=row.signature,
            at=row.received_at,
            names=((f"packets/{row.packet_digest}.json", row.packet_digest),),
        )


def _applications(session: Session, model_id: str) -> _Found:
    for case in cases_of(session, model_id):
        for event in case.history:
            if event.kind not in SIGNED:
                continue
            reasons = tuple(event.reasons.split(",")) if event.reasons else ()
            act = Act(event.kind, event.words, reasons)
            statement = decision_statement(truncated(case, event), act, event.packet_digest)
            yield SignedStatement(
                act="application",
                about=f"application {case.application.id[:12]}: {event.kind}",
                person=event.person,
                namespace=APPLICATION_NAMESPACE,
                statement=_agreed(statement, event.id),
                signature=event.signature,
                at=event.at,
            )


def _revocations(session: Session, model_id: str) -> _Found:
    for row in session.exec(select(Revocation).where(Revocation.model_id == model_id)):
        grant = session.get(Grant, row.grant_id)
        body = {
            "act": "revoke-grant",
            "model_id": model_id,
            "grant_id": row.grant_id,
            "grant_sha256": _grant_before(grant) if grant is not None else "",
            "reason": row.reason,
            "words": row.words,
        }
        yield SignedStatement(
            act="revocation",
            about=f"revokes grant {row.grant_id[:12]} ({row.reason})",
            person=row.person,
            namespace=REVOCATION_NAMESPACE,
            statement=_agreed(canonical_json(body) + b"\n", row.id),
            signature=row.signature,
            at=row.received_at,
        )


def _grant_before(grant: Grant) -> str:
    """Digest of a grant as it was before it was revoked."""
    told = grant.witness()
    return digest_of({k: v for k, v in told.items() if k not in ("revoked_at", "revocation_id")})


def _withdrawals(session: Session, model_id: str) -> _Found:
    before = ""
    for row in session.exec(
        select(WithdrawalAct)
        .where(WithdrawalAct.model_id == model_id)
        .order_by(col(WithdrawalAct.received_at))
    ):
        body = {
            "act": f"{row.action}-withdrawal",
            "model_id": model_id,
            "follows": before,
            "words": row.words,
        }
        before = row.id
        yield SignedStatement(
            act="withdrawal",
            about=f"{row.action}s the withdrawal at the gateway",
            person=row.person,
            namespace=WITHDRAWAL_NAMESPACE,
            # a resumption also names the plan of its instant, which no row keeps
            statement=_agreed(canonical_json(body) + b"\n", row.id),
            signature=row.signature,
            at=row.received_at,
        )


def _ledger(session: Session, model_id: str) -> _Found:
    for row in session.exec(select(LedgerEntry).where(LedgerEntry.model_id == model_id)):
        verdict = session.get(Verdict, (row.design_digest, row.theme))
        entry = Entry(row.theme, row.outcome, row.reason, row.evidence)
        made = ledger_statement(verdict, entry, row.supersedes) if verdict is not None else None
        yield SignedStatement(
            act="ledger",
            about=f"ledger: {row.theme} {row.outcome}",
            person=row.person,
            namespace=LEDGER_NAMESPACE,
            statement=made,
            signature=row.signature,
            at=row.entered_at,
            names=((f"designs/{row.design_digest}.json", row.design_digest),),
        )


def _reviews(session: Session, model_id: str) -> _Found:
    public = {
        row.sha256: row.slot_id
        for row in session.exec(select(Publication).where(Publication.model_id == model_id))
        if row.withdrawn_at is None
    }
    for row in session.exec(select(Review).where(Review.model_id == model_id)):
        essay = public.get(row.draft_sha256)
        yield SignedStatement(
            act=f"essay-{row.action}",
            about=f"{row.action} of {row.slot_id}, text {row.draft_sha256[:12]}",
            person=row.person,
            namespace=REVIEW_NAMESPACE,
            statement=row.statement.encode() or None,
            signature=row.signature,
            at=row.received_at,
            names=((f"essays/{essay}/index.md", row.draft_sha256),) if essay else (),
        )


def _incidents(session: Session, model_id: str) -> _Found:
    for row in session.exec(select(IncidentAct).where(IncidentAct.model_id == model_id)):
        about = f"{row.action}s incident {row.incident_id[:12]} ({row.reason})"
        yield _stored("incident", about, row, INCIDENT_NAMESPACE, row.received_at)


def _checklist(session: Session, model_id: str) -> _Found:
    for row in session.exec(select(ChecklistAct).where(ChecklistAct.model_id == model_id)):
        about = f"checklist: {row.line}: {row.action}"
        yield _stored("checklist", about, row, CHECKLIST_NAMESPACE, row.received_at)


def _stored(
    act: str,
    about: str,
    row: HoldLift | IncidentAct | ChecklistAct,
    namespace: str,
    at: datetime,
) -> SignedStatement:
    statement = row.statement.encode() or None
    return SignedStatement(act, about, row.person, namespace, statement, row.signature, at)


def _closings(session: Session, model_id: str) -> _Found:
    for row in session.exec(select(ClosingSignature).where(ClosingSignature.model_id == model_id)):
        yield SignedStatement(
            act="closing",
            about=f"closes the retirement, by checklist {row.digest[:12]}",
            person=row.person,
            namespace=CLOSING_NAMESPACE,
            statement=closing_statement(json.loads(row.body)),
            signature=row.signature,
            at=row.received_at,
            names=((f"closing/{row.digest}.json", row.digest),),
        )


def _agreed(statement: bytes, row_id: str) -> bytes | None:
    """A statement that was made again, where the row's id says that it is the one."""
    return statement if sha256_hex(statement)[:24] == row_id else None
