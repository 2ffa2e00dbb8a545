"""All that the records hold of one model, read for its dossier."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import func
from sqlmodel import Session, col, select

from configs.errors import ConfigError
from configs.load import INSTRUMENTS, load_as
from configs.schema import RetirementConfig
from configs.schema.instrument import Codebook
from tasks.monitoring.checklist.core import Standing
from tasks.monitoring.checklist.view import checklist_of
from tasks.monitoring.happened import preservation_events
from tasks.records import Book
from tasks.records.access import Approval, Grant, GrantKey, Packet, Revocation, WithdrawalAct
from tasks.records.application import Application, ApplicationEvent
from tasks.records.audit import AuditEntry, AuditReport
from tasks.records.candidate import LifecycleCheck
from tasks.records.checklist import ChecklistAct, Closing, ClosingSignature
from tasks.records.columns import Row
from tasks.records.communication import Notice, Page
from tasks.records.essay import (
    Draft,
    EssayDelivery,
    Publication,
    ReaderReport,
    Redraft,
    Review,
)
from tasks.records.follow_up import FollowUp
from tasks.records.incident import Incident, IncidentAct, IncidentTelling
from tasks.records.interview import Conversation, Design
from tasks.records.latest import is_simulated, latest_design, latest_report, verdicts_of
from tasks.records.monitoring import Report, Retrospective, SourceReading, UsageAudit
from tasks.records.preservation import Edition, Package, PreservationEvent, Replica
from tasks.records.replay import ReplayRun
from tasks.records.retirement import Retirement, StageStatus
from tasks.records.told import Told, told_of
from tasks.records.validation import LedgerEntry, Verdict

_Row = TypeVar("_Row", bound=Row)


@dataclass(frozen=True, slots=True)
class Tally:
    """Conversations of one wave with one outcome, and when the first was asked."""

    wave: int
    outcome: str
    count: int
    first_at: datetime


@dataclass(frozen=True, slots=True)
class EditionForm:
    """The form of an edition (`files`, `pieces` or `age`), and the age keys that open it."""

    form: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dossier:
    """The rows of one model; each tuple in the order of time or number.

    `design`, `told`, `tallies` and `verdicts` are those of the design in force; `report` is the
    latest one that read its log, `reading` the latest attempt. `as_of` is the time of the last
    audit entry that tells of the model, `own_entries` their number; `labels` maps a theme to a
    person's words; `editions` maps an edition's id to its form. Of `readings` the latest of each
    source stands. `checklist` is how each of its lines stood at `as_of`.
    """

    simulated: bool
    as_of: datetime | None
    audit: AuditReport
    own_entries: int
    labels: dict[str, str]
    retirement: Retirement | None
    statuses: tuple[StageStatus, ...]
    checks: tuple[LifecycleCheck, ...]
    packages: tuple[Package, ...]
    replicas: tuple[Replica, ...]
    editions: dict[str, EditionForm]
    events: tuple[PreservationEvent, ...]
    design: Design | None
    told: tuple[Told, ...]
    tallies: tuple[Tally, ...]
    verdicts: tuple[Verdict, ...]
    packets: tuple[Packet, ...]
    approvals: tuple[Approval, ...]
    grants: tuple[Grant, ...]
    drafts: tuple[Draft, ...]
    reviews: tuple[Review, ...]
    publications: tuple[Publication, ...]
    notices: tuple[Notice, ...]
    pages: tuple[Page, ...]
    report: Report | None
    reading: Report | None
    ledger: tuple[LedgerEntry, ...]
    applications: tuple[Application, ...]
    application_events: tuple[ApplicationEvent, ...]
    keys: tuple[GrantKey, ...]
    revocations: tuple[Revocation, ...]
    withdrawal_acts: tuple[WithdrawalAct, ...]
    redrafts: tuple[Redraft, ...]
    deliveries: tuple[EssayDelivery, ...]
    reader_reports: tuple[ReaderReport, ...]
    usage_audits: tuple[UsageAudit, ...]
    readings: tuple[SourceReading, ...]
    incidents: tuple[Incident, ...]
    incident_acts: tuple[IncidentAct, ...]
    tellings: tuple[IncidentTelling, ...]
    replay_runs: tuple[ReplayRun, ...]
    follow_ups: tuple[FollowUp, ...]
    retrospectives: tuple[Retrospective, ...]
    checklist_acts: tuple[ChecklistAct, ...]
    closing_signatures: tuple[ClosingSignature, ...]
    closing: Closing | None
    checklist: tuple[Standing, ...]


def hold(config: RetirementConfig, book: Book, *, audit: AuditReport | None = None) -> Dossier:
    """Read everything of one model. Reads the records and the codebook only.

    Args:
        config: the model's.
        book: the records.
        audit: the chain as just verified; left out, what it tells of the model is verified here.
    """
    audit, model = audit or book.verify_model(config.id), config.id
    with book.reading() as session:
        design = latest_design(session, model)
        named = {
            **_until_decision(session, model),
            **_after_decision(session, model),
            **_watched(session, model),
        }
        runs: tuple[ReplayRun, ...] = named["replay_runs"]
        shown = (*named["verdicts"], *named["drafts"], *named["incidents"], *runs)
        as_of = _last_entry_at(session, model)
        shown += (*named["readings"], *named["follow_ups"])
        return Dossier(
            simulated=is_simulated(session, model) or any(row.simulated for row in shown),
            as_of=as_of,
            audit=audit,
            own_entries=_own_entries(session, model),
            labels=_labels(config),
            retirement=session.get(Retirement, model),
            editions=_editions(session, model),
            events=preservation_events(session, model),
            design=design,
            told=told_of(session, design) if design else (),
            tallies=_tallies(session, design.digest) if design else (),
            report=latest_report(session, model),
            reading=next(iter(_rows(session, Report, model, "made_at", "id")[::-1]), None),
            closing=session.get(Closing, model),
            checklist=_checklist(config, session, as_of, audit),
            **named,
        )


def _until_decision(session: Session, model: str) -> dict[str, Any]:
    return {
        "statuses": _rows(session, StageStatus, model, "stage"),
        "checks": _rows(session, LifecycleCheck, model, "checked_at", "id"),
        "packages": _rows(session, Package, model, "created_at", "id"),
        "replicas": _rows(session, Replica, model, "package_id", "name"),
        "verdicts": tuple(verdicts_of(session, model)),
        "ledger": _rows(session, LedgerEntry, model, "entered_at", "id"),
        "packets": _rows(session, Packet, model, "proposed_at", "digest"),
        "approvals": _rows(session, Approval, model, "received_at", "id"),
    }


def _after_decision(session: Session, model: str) -> dict[str, Any]:
    return {
        "grants": _rows(session, Grant, model, "starts_at", "kind", "id"),
        "keys": _rows(session, GrantKey, model, "issued_at", "id"),
        "revocations": _rows(session, Revocation, model, "received_at", "id"),
        "withdrawal_acts": _rows(session, WithdrawalAct, model, "received_at", "id"),
        "applications": _rows(session, Application, model, "received_at", "id"),
        "application_events": _rows(session, ApplicationEvent, model, "at", "id"),
        "drafts": _rows(session, Draft, model, "number", "slot_id"),
        "redrafts": _rows(session, Redraft, model, "slot_id", "number"),
        "reviews": _rows(session, Review, model, "received_at", "id"),
        "publications": _rows(session, Publication, model, "published_at", "slot_id"),
        "deliveries": _rows(session, EssayDelivery, model, "intended_at", "slot_id", "target"),
        "reader_reports": _rows(session, ReaderReport, model, "received_at", "id"),
        "notices": _rows(session, Notice, model, "intended_at", "contact", "id"),
        "pages": _rows(session, Page, model, "name"),
    }


def _watched(session: Session, model: str) -> dict[str, Any]:
    readings = _rows(session, SourceReading, model, "read_at", "id")
    latest = {row.source: row for row in readings}
    return {
        "usage_audits": _rows(session, UsageAudit, model, "made_at", "id"),
        "readings": tuple(latest[name] for name in sorted(latest)),
        "incidents": _rows(session, Incident, model, "raised_at", "id"),
        "incident_acts": _rows(session, IncidentAct, model, "received_at", "id"),
        "tellings": _rows(session, IncidentTelling, model, "intended_at", "contact"),
        "replay_runs": _rows(session, ReplayRun, model, "started_at", "id"),
        "follow_ups": _rows(session, FollowUp, model, "number", "digest"),
        "retrospectives": _rows(session, Retrospective, model, "made_at", "id"),
        "checklist_acts": _rows(session, ChecklistAct, model, "received_at", "id"),
        "closing_signatures": _rows(session, ClosingSignature, model, "received_at", "id"),
    }


def _rows(session: Session, table: type[_Row], model: str, *order: str) -> tuple[_Row, ...]:
    found = select(table).filter_by(model_id=model)
    return tuple(session.exec(found.order_by(*(getattr(table, name) for name in order))))


def _editions(session: Session, model: str) -> dict[str, EditionForm]:
    """Without the bags' bytes, which can be many."""
    found = session.exec(
        select(Edition.id, Edition.form, Edition.recipients).where(Edition.model_id == model)
    )
    return {key: EditionForm(form, tuple(recipients.split())) for key, form, recipients in found}


def _last_entry_at(session: Session, model: str) -> datetime | None:
    return session.exec(
        select(AuditEntry.at)
        .where(AuditEntry.model_id == model)
        .order_by(col(AuditEntry.seq).desc())
    ).first()


def _checklist(
    config: RetirementConfig, session: Session, as_of: datetime | None, audit: AuditReport
) -> tuple[Standing, ...]:
    """As it stood at the last recorded change; none before the first, or for lines that clash."""
    if as_of is None:
        return ()
    try:
        return checklist_of(config, session, as_of, audit).lines
    except ConfigError:
        return ()  # the stage tells of it


def _own_entries(session: Session, model: str) -> int:
    counted = select(func.count()).select_from(AuditEntry)
    return session.exec(counted.where(AuditEntry.model_id == model)).one()


def _tallies(session: Session, design: str) -> tuple[Tally, ...]:
    found = session.exec(
        select(
            col(Conversation.wave),
            col(Conversation.outcome),
            func.count(),
            func.min(Conversation.asked_at),
        )
        .where(Conversation.design_digest == design)
        .group_by(col(Conversation.wave), col(Conversation.outcome))
        .order_by(col(Conversation.wave), col(Conversation.outcome))
    )
    return tuple(Tally(*row) for row in found)


def _labels(config: RetirementConfig) -> dict[str, str]:
    path = INSTRUMENTS / config.interviews.instrument_folder / "codebook.yaml"
    try:
        return {theme.id: theme.label for theme in load_as(Codebook, path).themes}
    except ConfigError:
        return {}  # ids stand in
