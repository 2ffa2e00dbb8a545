"""Markdown of the repository, and the blocks of code in it, with the line where each begins."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from configs.home import CHECKOUT

_OPEN = re.compile(r"^(\s*)(```+|~~~+)\s*([\w-]*)\s*(.*)$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        page: the Markdown file.
        line: number of its first line, from 1.
        language: what its fence says, such as `yaml`; may be empty.
        info: what follows the language.
        text: what stands in it, without the fence's indent.
    """

    page: Path
    line: int
    language: str
    info: str
    text: str

    @property
    def where(self) -> str:
        """`docs/errors.md:12`, for messages and names of tests."""
        return f"{self.page.relative_to(CHECKOUT)}:{self.line}"


def pages() -> list[Path]:
    """Every page that a user reads: docs/, the READMEs, and how to contribute."""
    found = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md"]
    for folder in ("docs", "deployments", "configs"):
        found += sorted((CHECKOUT / folder).rglob("*.md"))
    return [page for page in found if "node_modules" not in page.parts]


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    lines = page.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        opened = _OPEN.match(lines[number])
        number += 1
        if not opened:
            continue
        indent, fence, language, info = opened.groups()
        start, inside = number, []
        while number < len(lines) and not lines[number].strip().startswith(fence):
            inside.append(lines[number].removeprefix(indent))
            number += 1
        number += 1
        yield Block(page, start + 1, language, info, "\n".join(inside) + "\n")


def outside_blocks(page: Path) -> Iterator[tuple[int, str]]:
    """Lines that stand in no fenced block, with their numbers."""
    fence = ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        opened = _OPEN.match(line)
        if opened and (not fence or opened[2].startswith(fence)):
            fence = "" if fence else opened[2]
        elif not fence:
            yield number, line
