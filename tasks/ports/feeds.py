"""News feeds that a model may be shown: what one holds, as plain text, and how it is read."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import TypeAdapter

from configs.schema.essays import NewsFeedConfig
from tasks.kernel.digests import canonical_json
from tasks.kernel.instants import to_text, to_utc

#: Items of one reading, at most: as many as `NewsFeedConfig.items` may ask for.
MOST_ITEMS = 20
#: Characters of an item's (or a feed's) title, and of an item's text, before they are cut.
LONGEST_TITLE = 200
LONGEST_TEXT = 1_000


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One item. Plain text, yet others wrote it: it may hold characters that nobody sees.

    Attributes:
        title: one line; empty where the feed gives none.
        link: an absolute http(s) address in ASCII, or empty.
        published: when it says that it was published, or last changed; None where it does not.
        text: its summary, or else its content, line by line.
    """

    title: str
    link: str
    published: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class FeedReading:
    """A feed as it was last read. Kept, it lets the next reading ask only for what changed.

    Attributes:
        url: the configured address.
        location: the address that gave the feed, after redirects; the only one that is told
            `etag` and `last_modified`.
        title: the feed's own title.
        etag: the host's tag of this version; empty where it gave none.
        last_modified: likewise, its date, in the host's own words.
        sha256: digest of the feed's bytes, after content coding (`gzip`) was undone.
        fetched_at: when it was read, or last said not to have changed.
        items: the latest ones, newest first where all are dated; at most `MOST_ITEMS`.
    """

    url: str
    location: str
    title: str
    etag: str
    last_modified: str
    sha256: str
    fetched_at: datetime
    items: tuple[FeedItem, ...]

    def to_json(self) -> str:
        """Canonical JSON, to be kept."""
        items = [{**asdict(item), "published": _instant(item.published)} for item in self.items]
        value: dict[str, Any] = {**asdict(self), "items": items}
        return canonical_json({**value, "fetched_at": to_text(self.fetched_at)}).decode()

    @classmethod
    def from_json(cls, text: str) -> "FeedReading":
        """The inverse of `to_json`.

        Raises:
            ValueError: not such a text; reading the feed anew makes another one.
        """
        return _READING.validate_json(text)


class FeedReader(Protocol):
    """Reads feeds from wherever they are."""

    async def read(self, feed: NewsFeedConfig, last: FeedReading | None = None) -> FeedReading:
        """Read a feed once. Safe to repeat: a read changes nothing anywhere.

        Args:
            feed: which.
            last: how it was read before. Where the host says that nothing changed it comes back
                with another `fetched_at`; that of another address is ignored.

        Raises:
            FeedRefused: it may not be read as things stand.
            FeedUnusable: what came is no feed that may be used.
            FeedAway: no whole answer came; another try may bring one.
        """
        ...


def shortened(text: str, most: int) -> str:
    """`text`, or its first `most` characters and a note that says so."""
    return text if len(text) <= most else f"{text[:most].rstrip()}… [cut after {most:,} characters]"


def _instant(at: datetime | None) -> str | None:
    return None if at is None else to_text(to_utc(at))


_READING = TypeAdapter(FeedReading)
