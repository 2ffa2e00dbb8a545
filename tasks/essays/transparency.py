"""The quarterly transparency report: every slot, what came of it, why, and how long it took. Pure.

It shows the records as they stood at the quarter's end, so that a report never changes once its
quarter is over: what happens later to one of its slots stands in the report of that later quarter.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, TypeVar

from tasks.essays.slot_record import SlotRecord, Standing
from tasks.essays.statement import policy_under
from tasks.kernel.instants import to_text
from tasks.records.essay import Draft, Publication, Redraft, Review

_Text = TypeVar("_Text", Draft, Redraft)

FORMAT = "emeritus-essay-transparency@v1"
#: What a report counts each slot as; the first five are a slot's outcomes.
OUTCOMES = ("published", "held", "vetoed", "declined", "missed", "pending")


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A quarter of a year, UTC; `number` from 1 to 4."""

    year: int
    number: int

    @property
    def start(self) -> datetime:
        """Its first instant."""
        return datetime(self.year, 3 * self.number - 2, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return self.next.start

    @property
    def next(self) -> "Quarter":
        """The one after."""
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"

    def holds(self, instant: datetime | None) -> bool:
        """Whether an instant lies in it."""
        return instant is not None and self.start <= instant < self.end


@dataclass(frozen=True, slots=True)
class SlotLine:
    """One slot, as a report lists it.

    Attributes:
        slot: its id.
        opened_at: when it opened, RFC 3339.
        outcome: one of `OUTCOMES`.
        reasons: closed reasons of holds, vetoes, changes and withdrawals; for a missed one, why.
        texts: how many texts the model wrote.
        pointed_at: how often each check pointed into the text that was decided on.
        hours_to_decision: from the last text to the decision; None while there is none.
        withdrawn: whether it was public and was withdrawn.
    """

    slot: str
    opened_at: str
    outcome: str
    reasons: tuple[str, ...]
    texts: int
    pointed_at: dict[str, int]
    hours_to_decision: float | None
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class TransparencyReport:
    """What a quarter came to for one model.

    Attributes:
        model_id: whose channel.
        quarter: such as 2026-Q4.
        until: the instant as of which it was made, RFC 3339: the quarter's end.
        opened: slots that opened in the quarter.
        decided_later: slots of earlier quarters on which something happened in this one.
        counts: how many of `opened` came to each outcome.
        hours_to_decision: median and longest of the decisions made in the quarter; None without.
        reports: readers' reports received in the quarter, by kind.
        redress: what came of reports answered in the quarter: kept, withdrawn; and still open.
        changes_asked: how often the model was asked for a new text, and wrote one.
        reviewers: how many people decided.
        policies: digests of the policies under which they did.
        automated_decisions: none, ever; it stands here so that it can be quoted.
    """

    model_id: str
    quarter: str
    until: str
    opened: tuple[SlotLine, ...]
    decided_later: tuple[SlotLine, ...]
    counts: dict[str, int]
    hours_to_decision: tuple[float, float] | None
    reports: dict[str, int]
    redress: dict[str, int]
    changes_asked: tuple[int, int]
    reviewers: int
    policies: tuple[str, ...]
    automated_decisions: str = "never"

    def as_json(self) -> dict[str, Any]:
        """For canonical JSON."""
        return {"format": FORMAT, **asdict(self)}


def quarter_of(instant: datetime) -> Quarter:
    """The quarter of an instant."""
    utc = instant.astimezone(UTC)
    return Quarter(utc.year, (utc.month - 1) // 3 + 1)


def quarters_of(slots: Sequence[SlotRecord], now: datetime) -> tuple[Quarter, ...]:
    """All quarters that are over, from the first slot's on."""
    if not slots:
        return ()
    quarter, current = quarter_of(min(s.draft.opens_at for s in slots)), quarter_of(now)
    found = []
    while quarter < current:
        found.append(quarter)
        quarter = quarter.next
    return tuple(found)


def report_of(model_id: str, slots: Sequence[SlotRecord], quarter: Quarter) -> TransparencyReport:
    """The report of a quarter that is over."""
    seen = [_as_of(slot, quarter.end) for slot in slots if slot.draft.opens_at < quarter.end]
    opened = [slot for slot in seen if quarter.holds(slot.draft.opens_at)]
    acts = [r for slot in seen for r in slot.reviews if quarter.holds(r.received_at)]
    moved = {r.slot_id for r in acts} | {
        report.slot_id for s in seen for report in s.reports if quarter.holds(report.received_at)
    }
    later = [s for s in seen if s not in opened and s.draft.slot_id in moved]
    lines = tuple(_line(slot) for slot in opened)
    hours = [
        h for slot in seen if (h := _hours(slot)) is not None and quarter.holds(_decided_at(slot))
    ]
    reports = [r for slot in seen for r in slot.reports if quarter.holds(r.received_at)]
    return TransparencyReport(
        model_id=model_id,
        quarter=str(quarter),
        until=to_text(quarter.end),
        opened=lines,
        decided_later=tuple(_line(slot) for slot in later),
        counts={outcome: sum(line.outcome == outcome for line in lines) for outcome in OUTCOMES},
        hours_to_decision=(round(median(hours), 1), max(hours)) if hours else None,
        reports=dict(sorted(Counter(report.kind for report in reports).items())),
        redress=_redress(seen, acts),
        changes_asked=_changes(seen, acts),
        reviewers=len({r.person for r in acts}),
        policies=tuple(sorted({p for r in acts if (p := policy_under(r))})),
    )


def _as_of(slot: SlotRecord, end: datetime) -> SlotRecord:
    """The slot as the records had it just before an instant."""
    draft = slot.draft
    if draft.answered_at is not None and draft.answered_at >= end:
        draft = _unanswered(draft)
    public = slot.publication
    if public is not None and public.published_at >= end:
        public = None
    if public is not None and public.withdrawn_at is not None and public.withdrawn_at >= end:
        public = Publication(**{**public.model_dump(), "withdrawn_at": None})
    return replace(
        slot,
        draft=draft,
        at=end - timedelta(microseconds=1),
        redrafts=tuple(_redraft_as_of(r, end) for r in slot.redrafts if r.asked_at < end),
        reviews=tuple(r for r in slot.reviews if r.received_at < end),
        publication=public,
        reports=tuple(r for r in slot.reports if r.received_at < end),
    )


def _unanswered(text: _Text) -> _Text:
    """A text's row as it stood while the model was asked."""
    return type(text)(**{**text.model_dump(), "outcome": "asked", "text": "", "findings": "[]"})


def _redraft_as_of(redraft: Redraft, end: datetime) -> Redraft:
    if redraft.answered_at is None or redraft.answered_at < end:
        return redraft
    return _unanswered(redraft)


def _line(slot: SlotRecord) -> SlotLine:
    withdrawn = slot.standing is Standing.WITHDRAWN
    text = slot.current
    return SlotLine(
        slot=slot.draft.slot_id,
        opened_at=to_text(slot.draft.opens_at),
        outcome=_outcome(slot.standing),
        reasons=public_reasons(slot),
        texts=sum(t.outcome == "drafted" for t in (slot.draft, *slot.redrafts)),
        pointed_at=_pointed_at(text.findings) if text.outcome == "drafted" else {},
        hours_to_decision=_hours(slot),
        withdrawn=withdrawn,
    )


def public_reasons(slot: SlotRecord) -> tuple[str, ...]:
    """Why a slot came to what it came to, in the closed lists' words; never a rationale."""
    if slot.standing is Standing.MISSED:
        return tuple(str(finding["note"]) for finding in json.loads(slot.draft.findings))
    return tuple(sorted({review.reason for review in slot.reviews if review.reason}))


def _pointed_at(findings: str) -> dict[str, int]:
    return dict(sorted(Counter(str(f["check"]) for f in json.loads(findings)).items()))


def _outcome(standing: Standing) -> str:
    match standing:
        case Standing.HELD:
            return "held"
        case Standing.VETOED:
            return "vetoed"
        case Standing.DECLINED:
            return "declined"
        case Standing.MISSED:
            return "missed"
        case Standing.PUBLISHED | Standing.REOPENED | Standing.HALF_WITHDRAWN | Standing.WITHDRAWN:
            return "published"
        case _:
            return "pending"


def _decided_at(slot: SlotRecord) -> datetime | None:
    if slot.publication is not None:
        return slot.publication.published_at
    if slot.standing is Standing.VETOED:
        return slot.vetoes[1].received_at
    return None


def _hours(slot: SlotRecord) -> float | None:
    decided, written = _decided_at(slot), slot.current.answered_at
    if decided is None or written is None:
        return None
    return round((decided - written) / timedelta(hours=1), 1)


def _redress(slots: Sequence[SlotRecord], acts: Sequence[Review]) -> dict[str, int]:
    return {
        "kept": sum(review.action == "keep" for review in acts),
        "withdrawn": len({r.slot_id for r in acts if r.action == "withdraw"} & _withdrawn(slots)),
        "open": sum(len(s.open_reports) for s in slots if s.draft.slot_id not in _withdrawn(slots)),
    }


def _withdrawn(slots: Sequence[SlotRecord]) -> set[str]:
    return {s.draft.slot_id for s in slots if s.standing is Standing.WITHDRAWN}


def _changes(slots: Sequence[SlotRecord], acts: Sequence[Review]) -> tuple[int, int]:
    asked = {review.id for review in acts if review.action == "change"}
    wrote = [
        r for s in slots for r in s.redrafts if r.review_id in asked and r.outcome == "drafted"
    ]
    return len(asked), len(wrote)
