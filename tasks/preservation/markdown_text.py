"""Foreign text in Markdown: it stays text, whatever it holds. Pure."""

import re
import unicodedata
from urllib.parse import quote

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")  # they reorder what stands after them
_INLINE = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")  # an underscore in a word is none
_ENTITY = re.compile(r"&(?=#?\w+;)")
_NUMBERED = re.compile(r"\d{1,9}(?=[.)](?:\s|$))")
_MARKER = re.compile(r"[#>]|[+-](?:[\s-]|$)")
_PLAIN = re.compile(r"[A-Za-z0-9._/@+=:,-]+\Z")


class Markdown(str):
    """Text that is Markdown already, and is written as it stands."""

    __slots__ = ()


def one_line(text: str) -> str:
    """Text on one line, without characters that show nothing or turn the reading direction."""
    line = " ".join(text.split())
    return _TURNING.sub(_REPLACEMENT, "".join(map(_visible, line)))


def _visible(character: str) -> str:
    nothing = unicodedata.category(character) in ("Cc", "Cs") or _is_noncharacter(character)
    return _REPLACEMENT if nothing else character


def _is_noncharacter(character: str) -> bool:
    point = ord(character)
    return point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF


def escaped(text: str) -> Markdown:
    """One line of Markdown (CommonMark, GFM) that shows `text` and holds no markup or HTML.

    It can stand in a paragraph, at its start, in a list's item, or in a table's cell.
    """
    line = _INLINE.sub(r"\\\g<0>", one_line(text))
    line = _ENTITY.sub("&amp;", line).replace("<", "&lt;")
    numbered = _NUMBERED.match(line)
    if numbered:
        return Markdown(f"{numbered[0]}\\{line[numbered.end() :]}")
    return Markdown(f"\\{line}" if _MARKER.match(line) else line)


def name(text: str) -> Markdown:
    """A file's or a model's name: as code where it is a plain one, else escaped."""
    return Markdown(f"`{text}`") if _PLAIN.match(text) else escaped(text)


def link(path: str) -> Markdown:
    """A link to a file, by its relative path."""
    return Markdown(f"[{name(path)}]({quote(path)})")


def written(value: object) -> object:
    """For templates: every text is escaped unless it is `Markdown`."""
    return escaped(value) if type(value) is str else value
