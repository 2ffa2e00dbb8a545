"""What the records say of the essay channel."""

from datetime import datetime
from pathlib import Path

from sqlmodel import Session, select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.essays.act_files import act_files
from tasks.essays.core import Situation, assess_essays
from tasks.essays.delivering import undelivered
from tasks.essays.policy import policy_digest
from tasks.essays.public import compare_public
from tasks.essays.reader_reports import inbox_trouble, unread_reports
from tasks.essays.rows import slots_of
from tasks.essays.site.build import is_whole
from tasks.essays.site.looks import looks
from tasks.essays.slot_record import PUBLIC, SlotRecord
from tasks.essays.transparency import quarters_of
from tasks.kernel.digests import digest_of
from tasks.kernel.stages import Assessment
from tasks.records import Book
from tasks.records.access import Grant
from tasks.records.communication import Page
from tasks.records.interview import Design
from tasks.records.validation import Verdict

CHANNEL = "essay_channel"
SITE_PAGE = "essays/site"
HANDBOOK_PAGE = "essays/handbook"
_REVIEW_PAGE = "essays/review/"


def review_page_name(slot_id: str) -> str:
    """Name of a slot's review page among the `Page` rows."""
    return _REVIEW_PAGE + slot_id


def situation(config: RetirementConfig, session: Session, now: datetime) -> Situation:
    """All that decides how the stage stands."""
    slots = slots_of(session, config.id, now)
    pages = {
        page.name: page for page in session.exec(select(Page).where(Page.model_id == config.id))
    }
    grants = session.exec(
        select(Grant).where(Grant.model_id == config.id, Grant.kind == CHANNEL)
    ).all()
    wanted = wanted_pages(config, slots)
    altered, gone = compare_public(config, slots)
    public = frozenset(s.draft.slot_id for s in slots if s.standing in PUBLIC)
    files = act_files(config, slots, wiring.signatures(config.access), now)
    return Situation(
        verdict=latest_verdict(session, config.id, config.essays.preference_theme),
        grants=tuple(grants),
        slots=slots,
        altered=altered,
        gone=gone,
        undelivered=undelivered(config, session, slots),
        unread=(*unread_reports(config, public), *(path.name for path, _ in files.fresh)),
        trouble=(
            *inbox_trouble(config, public),
            *(f"{path.name} does not count: {why}" for path, why in files.refused),
        ),
        stale_pages=tuple(
            name
            for name, basis in wanted.items()
            if name not in pages
            or pages[name].basis != basis
            or (name == SITE_PAGE and not _site_is_whole(config))
        ),
        review_pages=tuple(
            (name.removeprefix(_REVIEW_PAGE), page.location)
            for name, page in pages.items()
            if name.startswith(_REVIEW_PAGE)
        ),
    )


def latest_verdict(session: Session, model_id: str, theme: str) -> Verdict | None:
    """The verdict on a theme under the design that was registered last among the judged ones.

    A newer design that is not judged yet takes nothing back.
    """
    verdicts = session.exec(
        select(Verdict).where(Verdict.model_id == model_id, Verdict.theme == theme)
    ).all()
    designs = session.exec(select(Design).where(Design.model_id == model_id)).all()
    registered = {design.digest: design.registered_at for design in designs}
    return max(
        verdicts,
        key=lambda v: (registered.get(v.design_digest, v.judged_at), v.judged_at),
        default=None,
    )


def wanted_pages(config: RetirementConfig, slots: tuple[SlotRecord, ...]) -> dict[str, str]:
    """Page name -> digest of what the page is to tell: for each written draft, and the site."""
    policy = policy_digest(config.essays)
    pages = {
        review_page_name(slot.draft.slot_id): digest_of([policy, told_of((slot,))])
        for slot in slots
        if slot.draft.outcome == "drafted" and slot.is_intact
    }
    if slots:
        pages[HANDBOOK_PAGE] = handbook_basis(config, simulated=is_simulated(slots))
    public = public_slots(slots)
    if public:
        essays = config.essays
        settings = essays.model_dump(mode="json", exclude={"context", "targets"})
        over = [str(quarter) for quarter in quarters_of(public, public[0].at)]
        told = [config.display_name, settings, policy, looks(), over, told_of(public)]
        pages[SITE_PAGE] = digest_of(told)
    return pages


def _site_is_whole(config: RetirementConfig) -> bool:
    return is_whole(wiring.publisher(config.essays), wiring.site_records())


def is_simulated(slots: tuple[SlotRecord, ...]) -> bool:
    """Whether a simulation writes in the model's place."""
    return any(slot.draft.simulated for slot in slots)


def handbook_basis(config: RetirementConfig, *, simulated: bool) -> str:
    """Digest of what the reviewer's handbook tells."""
    essays = config.essays
    told = [policy_digest(essays), config.display_name, essays.disclaimer, simulated]
    return digest_of(told)


def public_slots(slots: tuple[SlotRecord, ...]) -> tuple[SlotRecord, ...]:
    """The slots that the site lists: all but one that is being asked."""
    return tuple(slot for slot in slots if slot.draft.outcome != "asked")


def told_of(slots: tuple[SlotRecord, ...]) -> list[list[object]]:
    """What pages tell of slots, as JSON values; texts by their digest."""
    return [
        [
            slot.draft.slot_id,
            slot.draft.outcome,
            slot.draft.sha256,
            slot.draft.findings,
            [[text.outcome, text.sha256, text.findings] for text in slot.redrafts],
            [review.witness() for review in slot.reviews],
            [report.witness() for report in slot.reports],
            slot.publication.witness() if slot.publication else None,
            str(slot.standing),
        ]
        for slot in slots
    ]


def reviews_folder(config: RetirementConfig) -> Path:
    """Where review pages lie: with the reports, never where essays or help pages are public."""
    return config.monitoring.reports_folder


def assess(config: RetirementConfig, book: Book, now: datetime) -> Assessment:
    """How the stage stands. Reads records, and what is public of them."""
    with book.reading() as session:
        found = situation(config, session, now)
    return assess_essays(config.id, config.essays, found, now)
