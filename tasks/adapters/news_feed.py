"""One news feed over HTTP, from hosts that the configuration lists and addresses that are public.

A name is resolved once for every request. Each address that it has must be one that may be read;
the connection is then made to that very address, while Host header, SNI and certificate keep the
name (httpx's `sni_hostname`), so a second answer of the resolver can't lead elsewhere. Redirects
are followed here, each on a connection of its own: no cookie, credential or header is carried on.

It is one of httpx's transports that asks, and no client of its: a client brings cookies, netrc and
the environment's proxies, and fails over a redirect that it was told not to follow. A proxy would
resolve names by itself, and what it resolved could not be checked: a machine that reaches the
internet by a proxy alone reads no feeds, and essays are written without. Certificates are checked
against the system's authorities, or those that SSL_CERT_FILE names.
"""

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version

import httpx
from anyio.to_thread import run_sync

from configs.schema.essays import ContextConfig, NewsFeedConfig
from tasks.adapters.feed_document import read_document
from tasks.adapters.patience import is_passing
from tasks.adapters.public_addresses import Resolve, is_readable, system_addresses
from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import FeedAway, FeedRefused, FeedUnusable
from tasks.ports.feeds import FeedReading, shortened

MOST_REDIRECTS = 5

_REDIRECTS = (301, 302, 303, 307, 308)
_LONGEST_VALIDATOR = _LONGEST_REASON = 300
_PLAIN_TYPES = {"", "text/xml", "application/xml", "text/plain", "application/octet-stream"}
_HEADERS = {
    "accept": "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8",
    "connection": "close",
    "accept-encoding": "gzip",  # bounded while it is unpacked, as httpx's own decoders are not
}


class NewsFeedReader:
    """Reads feeds under one configuration; see `ports.feeds.FeedReader`."""

    def __init__(
        self,
        config: ContextConfig,
        now: Callable[[], datetime],
        *,
        resolve: Resolve = system_addresses,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Set up; nothing is asked yet.

        Args:
            config: hosts, limits, and what a rehearsal may do.
            now: the clock, for the instant of a reading.
            resolve: from a name to addresses; called in a thread.
            tls: whose certificates count; None for the system's authorities.
        """
        self._config, self._now, self._resolve = config, now, resolve
        self._tls = tls or ssl.create_default_context()
        self._agent = f"emeritus/{version('emeritus')} (reads news feeds for essays)"

    async def read(self, feed: NewsFeedConfig, last: FeedReading | None = None) -> FeedReading:
        """See `ports.feeds.FeedReader`. `timeout_seconds` holds from name to last byte."""
        if last is not None and last.url != feed.url:
            last = None
        seconds = self._config.timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                found = await self._fetch(feed.url, last)
            return self._parsed(feed.url, found) if isinstance(found, _Fetched) else found
        except TimeoutError:
            fault: FeedRefused = FeedAway(f"it gave no whole answer within {seconds:g} s")
        except (httpx.TransportError, OSError) as error:  # a broken TLS record comes as the latter
            fault = FeedAway(f"the connection broke ({type(error).__name__})")
        except FeedRefused as refusal:
            fault = refusal
        said = shortened(str(fault), _LONGEST_REASON)  # a host may name another of any length
        raise type(fault)(f"essays.context: the feed {feed.name!r}: {said}") from None

    async def _fetch(self, start: str, last: FeedReading | None) -> "_Fetched | FeedReading":
        url = _address(start)
        for _ in range(MOST_REDIRECTS + 1):
            self._check(url)
            asked = last if last is not None and last.location == str(url) else None
            async with self._asked(url, _validators(asked)) as answer:
                if answer.status_code in _REDIRECTS and "location" in answer.headers:
                    url = _address(answer.headers["location"], base=url)
                    continue
                if answer.status_code == httpx.codes.NOT_MODIFIED and asked is not None:
                    return self._unchanged(asked, answer)
                _check_answer(answer)
                body = await _body(answer, self._config.most_bytes)
                return _Fetched(url, answer, body)
        raise FeedUnusable(f"it redirects more than {MOST_REDIRECTS} times")

    def _check(self, url: httpx.URL) -> None:
        host = _host(url)
        if url.scheme != "https" and not (url.scheme == "http" and self._config.plain_text_allowed):
            raise FeedRefused(f"{host} is asked over {url.scheme}; only https is allowed")
        if url.userinfo:
            raise FeedRefused(f"its address at {host} holds a user name; none is ever sent")
        if host not in self._config.allowed_hosts:
            raise FeedRefused(
                f"it leads to {host}, which allowed_hosts does not list; add it, or leave the "
                "feed out"
            )

    async def _addresses(self, host: str, port: int) -> tuple[str, ...]:
        try:
            found = await run_sync(self._resolve, host, port, abandon_on_cancel=True)
        except (OSError, UnicodeError):
            found = ()
        if not found:
            raise FeedAway(f"no address of {host} is known")
        for address in found:
            if not is_readable(address, loopback_allowed=self._config.loopback_allowed):
                raise FeedRefused(f"{host} is at {address}, which is no public address")
        return tuple(found)

    @asynccontextmanager
    async def _asked(
        self, url: httpx.URL, validators: dict[str, str]
    ) -> AsyncIterator[httpx.Response]:
        """One request, to the first of the host's addresses that takes a connection."""
        host = _host(url)
        addresses = await self._addresses(host, url.port or (443 if url.scheme == "https" else 80))
        headers = {**_HEADERS, "host": url.netloc.decode("ascii"), "user-agent": self._agent}
        # the whole read is timed by its caller; a dead address may not use all of that up
        timeout = httpx.Timeout(None, connect=self._config.timeout_seconds / len(addresses))
        async with httpx.AsyncHTTPTransport(verify=self._tls) as transport:
            for address in addresses:
                request = httpx.Request(
                    "GET",
                    url.copy_with(host=address),
                    headers={**headers, **validators},
                    extensions={"sni_hostname": host, "timeout": timeout.as_dict()},
                )
                try:
                    answer = await transport.handle_async_request(request)
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                    _check_certificate(error, host)
                else:
                    break
            else:
                raise FeedAway(f"no connection to {host} could be made")
            try:
                yield answer
            finally:
                await answer.aclose()

    def _unchanged(self, last: FeedReading, answer: httpx.Response) -> FeedReading:
        return replace(
            last,
            fetched_at=self._now(),
            etag=_validator(answer, "etag") or last.etag,
            last_modified=_validator(answer, "last-modified") or last.last_modified,
        )

    def _parsed(self, url: str, found: "_Fetched") -> FeedReading:
        document = read_document(
            found.body, charset=found.answer.charset_encoding or "", location=str(found.url)
        )
        return FeedReading(
            url=url,
            location=str(found.url),
            title=document.title,
            etag=_validator(found.answer, "etag"),
            last_modified=_validator(found.answer, "last-modified"),
            sha256=sha256_hex(found.body),
            fetched_at=self._now(),
            items=document.items,
        )


@dataclass(frozen=True, slots=True)
class _Fetched:
    url: httpx.URL
    answer: httpx.Response
    body: bytes


class _Gunzip:
    """Unpacks gzip, of one or several members, and never makes more than it was told."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)

    def unpack(self, packed: bytes, most: int) -> bytes:
        """What the next bytes hold: `most + 1` bytes, at most, where that is too much."""
        out = bytearray()
        while packed and len(out) <= most:
            if self._member.eof:
                self._member = zlib.decompressobj(wbits=31)
            out += self._member.decompress(packed, most + 1 - len(out))
            packed = self._member.unused_data or self._member.unconsumed_tail
        return bytes(out)

    @property
    def is_whole(self) -> bool:
        return self._member.eof


def _address(text: str, *, base: httpx.URL | None = None) -> httpx.URL:
    try:
        url = httpx.URL(text) if base is None else base.join(text)
        url = url.copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError):
        raise FeedRefused("it leads to what is no address") from None
    if not 0 < (url.port or 80) < 65536:
        raise FeedRefused(f"it leads to port {url.port}, which is none")
    return url


def _host(url: httpx.URL) -> str:
    return url.raw_host.decode("ascii")


def _validators(last: FeedReading | None) -> dict[str, str]:
    if last is None:
        return {}
    told = {"if-none-match": last.etag, "if-modified-since": last.last_modified}
    return {name: value for name, value in told.items() if value}


def _validator(answer: httpx.Response, name: str) -> str:
    value = str(answer.headers.get(name, ""))
    usable = len(value) <= _LONGEST_VALIDATOR and value.isascii() and value.isprintable()
    return value if usable else ""


def _check_answer(answer: httpx.Response) -> None:
    status = answer.status_code
    if is_passing(status, {}):
        raise FeedAway(f"its host answers {status}")
    if status != httpx.codes.OK:
        raise FeedUnusable(f"its host answers {status}")
    kind = answer.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if kind not in _PLAIN_TYPES and not kind.endswith("+xml"):
        shown = kind[:60] if kind.isascii() and kind.isprintable() else "no known type"
        raise FeedUnusable(f"its host sends {shown}, which is no feed")


async def _body(answer: httpx.Response, most: int) -> bytes:
    coding = answer.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise FeedUnusable("its host packs it in a way that was not asked for")
    gunzip = _Gunzip() if coding.endswith("gzip") else None
    body, received = bytearray(), 0
    async for chunk in answer.aiter_raw():
        received += len(chunk)
        try:
            body += gunzip.unpack(chunk, most - len(body)) if gunzip else chunk
        except zlib.error:
            raise FeedUnusable("it is no sound gzip, though its host says so") from None
        if max(received, len(body)) > most:
            raise FeedUnusable(f"it is larger than {most:,} bytes (essays.context.most_bytes)")
    if gunzip and not gunzip.is_whole:
        raise FeedAway("its gzip broke off")
    return bytes(body)


def _check_certificate(error: BaseException, host: str) -> None:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise FeedRefused(f"the certificate of {host} does not hold: {cause.verify_message}")
        cause = cause.__cause__ or cause.__context__
