"""Characters that readers don't see, or take for others, raw and written as entities. Pure."""

import html
import re
import unicodedata
from collections.abc import Iterator

from tasks.essays.characters import hidden_in, lookalikes_in, turns_text, visible
from tasks.essays.checking.findings import Finding, short
from tasks.essays.checking.reading import Reading

CHECK = "characters"

#: A stretch without spaces, in which entities may stand.
_CHUNK = re.compile(r"\S{1,300}")
_ENTITY = re.compile(r"&#?\w{1,31};")
_PILE = re.compile(
    r"[^\s]([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]){3,}"
)
_WIDE = re.compile(r"[\u2000-\u200a\u205f\u1680\u3000]")
_WIDE_HONEST = 4


def find_characters(reading: Reading) -> Iterator[Finding]:
    """At most one finding of each kind a line: the first place, and all that the line holds."""
    for number, line in enumerate(reading.text.split("\n"), start=1):
        if not line.isascii() or "&" in line or not line.isprintable():
            yield from _in_line(number, line.removesuffix("\r"))


def _in_line(number: int, line: str) -> Iterator[Finding]:
    hidden = hidden_in(line)
    written = [
        (match.start(), character)
        for match in _ENTITY.finditer(line)
        for _, character in hidden_in(html.unescape(match.group()))
    ]
    for how, group in (("", hidden), (" written as an entity", written)):
        if group:
            names = ", ".join(sorted({f"U+{ord(character):04X}" for _, character in group})[:12])
            turns = any(turns_text(character) for _, character in group)
            why = "turns the direction of text" if turns else "is invisible"
            place = group[0][0]
            around = visible(line[max(0, place - 20) : place + 40])
            note = f"{names}{how} {why}; the page writes it out"
            yield Finding(CHECK, "high", number, place + 1, short(around), note)
    taken = lookalikes_in(line)
    if "&" in line:
        chunks = [
            (match.start(), html.unescape(match.group()))
            for match in _CHUNK.finditer(line)
            if "&" in match.group()
        ]
        taken += [(start, words) for start, words in chunks if lookalikes_in(words)]
    if taken:
        words = short(", ".join(word for _, word in taken[:12]))
        note = "letters of several alphabets in one word, or letters that pass for others"
        yield Finding(CHECK, "high", number, taken[0][0] + 1, words, note)
    pile = _PILE.search(line)
    if pile:
        note = "accents piled on one letter"
        yield Finding(CHECK, "look", number, pile.start() + 1, short(pile.group()), note)
    wide = list(_WIDE.finditer(line))
    kinds = {unicodedata.name(space.group()).lower() for space in wide}
    if len(wide) > _WIDE_HONEST and len(kinds) > 1:
        note = f"spaces of several widths ({', '.join(sorted(kinds)[:6])}) can carry a message"
        yield Finding(CHECK, "look", number, wide[0].start() + 1, "", note)
