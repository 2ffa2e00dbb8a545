"""Checks on a draft. They point to a place and never decide: a person reads on. Pure."""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from tasks.essays.answers import is_decline, says_no
from tasks.essays.characters import hidden_in, lookalikes_in, turns_text, visible, without_hidden
from tasks.essays.rules import RULES, Severity

#: More findings than a person would read; the last one says that there are more.
MOST_FINDINGS = 200
FEW_WORDS = 50

_EXCERPT = 80


@dataclass(frozen=True, slots=True)
class Finding:
    """A place to look at.

    Attributes:
        check: which check points.
        severity: `high` before publication is thought of, `look` for judgement, `note` to know.
        line: 1-based line of the raw text; 0 for the whole of it.
        excerpt: the words, hidden characters written out; of a secret only its start.
        note: why to look.
    """

    check: str
    severity: Severity
    line: int
    excerpt: str
    note: str

    def as_json(self) -> dict[str, str | int]:
        """For canonical JSON."""
        return asdict(self)


_ENTITY = re.compile(r"&#?\w{1,31};")


def check_draft(text: str, *, disclaimer: str) -> tuple[Finding, ...]:
    """All findings, in the order of their lines.

    Args:
        text: the draft, exactly as the model wrote it.
        disclaimer: the site's own disclaimer, which a draft must not pass for.
    """
    found = [finding for check in _WHOLE for finding in check(text, disclaimer)]
    for number, line in enumerate(text.split("\n"), start=1):
        found += _in_line(number, line)
        if len(found) > MOST_FINDINGS:
            more = Finding("too many", "high", number, "", "more findings: read on by yourself")
            return (*found[:MOST_FINDINGS], more)
    return tuple(found)


def _in_line(number: int, line: str) -> Iterator[Finding]:
    seen = without_hidden(html.unescape(line))
    for rule in RULES:
        match = rule.pattern.search(line) or rule.pattern.search(seen)
        if match:
            words = match.group()
            shown = f"{words[:8]}… ({len(words)} characters)" if rule.masked else _short(words)
            yield Finding(rule.check, rule.severity, number, shown, rule.note)
    yield from _characters(number, line)


def _characters(number: int, line: str) -> Iterator[Finding]:
    hidden = [character for _, character in hidden_in(line.removesuffix("\r"))]
    written = [c for e in _ENTITY.findall(line) for _, c in hidden_in(html.unescape(e))]
    for what, group in (("", hidden), (" written as an entity", written)):
        if group:
            names = ", ".join(sorted({f"U+{ord(character):04X}" for character in group}))
            turns = any(turns_text(character) for character in group)
            why = "turns the direction of text" if turns else "is invisible"
            note = f"{names}{what} {why}; the page writes it out"
            yield Finding("characters", "high", number, _short(visible(line)), note)
    words = lookalikes_in(line)
    if words:
        note = "letters of several alphabets in one word, or look-alike letters"
        yield Finding("characters", "high", number, _short(", ".join(words)), note)


def _is_short(text: str, _: str) -> Iterator[Finding]:
    words = len(text.split())
    if words < FEW_WORDS:
        yield Finding("near-empty", "look", 0, "", f"{words} words: is this an essay?")


def _may_decline(text: str, _: str) -> Iterator[Finding]:
    start = " ".join(text.split()[:FEW_WORDS])
    if is_decline(start) or (len(text.split()) < 2 * FEW_WORDS and says_no(text)):
        yield Finding("decline", "look", 0, _short(start), "the model may be declining")


def _repeats_disclaimer(text: str, disclaimer: str) -> Iterator[Finding]:
    plain = " ".join(without_hidden(text).casefold().split())
    if " ".join(disclaimer.casefold().split()).rstrip(".") in plain:
        note = "repeats the site's disclaimer"
        yield Finding("disclaimer imitation", "high", 0, _short(disclaimer), note)


_WHOLE: tuple[Callable[[str, str], Iterator[Finding]], ...] = (
    _is_short,
    _may_decline,
    _repeats_disclaimer,
)


def _short(words: str) -> str:
    words = " ".join(visible(words).split())
    return words if len(words) <= _EXCERPT else words[: _EXCERPT - 1] + "…"
