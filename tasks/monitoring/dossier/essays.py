"""The dossier's section on essays: every text, every act, reports of readers, deliveries. Pure."""

from collections.abc import Iterable
from typing import Any

from tasks.monitoring.dossier.holdings import Dossier
from tasks.monitoring.dossier.tables import Table, code, table, when
from tasks.monitoring.words import link_to, moment
from tasks.records.essay import Draft, Publication, Redraft, Review


def essays_of(held: Dossier) -> list[dict[str, Any]]:
    """Every slot with its texts and what people did."""
    return [_essay(held, draft) for draft in held.drafts]


def deliveries_of(held: Dossier) -> Table | None:
    """What was offered to channels beside the site, with receipts."""
    rows = [
        (
            f"{row.slot_id} ({row.kind})",
            row.target,
            when(moment(row.delivered_at)) if row.delivered_at else f"no receipt; {row.problem}",
            code(row.receipt) if row.receipt else "none",
        )
        for row in held.deliveries
    ]
    heads = ("Essay", "Channel", "Delivered", "Receipt")
    return table("Deliveries to channels beside the site", heads, rows)


def _essay(held: Dossier, draft: Draft) -> dict[str, Any]:
    published = next((p for p in held.publications if p.slot_id == draft.slot_id), None)
    reviews = [r for r in held.reviews if r.slot_id == draft.slot_id]
    redrafts = [r for r in held.redrafts if r.slot_id == draft.slot_id]
    reports = [r for r in held.reader_reports if r.slot_id == draft.slot_id]
    return {
        "slot": draft.slot_id,
        "number": draft.number,
        "title": _title(draft, redrafts, published),
        "outcome": _outcome(draft, [r.action for r in reviews], published),
        "withdrawn": moment(published.withdrawn_at) if published and published.withdrawn_at else "",
        "sha256": draft.sha256,
        "redrafts": [_redraft(one) for one in redrafts],
        "reviews": [_review(review) for review in reviews],
        "reports": [
            f"{row.kind.replace('_', ' ')}, {moment(row.received_at)}, by {row.source}: {row.words}"
            for row in reports
        ],
        "published": moment(published.published_at) if published else "",
        "published_sha256": published.sha256 if published else "",
        "location": published.location if published else "",
        "link": link_to(published.location) if published else "",
    }


def _redraft(text: Redraft) -> str:
    written = moment(text.answered_at) if text.answered_at else "no answer yet"
    digest = f", SHA-256 {text.sha256}" if text.sha256 else ""
    return f"text {text.number}: {text.outcome}, {written}{digest}"


def _review(review: Review) -> str:
    why = f" ({review.reason.replace('_', ' ')})" if review.reason else ""
    about = f" of text {review.draft_sha256[:12]}"
    when_ = moment(review.received_at)
    words = f": {review.rationale}" if review.rationale else ""
    return f"{review.person}: {review.action}{why}{about}, {when_}, key {review.fingerprint}{words}"


def _outcome(draft: Draft, acts: list[str], published: Publication | None) -> str:
    if published is not None:
        return "withdrawn" if published.withdrawn_at else "published"
    if draft.outcome == "drafted":
        return f"reviewed: {', '.join(acts)}" if acts else "drafted, waits for review"
    return "no answer yet" if draft.outcome == "asked" else draft.outcome


def _title(draft: Draft, redrafts: Iterable[Redraft], published: Publication | None) -> str:
    """Of the text that is public; a withdrawn essay's own words are not repeated here."""
    if published is not None and published.withdrawn_at:
        return "Withdrawn"
    wanted = published.sha256 if published is not None else draft.sha256
    text = next((t.text for t in (draft, *redrafts) if t.sha256 == wanted), draft.text)
    lines = (line.strip(" #\t") for line in text.splitlines())
    return next((line for line in lines if line), "Untitled")[:120]
