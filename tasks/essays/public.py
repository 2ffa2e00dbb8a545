"""Whether what is public is still what was approved. Uses the publisher; writes nothing."""

from collections.abc import Sequence

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.essays.provenance import approved_files
from tasks.essays.slot_record import PUBLIC, SlotRecord
from tasks.kernel.errors import PublicationRefused


def compare_public(
    config: RetirementConfig, slots: Sequence[SlotRecord]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read every published essay's files once, and compare them with the approved ones.

    Returns:
        Places of files that hold other bytes, and slots of which a file is no longer there.
    """
    site = wiring.publisher(config.essays)
    altered: list[str] = []
    gone: list[str] = []
    for slot in slots:
        for path, data in _published(slot).items():
            public = site.read(path)
            if public is None:
                gone.append(slot.draft.slot_id)
            elif public != data:
                altered.append(site.location(path))
    return tuple(altered), tuple(dict.fromkeys(gone))


def _published(slot: SlotRecord) -> dict[str, bytes]:
    if slot.standing not in PUBLIC:
        return {}
    try:
        return approved_files(slot)
    except PublicationRefused:
        return {}  # the draft's row was altered: the assessment says so before it comes here
