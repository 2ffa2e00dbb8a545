"""Each error code, exit status and knock-out with an address, and links to them from every page."""

import posixpath
import re

PAGE = "errors.md"
_ROW = re.compile(r"^\| (EM\d{3}|KO-[A-Z]+) \|", re.MULTILINE)
_MENTION = re.compile(r"(?<![\w\[#-])(EM\d{3}|KO-[A-Z]+)(?![\w\]-])")


def codes(markdown: str) -> list[str]:
    """The codes that the page of errors lists, in its order."""
    return _ROW.findall(markdown)


def with_anchors(markdown: str) -> str:
    """The page of errors with an anchor a row: `errors.md#em410`."""
    return _ROW.sub(lambda found: f'| <a id="{found[1].lower()}"></a>{found[1]} |', markdown)


def with_links(line: str, place: str, known: set[str]) -> str:
    """Link each code that a line names to its row; headings and links stay as they are."""
    if line.startswith("#"):
        return line
    target = posixpath.relpath(PAGE, posixpath.dirname(place) or ".")

    def one(found: re.Match[str]) -> str:
        told = found[1]
        return f"[{told}]({target}#{told.lower()})" if told in known else told

    parts = re.split(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\]\([^)]*\)|<[^>]*>)", line)
    return "".join(p if i % 2 else _MENTION.sub(one, p) for i, p in enumerate(parts))
