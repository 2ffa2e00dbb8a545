"""Telephone numbers: written, read out in words, and in pieces over several lines. Pure.

Numbering plans are those of libphonenumber (phonenumbers).
"""

import re
from collections.abc import Iterator
from itertools import pairwise

import phonenumbers

from tasks.essays.checking.findings import Severity
from tasks.essays.checking.phrases import word_lists

Spot = tuple[Severity, int, int, str]

_DIGITS = re.compile(r"(?<![\w.,:/-])[+(]{0,2}\d(?:[ \t().\-–/·]{0,3}\d){5,24}(?![\w]|[.,:/-]\d)")
_CALLS = re.compile(
    r"\b(?:call|ring|rang|rung|phone|telephone|tel|mobile|cell|dial|dialled|text|fax|whatsapp|signal|"
    r"voicemail|sms|landline|(?:his|her|their|my|your|whose|this) (?:old |new |private )?number|"
    r"joindre|appel\w*|téléphon\w*|son numéro|portable|anruf\w*|ruf\w*|telefon\w*|handy|durchwahl|"
    r"(?:seine|ihre|meine|deine) nummer|su número|llam\w+|teléfono|móvil|ligue|telefone|celular|"
    r"telefono|chiama\w*|cellulare|bellen|"
    r"zadzwo\w*|звон\w+|телефон\w*|τηλ\w*|tlf|ring|puhelin)\b|"
    r"电话|手机|致电|電話|携帯|号码|전화|هاتفه?|اتصل|جوال|טלפון|नंबर|फोन",
    re.I,
)
_UNITS = (
    "zero oh nought null zéro cero nul ноль;one un une ein eins uno um een jeden один;"
    "two deux zwei zwo dos due dois twee dwa два;three trois drei tres tre três drie trzy три;"
    "four quatre vier cuatro quattro quatro cztery четыре;"
    "five cinq fünf cinco cinque vijf pięć пять;six sechs seis sei zes sześć шесть;"
    "seven sept sieben siete sette sete zeven siedem семь;"
    "eight huit acht ocho otto oito osiem восемь;nine neuf neun nueve nove negen dziewięć девять"
)
_NUMERALS = {word: digit for digit, words in enumerate(_UNITS.split(";")) for word in words.split()}
_WORDS = re.compile(r"[^\W\d_]+")
_ROW = re.compile(r"^[^\n]{0,80}?(?P<digits>\+?\d[\d ]{0,6})\W{0,3}$", re.M)

_BOOK = re.compile(r"IS[BSM]N|\bDOI\b|97[89][ -]", re.I)


def telephones(text: str) -> Iterator[Spot]:
    """Every telephone number, and rows of numerals that may be one."""
    yield from _telephones(text)
    yield from _spoken(text)
    yield from _rows(text)


def _telephones(text: str) -> Iterator[Spot]:
    for match in _DIGITS.finditer(text):
        number = match.group()
        digits = re.sub(r"\D", "", number)
        if not 7 <= len(digits) <= 15 or re.fullmatch(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}", number):
            continue
        if _BOOK.search(text[max(0, match.start() - 12) : match.start() + 5]):
            continue
        near = (
            text[max(0, match.start() - 60) : match.start()]
            + " "
            + text[match.end() : match.end() + 40]
        )
        called = _CALLS.search(near) is not None
        if number.lstrip("(").startswith("+"):
            valid = _is_telephone(number, None)
        elif (
            number.startswith(("0", "("))
            or called
            or re.fullmatch(r"\d{3}[ .-]\d{3}[ .-]\d{4}", number)
        ):
            if re.fullmatch(r"[\d.]+", number) and "." in number and not called:
                continue
            valid = any(
                _is_telephone(number, region) for region in word_lists("telephones")["regions"]
            )
        else:
            continue
        if valid:
            yield "high", *match.span(), "a telephone number"
        elif called and len(re.findall(r"\d+", number)) < 8:
            yield "note", *match.span(), "may be a telephone number"


def _is_telephone(number: str, region: str | None) -> bool:
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return False
    if region is None:
        return phonenumbers.is_possible_number(parsed)
    return phonenumbers.is_valid_number(parsed)


def _spoken(text: str) -> Iterator[Spot]:
    """Seven numerals or more, one after the other, that don't just count."""
    run: list[tuple[int, int, int]] = []
    last_end = 0
    for match in _WORDS.finditer(text):
        word = match.group().casefold()
        gap = text[last_end : match.start()]
        if word in ("double", "treble", "triple", "doppel") and run and len(gap) <= 4:
            last_end = match.end()
            continue
        digit = _NUMERALS.get(word)
        if digit is None or (run and not re.fullmatch(r"[\s,;.\-–—]{1,4}", gap)):
            yield from _read_out(run, text)
            run = []
        if digit is not None:
            run.append((match.start(), match.end(), digit))
        last_end = match.end()
    yield from _read_out(run, text)


def _read_out(run: list[tuple[int, int, int]], text: str) -> Iterator[Spot]:
    if len(run) < 7:
        return
    steps = {two[2] - one[2] for one, two in pairwise(run)}
    if len(steps) > 1 and len({digit for *_, digit in run}) > 2:
        start, end = run[0][0], run[-1][1]
        called = _CALLS.search(text[max(0, start - 300) : end + 200])
        yield (
            "look" if called else "note",
            start,
            end,
            "figures read out, as of a telephone or an account",
        )


def _rows(text: str) -> Iterator[Spot]:
    """A number of which each of several lines in a row ends with a piece."""
    run: list[re.Match[str]] = []
    for match in _ROW.finditer(text):
        if run and text.count("\n", run[-1].end(), match.start()) > 1:
            yield from _pieced(run)
            run = []
        run.append(match)
    yield from _pieced(run)


def _pieced(run: list[re.Match[str]]) -> Iterator[Spot]:
    for first, match in enumerate(run):
        if match["digits"].startswith("+") and len(run) - first >= 3:
            number = "".join(piece["digits"] for piece in run[first:])
            if _is_telephone(number, None):
                yield "high", match.start(), run[-1].end(), "a telephone number in pieces"
                return
