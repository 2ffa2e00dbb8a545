"""A feed's bytes to its items, in plain text.

feedparser sees only what `feed_xml` leaves of a feed. It is asked neither to sanitise nor to
resolve HTML, which takes it seconds over a hostile item: all HTML is reduced to text here, by a
real HTML parser (nh3), for those items alone that are kept.
"""

import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from time import struct_time
from typing import Any

import feedparser
import httpx
import nh3

from tasks.adapters.feed_xml import BLOCKS, UNREAD, reduced
from tasks.kernel.errors import FeedUnusable
from tasks.ports.feeds import LONGEST_TEXT, LONGEST_TITLE, MOST_ITEMS, FeedItem, shortened

_LONGEST_LINK = 1_000  # fewer than `feed_xml` leaves: none that it cut is taken for whole
_HOST = re.compile(rb"[a-z0-9._:-]+")
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A feed's title and items, as `FeedReading` has them."""

    title: str
    items: tuple[FeedItem, ...]


def read_document(body: bytes, *, charset: str = "", location: str = "") -> FeedDocument:
    """Parse one feed: RSS 0.9x, 1.0, 2.0, or Atom 1.0.

    Args:
        body: its bytes.
        charset: as the content type names it; a byte order mark goes before it, and it before
            what the document declares (RFC 7303).
        location: address that relative links start from.

    Raises:
        FeedUnusable: no such feed, or one that holds a DTD.
    """
    document = reduced(body, charset=charset)
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": location}
    try:
        # a stream, since feedparser opens a string that looks like an address or a file
        parsed = feedparser.parse(
            io.BytesIO(document),
            response_headers=headers,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as fault:  # its date and address readers raise whatever they meet
        raise FeedUnusable(f"it can't be parsed ({type(fault).__name__})") from None
    if parsed.bozo:
        raise FeedUnusable(f"it can't be parsed ({type(parsed.bozo_exception).__name__})")
    entries = [(entry, _published(entry)) for entry in parsed.entries]
    if all(at is not None for _, at in entries):
        entries.sort(key=lambda dated: dated[1] or datetime.min, reverse=True)
    items = (_item(entry, at) for entry, at in entries[: 2 * MOST_ITEMS])
    kept = [item for item in items if item.title or item.text][:MOST_ITEMS]
    return FeedDocument(_title(parsed.feed), tuple(kept))


def plain_text(html: str) -> str:
    """The words of HTML, a line a block; no scripts, styles, comments or blank lines."""
    kept = nh3.clean(html, tags=BLOCKS, attributes={"*": set()}, clean_content_tags=UNREAD)
    return _lines(unescape(_TAG.sub("\n", kept)))


def _item(entry: Any, published: datetime | None) -> FeedItem:
    text = _text(entry.get("summary_detail"))
    if not text:
        text = next((words for part in entry.get("content", ()) if (words := _text(part))), "")
    return FeedItem(
        title=_title(entry),
        link=_link(entry.get("link", "")),
        published=published,
        text=shortened(text, LONGEST_TEXT),
    )


def _title(entry: Any) -> str:
    return shortened(" ".join(_text(entry.get("title_detail")).split()), LONGEST_TITLE)


def _text(detail: Any) -> str:
    if not detail:
        return ""
    value = str(detail.get("value") or "")
    return _lines(value) if detail.get("type") == "text/plain" else plain_text(value)


def _lines(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _link(link: str) -> str:
    try:
        url = httpx.URL(link)
    except (httpx.InvalidURL, ValueError, TypeError):
        return ""
    text = str(url)
    usable = url.scheme in ("http", "https") and not url.userinfo
    usable = usable and _HOST.fullmatch(url.raw_host) is not None
    usable = usable and text.isascii() and text.isprintable() and len(text) <= _LONGEST_LINK
    return text if usable else ""


def _published(entry: Any) -> datetime | None:
    # feedparser's own `get` gives one for the other, with a warning
    parsed = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    if not isinstance(parsed, struct_time):
        return None
    try:
        return datetime(*parsed[:6], tzinfo=UTC)
    except ValueError:  # a leap second, a year beyond 9999
        return None
