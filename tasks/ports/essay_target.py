"""A channel beside the site, where a person posts what was published."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import PublicationRefused


@dataclass(frozen=True, slots=True)
class EssayPacket:
    """A published essay, or the notice of its withdrawal.

    Attributes:
        slot_id: the essay's id; the same for ever.
        title: as the site shows it.
        markdown: the model's bytes.
        html: the same rendered, safe to stand in a page.
        disclaimer: goes before the essay wherever it is shown.
        permalink: where the original stands; empty while nothing serves the site.
        published_at: when it became public there.
        sha256: hex digest of `markdown`.
        simulated: whether a simulation wrote it.
        withdrawn: why it was withdrawn, for readers; empty while it stands.

    Raises:
        PublicationRefused: the text is not what the digest says.
    """

    slot_id: str
    title: str
    markdown: bytes
    html: str
    disclaimer: str
    permalink: str
    published_at: datetime
    sha256: str
    simulated: bool = False
    withdrawn: str = ""

    def __post_init__(self) -> None:
        """Refuse another text."""
        if sha256_hex(self.markdown) != self.sha256:
            raise PublicationRefused(
                f"{self.slot_id}: the text for other channels is not the approved one: its digest "
                "differs; run `emeritus audit verify`"
            )


class Offered(StrEnum):
    """How an essay stands at a target."""

    WAITING = "waiting"  # it lies there, as it was offered; a person makes it public
    PUBLIC = "public"  # a person made it public, as it was offered
    CHANGED = "changed"  # a person changed it, or something else has its name: left alone
    ABSENT = "absent"  # withdrawn, and it was never there


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a target holds of an essay.

    Attributes:
        state: how it stands there.
        location: where a person finds it; empty if `state` is `ABSENT`.
        said: one sentence about it, with what a person should do.
    """

    state: Offered
    location: str
    said: str


class EssayTarget(Protocol):
    """Takes essays for a person to post. It makes nothing public by itself."""

    def offer(self, essay: EssayPacket) -> Receipt:
        """Lay an essay there once, or the notice of its withdrawal in its place.

        Safe to repeat: what a killed pass left is found again, and nothing is made twice. What a
        person changed is never overwritten; the receipt tells it. What a person deleted is made
        again, so an essay with a receipt is offered again only to withdraw it.

        Raises:
            TargetBusy: not now; another try may do, and it may have been laid there.
            TargetRefused: not as things stand; the sentence says how to mend it.
            PublicationRefused, OSError: a folder can't be written.
        """
        ...
