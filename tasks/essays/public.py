"""Whether what is public is still what was approved. Uses the publisher; writes nothing."""

from collections.abc import Sequence

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.essays.core import SlotRecord
from tasks.essays.provenance import approved_files
from tasks.kernel.errors import PublicationRefused


def altered_in_public(config: RetirementConfig, slots: Sequence[SlotRecord]) -> tuple[str, ...]:
    """Places of published files that hold other bytes than the approved ones."""
    site = wiring.publisher(config.essays)
    return tuple(
        site.location(path)
        for slot in slots
        for path, data in _published(slot).items()
        if site.read(path) not in (None, data)
    )


def gone_from_public(config: RetirementConfig, slots: Sequence[SlotRecord]) -> tuple[str, ...]:
    """Slots of published essays of which a file is no longer there."""
    site = wiring.publisher(config.essays)
    return tuple(
        slot.draft.slot_id
        for slot in slots
        if any(site.read(path) is None for path in _published(slot))
    )


def _published(slot: SlotRecord) -> dict[str, bytes]:
    if slot.publication is None:
        return {}
    try:
        return approved_files(slot)
    except PublicationRefused:
        return {}  # the draft's row was altered: the assessment says so before it comes here
