"""Making approved essays public, and the pages that tell of them.

An essay's files and its `Publication` row stand in one transaction, the files first: a person's
act comes before it or after it and never between, and after a kill the next pass finds the files
identical, writes none of them, and adds the row.
"""

import json

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.essays.core import SlotRecord, Standing
from tasks.essays.pages import style
from tasks.essays.provenance import TEXT, approved_files, essay_path, statement_of
from tasks.essays.review_page import review_files
from tasks.essays.site import INDEX, STYLE, Channel, essay_of, essay_page, site_files
from tasks.essays.statement import REVIEW_NAMESPACE
from tasks.essays.view import (
    SITE_PAGE,
    public_slots,
    review_page_name,
    reviews_folder,
    situation,
    slot_record,
    slots_of,
    told_of,
    wanted_pages,
)
from tasks.kernel.digests import digest_of, sha256_hex
from tasks.kernel.errors import PublicationRefused
from tasks.ports.publisher import Publisher
from tasks.records import Fence
from tasks.records.communication import Page
from tasks.records.essay import Draft, Publication
from tasks.records.retirement import Retirement


def publish_essay(config: RetirementConfig, fence: Fence, slot_id: str) -> None:
    """Publish one approved essay, byte for byte. Safe to repeat.

    Raises:
        PublicationRefused: not what was approved, or other bytes are public under its name.
        SignatureRefused: the approval's signature does not count.
        OSError: the site can't be written; nothing is recorded.
    """
    with wiring.book().reading() as session:
        before = slot_record(session, session.get_one(Draft, slot_id))
    if before.standing is Standing.PUBLISHED:
        return
    files = approved_files(before)
    _check_signature(config, before)
    site, now = wiring.publisher(config.essays), wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        draft = writing.session.get_one(Draft, slot_id, with_for_update=True)
        slot = slot_record(writing.session, draft)
        if slot.standing is not Standing.APPROVED or approved_files(slot) != files:
            return  # somebody acted meanwhile; the next look goes by that
        _refuse_other_bytes(site, slot, files)
        channel = _channel(config, (slot,))
        page = essay_page(essay_of(channel, slot), site_title=config.essays.site_title)
        site.publish({STYLE: style(), **files, essay_path(slot_id, "index.html"): page})
        row = Publication(
            slot_id=slot_id,
            model_id=config.id,
            sha256=draft.sha256,
            location=site.location(essay_path(slot_id, "index.html")),
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
    site = wiring.publisher(config.essays)
    _refuse_other_bytes(site, slot, files)
    essay = essay_of(_channel(config, (slot,)), slot)
    page = essay_page(essay, site_title=config.essays.site_title)
    path = essay_path(slot.draft.slot_id, "index.html")
    site.publish({STYLE: style(), **files, path: page})


def make_pages(config: RetirementConfig, fence: Fence) -> None:
    """Make the review pages and the site that tell less than the records. Safe to repeat."""
    with wiring.book().reading() as session:
        found = situation(config, session)
    for slot in found.slots:
        name = review_page_name(slot.draft.slot_id)
        if name in found.stale_pages:
            _make_review_page(config, fence, slot, name)
    if SITE_PAGE in found.stale_pages:
        _make_site(config, fence)


def _check_signature(config: RetirementConfig, slot: SlotRecord) -> None:
    """A row says that somebody signed; the signature itself proves it."""
    approval = slot.approval
    if approval is None:
        raise PublicationRefused(f"{slot.draft.slot_id}: no approval is in force")
    signer = wiring.signatures(config.access).verify(
        statement_of(approval),
        approval.signature,
        namespace=REVIEW_NAMESPACE,
        person=approval.person,
        at=approval.received_at,
    )
    if signer.fingerprint != approval.fingerprint:
        raise PublicationRefused(
            f"{slot.draft.slot_id}: the approval was signed with {signer.fingerprint}, while its "
            f"row names {approval.fingerprint}; run `emeritus audit verify`"
        )


def _refuse_other_bytes(site: Publisher, slot: SlotRecord, files: dict[str, bytes]) -> None:
    path = essay_path(slot.draft.slot_id, TEXT)
    public = site.read(path)
    if public is not None and public != files[path]:
        raise PublicationRefused(
            f"{site.location(path)} holds other bytes than the approved ones; published essays "
            "never change: find out who wrote it, and move it away"
        )


def _make_review_page(config: RetirementConfig, fence: Fence, slot: SlotRecord, name: str) -> None:
    private = config.essays.model_copy(update={"site_folder": reviews_folder(config)})
    files = review_files(
        slot, display_name=config.display_name, disclaimer=config.essays.disclaimer
    )
    place, page = wiring.publisher(private), list(files)[-1]
    place.publish(files)
    basis = wanted_pages(config, (slot,))[name]
    _record_page(config, fence, name, location=place.location(page), data=files[page], basis=basis)


def _make_site(config: RetirementConfig, fence: Fence) -> None:
    """Build until nothing changed meanwhile: another model's pass may share the site."""
    site, built = wiring.publisher(config.essays), ""
    while True:
        with wiring.book().reading() as session:
            channels = _channels(config, session)
        told = digest_of([[c.model_id, c.disclaimer, told_of(c.slots)] for c in channels])
        if told == built:
            break
        files = site_files(channels, site_title=config.essays.site_title)
        site.publish(files)
        built = told
    own = next(channel.slots for channel in channels if channel.model_id == config.id)
    basis = wanted_pages(config, own)[SITE_PAGE]
    _record_page(
        config, fence, SITE_PAGE, location=site.location(INDEX), data=files[INDEX], basis=basis
    )


def _channels(config: RetirementConfig, session: Session) -> list[Channel]:
    """This model's channel, and those of models that publish into the same folder."""
    channels = [_channel(config, public_slots(slots_of(session, config.id)))]
    others = select(Retirement).where(Retirement.model_id != config.id)
    for row in session.exec(others.order_by(col(Retirement.model_id))):
        essays = json.loads(row.config_json).get("essays", {})
        slots = public_slots(slots_of(session, row.model_id))
        if slots and essays.get("site_folder") == str(config.essays.site_folder):
            channels.append(
                Channel(row.model_id, row.display_name, str(essays["disclaimer"]), slots)
            )
    return sorted(channels, key=lambda channel: channel.model_id)


def _channel(config: RetirementConfig, slots: tuple[SlotRecord, ...]) -> Channel:
    return Channel(config.id, config.display_name, config.essays.disclaimer, slots)


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
