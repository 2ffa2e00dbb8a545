"""Text that hides in other letters: spelled out, cut up, turned round, encoded, in leet. Pure.

Each disguise that can be taken off yields what was beneath it and where it lay. What is beneath is
only worth a look if a check finds something in it, so a wrong guess costs nothing.
"""

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import unquote

LONGEST_DISGUISE = 4000

_WORD = re.compile(r"\S+")
_DASHED_LETTERS = re.compile(r"(?<!\w)[^\W_](?P<by>[-_.·|/•*])[^\W_](?:(?P=by)[^\W_]){4,400}(?!\w)")
_SEPARATORS = frozenset("-–—_.·|/:,•*~")
_LONGEST_PIECE = 14
_TOKEN = re.compile(r"[\w+/=.~-]{16,4000}")
_BASE64 = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{16,4000}={0,2}(?![\w=])")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{2}[ :]?){12,2000}(?![0-9A-Fa-f])")
_BITS = re.compile(r"(?<![01])(?:[01]{8} ?){8,500}(?![01])")
_PERCENT = re.compile(r"(?:[\w.-]{0,20}%[0-9A-Fa-f]{2}){6,200}[\w.-]{0,20}")
_ESCAPES = re.compile(r"(?:\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}){6,500}")
_COMMON = (
    *("the", "and", "this", "that", "your", "all", "any"),
    *("previous", "ignore", "approve", "essay", "instructions", "reviewer"),
)
_BACKWARDS = re.compile(rf"\b(?:{'|'.join(word[::-1] for word in _COMMON)})\b", re.I)
_ROT13 = re.compile(rf"\b(?:{'|'.join(codecs.encode(word, 'rot13') for word in _COMMON)})\b", re.I)
_LEET_WORD = re.compile(r"(?<!\w)(?=[\w@$!|+-]{0,30}[013457@$!|])[A-Za-z013457@$!|+]{2,30}(?!\w)")
_LEET = str.maketrans("013457@$!|+", "oieastasilt")


@dataclass(frozen=True, slots=True)
class Unmasked:
    """What lay beneath a disguise.

    Attributes:
        start: position of the disguise.
        end: position after it.
        words: what it says.
        how: the disguise's name.
    """

    start: int
    end: int
    words: str
    how: str


def pieces_joined(text: str) -> Iterator[Unmasked]:
    """Words spelled letter by letter, and tokens cut into pieces of one length."""
    for match in _DASHED_LETTERS.finditer(text):
        words = match.group().replace(match["by"], "")
        yield Unmasked(*match.span(), words, "spelled out")
    run: list[re.Match[str]] = []
    for match in _WORD.finditer(text):
        length = len(match.group())
        if run and length > len(run[0].group()):
            yield from _joined(text, run)
            run = []
        if length <= _LONGEST_PIECE:
            run.append(match)
        if run and length < len(run[0].group()):
            yield from _joined(text, run)
            run = [match]
        if length >= 16:
            yield from _without_separators(match)
    yield from _joined(text, run)


def turned_round(text: str) -> Iterator[Unmasked]:
    """Long tokens, read from the right."""
    for match in _TOKEN.finditer(text):
        if any(c.isdigit() for c in match.group()) or "_" in match.group():
            yield Unmasked(*match.span(), match.group()[::-1], "written backwards")


def sentences_turned_round(text: str) -> Iterator[Unmasked]:
    """Lines with common words written backwards, read from the right."""
    for start, words in _lines_with(_BACKWARDS, text):
        yield Unmasked(start, start + len(words), words[::-1], "written backwards")


def shifted(text: str) -> Iterator[Unmasked]:
    """Lines with common words in ROT13, read back."""
    for start, words in _lines_with(_ROT13, text):
        yield Unmasked(start, start + len(words), codecs.decode(words, "rot13"), "in ROT13")


def _lines_with(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.split("\n"):
        if pattern.search(line):
            for cut in range(0, len(line), LONGEST_DISGUISE):
                yield start + cut, line[cut : cut + LONGEST_DISGUISE]
        start += len(line) + 1


def decoded(text: str) -> Iterator[Unmasked]:
    """Text in base64, base32, hexadecimal, bits, or escapes of URLs and programs."""
    for match in _BASE64.finditer(text):
        token = match.group()
        for name, decode in (("base64", _from_base64), ("base32", _from_base32)):
            words = _readable(decode(token))
            if words:
                yield Unmasked(*match.span(), words, f"in {name}")
    for match in _HEX.finditer(text):
        words = _readable(bytes.fromhex(re.sub("[ :]", "", match.group())))
        if words:
            yield Unmasked(*match.span(), words, "in hexadecimal")
    for match in _BITS.finditer(text):
        octets = re.findall("[01]{8}", match.group())
        words = _readable(bytes(int(octet, 2) for octet in octets))
        if words:
            yield Unmasked(*match.span(), words, "in bits")
    for match in _PERCENT.finditer(text):
        yield Unmasked(*match.span(), unquote(match.group()), "in escapes")
    for match in _ESCAPES.finditer(text):
        words = codecs.decode(match.group(), "unicode_escape", "replace")
        yield Unmasked(*match.span(), words, "in escapes")


def without_leet(text: str) -> str:
    """`text` with digits and signs in words as the letters that they stand for."""
    return _LEET_WORD.sub(_as_letters, text)


def _as_letters(match: re.Match[str]) -> str:
    word = match.group()
    return word.translate(_LEET) if re.search("[A-Za-z]", word) else word


def _without_separators(match: re.Match[str]) -> Iterator[Unmasked]:
    """A token with the same sign after every so many letters."""
    token = match.group().rstrip(".,;:!?)\"'”")
    for size in range(2, 7):
        between = set(token[size :: size + 1])
        if len(between) == 1 and between <= _SEPARATORS:
            words = "".join(token[i : i + size] for i in range(0, len(token), size + 1))
            yield Unmasked(match.start(), match.start() + len(token), words, "cut into pieces")


def _joined(text: str, run: list[re.Match[str]]) -> Iterator[Unmasked]:
    """A run of pieces of one length (the last may be shorter), put together."""
    start, end = (run[0].start(), run[-1].end()) if run else (0, 0)
    if len(run) < 4 or sum(len(piece.group()) for piece in run) < 6:
        return
    if len(run[0].group()) == 1:  # spelled out: a wider gap parts words
        gaps = [text[one.end() : two.start()] for one, two in pairwise(run)]
        usual = min(len(gap) for gap in gaps)
        words = run[0].group() + "".join(
            (" " if len(gap) > usual else "") + piece.group()
            for gap, piece in zip(gaps, run[1:], strict=True)
        )
        yield Unmasked(start, end, words, "spelled out")
    else:
        yield Unmasked(start, end, "".join(p.group() for p in run), "cut into pieces")


def _from_base64(token: str) -> bytes:
    plain = token.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _from_base32(token: str) -> bytes:
    plain = token.rstrip("=")
    try:
        return base64.b32decode(plain + "=" * (-len(plain) % 8))
    except (binascii.Error, ValueError):
        return b""


def _readable(data: bytes) -> str:
    """`data` as text, or nothing if people did not write it."""
    try:
        words = data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    printable = sum(1 for letter in words if letter.isprintable() or letter in "\n\t")
    return words if len(words) >= 8 and printable == len(words) else ""
