"""Plain sentences of code and schema, made safe to stand in Markdown."""

import re

_CODE = re.compile(r"(`+)(?:.+?)\1", re.DOTALL)
_MARKED = re.compile(r"([\\*\[\]<>|])")
_ENTITY = {"<": "&lt;", ">": "&gt;"}


def prose(text: str) -> str:
    """Escape what Markdown would take for markup; what stands in backticks stays as it is.

    Args:
        text: a description or a docstring, in one paragraph or several.

    Returns:
        The text with its paragraphs kept and its line breaks inside them gone.
    """
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(_escaped(" ".join(one.split())) for one in paragraphs)


def _escaped(text: str) -> str:
    parts, end = [], 0
    for code in _CODE.finditer(text):
        parts += [_plain(text[end : code.start()]), code.group()]
        end = code.end()
    return "".join([*parts, _plain(text[end:])])


def _plain(text: str) -> str:
    return _MARKED.sub(lambda found: _ENTITY.get(found[1], f"\\{found[1]}"), text)


def code(value: object) -> str:
    """A value as inline code, whatever it holds; in a table too, whose `|` counts not in code."""
    text = str(value) or '""'
    return f"`` {text} ``" if "`" in text else f"`{text}`"
