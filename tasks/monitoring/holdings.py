"""All that the records hold of one model, read for its dossier."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import func
from sqlmodel import Session, col, select

from configs.errors import ConfigError
from configs.load import INSTRUMENTS, load_as
from configs.schema import RetirementConfig
from configs.schema.instrument import Codebook
from tasks.monitoring.happened import preservation_events
from tasks.records import Book
from tasks.records.access import Approval, Grant, Packet
from tasks.records.audit import AuditEntry, AuditReport
from tasks.records.candidate import LifecycleCheck
from tasks.records.columns import Row
from tasks.records.communication import Notice, Page
from tasks.records.essay import Draft, Publication, Review
from tasks.records.interview import Conversation, Design
from tasks.records.latest import is_simulated, latest_design, latest_report, verdicts_of
from tasks.records.monitoring import Report
from tasks.records.preservation import Edition, Package, PreservationEvent, Replica
from tasks.records.retirement import Retirement, StageStatus
from tasks.records.validation import Verdict

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

    `design`, `tallies` and `verdicts` are those of the design in force; `report` is the
    latest one that read its log, `reading` the latest attempt. `as_of` is the time of the last
    audit entry; `labels` maps a theme to a person's words; `editions` maps an edition's id to its
    form.
    """

    simulated: bool
    as_of: datetime | None
    audit: AuditReport
    labels: dict[str, str]
    retirement: Retirement | None
    statuses: tuple[StageStatus, ...]
    checks: tuple[LifecycleCheck, ...]
    packages: tuple[Package, ...]
    replicas: tuple[Replica, ...]
    editions: dict[str, EditionForm]
    events: tuple[PreservationEvent, ...]
    design: Design | None
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


def hold(config: RetirementConfig, book: Book) -> Dossier:
    """Read everything of one model. Reads the records and the codebook only."""
    audit, model = book.verify_audit(), config.id
    with book.reading() as session:
        design = latest_design(session, model)
        verdicts = tuple(verdicts_of(session, model))
        drafts = _rows(session, Draft, model, "number", "slot_id")
        return Dossier(
            simulated=is_simulated(session, model)
            or any(v.simulated for v in verdicts)
            or any(d.simulated for d in drafts),
            as_of=_last_entry_at(session, model),
            audit=audit,
            labels=_labels(config),
            retirement=session.get(Retirement, model),
            statuses=_rows(session, StageStatus, model, "stage"),
            checks=_rows(session, LifecycleCheck, model, "checked_at", "id"),
            packages=_rows(session, Package, model, "created_at", "id"),
            replicas=_rows(session, Replica, model, "package_id", "name"),
            editions=_editions(session, model),
            events=preservation_events(session, model),
            design=design,
            tallies=_tallies(session, design.digest) if design else (),
            verdicts=verdicts,
            packets=_rows(session, Packet, model, "proposed_at", "digest"),
            approvals=_rows(session, Approval, model, "received_at", "id"),
            grants=_rows(session, Grant, model, "starts_at", "kind", "id"),
            drafts=drafts,
            reviews=_rows(session, Review, model, "received_at", "id"),
            publications=_rows(session, Publication, model, "published_at", "slot_id"),
            notices=_rows(session, Notice, model, "intended_at", "contact", "id"),
            pages=_rows(session, Page, model, "name"),
            report=latest_report(session, model),
            reading=next(iter(_rows(session, Report, model, "made_at", "id")[::-1]), None),
        )


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
