"""An essay as channels beside the site get it. Pure."""

from configs.schema import RetirementConfig
from tasks.essays.markup import render, title_of
from tasks.essays.permalinks import permalink
from tasks.essays.policy import VETO_REASONS
from tasks.essays.slot_record import SlotRecord, Standing
from tasks.kernel.errors import PublicationRefused
from tasks.ports.essay_target import EssayPacket


def packet_of(config: RetirementConfig, slot: SlotRecord) -> EssayPacket:
    """A public essay, or the notice of its withdrawal.

    Raises:
        PublicationRefused: it is not public, or its text is not the one that was approved.
    """
    text, public = slot.current, slot.publication
    if public is None or text.sha256 != public.sha256:
        raise PublicationRefused(f"{slot.draft.slot_id} is not public; no channel gets it")
    withdrawn = ""
    if slot.standing is Standing.WITHDRAWN:
        withdrawn = "; ".join(sorted({VETO_REASONS[one.reason] for one in slot.withdrawals}))
    return EssayPacket(
        slot_id=slot.draft.slot_id,
        title=title_of(text.text) or f"Untitled ({slot.draft.slot_id})",
        markdown=text.text.encode("utf-8"),
        html=render(text.text),
        disclaimer=config.essays.disclaimer,
        permalink=permalink(config.essays, slot.draft.slot_id),
        published_at=public.published_at,
        sha256=text.sha256,
        simulated=text.simulated,
        withdrawn=withdrawn,
    )
