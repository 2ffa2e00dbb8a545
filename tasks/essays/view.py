"""What the records say of the essay channel."""

from datetime import datetime
from pathlib import Path

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks.essays.core import Situation, SlotRecord, assess_essays
from tasks.essays.public import compare_public
from tasks.kernel.digests import digest_of
from tasks.kernel.stages import Assessment
from tasks.records import Book
from tasks.records.access import Grant
from tasks.records.communication import Page
from tasks.records.essay import Draft, Publication, Review
from tasks.records.interview import Design
from tasks.records.validation import Verdict

CHANNEL = "essay_channel"
SITE_PAGE = "essays/site"
_REVIEW_PAGE = "essays/review/"


def review_page_name(slot_id: str) -> str:
    """Name of a slot's review page among the `Page` rows."""
    return _REVIEW_PAGE + slot_id


def slot_record(session: Session, draft: Draft) -> SlotRecord:
    """All rows of a draft's slot."""
    reviews = session.exec(
        select(Review)
        .where(Review.slot_id == draft.slot_id)
        .order_by(col(Review.received_at), col(Review.id))
    ).all()
    return SlotRecord(draft, tuple(reviews), session.get(Publication, draft.slot_id))


def slots_of(session: Session, model_id: str) -> tuple[SlotRecord, ...]:
    """All slots of a model that have a row, in order."""
    drafts = session.exec(
        select(Draft).where(Draft.model_id == model_id).order_by(col(Draft.number))
    ).all()
    return tuple(slot_record(session, draft) for draft in drafts)


def situation(config: RetirementConfig, session: Session) -> Situation:
    """All that decides how the stage stands."""
    slots = slots_of(session, config.id)
    pages = {
        page.name: page for page in session.exec(select(Page).where(Page.model_id == config.id))
    }
    grants = session.exec(
        select(Grant).where(Grant.model_id == config.id, Grant.kind == CHANNEL)
    ).all()
    wanted = wanted_pages(config, slots)
    altered, gone = compare_public(config, slots)
    return Situation(
        verdict=latest_verdict(session, config.id, config.essays.preference_theme),
        grants=tuple(grants),
        slots=slots,
        altered=altered,
        gone=gone,
        stale_pages=tuple(
            name
            for name, basis in wanted.items()
            if name not in pages or pages[name].basis != basis
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
    pages = {
        review_page_name(slot.draft.slot_id): digest_of(told_of((slot,)))
        for slot in slots
        if slot.draft.outcome == "drafted" and slot.is_intact
    }
    public = public_slots(slots)
    if public:
        essays = config.essays
        settings = [essays.site_title, essays.disclaimer, str(essays.site_folder)]
        pages[SITE_PAGE] = digest_of([config.display_name, *settings, told_of(public)])
    return pages


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
            [review.witness() for review in slot.reviews],
            slot.publication is not None,
        ]
        for slot in slots
    ]


def reviews_folder(config: RetirementConfig) -> Path:
    """Where review pages lie: with the reports, never where essays or help pages are public."""
    return config.monitoring.reports_folder


def assess(config: RetirementConfig, book: Book, now: datetime) -> Assessment:
    """How the stage stands. Reads records, and what is public of them."""
    with book.reading() as session:
        found = situation(config, session)
    return assess_essays(config.id, config.essays, found, now)
