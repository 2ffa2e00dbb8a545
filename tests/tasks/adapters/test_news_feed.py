"""News feeds over real sockets: what is read, and all that is refused on the way."""

import dataclasses
import gzip
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import FeedAway, FeedRefused, FeedUnusable
from tasks.kernel.retry import is_transient_fault
from tasks.ports.feeds import FeedReading
from tests.fakes.feed_server import Answer, Asked, feed_server
from tests.fakes.smtp_server import certificates
from tests.tasks.adapters.feed_scene import HOST, NOW, RSS, Scene


@pytest.fixture
def plain() -> Iterator[Scene]:
    with feed_server() as server:
        scene = Scene(server, "http")
        scene.answer(Answer(RSS))
        yield scene


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificates(tmp_path_factory.mktemp("tls"), names=(HOST,))


@pytest.fixture
def secure(authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[0]))
    with feed_server(certificate=authority[1]) as server:
        scene = Scene(server, "https")
        scene.answer(Answer(RSS))
        yield scene


# What is read


def test_a_feed_is_read(plain: Scene) -> None:
    reading = plain.read()
    assert reading.title == "Tide & Time"
    assert [item.title for item in reading.items] == ["Newer", "Older"]
    newer, older = reading.items
    assert newer.published == datetime(2026, 12, 1, 6, 30, tzinfo=UTC)
    assert (newer.link, newer.text) == ("https://tide.example/newer", "Plain.")
    assert older.text == "One two.\nThree."
    assert older.link == plain.url("/older")
    assert (reading.sha256, reading.fetched_at) == (sha256_hex(RSS), NOW)
    assert (reading.url, reading.location) == (plain.url(), plain.url())


def test_who_asks_is_told_and_nothing_else(
    plain: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {HOST} login u password p\nmachine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    plain.read()
    (asked,) = plain.server.asked
    assert asked.headers["host"] == f"{HOST}:{plain.server.port}"
    assert asked.headers["user-agent"].startswith("emeritus/")
    assert asked.headers["accept-encoding"] == "gzip"
    sent = {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert set(asked.headers) == sent


def test_over_tls_the_name_is_asked_for_and_the_certificate_checked(secure: Scene) -> None:
    assert secure.read(plain_text_allowed=False).title == "Tide & Time"
    (asked,) = secure.server.asked
    assert asked.sni == HOST
    assert asked.headers["host"] == f"{HOST}:{secure.server.port}"


def test_a_certificate_of_another_name_is_refused(secure: Scene) -> None:
    with pytest.raises(FeedRefused, match=r"certificate of other\.example does not hold") as caught:
        secure.read(url=secure.url(host="other.example"))
    assert type(caught.value) is FeedRefused
    assert secure.server.asked == []


def test_a_certificate_of_an_unknown_authority_is_refused(
    secure: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(FeedRefused, match="does not hold"):
        secure.read()


# Where it may lead


def test_redirects_are_followed_with_nothing_carried_on(plain: Scene) -> None:
    target = plain.url("/feed", host="other.example")
    plain.redirect("/next#part", **{"Set-Cookie": "a=b; Path=/"})
    plain.redirect(target, "/next", status=308, **{"Set-Cookie": "c=d; Path=/"})
    plain.answer(
        lambda asked: (
            Answer(RSS)
            if asked.headers["host"].startswith("other")
            else Answer(status=302, headers={"Location": "/next", "Set-Cookie": "a=b; Path=/"})
        )
    )
    reading = plain.read()
    assert plain.server.paths() == ["/feed", "/next", "/feed"]
    assert not any("cookie" in asked.headers for asked in plain.server.asked)
    assert plain.names.looked_up == [HOST, HOST, "other.example"]
    assert (reading.url, reading.location) == (plain.url(), target)


def test_five_redirects_are_followed_and_no_sixth(plain: Scene) -> None:
    for number in range(6):
        plain.redirect(f"/{number + 1}", f"/{number}")
    plain.answer(Answer(RSS), "/5")
    assert plain.read(url=plain.url("/0")).title
    plain.redirect("/6", "/5")
    plain.answer(Answer(RSS), "/6")
    with pytest.raises(FeedUnusable, match="redirects more than 5 times"):
        plain.read(url=plain.url("/0"))
    assert "/6" not in plain.server.paths()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("http://evil.example/", "leads to evil.example, which allowed_hosts does not list"),
        ("//evil.example/", "leads to evil.example"),
        ("http://feeds.example.evil.example/", "leads to feeds.example.evil.example"),
        ("http://feeds.example./", "leads to feeds.example., which"),
        ("http://feeds.example@evil.example/", "holds a user name"),
        ("http://u:p@feeds.example/", "holds a user name"),
        ("http://127.0.0.1/", "leads to 127.0.0.1, which"),
        ("http://[::1]/", "leads to ::1, which"),
        ("http://2130706433/", "leads to 2130706433, which"),
        ("file:///etc/passwd", "asked over file"),
        ("ftp://feeds.example/", "asked over ftp"),
        ("gopher://feeds.example/", "asked over gopher"),
        ("data:text/xml,<rss/>", "asked over data"),
        ("http://feeds.example:99999/", "leads to port 99999"),
        ("http://feeds.example:port/", "is no address"),
    ],
)
def test_a_redirect_to_elsewhere_is_refused(plain: Scene, target: str, said: str) -> None:
    plain.redirect(target)
    with pytest.raises(FeedRefused, match="the feed 'tide': ") as caught:
        plain.read()
    assert said in str(caught.value)
    assert not caught.value.transient
    assert plain.server.paths() == ["/feed"]
    assert plain.names.looked_up == [HOST]


def test_what_a_host_says_is_told_in_short(plain: Scene) -> None:
    plain.redirect("http://" + ".".join(["evil"] * 4_000) + "/")
    with pytest.raises(FeedRefused, match="cut after 300") as caught:
        plain.read()
    assert len(str(caught.value)) < 400


def test_a_redirect_from_https_to_http_is_refused(secure: Scene) -> None:
    secure.redirect(f"http://{HOST}:{secure.server.port}/feed")
    with pytest.raises(FeedRefused, match="asked over http; only https"):
        secure.read(plain_text_allowed=False)
    assert secure.server.paths() == ["/feed"]


def test_a_host_that_is_no_longer_listed_is_refused(plain: Scene) -> None:
    with pytest.raises(FeedRefused, match="allowed_hosts"):
        plain.read(allowed_hosts=("other.example",))
    assert plain.names.looked_up == []


@pytest.mark.parametrize("address", ["10.0.0.5", "169.254.169.254", "::ffff:127.0.0.1", "fe80::1"])
def test_a_name_that_leads_inside_is_refused(plain: Scene, address: str) -> None:
    plain.names.hosts[HOST] = [[address]]
    with pytest.raises(FeedRefused, match=f"{HOST} is at {address}, which is no public address"):
        plain.read()


def test_loopback_needs_leave(plain: Scene) -> None:
    with pytest.raises(FeedRefused, match=r"is at 127\.0\.0\.1"):
        plain.read(loopback_allowed=False)
    assert plain.server.asked == []


def test_one_bad_address_among_good_ones_is_enough(plain: Scene) -> None:
    plain.names.hosts[HOST] = [["127.0.0.1", "10.0.0.5"]]
    with pytest.raises(FeedRefused, match=r"is at 10\.0\.0\.5"):
        plain.read()
    assert plain.server.asked == []


def test_a_redirect_to_a_name_that_leads_inside_is_refused(plain: Scene) -> None:
    plain.redirect(plain.url("/secret", host="other.example"))
    plain.names.hosts["other.example"] = [["192.168.0.1"]]
    with pytest.raises(FeedRefused, match=r"other\.example is at 192\.168\.0\.1"):
        plain.read()
    assert plain.server.paths() == ["/feed"]


def test_the_checked_address_is_the_one_that_is_asked(
    plain: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second look-up would be told another address: there is none, in httpx or below it."""
    plain.names.hosts[HOST] = [["127.0.0.1"], ["10.0.0.5"]]
    names: list[object] = []
    real = socket.getaddrinfo

    def watched(host: Any, *rest: Any, **more: Any) -> Any:
        names.append(host)
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    assert plain.read().title
    assert plain.names.looked_up == [HOST]
    assert set(names) <= {"127.0.0.1"}


def test_a_name_that_was_rebound_at_the_next_hop_is_refused(plain: Scene) -> None:
    plain.redirect("/next")
    plain.answer(Answer(RSS), "/next")
    plain.names.hosts[HOST] = [["127.0.0.1"], ["10.0.0.5"]]
    with pytest.raises(FeedRefused, match=r"is at 10\.0\.0\.5"):
        plain.read()
    assert plain.server.paths() == ["/feed"]


def test_the_next_address_is_asked_where_one_takes_no_connection(plain: Scene) -> None:
    plain.names.hosts[HOST] = [["::1", "127.0.0.2", "127.0.0.1"]]  # the server is at the last one
    assert plain.read().title == "Tide & Time"


def test_an_address_that_takes_a_connection_and_says_nothing_is_left_in_time(secure: Scene) -> None:
    secure.names.hosts[HOST] = [["127.0.0.2", "127.0.0.1"]]
    with socket.create_server(("127.0.0.2", secure.server.port)):
        assert secure.read(timeout_seconds=4).title == "Tide & Time"


# Who is away


def test_a_name_that_nobody_knows_is_tried_again(plain: Scene) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    for resolve in (unknown, lambda host, port: []):
        plain.resolve = resolve
        with pytest.raises(FeedAway, match=f"no address of {HOST} is known") as caught:
            plain.read()
        assert caught.value.transient
        assert is_transient_fault(caught.value)


def test_a_resolver_that_never_answers_ends_with_the_time(plain: Scene) -> None:
    asked, over, answered = (threading.Event() for _ in range(3))

    def silent(host: str, port: int) -> list[str]:
        asked.set()
        over.wait(5)
        answered.set()
        return ["127.0.0.1"]

    plain.resolve = silent
    try:
        with pytest.raises(FeedAway, match=r"no whole answer within 0\.2 s"):
            plain.read(timeout_seconds=0.2)
        assert (asked.is_set(), answered.is_set()) == (True, False)
    finally:
        over.set()
    assert plain.server.asked == []


def test_nobody_listens(plain: Scene) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(FeedAway, match=f"no connection to {HOST}"):
        plain.read(url=f"http://{HOST}:{port}/feed")


def test_plain_http_where_tls_is_expected(plain: Scene) -> None:
    with pytest.raises(FeedAway, match="no connection"):
        plain.read(url=plain.url().replace("http:", "https:"))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_busy_host_is_tried_again(plain: Scene, status: int) -> None:
    plain.answer(Answer(status=status))
    with pytest.raises(FeedAway, match=f"answers {status}"):
        plain.read()


@pytest.mark.parametrize("status", [201, 204, 206, 300, 304, 400, 401, 403, 404, 410, 451])
def test_any_other_answer_is_no_feed(plain: Scene, status: int) -> None:
    plain.answer(Answer(status=status))
    with pytest.raises(FeedUnusable, match=f"answers {status}") as caught:
        plain.read()
    assert not caught.value.transient


def test_an_answer_that_breaks_off_is_tried_again(plain: Scene) -> None:
    for answer in (Answer(RSS, cut=1), Answer(status=0)):
        plain.answer(answer)
        with pytest.raises(FeedAway, match="the connection broke"):
            plain.read()


def test_what_is_no_tls_in_the_midst_of_it_is_tried_again(secure: Scene) -> None:
    secure.answer(Answer(b"\x17\x03\x03\0\x20" + b"x" * 32, drips="beneath"))
    with pytest.raises(FeedAway, match="the connection broke"):
        secure.read()


@pytest.mark.parametrize("drips", ["head", "body", "chunk"])
def test_a_slow_drip_ends_with_the_time(plain: Scene, drips: str) -> None:
    """Bytes keep coming for as long as anybody listens: only the total time ends it."""
    plain.answer(Answer(b"<rss>", drips=drips))
    with pytest.raises(FeedAway, match=r"no whole answer within 0\.3 s"):
        plain.read(timeout_seconds=0.3)
    assert plain.server.paths() == ["/feed"]


def test_redirects_share_the_time(plain: Scene) -> None:
    plain.redirect("/next")
    plain.answer(Answer(b"<rss>", drips="body"), "/next")
    with pytest.raises(FeedAway, match="no whole answer"):
        plain.read(timeout_seconds=0.3)


# How much


def test_a_feed_of_the_largest_size_is_read_and_one_more_byte_is_not(plain: Scene) -> None:
    padded = RSS + b" " * (2_000 - len(RSS))
    plain.answer(Answer(padded))
    assert plain.read(most_bytes=2_000).title
    plain.answer(Answer(padded + b" "))
    with pytest.raises(FeedUnusable, match=r"larger than 2,000 bytes \(essays.context.most_bytes"):
        plain.read(most_bytes=2_000)


def test_a_feed_without_end_stops_at_its_size(plain: Scene) -> None:
    plain.answer(Answer(b" " * 5_000, drips="body"))
    with pytest.raises(FeedUnusable, match="larger than 4,000"):
        plain.read(most_bytes=4_000)


def test_gzip_is_unpacked_and_the_digest_is_that_of_the_feed(plain: Scene) -> None:
    members = gzip.compress(RSS[:300]) + gzip.compress(RSS[300:])
    plain.answer(Answer(members, headers={"Content-Encoding": "GZIP"}))
    reading = plain.read()
    assert (reading.title, reading.sha256) == ("Tide & Time", sha256_hex(RSS))


def test_a_gzip_bomb_stops_early(plain: Scene) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 50_000
    plain.answer(Answer(bomb, headers={"Content-Encoding": "gzip"}))
    tracemalloc.start()
    try:
        with pytest.raises(FeedUnusable, match="larger than"):
            plain.read(most_bytes=1_000_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


def test_many_empty_gzip_members_count_as_they_come(plain: Scene) -> None:
    plain.answer(Answer(gzip.compress(b"") * 1_000, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(FeedUnusable, match="larger than"):
        plain.read(most_bytes=10_000)


def test_gzip_that_is_none_and_gzip_that_breaks_off(plain: Scene) -> None:
    plain.answer(Answer(RSS, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(FeedUnusable, match="no sound gzip"):
        plain.read()
    plain.answer(Answer(gzip.compress(RSS)[:-9], headers={"Content-Encoding": "gzip"}))
    with pytest.raises(FeedAway, match="gzip broke off"):
        plain.read()


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip", "compress"])
def test_a_coding_that_nobody_asked_for_is_refused(plain: Scene, coding: str) -> None:
    plain.answer(Answer(gzip.compress(RSS), headers={"Content-Encoding": coding}))
    with pytest.raises(FeedUnusable, match="packs it in a way"):
        plain.read()


# What changed since


def test_what_did_not_change_is_not_sent_again(plain: Scene) -> None:
    told = {"ETag": 'W/"7"', "Last-Modified": "Tue, 01 Dec 2026 07:00:00 GMT"}

    def conditional(asked: Asked) -> Answer:
        same = asked.headers.get("if-none-match") == told["ETag"]
        return Answer(status=304, headers=told) if same else Answer(RSS, headers=told)

    plain.answer(conditional)
    first = plain.read()
    assert (first.etag, first.last_modified) == (told["ETag"], told["Last-Modified"])
    earlier = dataclasses.replace(first, fetched_at=datetime(2026, 11, 24, tzinfo=UTC))
    assert plain.read(last=FeedReading.from_json(earlier.to_json())) == first
    assert plain.server.asked[1].headers["if-modified-since"] == told["Last-Modified"]


def test_a_tag_is_told_to_the_address_that_gave_it_alone(plain: Scene) -> None:
    plain.redirect("/next")
    plain.answer(Answer(RSS, headers={"ETag": '"7"'}), "/next")
    first = plain.read()
    plain.read(last=first)
    assert ["if-none-match" in asked.headers for asked in plain.server.asked] == [
        *(False, False),
        *(False, True),
    ]
    plain.server.asked.clear()
    plain.read(last=first, url=plain.url("/next"))  # another feed: what is kept is not of it
    assert "if-none-match" not in plain.server.asked[0].headers


def test_an_unasked_304_is_no_feed(plain: Scene) -> None:
    plain.redirect("/next")
    plain.answer(Answer(RSS, headers={"ETag": '"7"'}), "/next")
    first = plain.read()
    plain.answer(Answer(status=304))
    with pytest.raises(FeedUnusable, match="answers 304"):
        plain.read(last=first)


@pytest.mark.parametrize("tag", ['"' + "x" * 400 + '"', '"caf\xe9"'])
def test_a_tag_that_can_not_be_sent_back_is_not_kept(plain: Scene, tag: str) -> None:
    plain.answer(Answer(RSS, headers={"ETag": tag}))
    assert plain.read().etag == ""


def test_a_kept_reading_that_is_damaged() -> None:
    for text in ("", "{}", "[]", '{"url":1}', "null"):
        with pytest.raises(ValueError, match="FeedReading"):
            FeedReading.from_json(text)


# What it holds


@pytest.mark.parametrize(
    "kind", ["text/html", "application/json", "image/png", "text/html; charset=utf-8", "x" * 99]
)
def test_a_type_that_is_no_feed_is_refused(plain: Scene, kind: str) -> None:
    plain.answer(Answer(RSS, headers={"Content-Type": kind}))
    with pytest.raises(FeedUnusable, match="which is no feed"):
        plain.read()


@pytest.mark.parametrize("kind", ["", "text/xml", "application/atom+xml;charset=UTF-8", "Text/XML"])
def test_types_that_feeds_come_as(plain: Scene, kind: str) -> None:
    plain.answer(Answer(RSS, headers={"Content-Type": kind}))
    assert plain.read().title == "Tide & Time"


def test_the_types_charset_goes_before_the_documents(plain: Scene) -> None:
    body = RSS.replace(b"Tide", "Café".encode()).replace(b'"utf-8"', b'"koi8-r"')
    plain.answer(Answer(body, headers={"Content-Type": "text/xml; charset=utf-8"}))
    assert plain.read().title == "Café & Time"


def test_what_a_feed_holds_is_refused_with_its_name(plain: Scene) -> None:
    dtd = b'<!DOCTYPE rss SYSTEM "/dtd"><rss><channel/></rss>'.decode().encode("utf-16")
    plain.answer(Answer(dtd, headers={"Content-Type": "application/xml"}))
    with pytest.raises(
        FeedUnusable, match=r"^essays\.context: the feed 'tide': it holds a document"
    ):
        plain.read()
    assert plain.server.paths() == ["/feed"]
