"""What the site's pages are about. Pure."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from markupsafe import Markup

from configs.schema.essays import EssaysConfig
from tasks.essays.markup import rendered, title_of
from tasks.essays.policy import policy_digest, policy_of
from tasks.essays.provenance import essay_path
from tasks.essays.slot_record import SlotRecord, Standing
from tasks.kernel.errors import PublicationRefused
from tasks.records.essay import Draft, Redraft, Review


@dataclass(frozen=True, slots=True)
class Channel:
    """One model's part of a site."""

    model_id: str
    display_name: str
    essays: EssaysConfig
    slots: tuple[SlotRecord, ...]

    @property
    def disclaimer(self) -> str:
        """What stands on every page that shows this model's words."""
        return self.essays.disclaimer


@dataclass(frozen=True, slots=True)
class Report:
    """A page that somebody else made for the site, such as a transparency report."""

    path: str
    title: str


@dataclass(frozen=True)
class Essay:
    """A slot whose text is public, or was.

    Attributes:
        channel: whose.
        slot: its rows.
        approval: the act that made it public.
        standing: of the slot, looked up once.
    """

    channel: Channel
    slot: SlotRecord
    approval: Review
    standing: Standing

    @cached_property
    def text(self) -> Draft | Redraft:
        """The text that was approved."""
        return self.slot.current

    @property
    def slot_id(self) -> str:
        """Names the essay for good."""
        return self.slot.draft.slot_id

    @property
    def folder(self) -> str:
        """Its folder on the site, with a closing slash."""
        return essay_path(self.slot_id)

    @property
    def withdrawn(self) -> bool:
        """Whether a note stands in its place."""
        return self.standing is Standing.WITHDRAWN

    @property
    def withdrawn_at(self) -> datetime:
        """When the last of the people who withdrew it signed."""
        return self.slot.withdrawals[-1].received_at

    @property
    def simulated(self) -> bool:
        """Whether a simulation wrote it."""
        return self.text.simulated

    @property
    def approved_at(self) -> datetime:
        """The date that readers see: the same after a kill, and on every copy of the site."""
        return self.approval.received_at

    @property
    def updated_at(self) -> datetime:
        """When what readers get last changed."""
        return self.withdrawn_at if self.withdrawn else self.approved_at

    @cached_property
    def title(self) -> str:
        """Its title; a withdrawn essay's title went with it."""
        if self.withdrawn:
            return f"Withdrawn essay ({self.slot_id})"
        return title_of(self.text.text) or f"Untitled ({self.slot_id})"

    @property
    def excerpt(self) -> str:
        """How it begins, in plain words."""
        return rendered(self.text.text).excerpt

    @property
    def heading(self) -> Markup:
        """Its title as `<h1>`; empty where the text does not begin with one."""
        return Markup(rendered(self.text.text).heading)  # noqa: S704  # an allow-list made it

    @property
    def html(self) -> Markup:
        """What follows its title."""
        return Markup(rendered(self.text.text).body)  # noqa: S704  # an allow-list made it


@dataclass(frozen=True)
class Site:
    """All that is told.

    Attributes:
        title: of the site.
        url: where people reach it, without a closing slash; empty while nothing serves it.
        channels: each model's, by id.
        reports: transparency reports, the latest first.
        made: (path, bytes) of what others made: the pages of `reports`, and files beside them.
        publishing: slots that are approved and become public right now.
    """

    title: str
    url: str
    channels: tuple[Channel, ...]
    reports: tuple[Report, ...] = ()
    made: tuple[tuple[str, bytes], ...] = ()
    publishing: frozenset[str] = frozenset()

    @cached_property
    def essays(self) -> tuple[Essay, ...]:
        """All that are public or were, the latest first. Raises `PublicationRefused`."""
        found = [
            essay_of(channel, slot)
            for channel in self.channels
            for slot in channel.slots
            if slot.publication is not None or slot.draft.slot_id in self.publishing
        ]
        return tuple(sorted(found, key=lambda e: (e.approved_at, e.slot_id), reverse=True))

    @cached_property
    def disclaimers(self) -> tuple[str, ...]:
        """Of all models, each once."""
        return tuple(dict.fromkeys(channel.disclaimer for channel in self.channels))

    @cached_property
    def simulated(self) -> bool:
        """Whether a simulation had a part in any of it."""
        return any(s.draft.simulated or s.current.simulated for c in self.channels for s in c.slots)

    @cached_property
    def policies(self) -> tuple[tuple[str, dict[str, Any], tuple[Channel, ...]], ...]:
        """(digest, policy, the channels under it), each policy once."""
        under: dict[str, list[Channel]] = {}
        for channel in self.channels:
            under.setdefault(policy_digest(channel.essays), []).append(channel)
        return tuple((d, policy_of(c[0].essays), tuple(c)) for d, c in under.items())

    def address(self, path: str) -> str:
        """A path's absolute address; the path itself while nothing serves the site."""
        return f"{self.url}/{path.removesuffix('index.html')}" if self.url else path


def essay_of(channel: Channel, slot: SlotRecord) -> Essay:
    """A published, withdrawn, or just approved slot.

    Raises:
        PublicationRefused: nobody approved it, or its text is not the one that was approved.
    """
    approvals = [review for review in slot.counted if review.action == "approve"]
    if not approvals or not slot.is_intact:
        raise PublicationRefused(
            f"{slot.draft.slot_id}: the text in the records is not one that a person approved; "
            "run `emeritus audit verify` and restore the row from a backup"
        )
    return Essay(channel, slot, slot.approval or approvals[-1], slot.standing)
