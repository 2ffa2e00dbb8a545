"""What a check says: a place, a weight, a reason to look. Pure."""

from dataclasses import asdict, dataclass
from typing import Literal

from tasks.essays.characters import visible

Severity = Literal["high", "look", "note"]

LONGEST_EXCERPT = 80


@dataclass(frozen=True, slots=True)
class Finding:
    """A place to look at.

    Attributes:
        check: which check points.
        severity: `high` before publication is thought of, `look` for judgement, `note` to know.
        line: 1-based line of the raw text; 0 for the whole of it.
        column: 1-based character of the line; 0 for the whole line.
        excerpt: the words, hidden characters written out; of a secret only its start.
        note: why to look.
    """

    check: str
    severity: Severity
    line: int
    column: int
    excerpt: str
    note: str

    def as_json(self) -> dict[str, str | int]:
        """For canonical JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Quoted:
    """A text that the model was shown: whose, and what."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """Another essay of the model: which slot's, and what."""

    slot_id: str
    text: str


def short(words: str) -> str:
    """`words` on one line, hidden characters written out, cut to a length that a person reads."""
    words = " ".join(visible(words).split())
    return words if len(words) <= LONGEST_EXCERPT else words[: LONGEST_EXCERPT - 1] + "…"


def masked(secret: str) -> str:
    """The start of a secret and its length: never enough to use it."""
    shown = secret[: min(8, len(secret) // 3)]
    return short(f"{visible(shown)}… ({len(secret)} characters)")
