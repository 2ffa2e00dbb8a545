"""Data about persons: mail, telephones, numbers of states and banks, when and where. Pure."""

import ipaddress
import re
from collections.abc import Iterator

from linkify_it.tlds import TLDS

from tasks.essays.checking.findings import Finding, Severity
from tasks.essays.checking.numbers import numbers
from tasks.essays.checking.reading import Reading
from tasks.essays.checking.telephones import telephones
from tasks.essays.checking.whereabouts import whereabouts

CHECK = "personal data"

_TLDS = frozenset(tld.lower() for tld in TLDS)
_AT = r"(?:@|[ ]?[\[({<]\s?(?:at|@|arroba|chez|ät)\s?[\])}>][ ]?)"
_AT_SAID = r"[ ](?:at|arroba|chiocciola|arobase|AT|ät)[ ]"
_DOT_SAID = (
    r"(?:[ ]?[\[({<]\s?(?:dot|\.|punkt|punto|point)\s?[\])}>][ ]?|"
    r"[ ](?:dot|punkt|punto|point|DOT)[ ])"
)
_DOT = rf"(?:\.|{_DOT_SAID})"
_NAME = rf"(?<![\w.])[\w+-]{{1,64}}(?:{_DOT}[\w+-]{{1,40}}){{0,3}}"
_EMAILS = (
    re.compile(rf"{_NAME}{_AT}(?P<host>[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{1,4}})"),
    re.compile(rf"{_NAME}{_AT_SAID}(?P<host>[\w-]{{1,63}}(?:{_DOT_SAID}[\w-]{{1,63}}){{1,4}})"),
)
_HANDLE = re.compile(r"(?<![\w@/.])@[A-Za-z][\w.]{2,30}(?!\w|@)")

_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
_MAC = re.compile(
    r"(?<![\w:-])[0-9A-Fa-f]{2}(?P<by>[:-])(?:[0-9A-Fa-f]{2}(?P=by)){4}[0-9A-Fa-f]{2}(?![\w:-])"
)
_VERSION = re.compile(r"(?:\bv(?:ersion|er)?\.?|release|firmware|build|kernel) ?$", re.I)

#: Networks that stand for real ones in texts (RFC 5737, RFC 3849).
_FOR_BOOKS = tuple(
    ipaddress.ip_network(network)
    for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)

Spot = tuple[Severity, int, int, str]


def find_personal_data(reading: Reading) -> Iterator[Finding]:
    """Every place at which something about a person seems to stand."""
    plain = reading.plain
    spots = [
        *_mail(plain),
        *numbers(plain),
        *telephones(plain),
        *_machines(plain),
        *whereabouts(plain),
    ]
    last = -1
    for severity, start, end, note in sorted(spots, key=lambda spot: (spot[1], -spot[2])):
        if start >= last:
            yield reading.point(CHECK, severity, start, end, note)
            last = end


def _mail(text: str) -> Iterator[Spot]:
    for pattern in _EMAILS:
        match = pattern.search(text)
        while match:
            known = re.split(_DOT, match["host"])[-1].lower() in _TLDS
            if known:
                yield "high", *match.span(), "an e-mail address"
            # "reach her at mara at …": where the first was none, the second may be one
            match = pattern.search(text, match.end() if known else match.start("host"))
    for match in _HANDLE.finditer(text):
        yield "note", *match.span(), "a name on a network"


def _machines(text: str) -> Iterator[Spot]:
    for match in (*_IPV4.finditer(text), *_IPV6.finditer(text)):
        try:
            address = ipaddress.ip_address(match.group())
        except ValueError:
            continue
        if address.is_loopback or address.is_unspecified or address.is_multicast:
            continue
        if address.version == 4 and (
            match.group().startswith(("0.", "255."))
            or _VERSION.search(text[max(0, match.start() - 16) : match.start()])
        ):
            continue
        if address.version == 6 and len(match.group().replace(":", "")) < 5:
            continue
        documented = any(address in network for network in _FOR_BOOKS)
        private = address.is_private and not documented
        yield "note" if private else "high", *match.span(), "a network address"
    for match in _MAC.finditer(text):
        yield "look", *match.span(), "the address of a device"
