"""Words of a model or a person as a page may show them: nothing hidden, no markup. Pure."""

import re
import unicodedata

#: Control, format, surrogate, private and unassigned characters, and the two line separators.
_HIDDEN_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
#: Letters and marks that show nothing.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
#: Variation selectors beyond the two that choose between text and picture.
_SELECTORS = range(0xE0100, 0xE01F0)
_JOINERS = "\u200c\u200d"
_FIRST_JOINED = 0x590  # from Hebrew on: scripts and emoji in which joiners do honest work

_INLINE = re.compile(r"[\\`*_\[\]|~$]")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_NUMBERED = re.compile(r"(\d{1,9})(?=[.)](?:\s|$))")
_MARKER = re.compile(r"[#>=]|[+-](?:[\s-]|$)")


class Markdown(str):
    """Text that is Markdown already, and is written as it stands."""

    __slots__ = ()


def visible(text: str) -> str:
    """`text` with each hidden character written out as `[U+202E]`; line feeds and tabs stay.

    Hidden is what shows nothing, turns the reading direction, or has no agreed look. A joiner
    between two characters of a script that needs it stays.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"[U+{ord(character):04X}]" if _is_hidden(text, place) else character
        for place, character in enumerate(text)
    )


def is_plain(text: str) -> bool:
    """Whether nothing in a text is hidden."""
    return visible(text) == text


def one_line(text: str) -> str:
    """`visible` text with every run of whitespace made one space."""
    return visible(" ".join(text.split()))


def markdown(text: str) -> Markdown:
    """One line of Markdown (CommonMark, GFM) that shows `text` and holds no markup or HTML.

    It can stand in a paragraph, at its start, in a list's item, or in a table's cell.
    """
    line = _INLINE.sub(r"\\\g<0>", one_line(text))
    line = _ENTITY.sub("&amp;", line).replace("<", "&lt;")
    line = _NUMBERED.sub(r"\1\\", line, count=1) if _NUMBERED.match(line) else line
    return Markdown(f"\\{line}" if _MARKER.match(line) else line)


def written(value: object) -> object:
    """For templates in Markdown: every text is escaped unless it is `Markdown`."""
    return markdown(value) if type(value) is str else value


def _is_hidden(text: str, place: int) -> bool:
    character = text[place]
    if character in "\n\t" or text[place : place + 2] == "\r\n":
        return False
    if character in _BLANKS or ord(character) in _SELECTORS:
        return True
    if unicodedata.category(character) not in _HIDDEN_CATEGORIES:
        return False
    if character not in _JOINERS or not 0 < place < len(text) - 1:
        return True
    around = text[place - 1] + text[place + 1]
    return any(
        ord(one) < _FIRST_JOINED or unicodedata.category(one) in _HIDDEN_CATEGORIES
        for one in around
    )
