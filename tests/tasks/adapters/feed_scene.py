"""What the tests of news feeds share: a feed, a server that has it, and a reader of it."""

import asyncio
import ssl
from datetime import UTC, datetime
from typing import Any

from configs.schema.essays import ContextConfig, NewsFeedConfig
from tasks.adapters.news_feed import NewsFeedReader
from tasks.adapters.public_addresses import Resolve
from tasks.ports.feeds import FeedReading
from tests.fakes.feed_server import Answer, FeedServer, Names

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
RSS = b"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>Tide &amp; Time</title><link>https://tide.example/</link>
<item><title>Older</title><link>/older</link><pubDate>Mon, 30 Nov 2026 08:00:00 GMT</pubDate>
<description>&lt;p&gt;One &lt;b&gt;two&lt;/b&gt;.&lt;/p&gt;&lt;p&gt;Three.&lt;/p&gt;</description>
</item>
<item><title>Newer</title><link>https://tide.example/newer</link>
<pubDate>Tue, 01 Dec 2026 08:30:00 +0200</pubDate><description>Plain.</description></item>
</channel></rss>"""
HOST = "feeds.example"
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # made at once, as the system's is not


class Scene:
    """A server, names that lead to it, and a reader of its feed."""

    def __init__(self, server: FeedServer, scheme: str) -> None:
        self.server, self.names, self.scheme = server, Names(), scheme
        self.resolve: Resolve = self.names

    def url(self, path: str = "/feed", host: str = HOST) -> str:
        return f"{self.scheme}://{host}:{self.server.port}{path}"

    def answer(self, answer: Any, path: str = "/feed") -> None:
        self.server.answers[path] = answer

    def redirect(self, target: str, path: str = "/feed", status: int = 302, **more: str) -> None:
        self.answer(Answer(status=status, headers={"Location": target, **more}), path)

    def read(self, *, last: FeedReading | None = None, url: str = "", **limits: Any) -> FeedReading:
        fields: dict[str, Any] = {
            "allowed_hosts": (HOST, "other.example"),
            "plain_text_allowed": True,
            "loopback_allowed": True,
            **limits,
        }
        config = ContextConfig(**fields)
        feed = NewsFeedConfig(name="tide", url=url or self.url())
        tls = NO_AUTHORITIES if self.scheme == "http" else None
        reader = NewsFeedReader(config, lambda: NOW, resolve=self.resolve, tls=tls)
        return asyncio.run(reader.read(feed, last))
