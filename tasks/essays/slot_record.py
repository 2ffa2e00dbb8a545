"""One slot: its texts, what people did, and what it came to. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from tasks.essays.policy import RULES
from tasks.kernel.digests import sha256_hex
from tasks.records.essay import Draft, Publication, ReaderReport, Redraft, Review


class Standing(StrEnum):
    """What a slot came to so far."""

    ASKED = "asked"
    IN_REVIEW = "in review"
    HALF_VETOED = "in review, with one of two vetoes"
    CHANGE_ASKED = "in review, the model asked for a new text"
    APPROVED = "approved"
    HELD = "held"
    PUBLISHED = "published"
    REOPENED = "published, reopened by a reader's report"
    HALF_WITHDRAWN = "published, with one of two withdrawals"
    WITHDRAWN = "published, then withdrawn"
    VETOED = "vetoed"
    DECLINED = "declined by the model"
    MISSED = "missed"


#: A person has to decide.
OPEN = (Standing.IN_REVIEW, Standing.HALF_VETOED, Standing.APPROVED, Standing.HELD)
#: A published essay on which a person has to decide.
QUESTIONED = (Standing.REOPENED, Standing.HALF_WITHDRAWN)
PUBLIC = (Standing.PUBLISHED, *QUESTIONED)


@dataclass(frozen=True, slots=True)
class SlotRecord:
    """All rows of one slot, looked at at an instant.

    Attributes:
        draft: the slot and its first text.
        at: the instant; a hold ends by itself.
        redrafts: texts that the model was asked for instead, in order.
        reviews: people's acts, in the order in which they were received.
        publication: when it is public, or was.
        reports: what readers said of it, in order.
    """

    draft: Draft
    at: datetime
    redrafts: tuple[Redraft, ...] = ()
    reviews: tuple[Review, ...] = ()
    publication: Publication | None = None
    reports: tuple[ReaderReport, ...] = ()

    @property
    def current(self) -> Draft | Redraft:
        """The text that is decided on: the published one, or the last that the model wrote."""
        written: list[Draft | Redraft] = [self.draft]
        written += [text for text in self.redrafts if text.outcome == "drafted"]
        if self.publication is not None:
            published = [t for t in written if t.sha256 == self.publication.sha256]
            return published[-1] if published else self.draft
        return written[-1]

    @property
    def counted(self) -> tuple[Review, ...]:
        """The reviews of these very bytes."""
        return tuple(r for r in self.reviews if r.draft_sha256 == self.current.sha256)

    @property
    def approval(self) -> Review | None:
        """The approval in force: the last act of its kind, unless a hold or a request for a change
        came with it or after it.
        """
        approvals = [r for r in self.counted if r.action == "approve"]
        against = [r.received_at for r in self.counted if r.action in ("hold", "change")]
        if not approvals or (against and max(against) >= approvals[-1].received_at):
            return None
        return approvals[-1]

    @property
    def hold(self) -> Review | None:
        """The hold in force: until its day, an approval received later, or a veto by two people."""
        if self.approval is not None:
            return None
        holds = [r for r in self.counted if r.action == "hold" and _until(r) > self.at]
        return max(holds, key=_until, default=None)

    @property
    def vetoes(self) -> tuple[Review, ...]:
        """Vetoes by people and keys that differ from those before."""
        return self._distinct("veto")

    @property
    def withdrawals(self) -> tuple[Review, ...]:
        """Withdrawals by people and keys that differ from those before."""
        return self._distinct("withdraw")

    @property
    def change(self) -> Review | None:
        """The request for a new text that the model has not answered."""
        answered = {r.review_id for r in self.redrafts if r.outcome != "asked"}
        asked = [r for r in self.counted if r.action == "change" and r.id not in answered]
        return asked[-1] if asked else None

    @property
    def open_reports(self) -> tuple[ReaderReport, ...]:
        """Reports of readers that no person has answered."""
        answered = {r.about for r in self.reviews if r.action == "keep"}
        return tuple(report for report in self.reports if report.id not in answered)

    @property
    def standing(self) -> Standing:
        """What the slot came to so far."""
        if self.publication is not None:
            return self._public()
        if self.draft.outcome != "drafted":
            return _UNWRITTEN[self.draft.outcome]
        found = (
            (Standing.VETOED, len(self.vetoes) >= RULES["veto"].people),
            (Standing.CHANGE_ASKED, self.change is not None),
            (Standing.HELD, self.hold is not None),
            (Standing.APPROVED, self.approval is not None),
            (Standing.HALF_VETOED, bool(self.vetoes)),
        )
        return next((standing for standing, is_so in found if is_so), Standing.IN_REVIEW)

    @property
    def is_intact(self) -> bool:
        """False when a text is not the one that was hashed as the model's answer."""
        texts: list[Draft | Redraft] = [self.draft, *self.redrafts]
        return all(
            sha256_hex(text.text.encode()) == text.sha256
            for text in texts
            if text.outcome == "drafted"
        )

    @property
    def in_review_since(self) -> datetime:
        """Since when a person has to decide on the current text."""
        lapsed = [_until(r) for r in self.counted if r.action == "hold" and _until(r) <= self.at]
        answered = [r.answered_at for r in self.redrafts if r.answered_at is not None]
        return max([self.current.answered_at or self.draft.opens_at, *lapsed, *answered])

    def _public(self) -> Standing:
        if len(self.withdrawals) >= RULES["withdraw"].people:
            return Standing.WITHDRAWN
        if self.withdrawals:
            return Standing.HALF_WITHDRAWN
        return Standing.REOPENED if self.open_reports else Standing.PUBLISHED

    def _distinct(self, action: str) -> tuple[Review, ...]:
        found: list[Review] = []
        for review in self.counted:
            if review.action == action and all(
                review.person != other.person and review.fingerprint != other.fingerprint
                for other in found
            ):
                found.append(review)
        return tuple(found)


_UNWRITTEN = {
    "asked": Standing.ASKED,
    "declined": Standing.DECLINED,
    "missed": Standing.MISSED,
}
_NEVER = datetime.max.replace(tzinfo=UTC)


def _until(hold: Review) -> datetime:
    """A hold's end; holds of the first version have none."""
    return hold.until or _NEVER
