"""What a feed's bytes are taken for, and all that is refused in them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.adapters.feed_document import plain_text, read_document
from tasks.adapters.feed_xml import reduced
from tasks.kernel.errors import FeedUnusable
from tasks.ports.feeds import LONGEST_TEXT, LONGEST_TITLE, MOST_ITEMS


def rss(item: str, *, head: str = "") -> bytes:
    return f'{head}<rss version="2.0"><channel><item>{item}</item></channel></rss>'.encode()


@pytest.mark.parametrize(
    "body",
    [
        rss("<title>Grüße</title>"),
        b"\xef\xbb\xbf" + rss("<title>Grüße</title>", head='<?xml version="1.0"?>'),
        rss("<title>Grüße</title>", head="\n <?xml version='1.0'?>\n"),
        rss("<title>Grüße</title>").decode().encode("utf-16"),
        b"\xfe\xff" + rss("<title>Grüße</title>").decode().encode("utf-16-be"),
        rss("<title>Grüße</title>").decode().encode("utf-16-le"),
        rss("<title>Grüße</title>").decode().encode("utf-16-be"),
        rss("<title>Grüße</title>", head='<?xml version="1.0" encoding="UTF-16"?>'),
        rss("<title>Grüße</title>", head='<?xml version="1.0" encoding="latin-1"?>')
        .decode()
        .encode("latin-1"),
    ],
    ids=["plain", "bom", "blank", "utf16", "utf16be", "le", "be", "lie", "latin1"],
)
def test_encodings(body: bytes) -> None:
    assert read_document(body).items[0].title == "Grüße"


@pytest.mark.parametrize("name", ["utf-7", "rot13", "unicode_escape", "idna", "cp037", "x", "zip"])
def test_an_encoding_that_could_hide_something_is_refused(name: str) -> None:
    head = f'<?xml version="1.0" encoding="{name}"?>'
    for body, charset in ((rss("<title>a</title>", head=head), ""), (rss("<title/>"), name)):
        with pytest.raises(FeedUnusable, match="an encoding that is not read"):
            read_document(body, charset=charset)


def test_bytes_of_another_encoding_are_refused() -> None:
    with pytest.raises(FeedUnusable, match="no utf-8 text"):
        read_document(rss("<title>Grüße</title>").decode().encode("latin-1"))


LAUGHS = '<!DOCTYPE rss [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)
DTDS = {
    "laughs": LAUGHS + "]>",
    "external": '<!DOCTYPE rss SYSTEM "http://feeds.example/x.dtd">',
    "file": '<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    "parameter": '<!DOCTYPE rss [<!ENTITY % a SYSTEM "http://feeds.example/x"> %a;]>',
    "bare": "<!DOCTYPE rss>",
    "netscape": '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "x">',
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("dtd", DTDS)
def test_a_dtd_is_refused_in_any_encoding(dtd: str, encoding: str) -> None:
    head = '<?xml version="1.0"?>\n<!-- before -->\n' + DTDS[dtd]
    body = rss("<title>&j;</title>" if dtd == "laughs" else "<title>a</title>", head=head)
    with pytest.raises(FeedUnusable, match="document type definition"):
        read_document(body.decode().encode(encoding))


def test_a_doctype_that_is_quoted_in_an_item_is_text() -> None:
    quoted = "<title>a</title><description><![CDATA[<!DOCTYPE html><p>Words</p>]]></description>"
    assert read_document(rss(quoted)).items[0].text == "Words"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"\0", b"<", b"not a feed", b"<rss><channel></rss>", b"<rss>&nbsp;</rss>"),
        *(rss("x")[:40], rss("x") + b"<rss/>", b"<rss>\x01</rss>", b"<a:rss/>", b"\xff\xfe<\0r\0"),
    ],
)
def test_a_malformed_feed_is_refused(body: bytes) -> None:
    with pytest.raises(FeedUnusable, match="no well-formed XML"):
        read_document(body)


@pytest.mark.parametrize("body", [b"<html/>", b"<opml/>", b'<feed xmlns="urn:x"/>', b"<RDF/>"])
def test_xml_that_is_no_feed_is_refused(body: bytes) -> None:
    with pytest.raises(FeedUnusable, match="no RSS or Atom feed"):
        read_document(body)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(FeedUnusable, match="nested too deeply"):
        read_document(rss("<title>" + "<b>" * 200 + "</b>" * 200 + "</title>"))


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:x="http://www.w3.org/1999/xhtml"
 xml:base="https://tide.example/b/"><title type="html">Tide &amp;amp; Time</title>
<entry><title type="xhtml"><x:div>A <x:em>b</x:em></x:div></title><id>urn:1</id>
<link rel="self" href="self"/><link href="alternate"/>
<author><name>N</name></author><media:title xmlns:media="urn:m">not this</media:title>
<updated>2026-12-01T10:00:00+01:00</updated>
<content type="xhtml"><x:div><x:p>One <x:b>two</x:b></x:p><x:script>no</x:script>
<x:p>three</x:p><x:div><x:style>no</x:style>four</x:div></x:div></content></entry>
<entry><title>No date</title><summary type="text">1 &lt; 2</summary></entry>
<entry><content type="image/png">AAAA</content></entry></feed>"""


def test_atom() -> None:
    document = read_document(ATOM.encode(), location="https://feeds.example/feed")
    assert document.title == "Tide & Time"
    first, second = document.items
    assert (first.title, first.link) == ("A b", "https://tide.example/b/alternate")
    assert first.published == datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert first.text == "One two\nthree\nfour"
    assert (second.title, second.published, second.text) == ("No date", None, "1 < 2")


def test_rss_1() -> None:
    body = b"""<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    xmlns="http://purl.org/rss/1.0/" xmlns:d="http://purl.org/dc/elements/1.1/"
    xmlns:c="http://purl.org/rss/1.0/modules/content/">
    <channel><title>T</title></channel><item r:about="x"><title>a</title>
    <link>https://tide.example/a</link><d:date>2026-12-01</d:date>
    <c:encoded>&lt;p&gt;long&lt;/p&gt;</c:encoded></item></r:RDF>"""
    (item,) = read_document(body).items
    assert (item.title, item.link, item.text) == ("a", "https://tide.example/a", "long")
    assert item.published == datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "link",
    [
        *("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "mailto:a@b.example"),
        *("https://u:p@tide.example/", "https://", "http://[", "https://t.example/" + "x" * 3_000),
    ],
)
def test_a_link_that_is_no_web_address_is_left_out(link: str) -> None:
    (item,) = read_document(rss(f"<title>a</title><link>{link}</link>")).items
    assert item.link == ""


def test_a_link_to_another_form_is_not_the_items_own() -> None:
    kinds = ("application/xhtml+xml", "application/json", "image/png", "text/plain")
    links = "".join(f'<link rel="alternate" type="{kind}" href="/{kind}"/>' for kind in kinds)
    feed = f'<feed type="x" xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id>{links}'
    body = f"{feed}<title>a</title></entry></feed>".encode()
    (item,) = read_document(body, location="https://tide.example/").items
    assert item.link == "https://tide.example/application/xhtml+xml"


@pytest.mark.parametrize("date", ["0000-00-00", "9999-12-31T23:59:59-23:00", "soon", "", "31 Feb"])
def test_a_date_that_is_none_leaves_the_item(date: str) -> None:
    (item,) = read_document(rss(f"<title>a</title><pubDate>{date}</pubDate>")).items
    assert (item.title, item.published) == ("a", None)


def test_text_that_is_told_to_be_plain_is_left_as_it_is() -> None:
    summary = '<summary type="text">5 &lt;b&gt; 6 &amp;amp; 7</summary>'
    body = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{summary}</entry></feed>'
    assert read_document(body.encode()).items[0].text == "5 <b> 6 &amp; 7"


def test_html_becomes_text() -> None:
    html = (
        "<h1>Head</h1>One<br>two <a href='javascript:x' onclick='y'>three</a><script>no</script>"
        "<style>no</style><!-- no --><img src=x alt=no><ul><li>four<li>five &amp;lt;b&gt;</ul>"
        "<iframe src=x></iframe><p title='a>b'>six&nbsp;\u2028seven &#0;"
    )
    assert plain_text(html).split("\n") == [
        *("Head", "One", "two three", "four", "five &lt;b>", "six", "seven �"),
    ]


def test_titles_and_texts_are_cut_and_say_so() -> None:
    body = rss(f"<title>{'t ' * 900}</title><description>{'d' * 3_000}</description>")
    (item,) = read_document(body).items
    assert item.title.endswith(f"… [cut after {LONGEST_TITLE} characters]")
    assert item.text == "d" * LONGEST_TEXT + "… [cut after 1,000 characters]"
    (item,) = read_document(rss(f"<title>{'t' * 200}</title>")).items
    assert item.title == "t" * LONGEST_TITLE


def test_of_a_huge_feed_the_latest_items_are_kept() -> None:
    dated = "".join(
        f"<item><title>{n}</title><pubDate>2026-11-{n % 30 + 1:02}T00:00:00Z</pubDate></item>"
        for n in range(20_000)
    )
    items = read_document(f'<rss version="2.0"><channel>{dated}</channel></rss>'.encode()).items
    assert len(items) == MOST_ITEMS
    assert {item.published for item in items[:6]} == {datetime(2026, 11, 30, tzinfo=UTC)}


def test_what_a_parser_would_take_hours_over_never_reaches_it() -> None:
    """feedparser 6.0.14 needs a time quadratic in an author's length: hours for this one."""
    body = rss(f"<title>a</title><author>{'a.' * 200_000}</author>")
    assert read_document(body).items[0].title == "a"


def test_parts_beyond_what_an_item_may_take_are_left_out() -> None:
    parts = "<description>" + "q" * 20_000 + "</description><title>late</title>"
    document = rss("<title>a</title>" + parts * 50)
    (item,) = read_document(document).items
    assert len(item.text) < 1_100
    left = reduced(document)
    assert left.count(b"<title>") + left.count(b"<description>") == 20
    assert left.count(b"q") == 12_000


def test_long_parts_and_many_items_are_left_out() -> None:
    assert reduced(rss(f"<title>{'q' * 9_000}</title>")).count(b"q") == 2_000
    many = b"<rss><channel>" + b"<item><title>x</title></item>" * 5_000 + b"</channel></rss>"
    assert reduced(many).count(b"<item>") == 200


def test_the_end_of_a_section_within_a_text_ends_nothing() -> None:
    body = rss("<description>a ]]&gt;&lt;/description> <![CDATA[b ]]>]]&gt; c</description>")
    (item,) = read_document(body).items
    assert item.text == "a ]]> b ]]> c"


SCRAPS = st.sampled_from(
    [
        *("<rss>", "<channel>", "<item>", "</item>", "</channel>", "</rss>", "<title>", "</title>"),
        *("<![CDATA[", "]]>", "<description>", "</description>", "&lt;", "&#0;", "<pubDate>"),
        *("</pubDate>", "<link>", "</link>", "http://[", "<b>", "</b>", "<!--", "-->", "<?x", "?>"),
        *("2026-99-99", "\u202e", "\r", "é", '<feed xmlns="http://www.w3.org/2005/Atom">'),
        *("<entry>", "</entry>", "</feed>", '<content type="xhtml">', "</content>", "9" * 30),
    ]
)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=400), st.lists(SCRAPS).map(lambda s: "".join(s).encode())))
def test_whatever_comes_is_a_feed_or_is_refused(body: bytes) -> None:
    for document in (body, b"<rss><channel><item>" + body + b"</item></channel></rss>"):
        try:
            found = read_document(document)
        except FeedUnusable:
            continue
        assert len(found.items) <= MOST_ITEMS
        for item in found.items:
            assert item.title or item.text
            assert item.link == "" or item.link.startswith(("http://", "https://"))


@settings(deadline=None, max_examples=50)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_a_plain_title_comes_through_whatever_it_says(title: str) -> None:
    """The arrow is there since feedparser takes a text all of Latin-1 for UTF-8 decoded twice."""
    words = "→" + "".join(c for c in title if c.isprintable() and c not in "<>&" and c < "\ufffe")
    (item,) = read_document(rss(f"<title>{words}</title>")).items
    assert item.title == " ".join(words.split())
