"""Where a draft would take its readers. Pure."""

import re
from collections.abc import Iterator

from linkify_it.tlds import TLDS

from tasks.essays.checking.findings import Finding, Severity
from tasks.essays.checking.phrases import word_lists
from tasks.essays.checking.reading import Reading

CHECK = "links"

_TLDS = frozenset(tld.lower() for tld in TLDS)


_RUNS = re.compile(
    r"\b(?:javascript|vbscript|data|file|blob|filesystem)\s?:(?=[\w/.%,;+]{2})\S{0,200}", re.I
)
_SCHEME = re.compile(
    r"\b(?:h(?:tt|xx|XX)ps?|ftp|ftps|sftp|ssh|git|ipfs|magnet|tel|sms|geo|gopher|gemini|wss?|tor|onion|irc|nostr|bitcoin|whatsapp|tg)\s?(?:\[?:\]?//|:(?=[\w+?]))[^\s<>\"]{1,400}|\bmailto:[^\s<>\"]{3,300}",
    re.I,
)
_MARKED = re.compile(
    r"!?\[(?P<words>[^\[\]\n]{0,400})\]\((?P<to>\s?[^)\s]{1,400})|!\[[^\[\]\n]{0,400}\]\s?[(\[]|\[[^\[\]\n]{1,200}\]\[[^\[\]\n]{0,200}\]"
)
_DEFINED = re.compile(r"^ {0,3}\[(?P<label>[^\]\n]{1,200})\]:[ \t]{0,4}(?P<to>\S{1,400})", re.M)
_SLASHED = re.compile(r"(?<![:\w/])//(?=[\w-]{1,63}\.)[^\s<>\"')]{3,200}")
_NETWORK = re.compile(r"\\\\[\w.-]{2,60}\\[\w$.-]{1,80}")
_HOST = re.compile(
    r"(?<![\w@./:-])(?P<host>(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,5}(?P<tld>[^\W\d_]{2,24}|xn--[\w-]{2,40}))"
    r"(?P<rest>:\d{2,5}|/[^\s<>\"')]{0,200})?(?![\w-]|\.[^\W_])"
)
_BROKEN = re.compile(
    r"(?<![\w@.])(?P<first>[\w-]{2,63})"
    r"(?P<dot>[ ]?[\[({]\s?(?:\.|dot|punkt|punto|point)\s?[\])}][ ]?|"
    r"(?:, a|,)? (?:dot|punkt|punto|point)(?:, and|,)? )"
    r"(?P<tld>[a-z]{2,12})(?![\w-])(?P<rest>\s?/[\w/.-]{1,200})?",
    re.I,
)
#: Words that say that an address is meant.
_ADDRESSES = re.compile(
    r"\b(?:h ?-?t ?-?t ?-?p|slash|colon|stroke|visit|site|page|address|type|browser?|online|web|"
    r"find (?:it|me|us|them)|go to|at|www|double.u|look up|search|seite|adresse|besuch|página|"
    r"dirección|visit[ae]z?)\b",
    re.I,
)
_ONION = re.compile(r"\b[a-z2-7]{16,56}\.onion\b", re.I)


Spot = tuple[Severity, int, int, str]

_PLAIN: tuple[tuple[re.Pattern[str], Severity, str], ...] = (
    (_RUNS, "high", "a link that runs code or carries data"),
    (_SCHEME, "look", "a link: does it lead where its words say?"),
    (_SLASHED, "look", "an address without its scheme"),
    (_NETWORK, "look", "an address without its scheme"),
    (_ONION, "look", "an address without its scheme"),
)


def find_links(reading: Reading) -> Iterator[Finding]:
    """Every place from which a reader may be led elsewhere, or sees less than is written."""
    last = -1
    for severity, start, end, note in sorted(
        _spots(reading.plain), key=lambda spot: (spot[1], -spot[2], spot[0])
    ):
        if start >= last:
            yield reading.point(CHECK, severity, start, end, note)
            last = end


def _spots(text: str) -> Iterator[Spot]:
    for match in _MARKED.finditer(text):
        yield _marked(match)
    for match in _DEFINED.finditer(text):
        if not match["label"].startswith("^"):
            yield "look", *match.span(), "where a link leads, at a line that readers don't see"
    for pattern, severity, note in _PLAIN:
        for match in pattern.finditer(text):
            yield severity, *match.span(), note
    yield from _typed(text)


def _typed(text: str) -> Iterator[Spot]:
    """Addresses that nothing marks as such."""
    for match in _HOST.finditer(text):
        if _is_host(match["host"], match["tld"].lower(), match["rest"] or ""):
            yield "look", *match.span(), "an address: readers can type it"
    for match in _BROKEN.finditer(text):
        bracketed = any(sign in match["dot"] for sign in "[({")
        known = match["tld"].lower() in (_TLDS if bracketed else _words("said"))
        if known and (bracketed or _is_said(text, match)):
            yield "look", *match.span(), "an address that is spelled out"


def _marked(match: re.Match[str]) -> Spot:
    target = (match["to"] or "").strip().lower()
    words = match["words"] or ""
    if re.match(r"(?:javascript|vbscript|data|file):", re.sub(r"\s", "", target)):
        return "high", *match.span(), "a link that runs code or carries data"
    if match.group().startswith("!"):
        return "look", *match.span(), "an image: readers see its description only"
    shown = re.search(r"(?:[\w-]{1,63}\.){1,5}[a-z]{2,24}", words.lower())
    host = re.sub(r"^[a-z]{0,20}:?//", "", target).split("/", 1)[0]
    if shown and not host.endswith(shown.group().removeprefix("www.")):
        return "high", *match.span(), "its words name another address than the one it leads to"
    return "look", *match.span(), "a link: does it lead where its words say?"


def _words(section: str) -> frozenset[str]:
    return word_lists("links")[section]


def _is_host(host: str, tld: str, rest: str) -> bool:
    if host.lower().startswith("www."):
        return True
    if tld not in _TLDS and not tld.startswith("xn--"):
        return False
    if rest.strip("/:") or host.lower() in _words("shorteners"):
        return True
    labels = host.split(".")
    is_file = tld in _words("files") - _words("domains too") and len(labels) == 2
    # "e.g", "i.e", "p.m", "end.The": abbreviations, and full stops without a space
    spaceless = labels[-1][0].isupper() and not host.isupper()
    return not is_file and not spaceless and all(len(label) > 1 for label in labels)


def _is_said(text: str, match: re.Match[str]) -> bool:
    """Whether words around say that it is meant as an address ("the dot-com boom" is not)."""
    around = (
        text[max(0, match.start() - 160) : match.start()] + text[match.end() : match.end() + 80]
    )
    return match["rest"] is not None or _ADDRESSES.search(around) is not None
