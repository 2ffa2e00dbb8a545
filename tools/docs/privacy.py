"""What a built page would fetch from another host: nothing may."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

_FETCHED = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "use": ("href", "xlink:href"),
    "image": ("href", "xlink:href"),
}
# A link element fetches by these relations; a canonical address or a next page is only named.
_RELATIONS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "manifest"}
_OTHER_HOST = re.compile(r"^\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_IN_STYLE = re.compile(r"(?:url\(|@import)\s*[\"']?\s*((?:https?:)?//[^\"')\s]+)", re.IGNORECASE)


class _Fetches(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        names: tuple[str, ...] = _FETCHED.get(tag, ())
        if tag == "link" and _RELATIONS & set(given.get("rel", "").lower().split()):
            names = ("href",)
        told = [part for name in names for part in given.get(name, "").split(",")]
        self.found += [part.strip() for part in told if _OTHER_HOST.match(part)]
        self.found += _IN_STYLE.findall(given.get("style", ""))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.found += _IN_STYLE.findall(data)


def fetched(site: Path) -> Iterator[str]:
    """`page: address` of everything that a page or a stylesheet would fetch from another host."""
    for page in sorted(site.rglob("*.html")):
        parser = _Fetches()
        parser.feed(page.read_text(encoding="utf-8"))
        yield from (f"{page.relative_to(site)}: {address}" for address in parser.found)
    for style in sorted(site.rglob("*.css")):
        for address in _IN_STYLE.findall(style.read_text(encoding="utf-8")):
            yield f"{style.relative_to(site)}: {address}"
