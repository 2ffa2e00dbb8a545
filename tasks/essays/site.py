"""The site of published essays: pages, index and feed, from records. Pure but for templates."""

import json
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup, escape

from tasks.essays.characters import visible
from tasks.essays.core import SlotRecord, Standing
from tasks.essays.markup import render, title_of
from tasks.essays.pages import fill, style
from tasks.essays.provenance import essay_path, verify_commands
from tasks.kernel.errors import PublicationRefused
from tasks.kernel.instants import to_text
from tasks.kernel.labels import labelled

INDEX, FEED, STYLE = "index.html", "feed.xml", "style.css"

_ATOM = "http://www.w3.org/2005/Atom"
_IDS = uuid.UUID("6d1f0c1e-6f0b-5d3c-9a54-1f3b1f0f9d11")


@dataclass(frozen=True, slots=True)
class Channel:
    """One model's part of a site."""

    model_id: str
    display_name: str
    disclaimer: str
    slots: tuple[SlotRecord, ...]


@dataclass(frozen=True, slots=True)
class Essay:
    """One published essay as pages show it."""

    channel: Channel
    slot: SlotRecord
    title: str
    html: Markup
    approved_at: datetime

    @property
    def simulated(self) -> bool:
        """Whether a simulation wrote it."""
        return self.slot.draft.simulated

    @property
    def folder(self) -> str:
        """Its folder on the site, with a closing slash."""
        return essay_path(self.slot.draft.slot_id)


def essay_of(channel: Channel, slot: SlotRecord) -> Essay:
    """A published or just approved slot, rendered.

    Raises:
        PublicationRefused: nobody approved it, or its text is not the one that was approved.
    """
    approvals = [review for review in slot.counted if review.action == "approve"]
    if not approvals or not slot.is_intact:
        raise PublicationRefused(
            f"{slot.draft.slot_id}: the text in the records is not one that a person approved; "
            "run `emeritus audit verify` and restore the row from a backup"
        )
    return Essay(
        channel=channel,
        slot=slot,
        title=title_of(slot.draft.text) or f"Untitled ({slot.draft.slot_id})",
        html=Markup(render(slot.draft.text)),  # noqa: S704  # an allow-list made it
        approved_at=approvals[-1].received_at,
    )


def essay_page(essay: Essay, *, site_title: str) -> bytes:
    """`essays/<slot>/index.html`."""
    decision = [r for r in essay.slot.counted if r.action == "approve"][-1]
    return fill(
        "essay.html.j2",
        root="../../",
        site_title=site_title,
        essay=essay,
        has_heading=bool(title_of(essay.slot.draft.text)),
        draft=essay.slot.draft,
        decision=decision,
        verify=verify_commands(decision.person),
        disclaimers=[essay.channel.disclaimer],
        simulated=essay.simulated,
    )


def site_files(channels: list[Channel], *, site_title: str) -> dict[str, bytes]:
    """Path -> bytes of all that changes with new essays: pages before index before feed."""
    essays = [
        essay_of(channel, slot)
        for channel in channels
        for slot in channel.slots
        if slot.standing is Standing.PUBLISHED
    ]
    essays.sort(key=lambda e: (e.approved_at, e.slot.draft.slot_id), reverse=True)
    files = {STYLE: style()}
    for essay in essays:
        files[essay.folder + "index.html"] = essay_page(essay, site_title=site_title)
    files[INDEX] = fill(
        "index.html.j2",
        root="",
        site_title=site_title,
        essays=essays,
        channels=channels,
        outcome=public_outcome,
        disclaimers=list(dict.fromkeys(channel.disclaimer for channel in channels)),
        simulated=any(slot.draft.simulated for c in channels for slot in c.slots),
    )
    files[FEED] = feed(essays, channels, site_title=site_title)
    return files


def public_outcome(slot: SlotRecord) -> str:
    """A slot's outcome as the public reads it; rationales stay with the reviewers."""
    if slot.standing is Standing.VETOED:
        return f"vetoed by two people ({', '.join(sorted({v.reason for v in slot.vetoes}))})"
    if slot.standing is Standing.HELD and slot.hold is not None:
        return f"held ({slot.hold.reason})"
    if slot.standing is Standing.MISSED:
        reasons = [finding["note"] for finding in json.loads(slot.draft.findings)]
        return f"missed ({'; '.join(reasons)})"
    if slot.standing in (Standing.ASKED, Standing.HALF_VETOED, Standing.APPROVED):
        return str(Standing.IN_REVIEW)
    return str(slot.standing)


def feed(essays: list[Essay], channels: list[Channel], *, site_title: str) -> bytes:
    """An Atom feed; an entry's id follows from its slot and digest and never changes."""
    ET.register_namespace("", _ATOM)
    root = ET.Element(f"{{{_ATOM}}}feed")
    opened = [slot.draft.opens_at for channel in channels for slot in channel.slots]
    dates = [essay.approved_at for essay in essays] or opened
    _add(root, "title", visible(site_title))
    _add(root, "id", f"urn:uuid:{uuid.uuid5(_IDS, site_title)}")
    _add(root, "updated", to_text(max(dates)))
    _add(root, "link", rel="self", href=FEED)
    _add(root, "link", rel="alternate", type="text/html", href=INDEX)
    notes = dict.fromkeys(channel.disclaimer for channel in channels)
    _add(root, "subtitle", visible(" ".join(notes)))
    for essay in essays:
        _entry(root, essay)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _entry(root: ET.Element, essay: Essay) -> None:
    entry = ET.SubElement(root, f"{{{_ATOM}}}entry")
    draft = essay.slot.draft
    _add(entry, "title", labelled(essay.title, essay.simulated))
    _add(entry, "id", f"urn:uuid:{uuid.uuid5(_IDS, f'{draft.slot_id} {draft.sha256}')}")
    _add(entry, "published", to_text(essay.approved_at))
    _add(entry, "updated", to_text(essay.approved_at))
    _add(entry, "link", rel="alternate", type="text/html", href=essay.folder + "index.html")
    author = _add(entry, "author")
    _add(author, "name", visible(essay.channel.display_name))
    note = visible(labelled(essay.channel.disclaimer, essay.simulated))
    _add(entry, "summary", note)
    body = Markup("<p><em>{}</em></p>\n{}").format(escape(note), essay.html)
    _add(entry, "content", str(body), type="html")


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    element.text = text or None
    return element
