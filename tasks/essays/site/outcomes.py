"""What came of each slot, as the public reads it; rationales stay with the reviewers. Pure."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tasks.essays.pages import day_of
from tasks.essays.policy import HOLD_REASONS, VETO_REASONS
from tasks.essays.site.content import Channel, Essay
from tasks.essays.slot_record import QUESTIONED, SlotRecord, Standing

_PLAIN = {
    Standing.ASKED: "in review",
    Standing.APPROVED: "in review",
    Standing.HALF_VETOED: "in review",
    Standing.REOPENED: "published, under review again",
    Standing.HALF_WITHDRAWN: "published, under review again",
}
#: How an outcome is counted; of others its own first words.
_COUNTED = {Standing.CHANGE_ASKED: "in review", **dict.fromkeys(QUESTIONED, "published")}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A slot's outcome.

    Attributes:
        words: what came of it, with the reason as the policy calls it.
        detail: the reason in a sentence; empty where there is nothing to add.
        counted: the word under which it is counted.
    """

    words: str
    detail: str
    counted: str


@dataclass(frozen=True, slots=True)
class ArchiveRow:
    """One slot in the archive.

    Attributes:
        channel: whose.
        number: of the slot.
        opens_at: None for a number that has no record.
        outcome: what came of it.
        essay: where it led to one.
    """

    channel: Channel
    number: int
    opens_at: datetime | None
    outcome: Outcome
    essay: Essay | None


@dataclass(frozen=True, slots=True)
class ArchiveYear:
    """A year's slots, the latest first, and their tally in words."""

    year: int
    tally: str
    rows: tuple[ArchiveRow, ...]


UNKNOWN = Outcome(
    "no outcome so far", "The slot is open, or nothing has looked since it passed.", "open"
)


def outcome_of(slot: SlotRecord) -> Outcome:
    """What came of a slot."""
    standing = slot.standing
    words, detail = _PLAIN.get(standing, standing.value), ""
    match standing:
        case Standing.VETOED:
            reasons = sorted({veto.reason for veto in slot.vetoes})
            words = f"vetoed by two people ({', '.join(reasons)})"
            detail = _told(reasons, VETO_REASONS)
        case Standing.WITHDRAWN:
            reasons = sorted({act.reason for act in slot.withdrawals})
            words = f"published, then withdrawn by two people ({', '.join(reasons)})"
            detail = _told(reasons, VETO_REASONS)
        case Standing.HELD if slot.hold is not None:
            words = f"held ({slot.hold.reason})"
            until = f"until {day_of(slot.hold.until)} at the latest" if slot.hold.until else ""
            detail = _told([slot.hold.reason], HOLD_REASONS, until)
        case Standing.MISSED:
            words = f"missed ({'; '.join(_notes(slot)) or 'no reason on record'})"
        case Standing.DECLINED:
            detail = _told(_notes(slot), {})
    counted = _COUNTED.get(standing, _PLAIN.get(standing, _first_words(standing)))
    return Outcome(words, detail, counted)


def public_outcome(slot: SlotRecord) -> str:
    """A slot's outcome in one line."""
    return outcome_of(slot).words


def archive(channels: Sequence[Channel], essays: Sequence[Essay]) -> tuple[ArchiveYear, ...]:
    """Every slot by year, the latest first; numbers without a record are shown too."""
    by_slot = {essay.slot_id: essay for essay in essays}
    placed: list[tuple[datetime, ArchiveRow]] = []
    for channel in channels:
        place: datetime | None = None
        slots = {slot.draft.number: slot for slot in channel.slots}
        for number in range(1, max(slots, default=0) + 1):
            slot = slots.get(number)
            opens_at = slot.draft.opens_at if slot else None
            place = opens_at or place or slots[min(slots)].draft.opens_at
            outcome = outcome_of(slot) if slot else UNKNOWN
            essay = by_slot.get(slot.draft.slot_id) if slot else None
            placed.append((place, ArchiveRow(channel, number, opens_at, outcome, essay)))
    placed.sort(key=lambda found: (found[0], found[1].number, found[1].channel.model_id))
    years: dict[int, list[ArchiveRow]] = {}
    for at, row in reversed(placed):
        years.setdefault(at.year, []).append(row)
    return tuple(ArchiveYear(y, tally(rows), tuple(rows)) for y, rows in years.items())


def tally(rows: Sequence[ArchiveRow]) -> str:
    """Such as `52 slots: 48 published, 2 declined, 2 missed`."""
    counts = Counter(row.outcome.counted for row in rows)
    told = ", ".join(f"{count} {word}" for word, count in counts.most_common())
    return f"{len(rows)} {'slot' if len(rows) == 1 else 'slots'}: {told}"


def _first_words(standing: Standing) -> str:
    return "withdrawn" if standing is Standing.WITHDRAWN else str(standing).split(" by ")[0]


def _notes(slot: SlotRecord) -> list[str]:
    return [finding["note"] for finding in json.loads(slot.draft.findings) if finding["note"]]


def _told(reasons: Sequence[str], meanings: dict[str, str], then: str = "") -> str:
    told = "; ".join(meanings.get(reason, reason) for reason in reasons)
    sentence = ", ".join(part for part in (told, then) if part)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""
