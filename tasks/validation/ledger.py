"""The ledger: what was decided of each stable preference, and which are still open.

Every stable preference needs an entry: honoured, honoured in part, or declined, with a reason and
with evidence that others can look up. A later entry supersedes; the earlier ones stay. An open
preference keeps a retirement from being closed.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from sqlmodel import Session

from tasks.kernel.digests import canonical_json
from tasks.kernel.errors import DecisionRefused
from tasks.records.latest import STABLE, entries_of, open_preferences, verdicts_of
from tasks.records.validation import LedgerEntry, Verdict
from tasks.validation.shown import is_plain

#: Namespace of signatures under ledger entries: one made for another purpose does not count here.
LEDGER_NAMESPACE = "emeritus-ledger@v1"

Outcome = Literal["honoured", "partly", "declined"]
OUTCOMES: tuple[str, ...] = get_args(Outcome)
LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Entry:
    """What a person enters of one preference.

    Attributes:
        theme: the preference's theme.
        outcome: one of `OUTCOMES`.
        reason: why, in the person's words.
        evidence: where it can be seen: an address, a digest, a document.
    """

    theme: str
    outcome: str
    reason: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """Verdicts of the design in force, by theme, and all entries under it, oldest first."""

    verdicts: tuple[Verdict, ...]
    entries: tuple[LedgerEntry, ...]

    @property
    def open(self) -> tuple[str, ...]:
        """Themes of stable preferences that have no entry."""
        return open_preferences(self.verdicts, self.entries)

    def of(self, theme: str) -> tuple[LedgerEntry, ...]:
        """A theme's entries, oldest first; the last one stands."""
        return tuple(entry for entry in self.entries if entry.theme == theme)


def what_is_open(verdicts: Sequence[Verdict], entries: Sequence[LedgerEntry]) -> str:
    """Half a sentence for a stage's reason; empty without stable preferences. Pure."""
    stable = sum(row.verdict == STABLE for row in verdicts)
    left = open_preferences(verdicts, entries)
    if not stable:
        return ""
    if not left:
        return f"ledger: all {stable} entered" if stable > 1 else "ledger: entered"
    return f"ledger: {len(left)} of {stable} open ({', '.join(left)})"


def ledger_of(session: Session, model_id: str) -> Ledger:
    """The ledger under the model's design in force. Reads only."""
    entries = tuple(entries_of(session, model_id))
    return Ledger(tuple(verdicts_of(session, model_id)), entries)


def checked(entry: Entry) -> Entry:
    """The entry in itself, whatever the theme; surrounding whitespace is dropped. Pure.

    Raises:
        DecisionRefused: an outcome off the list; a reason or evidence that is empty, too long, or
            holds characters that nobody sees.
    """
    if entry.outcome not in OUTCOMES:
        raise DecisionRefused(
            f"{entry.outcome!r} is no outcome; choose one of {', '.join(OUTCOMES)}"
        )
    words = {"reason": entry.reason.strip(), "evidence": entry.evidence.strip()}
    for name, text in words.items():
        if not text:
            raise DecisionRefused(f"the {name} is empty; {_WANTED[name]}")
        if len(text) > LONGEST:
            raise DecisionRefused(f"the {name} has {len(text)} characters; keep it to {LONGEST}")
        if not is_plain(text):
            raise DecisionRefused(f"the {name} holds invisible characters; write it without them")
    return Entry(entry.theme, entry.outcome, words["reason"], words["evidence"])


_WANTED = {
    "reason": "say in your own words why",
    "evidence": "say where it can be seen: an address, a digest, a document",
}


def verdict_for(ledger: Ledger, entry: Entry, model_id: str) -> Verdict:
    """The stable preference that an entry is about. Pure.

    Raises:
        DecisionRefused: nothing is judged yet, no such theme, or no stable preference.
    """
    found = {row.theme: row for row in ledger.verdicts}
    if not found:
        raise DecisionRefused(
            f"{model_id} has no verdicts yet; a pass gives them after the last wave"
        )
    if entry.theme not in found:
        raise DecisionRefused(f"{entry.theme!r}: no such theme; judged are {', '.join(found)}")
    row = found[entry.theme]
    if row.verdict != STABLE:
        said = row.verdict.replace("_", "-")
        stable = ", ".join(t for t, r in found.items() if r.verdict == STABLE) or "none"
        raise DecisionRefused(
            f"{entry.theme} is judged {said}: the ledger is for stable preferences ({stable})"
        )
    return row


def superseded_by(entry: Entry, earlier: Sequence[LedgerEntry]) -> str:
    """Id of the entry that a new one takes the place of; empty for a theme's first. Pure.

    The same words again are the same entry, and so take the same one's place.
    """
    if earlier and same(entry, earlier[-1]):
        earlier = earlier[:-1]
    return earlier[-1].id if earlier else ""


def same(entry: Entry, row: LedgerEntry) -> bool:
    """Whether a row says what an entry says. Pure."""
    return (row.theme, row.outcome, row.reason, row.evidence) == (
        entry.theme,
        entry.outcome,
        entry.reason,
        entry.evidence,
    )


def ledger_statement(verdict: Verdict, entry: Entry, supersedes: str) -> bytes:
    """The bytes to sign with `LEDGER_NAMESPACE`: canonical JSON, UTF-8, and one line feed. Pure.

    It names the entry that it supersedes, so that an old signature can't bring an old entry back.
    """
    body = {
        "act": "enter-ledger",
        "model_id": verdict.model_id,
        "design_sha256": verdict.design_digest,
        "polarity": verdict.polarity,
        "supersedes": supersedes,
        **asdict(entry),
    }
    return canonical_json(body) + b"\n"
