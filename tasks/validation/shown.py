"""Words of a model or a person as a page may show them: nothing hidden, no markup. Pure."""

import re

from configs.plain_text import visible

_INLINE = re.compile(r"[\\`*_\[\]|~$]")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_NUMBERED = re.compile(r"(\d{1,9})(?=[.)](?:\s|$))")
_MARKER = re.compile(r"[#>=]|[+-](?:[\s-]|$)")


class Markdown(str):
    """Text that is Markdown already, and is written as it stands."""

    __slots__ = ()


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
