"""A draft as it stands and as a reader takes it, with the way back from one to the other. Pure."""

import html
import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from tasks.essays.characters import LOOKALIKES, as_latin, is_hidden
from tasks.essays.checking.findings import Finding, Severity, masked, short

LONGEST_SENTENCE = 700

_ODD = re.compile(r"&#?\w{1,31};|[^\x09\x0a\x0d\x20-\x7e]")
_LETTERS = re.compile(r"[^\W\d_]+")
_CODE = re.compile(r"^(?P<fence>```|~~~)[^\n]*\n.*?(?:^(?P=fence)|\Z)|`[^`\n]{1,400}`", re.M | re.S)
_END = re.compile(r"(?<=[.!?…])[\"'”’»)*_]{0,3}\s+|(?<=[。！？؟])|\n[ \t]*\n|\n(?=[-*>#|\d])")
_ABBREVIATED = re.compile(
    r"(?:\b(?:mrs?|ms|dr|prof|st|no|nr|vs|cf|ca|ch|pp?|vol|fig|rev|hon|gen|col|capt|sgt|jr|sr|sra|mme|mlle|"
    r"inc|ltd|e\.g|i\.e|z\.b|bzw|usw|etc)|(?<!\w)[^\W\d_])\.[\"'”’»)*_]{0,3}\s+$",
    re.I,
)
_QUOTE = re.compile(r"[\"“”„«»「『」』‘’]|(?<!\w)'|'(?!\w)")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the plain text."""

    start: int
    words: str

    @property
    def end(self) -> int:
        """Position after its last character."""
        return self.start + len(self.words)


class Reading:
    """One draft.

    Attributes:
        text: exactly as the model wrote it.
        plain: as a reader takes it: entities read, hidden characters dropped, letters in costume
            and look-alikes as the letters that they pass for, digits of any script as 0 to 9.
            Lines are the same as in `text`.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.plain, self._origin = _plain(text)
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def raw(self, position: int) -> int:
        """Position in `text` of a position in `plain`."""
        if self._origin is None:
            return position
        return self._origin[position] if position < len(self._origin) else len(self.text)

    def place(self, raw: int) -> tuple[int, int]:
        """1-based line and column of a position in `text`."""
        line = bisect_right(self._starts, raw) - 1
        return line + 1, raw - self._starts[line] + 1

    def point(
        self, check: str, severity: Severity, start: int, end: int, note: str, *, hide: bool = False
    ) -> Finding:
        """A finding at a stretch of `plain`."""
        return self.point_raw(check, severity, self.raw(start), self.raw(end), note, hide=hide)

    def point_raw(
        self, check: str, severity: Severity, start: int, end: int, note: str, *, hide: bool = False
    ) -> Finding:
        """A finding at a stretch of `text`."""
        line, column = self.place(start)
        words = self.text[start : max(end, start)]
        return Finding(check, severity, line, column, masked(words) if hide else short(words), note)

    @cached_property
    def prose(self) -> str:
        """`plain` with code blanked out, position for position."""
        return _CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), self.plain)

    @cached_property
    def code(self) -> tuple[Span, ...]:
        """Pieces of code, in the line and in blocks."""
        return tuple(Span(match.start(), match.group()) for match in _CODE.finditer(self.plain))

    @cached_property
    def sentences(self) -> tuple[Span, ...]:
        """Stretches of `prose` up to an end of sentence, paragraph or list item."""
        spans, start = [], 0
        prose = self.prose
        ends = [
            match.end()
            for match in _END.finditer(prose)
            if not _ABBREVIATED.search(prose[max(0, match.start() - 8) : match.end()])
        ]
        for end in [*ends, len(prose)]:
            for cut in range(start, end, LONGEST_SENTENCE):
                words = prose[cut : min(end, cut + LONGEST_SENTENCE)]
                if words.strip():
                    lead = len(words) - len(words.lstrip())
                    spans.append(Span(cut + lead, words.strip()))
            start = end
        return tuple(spans)

    @cached_property
    def paragraphs(self) -> tuple[tuple[Span, ...], ...]:
        """`sentences`, by paragraph."""
        groups: list[list[Span]] = []
        last = 0
        for span in self.sentences:
            if not groups or "\n\n" in re.sub(r"[ \t]", "", self.prose[last : span.start]):
                groups.append([])
            groups[-1].append(span)
            last = span.end
        return tuple(tuple(group) for group in groups)

    def is_heading(self, position: int) -> bool:
        """Whether a position of `plain` lies in a heading."""
        return self.line_of(position).lstrip().startswith("#")

    @cached_property
    def _plain_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.plain)), len(self.plain) + 1]

    def line_of(self, position: int) -> str:
        """The line of `plain` around a position."""
        number = bisect_right(self._plain_starts, position)
        return self.plain[self._plain_starts[number - 1] : self._plain_starts[number] - 1]

    def is_quoted(self, start: int, end: int, *, in_block: bool = True) -> bool:
        """Whether a stretch of `plain` stands within quotation marks, or in a quoted block."""
        number = bisect_right(self._plain_starts, start)
        line_start, line_end = self._plain_starts[number - 1], self._plain_starts[number] - 1
        if in_block and self.plain[line_start : line_start + 8].lstrip().startswith(">"):
            return True
        before = _QUOTE.findall(self.plain, max(line_start, start - 400), start)
        if not before or _QUOTE.search(self.plain, end, max(line_end, end)) is None:
            return False
        straight = before.count('"')
        if straight:
            return straight % 2 == 1
        closed = sum(1 for mark in before if mark in "»”」』")
        return len(before) - before.count("’") - before.count("'") - 2 * closed > 0


def _plain(text: str) -> tuple[str, list[int] | None]:
    if not _ODD.search(text):
        return text, None
    parts: list[str] = []
    origin: list[int] = []
    last = 0
    for match in _ODD.finditer(text):
        parts.append(text[last : match.start()])
        origin.extend(range(last, match.start()))
        shown = _shown(match.group())
        parts.append(shown)
        origin.extend([match.start()] * len(shown))
        last = match.end()
    parts.append(text[last:])
    origin.extend(range(last, len(text)))
    plain = "".join(parts)
    return _LETTERS.sub(_unmasked, plain), origin


def _shown(sign: str) -> str:
    if sign.startswith("&"):
        sign = html.unescape(sign)
        if sign.startswith("&"):
            return sign
    return "".join(_plain_letter(letter) for letter in sign if not is_hidden(letter))


def _plain_letter(letter: str) -> str:
    if letter in "\r\n\u2028\u2029\x0b\x0c\x85":
        return " "  # lines stay as they are
    if "\U0001f150" <= letter <= "\U0001f169" or "\U0001f170" <= letter <= "\U0001f189":
        return chr(ord("A") + (ord(letter) - 0x1F150) % 32)  # enclosed, white on black
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    return unicodedata.normalize("NFKC", letter).replace("\n", " ")


def _unmasked(match: re.Match[str]) -> str:
    """A word that mixes Latin letters with look-alikes, in Latin letters."""
    word = match.group()
    if word.isascii():
        return word
    if any(letter in LOOKALIKES for letter in word) and re.search("[A-Za-z]", word):
        return as_latin(word)
    return word
