"""A feed's bytes to the least XML that still tells its items; nothing is opened or expanded.

The bytes are decoded once, so that no two parsers can take them for different documents. Expat
then reads them with every DTD refused (defusedxml), and what it tells is written again: only what
items are made of, each part cut to the length that its reader needs, markup inside of parts gone.
Whatever parses the result has little to do and nothing to be surprised by.
"""

import codecs
import io
import re
from dataclasses import dataclass
from typing import Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler, feature_namespaces
from xml.sax.saxutils import quoteattr

from defusedxml import DefusedXmlException
from defusedxml.sax import make_parser

from tasks.kernel.errors import FeedUnusable

#: Elements of HTML that begin a line, and those whose text nobody reads.
BLOCKS = {"p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre"}
UNREAD = {"script", "style", "template", "noscript", "title"}

_ATOM = "http://www.w3.org/2005/Atom"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RSS_1 = "http://purl.org/rss/1.0/"
_XML = "http://www.w3.org/XML/1998/namespace"
_PREFIXES = {
    "": "",
    _ATOM: "",
    _RSS_1: "",
    _RDF: "rdf:",
    "http://backend.userland.com/rss2": "",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/dc/elements/1.1/": "dc:",
}
_DECLARED = {f"xmlns:{prefix[:-1]}": uri for uri, prefix in _PREFIXES.items() if prefix}
#: A root as it is written -> the namespace that its plain names are in.
_ROOTS = {"rss": "", "rdf:RDF": _RSS_1, "feed": _ATOM}
_ITEMS = {"item", "entry"}
_CONTAINERS = {"channel", *_ITEMS}
_SHORT, _LONG = 2_000, 12_000
_TEXTS = {"description", "summary", "content", "content:encoded"}
#: What is kept of a feed and of an item -> the most characters of it that are looked at. All
#: texts of an item share theirs.
_PARTS = {
    **dict.fromkeys(("title", "dc:title", "link", "guid", "id"), _SHORT),
    **dict.fromkeys(("pubDate", "published", "updated", "dc:date"), 100),
    **dict.fromkeys(_TEXTS, _LONG),
}
_ATTRIBUTES = {"href", "rel", "type", "isPermaLink", "version"}
_TYPES = {
    "text": "text",
    "text/plain": "text",
    "html": "html",
    "text/html": "html",
    "xhtml": "text",  # its tags are left out, so text is what remains
    "application/xhtml+xml": "text",
}
_MOST_DEPTH, _MOST_READ = 100, 200

_XML_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*\?>")
_DECLARED_ENCODING = re.compile(rb"\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_BEGINNINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_ENCODINGS = re.compile(
    r"utf-8(-sig)?|utf-16(-[bl]e)?|ascii|iso8859-\d+|cp125\d|koi8-[ru]|gbk|gb2312|gb18030|big5|shift_jis"
    r"|euc_(jp|kr)"
)


def reduced(body: bytes, *, charset: str = "") -> bytes:
    """The same feed with nothing but titles, links, dates and texts, as UTF-8 without a DTD.

    Args:
        body: RSS 0.9x, 1.0, 2.0, or Atom 1.0.
        charset: as the content type names it; a byte order mark goes before it, and it before
            what the document declares (RFC 7303).

    Raises:
        FeedUnusable: no such feed, or one that holds a DTD.
    """
    text = _decoded(body, charset)
    reducer, parser = _Reducer(), make_parser()
    parser.forbid_dtd = True
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(reducer)
    start = _XML_DECLARATION.match(text)
    document = text[start.end() :] if start else text
    try:
        parser.parse(io.BytesIO(document.lstrip().encode("utf-8", "replace")))
    except DefusedXmlException:
        raise FeedUnusable(
            "it holds a document type definition, which could make it draw in other files"
        ) from None
    except SAXParseException as fault:
        place = f"line {fault.getLineNumber()} of its document"
        raise FeedUnusable(f"it is no well-formed XML ({place})") from None
    return reducer.written().encode()


def _decoded(body: bytes, charset: str) -> str:
    name = next((known for mark, known in _BEGINNINGS if body.startswith(mark)), "")
    if not name:
        declared = _DECLARED_ENCODING.match(body)
        name = charset or (declared.group(1).decode("ascii", "replace") if declared else "")
        if not charset and name.lower().startswith("utf-16"):
            name = ""  # it could not be read if that were true
    try:
        codec = codecs.lookup(name or "utf-8")
    except (LookupError, ValueError):
        codec = None
    if codec is None or not _ENCODINGS.fullmatch(codec.name):
        raise FeedUnusable("it names an encoding that is not read")
    try:
        return codec.decode(body, "strict")[0]
    except UnicodeError:
        raise FeedUnusable(f"its bytes are no {codec.name} text") from None


@dataclass(slots=True)
class _Left:
    """What one item, or the feed itself, may still take."""

    parts: int = 20
    text: int = _LONG  # characters


class _Reducer(ContentHandler):
    """Writes a feed's items again: known parts, bounded, their markup gone, no namespace its own.

    Raises `FeedUnusable` out of the parser where the document is no feed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._out: list[str] = []
        self._text: list[str] = []  # of the open part
        self._open: list[str] = []  # what is written and not closed: containers, then a part
        self._inner = 0  # depth within elements that are not written
        self._skipped = 0  # at which such depth text is left out too; 0 where it is not
        self._room = 0  # characters that the open part may still take
        self._items = 0
        self._left = [_Left(), _Left()]  # of the feed, of the item

    def written(self) -> str:
        """The document, once it was read to its end."""
        return "".join(self._out)

    def startElementNS(  # noqa: N802
        self, name: tuple[str | None, str], qname: str | None, attrs: Any
    ) -> None:
        if self._inner or (self._open and self._open[-1] in _PARTS):
            self._leave_out(skip=name[1] in UNREAD)
            return
        prefix = _PREFIXES.get(name[0] or "")
        written = "" if prefix is None else prefix + name[1]
        if not self._open:
            if written not in _ROOTS:
                raise FeedUnusable("it is no RSS or Atom feed")
            self._write(written, {**_attributes(written, attrs), **_namespaces(written)})
        elif self._takes(written, attrs):
            self._write(written, _attributes(written, attrs))
        else:
            self._leave_out(skip=False)  # nothing is open that would take its text

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:  # noqa: N802
        if self._inner:
            if self._skipped == self._inner:
                self._skipped = 0
            elif name[1] in BLOCKS:
                self.characters("\n")
            self._inner -= 1
            return
        ended = self._open.pop()
        if self._text:
            whole = "".join(self._text).replace("]]>", "]]]]><![CDATA[>")
            self._out.append(f"<![CDATA[{whole}]]>")
            self._text.clear()
        self._out.append(f"</{ended}>")

    def characters(self, content: str) -> None:
        if self._room and self._open and self._open[-1] in _PARTS and not self._skipped:
            taken = content[: self._room]
            self._text.append(taken)
            self._room -= len(taken)
            if self._open[-1] in _TEXTS:
                self._left[self._open[-2] in _ITEMS].text -= len(taken)

    def _takes(self, written: str, attrs: Any) -> bool:
        in_item = self._open[-1] in _ITEMS
        if written in _CONTAINERS and not in_item:
            self._items += written in _ITEMS
            self._left[True] = _Left()
            return self._items <= _MOST_READ and len(self._open) < 3
        left = self._left[in_item]
        if written not in _PARTS or not left.parts:
            return False
        if attrs.get((None, "type"), "text") not in _TYPES:
            return False  # an image, base64, a link to the item in another form
        left.parts -= 1
        self._room = left.text if written in _TEXTS else _PARTS[written]
        return True

    def _write(self, written: str, attributes: dict[str, str]) -> None:
        self._open.append(written)
        told = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
        self._out.append(f"<{written}{told}>")

    def _leave_out(self, *, skip: bool) -> None:
        self._inner += 1
        if self._inner > _MOST_DEPTH:
            raise FeedUnusable("its elements are nested too deeply")
        if skip and not self._skipped:
            self._skipped = self._inner


def _attributes(written: str, attrs: Any) -> dict[str, str]:
    kept = {}
    for (uri, name), value in attrs.items():
        if len(value) > _SHORT:
            continue
        if uri is None and name == "type" and written != "link":
            kept.update({name: _TYPES[value]} if value in _TYPES else {})
        elif uri is None and name in _ATTRIBUTES:
            kept[name] = value
        elif (uri, name) == (_XML, "base"):
            kept["xml:base"] = value
    return kept


def _namespaces(root: str) -> dict[str, str]:
    return {**_DECLARED, **({"xmlns": _ROOTS[root]} if _ROOTS[root] else {})}
