"""Making approved essays public, and the pages that tell of them.

An essay's files and its `Publication` row stand in one transaction, the files first: a person's
act comes before it or after it and never between, and after a kill the next pass finds the files
identical, writes none of them, and adds the row.
"""

import json
from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from configs.schema.essays import EssaysConfig
from tasks import wiring
from tasks.essays.provenance import (
    approved_files,
    essay_path,
    withdrawal_files,
    withdrawn_paths,
)
from tasks.essays.review_page import handbook_files, review_files
from tasks.essays.rows import slot_record, slots_of
from tasks.essays.site.build import build
from tasks.essays.site.content import Channel, Site
from tasks.essays.site.looks import looks
from tasks.essays.site.plan import essay_files
from tasks.essays.site.quarterly import quarterly
from tasks.essays.site.writer import INDEX
from tasks.essays.slot_record import SlotRecord, Standing
from tasks.essays.statement import REVIEW_NAMESPACE, TEXT, says
from tasks.essays.transparency import quarters_of
from tasks.essays.view import (
    HANDBOOK_PAGE,
    SITE_PAGE,
    handbook_basis,
    is_simulated,
    public_slots,
    review_page_name,
    reviews_folder,
    situation,
    told_of,
    wanted_pages,
)
from tasks.kernel.digests import digest_of, sha256_hex
from tasks.kernel.errors import PublicationRefused
from tasks.kernel.instants import to_utc
from tasks.ports.publisher import Publisher
from tasks.records import Fence
from tasks.records.communication import Page
from tasks.records.essay import Draft, Publication, Review
from tasks.records.retirement import Retirement


def publish_essay(config: RetirementConfig, fence: Fence, slot_id: str) -> None:
    """Publish one approved essay, byte for byte. Safe to repeat.

    Raises:
        PublicationRefused: not what was approved, or other bytes are public under its name.
        SignatureRefused: the approval's signature does not count.
        OSError: the site can't be written; nothing is recorded.
    """
    before = _slot(slot_id)
    if before.standing is not Standing.APPROVED:
        return
    files = approved_files(before)
    _check_signature(config, before)
    sites = wiring.sites(config.essays)
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        draft = writing.session.get_one(Draft, slot_id, with_for_update=True)
        slot = slot_record(writing.session, draft, now)
        if slot.standing is not Standing.APPROVED or approved_files(slot) != files:
            return  # somebody acted meanwhile; the next look goes by that
        pages = _essay_pages(config, slot)
        for site in sites:
            _refuse_other_bytes(site, slot, files)
            site.publish({**files, **pages})
        row = Publication(
            slot_id=slot_id,
            model_id=config.id,
            sha256=slot.current.sha256,
            location=sites[0].location(essay_path(slot_id, "index.html")),
            published_at=now,
        )
        writing.put(row, "essays.published")


def publish_again(config: RetirementConfig, slot: SlotRecord) -> None:
    """Put a published essay's missing files back, from the records. Safe to repeat.

    Raises:
        PublicationRefused: the records don't hold what was approved, or other bytes are public.
        SignatureRefused: the approval's signature does not count.
    """
    files = approved_files(slot)
    _check_signature(config, slot)
    pages = _essay_pages(config, slot)
    for site in wiring.sites(config.essays):
        _refuse_other_bytes(site, slot, files)
        site.publish({**files, **pages})


def withdraw_essay(config: RetirementConfig, fence: Fence, slot_id: str) -> None:
    """Take a withdrawn essay's text from the site, and put a tombstone in its place.

    The tombstone stands before the text goes, so that its address never leads nowhere. Safe to
    repeat.

    Raises:
        SignatureRefused: a withdrawal's signature does not count.
        OSError: the site can't be written; nothing is recorded.
    """
    now = wiring.clock().now()
    before = _slot(slot_id)
    for review in before.withdrawals:
        _check_review(config, review)
    with wiring.book().writing(now, fence=fence) as writing:
        draft = writing.session.get_one(Draft, slot_id, with_for_update=True)
        slot = slot_record(writing.session, draft, now)
        row = slot.publication
        if row is None or slot.standing is not Standing.WITHDRAWN or row.withdrawn_at is not None:
            return
        row.withdrawn_at = now  # the tombstone tells it
        files = {**withdrawal_files(slot), **_essay_pages(config, slot)}
        for site in wiring.sites(config.essays):
            site.publish(files)
            site.remove(withdrawn_paths(slot_id))
        writing.put(row, "essays.withdrawn")


def make_pages(config: RetirementConfig, fence: Fence) -> None:
    """Make the review pages and the site that tell less than the records. Safe to repeat."""
    now = wiring.clock().now()
    with wiring.book().reading() as session:
        found = situation(config, session, now)
    for slot in found.slots:
        name = review_page_name(slot.draft.slot_id)
        if name in found.stale_pages:
            _make_review_page(config, fence, slot, name)
    if HANDBOOK_PAGE in found.stale_pages:
        _make_handbook(config, fence, simulated=is_simulated(found.slots))
    if SITE_PAGE in found.stale_pages:
        _make_site(config, fence)


def _slot(slot_id: str) -> SlotRecord:
    with wiring.book().reading() as session:
        return slot_record(session, session.get_one(Draft, slot_id), wiring.clock().now())


def _check_signature(config: RetirementConfig, slot: SlotRecord) -> None:
    approval = slot.approval
    if approval is None:
        raise PublicationRefused(f"{slot.draft.slot_id}: no approval is in force")
    _check_review(config, approval)


def _check_review(config: RetirementConfig, review: Review) -> None:
    """A row says that somebody signed this; the signature itself proves it."""
    if not says(review):
        raise PublicationRefused(
            f"{review.slot_id}: what {review.person} signed is not what the row of the "
            f"{review.action} tells; run `emeritus audit verify`"
        )
    signer = wiring.signatures(config.access).verify(
        review.statement.encode(),
        review.signature,
        namespace=REVIEW_NAMESPACE,
        person=review.person,
        at=review.received_at,
    )
    if signer.fingerprint != review.fingerprint:
        raise PublicationRefused(
            f"{review.slot_id}: the {review.action} was signed with {signer.fingerprint}, while "
            f"its row names {review.fingerprint}; run `emeritus audit verify`"
        )


def _refuse_other_bytes(site: Publisher, slot: SlotRecord, files: dict[str, bytes]) -> None:
    path = essay_path(slot.draft.slot_id, TEXT)
    public = site.read(path)
    if public is not None and public != files[path]:
        raise PublicationRefused(
            f"{site.location(path)} holds other bytes than the approved ones; published essays "
            "never change: find out who wrote it, and move it away"
        )


def _essay_pages(config: RetirementConfig, slot: SlotRecord) -> dict[str, bytes]:
    """An essay's own pages as the whole site has them, and what they need to look right."""
    with wiring.book().reading() as session:
        site = _site(config, session)
    slot_id = slot.draft.slot_id
    channels = tuple(
        replace(c, slots=tuple(slot if s.draft.slot_id == slot_id else s for s in c.slots))
        for c in site.channels
    )
    return essay_files(replace(site, channels=channels, publishing=frozenset([slot_id])), slot_id)


def _make_review_page(config: RetirementConfig, fence: Fence, slot: SlotRecord, name: str) -> None:
    files = review_files(config, slot, to_utc(wiring.clock().now()).date())
    place, page = wiring.review_pages(reviews_folder(config)), list(files)[-1]
    place.publish(files)
    basis = wanted_pages(config, (slot,))[name]
    _record_page(config, fence, name, location=place.location(page), data=files[page], basis=basis)


def _make_handbook(config: RetirementConfig, fence: Fence, *, simulated: bool) -> None:
    files = handbook_files(config, simulated=simulated)
    place, page = wiring.review_pages(reviews_folder(config)), list(files)[-1]
    place.publish(files)
    basis = handbook_basis(config, simulated=simulated)
    where = place.location(page)
    _record_page(config, fence, HANDBOOK_PAGE, location=where, data=files[page], basis=basis)


def _make_site(config: RetirementConfig, fence: Fence) -> None:
    """Build until nothing changed meanwhile: another model's pass may share the site."""
    places, built, now = wiring.sites(config.essays), "", wiring.clock().now()
    while True:
        with wiring.book().reading() as session:
            site = _site(config, session)
        quarters = [str(q) for c in site.channels for q in quarters_of(c.slots, now)]
        told = _told(site, quarters)
        if told == built:
            break
        reports, made = quarterly(site, now)
        site = replace(site, reports=reports, made=made)
        for place in places:  # the folder first; reading a whole bucket would take minutes
            compare = place is places[0]
            build(site, place, wiring.site_records(), told=told, compare=compare)
        built = told
    own = next(channel.slots for channel in site.channels if channel.model_id == config.id)
    basis = wanted_pages(config, own)[SITE_PAGE]
    data = places[0].read(INDEX) or b""
    location = places[0].location(INDEX)
    _record_page(config, fence, SITE_PAGE, location=location, data=data, basis=basis)


def _site(config: RetirementConfig, session: Session) -> Site:
    """All that the site tells: this model's channel, and those of models that share its folder."""
    url = config.essays.site_url.rstrip("/")
    return Site(config.essays.site_title, url, tuple(_channels(config, session)))


def _told(site: Site, quarters: list[str]) -> str:
    """Digest of all that the site tells and of how it looks; reports follow from slots."""
    return digest_of(
        [
            looks(),
            [site.title, site.url],
            [
                [c.model_id, c.display_name, c.essays.model_dump(mode="json"), told_of(c.slots)]
                for c in site.channels
            ],
            quarters,
        ]
    )


def _channels(config: RetirementConfig, session: Session) -> list[Channel]:
    """This model's channel, and those of models that publish into the same folder."""
    channels = [_channel(config, public_slots(slots_of(session, config.id, wiring.clock().now())))]
    others = select(Retirement).where(Retirement.model_id != config.id)
    for row in session.exec(others.order_by(col(Retirement.model_id))):
        essays = json.loads(row.config_json).get("essays", {})
        slots = public_slots(slots_of(session, row.model_id, wiring.clock().now()))
        if slots and essays.get("site_folder") == str(config.essays.site_folder):
            channels.append(Channel(row.model_id, row.display_name, _settings(essays), slots))
    return sorted(channels, key=lambda channel: channel.model_id)


def _settings(recorded: dict[str, Any]) -> EssaysConfig:
    """Another model's settings; of an earlier version's, those that still have a name."""
    known = {name: recorded[name] for name in EssaysConfig.model_fields if name in recorded}
    try:
        return EssaysConfig.model_validate_json(json.dumps(known))
    except ValidationError:  # its own next pass records them anew
        return EssaysConfig(disclaimer=str(recorded["disclaimer"]))


def _channel(config: RetirementConfig, slots: tuple[SlotRecord, ...]) -> Channel:
    return Channel(config.id, config.display_name, config.essays, slots)


def _record_page(
    config: RetirementConfig, fence: Fence, name: str, *, location: str, data: bytes, basis: str
) -> None:
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get(Page, (config.id, name)) or Page(
            model_id=config.id, name=name, location="", sha256="", basis="", made_at=now
        )
        row.location, row.sha256, row.basis, row.made_at = location, sha256_hex(data), basis, now
        writing.put(row, "essays.page_made")
