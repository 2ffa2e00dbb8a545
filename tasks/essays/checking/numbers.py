"""Numbers of states and banks by which a person is known, judged by their check digits. Pure.

Shapes and check digits are those of python-stdnum.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from tasks.essays.checking.findings import Severity
from tasks.essays.checking.whereabouts import LATELY

Spot = tuple[Severity, int, int, str]

_LABELLED = re.compile(
    r"(?:\b(?:passport|driving licence|driver'?s licen[cs]e|licen[cs]e plate|number ?plate|"
    r"insurance|tax|social security|national (?:id|insurance)|identity(?: card)?|id|ssn|nhs|"
    r"medical record|health card|patient|prisoner|inmate|employee|student|badge|account|customer|"
    r"sort code|routing|"
    r"case|policy|registration|member(?:ship)?|"
    r"personalausweis|reisepass|steuer\w*|sozialversicherung\w*|versicherten\w*|kennzeichen|"
    r"kundennummer|konto\w*|passeport|carte d.identité|sécurité sociale|immatricul\w*|dossier|"
    r"dni|nie|nif|pasaporte|cédula|matrícula|seguridad social|cuenta|rut|cpf|rg|curp|rfc|"
    r"codice fiscale|carta d.identità|partita iva|pesel|nip|bsn|burgerservicenummer|personnummer|"
    r"cpr|hetu|снилс|инн|паспорт\w*|aadhaar|pan card|kennitala)\b"
    r"|身份证|护照|車牌|マイナンバー|免許証|주민등록번호|هوية|جواز|ת\.?ז)"
    r"(?P<between>[ ,:=#]{0,3}(?:(?:card|plate|no\.?|number|nr\.?|nummer|num\.?|número|numéro|"
    r"numero|n[°º]|"
    r"号码?|番号|رقم\w*|#|is|was|ist|est|es|reads?)[ :=#]{1,3}){0,3})"
    r"(?P<code>(?=[A-Z0-9 .\-/]{0,16}\d)[A-Z0-9](?:[ .\-/]?[A-Z0-9]){4,24})(?![\w])",
    re.I,
)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?!\w)")
_BUNCH = re.compile(r"(?<![\w.,])[A-Z0-9](?:[ .\-–/]{0,2}[A-Z0-9]){7,29}(?!\w)")

#: (module of stdnum, shape of the number, what it is); shapes that ordinary figures don't have.
_NUMBERS = (
    ("", r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}", "a social security number (US)"),
    ("fr.nir", r"[12] ?\d{2} ?\d{2} ?\w{2} ?\d{3} ?\d{3} ?\d{2}", "a social security number (FR)"),
    ("es.dni", r"\d{2}\.?\d{3}\.?\d{3}[ -]?[A-Z]", "an identity number (ES)"),
    ("es.nie", r"[XYZ][ -]?\d{7}[ -]?[A-Z]", "an identity number (ES)"),
    ("it.codicefiscale", r"[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]", "a tax number (IT)"),
    ("cn.ric", r"\d{17}[\dX]", "an identity number (CN)"),
    ("br.cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}", "a tax number (BR)"),
    ("ch.ssn", r"756\.\d{4}\.\d{4}\.\d{2}", "a social security number (CH)"),
    ("mx.curp", r"[A-Z]{4}\d{6}[HM][A-Z]{5}\w\d", "an identity number (MX)"),
    ("in_.pan", r"[A-Z]{5}\d{4}[A-Z]", "a tax number (IN)"),
    ("in_.aadhaar", r"\d{4}[ -]\d{4}[ -]\d{4}", "an identity number (IN)"),
    ("se.personnummer", r"(?:\d{2})?\d{6}[-+]\d{4}", "an identity number (SE)"),
    ("fi.hetu", r"\d{6}[-+A]\d{3}\w", "an identity number (FI)"),
    ("dk.cpr", r"\d{6}-\d{4}", "an identity number (DK)"),
    ("kr.rrn", r"\d{6}-\d{7}", "an identity number (KR)"),
    ("cl.rut", r"\d{1,2}\.\d{3}\.\d{3}-[\dK]", "an identity number (CL)"),
    ("be.nn", r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", "an identity number (BE)"),
    ("cz.rc", r"\d{6}/\d{3,4}", "an identity number (CZ)"),
    ("ar.cuit", r"\d{2}-\d{8}-\d", "a tax number (AR)"),
)
_NINO = re.compile(
    r"(?<!\w)(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
    r" ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"
)
#: Of the kinds of cards that shops take.
_CARD_STARTS: tuple[str, ...] = (
    *("4", "51", "52", "53", "54", "55", "2221", "23", "24", "25", "26", "34", "37"),
    *("36", "38", "60", "64", "65", "35", "62", "50", "56", "57", "58", "67"),
)


def numbers(text: str) -> Iterator[Spot]:
    """Every number by which a person, an account or a card is known."""
    for match in _IBAN.finditer(text):
        for end in range(match.end(), match.start() + 14, -1):
            if text[end - 1] not in " -" and _is_valid("iban", text[match.start() : end]):
                yield "high", match.start(), end, "a bank account (IBAN)"
                break
    for match in _BUNCH.finditer(text):
        what = _known_as(match.group())
        if what:
            yield "high", *match.span(), what
    for match in _NINO.finditer(text):
        yield "high", *match.span(), "a national insurance number (GB)"
    for match in _LABELLED.finditer(text):
        code = match["code"]
        if sum(1 for letter in code if letter.isdigit()) >= 4 and not re.fullmatch(LATELY, code):
            yield "high", *match.span("code"), "a number by which a person is known"


def _known_as(number: str) -> str:
    """What a number is, by its shape and check digits; or nothing."""
    for name, shape, what in _shapes():
        if shape.fullmatch(number) and (not name or _is_valid(name, number)):
            return what
    digits = re.sub(r"\D", "", number)
    carded = 13 <= len(digits) <= 19 and digits.startswith(_CARD_STARTS)
    if carded and not re.search("[A-Z]", number) and _is_valid("luhn", digits):
        return "a payment card"
    return ""


@cache
def _shapes() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    return tuple((name, re.compile(shape), what) for name, shape, what in _NUMBERS)


def _is_valid(name: str, number: str) -> bool:
    module: Any = import_module(f"stdnum.{name}")
    return bool(module.is_valid(number))
