"""Links that work in the repository and in the site.

A page in docs/ may link to any file of the repository, by its relative path, as it does on the
repository's own host. The site has no such host to point to, so whatever is linked comes along as
a page: Markdown as it stands, other text in a block of code, a folder as a list.
"""

import posixpath
import re
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

FOLDER = "repository"  # where files from outside docs/ stand in the site
_LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\]\()([^()\s]+)(\)|\s+\"[^\"]*\"\))")
_FENCE = re.compile(r"^\s*(```+|~~~+)")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".json": "json", ".toml": "toml"}
_PLAIN = {"LICENSE", "Dockerfile", "Makefile"}
_MOST_BYTES = 200_000
_UNSEARCHED = "---\nsearch: {exclude: true}\n---\n\n"  # code would drown what explains it


def outside_code(markdown: str, change: Callable[[str], str]) -> str:
    """Apply a change to everything but fenced blocks and inline code."""
    out, fence = [], ""
    for line in markdown.split("\n"):
        opened = _FENCE.match(line)
        if opened and (not fence or opened[1].startswith(fence)):
            fence = "" if fence else opened[1]
            out.append(line)
        else:
            out.append(line if fence else _between_code(line, change))
    return "\n".join(out)


def _between_code(line: str, change: Callable[[str], str]) -> str:
    """Apply a change with inline code hidden from it, so that a link's text may hold some."""
    hidden: list[str] = []

    def hide(found: re.Match[str]) -> str:
        hidden.append(found.group())
        return f"\x00{len(hidden) - 1}\x00"

    changed = change(_CODE.sub(hide, line))
    return re.sub(r"\x00(\d+)\x00", lambda found: hidden[int(found[1])], changed)


def targets(markdown: str) -> Iterable[str]:
    """Every relative target of a link or an image, with its anchor."""
    found: list[str] = []

    def note(line: str) -> str:
        found.extend(m[2] for m in _LINK.finditer(line) if _is_relative(m[2]))
        return line

    outside_code(markdown, note)
    return found


def _is_relative(target: str) -> bool:
    return not re.match(r"[a-z][a-z0-9+.-]*:|//|/|#", target)


class Site:
    """Which file of the repository stands where in the site.

    Args:
        checkout: the repository's root.
        pages: paths of all source pages below docs/, generated ones among them.
    """

    def __init__(self, checkout: Path, pages: Iterable[str]) -> None:
        self._checkout = checkout
        self._pages = set(pages)
        self.added: dict[str, str | None] = {}  # site path -> Markdown, or none: copied as it is

    def place_of(self, path: str) -> str | None:
        """Where a path of the repository (`docs/errors.md`) stands; none if nothing is there."""
        if path == "docs" or path.startswith("docs/"):
            inside = path.removeprefix("docs").strip("/")
            return next((p for p in _candidates(inside) if p in self._pages), None)
        full = self._checkout / path
        if full.is_dir():  # its README if it has one, as the repository's host shows it
            own = (full / "README.md").is_file()
            return f"{FOLDER}/{path}/{'README' if own else 'index'}.md"
        if not full.is_file():
            return None
        if full.suffix == ".md":
            return f"{FOLDER}/{path}"
        if full.suffix in {".png", ".svg"}:
            return f"{FOLDER}/{path}"
        return f"{FOLDER}/{path}.md"

    def rewrite(self, markdown: str, source: str, place: str) -> str:
        """Point every link of a page at the site's own paths.

        Args:
            markdown: the page.
            source: its path in the repository, as `docs/stages/access.md`.
            place: its source path in the site, as `stages/access.md`.
        """

        def one(found: re.Match[str]) -> str:
            if not _is_relative(found[2]):
                return found.group()
            path, _, anchor = found[2].partition("#")
            wanted = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
            target = self.place_of(wanted)
            if target is None:
                return found.group()  # mkdocs says so, with the page's name
            relative = posixpath.relpath(target, posixpath.dirname(place) or ".")
            return f"{found[1]}{relative}{'#' + anchor if anchor else ''}{found[3]}"

        return outside_code(markdown, lambda line: _LINK.sub(one, line))

    def collect(self, markdown: str, source: str) -> None:
        """Add the pages that a page links to outside docs/, and those that they link to."""
        for target in targets(markdown):
            path = target.partition("#")[0]
            wanted = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
            place = self.place_of(wanted)
            if place is None or wanted.split("/")[0] == "docs" or place in self.added:
                continue
            self._add(wanted, place)

    def _add(self, path: str, place: str) -> None:
        full = self._checkout / path
        if full.is_dir() and place.endswith("/README.md"):
            path, full = f"{path}/README.md", full / "README.md"
        if full.is_dir():
            text = _listing(full, path)
        elif full.suffix == ".md":
            text = full.read_text(encoding="utf-8")
        elif full.suffix in {".png", ".svg"}:
            self.added[place] = None
            return
        else:
            text = _shown(full, path)
        self.added[place] = text
        if full.is_dir() or full.suffix == ".md":
            inside = f"{path}/index.md" if full.is_dir() else path
            self.collect(text, inside)
            self.added[place] = self.rewrite(text, inside, place)


def _candidates(inside: str) -> list[str]:
    folder = [f"{inside}/index.md", f"{inside}/README.md"] if inside else ["index.md", "README.md"]
    return [inside, *folder]


def _listing(folder: Path, path: str) -> str:
    entries = sorted(p for p in folder.iterdir() if not p.name.startswith((".", "__")))
    lines = [f"- [`{p.name}`]({p.name})" for p in entries if p.is_dir() or _is_text(p)]
    return _UNSEARCHED + "\n".join(
        [f"# `{path}/`", "", "What this folder of the repository holds:", "", *lines]
    )


def _is_text(file: Path) -> bool:
    suffixes = {*_LANGUAGES, ".md", ".txt", ".j2", ".conf", ".sh", ".ini", ".cfg", ".lock", ".png"}
    small = file.stat().st_size <= _MOST_BYTES
    return small and (file.suffix in suffixes or file.name.split(".")[0] in _PLAIN)


def _shown(file: Path, path: str) -> str:
    language = _LANGUAGES.get(file.suffix, "text")
    text = file.read_text(encoding="utf-8", errors="replace")
    fence = "````" if "```" in text else "```"
    return f"{_UNSEARCHED}# `{PurePosixPath(path)}`\n\n{fence}{language}\n{text}\n{fence}\n"
