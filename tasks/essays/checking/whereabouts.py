"""When people were born and where they are to be found, as words tell. Pure."""

import re
from collections.abc import Iterator

from tasks.essays.checking.findings import Severity

Spot = tuple[Severity, int, int, str]

_MONTHS = (
    r"jan\w*|feb\w*|mar\w*|apr\w*|may|jun\w*|jul\w*|aug\w*|sep\w*|oct\w*|nov\w*|dec\w*|"
    r"janv\w*|févr\w*|mars|avril|mai|juin|juillet|août|déc\w*|januar|märz|juni|juli|okt\w*|dez\w*|"
    r"enero|febrero|marzo|abril|mayo|junio|julio|agosto|sept\w*|octubre|noviembre|diciembre|"
    r"gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre|fevereiro|março|maio|"
    r"junho|julho|setembro|outubro|novembro|dezembro|января|февраля|марта|апреля|мая|июня|июля|"
    r"августа|сентября|октября|ноября|декабря"
)
#: Years in which people who live may have been born.
LATELY = r"(?:19[3-9]\d|20[0-3]\d)"
_DATE = (
    rf"(?:\d{{1,2}}(?:st|nd|rd|th|er|\.|º)?(?: of| de)? (?:{_MONTHS})\.?,?(?: de| del)? {LATELY}|"
    rf"(?:{_MONTHS})\.? \d{{1,2}}(?:st|nd|rd|th)?,? {LATELY}|"
    rf"\d{{1,2}}[./-]\d{{1,2}}[./-](?:{LATELY}|\d\d)|{LATELY}[./-]\d{{1,2}}[./-]\d{{1,2}}|"
    rf"{LATELY} ?年 ?\d{{1,2}} ?月 ?\d{{1,2}} ?日)"
)
_YEAR = re.compile(rf"(?<!\d){LATELY}(?!\d)|(?<=\d[./-])\d\d(?!\d)")
_BORN = re.compile(
    r"(?:\b(?:born|b\.|birthday|birth|d\.?o\.?b\.?|née?|naissance|geb\.|geboren\w*|geburts\w*|"
    r"nacid[oa]|nació|nacimiento|nat[oa] il|nasceu|nascid[oa]|geboren|ur\.|родил\w+|рожд\w+|född)"
    r"|生于|出生|生年月日|생년월일|وُلد|مواليد|תאריך לידה)"
    rf"[^.!?\n]{{0,40}}?(?P<date>{_DATE})|(?P<date2>{_DATE})[^.!?\n]{{0,12}}(?:生まれ|出生)",
    re.I,
)

_CAP = r"(?:(?:[A-ZÀ-ÖØ-Þ][\w'’.-]{1,30}|of|the|de|la|le|les|du|des|del|den|der|St\.?)[ ])"
_STREETS = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Court|Ct|Close|Way|Crescent|Terrace|Place|Pl|"
    r"Square|Sq|Gardens|Mews|Boulevard|Blvd|Row|Walk|Grove|Quay|Parade|Circle|Highway|Hwy|Alley|"
    r"Wharf|Rise|Vale|Green|Yard|Parkway|Trail|Loop|Embankment)"
)
_ADDRESS = re.compile(
    "|".join(
        (
            rf"\b\d{{1,5}}[A-Za-z]?(?:[-/]\d{{1,4}})?,? {_CAP}{{1,4}}{_STREETS}\b\.?",
            r"\b(?:[A-ZÄÖÜ][\wäöüß-]{1,40}(?:straße|strasse|str\.|weg|gasse|gässli|platz|allee|ufer|"
            r"damm|ring|stieg|steig|graben|markt|hof|berg|straat|laan|gracht|plein|kade|dijk|singel|"
            r"vej|gade|gatan|gata|vägen|veien|katu|tie)|"
            r"(?:Am|An der|An den|Auf dem|Auf der|Im|In der|Zum|Zur|Unter den|Hinter der) "
            r"[A-ZÄÖÜ][\wäöüß-]{2,30}) \d{1,4} ?[a-z]?\b",
            r"\b\d{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|av\.|boulevard|bd|place|impasse|chemin|"
            r"allée|quai|cours|route|square|passage|ruelle|montée|faubourg)"
            r"(?: [\w'’àâçéèêëîïôûùüÿœ-]{1,30}){1,6}",
            r"\b(?:calle|c/|avenida|avda\.?|av\.|plaza|paseo|camino|carrera|pasaje|ronda|via|viale|"
            r"vicolo|piazza|corso|largo|rua|travessa|praça|alameda|carrer)"
            r"(?: [\w'’áéíóúñçãõàèìòù.-]{1,30}){1,6}?,? "
            r"(?:n\.?º ?|n[úu]m(?:ero|\.)? ?|#)?\d{1,4}\b",
            r"\b(?:ул(?:\.|ица)|пр(?:\.|оспект)|пер\.|ul\.|al\.|os\.|pl\.|ulice) ?[\w .-]{2,40}?,? "
            r"(?:д\.? ?|дом )?\d{1,4}\b",
            r"[\u4e00-\u9fff]{2,6}(?:路|街|巷|道|弄|胡同|大道)[\d〇一二三四五六七八九十百]{1,5}(?:号|號|弄)",
            r"[\u4e00-\u9fff]{1,6}(?:区|市|町|村)[\u3040-\u30ff\u4e00-\u9fff]{0,8}"
            r"[\d一二三四五六七八九十]{1,3}(?:丁目|番地?|[-−]\d)",
            r"شارع [\u0600-\u06ff ]{2,40}?،? ?(?:رقم )?\d{1,4}",
            r"רחוב [\u0590-\u05ff ]{2,30} \d{1,4}",
        )
    )
)
_POSTCODE = re.compile(
    r"\b(?:[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|(?:[A-Z]{1,2}-)\d{4,5} [A-ZÀ-Þ][\w-]+|"
    r"[A-Z][a-z]+,? [A-Z]{2} \d{5}(?:-\d{4})?|\d{4} [A-Z]{2} [A-Z][a-z]+|"
    r"(?<!\d )\d{5} [A-ZÀ-ÖØ-Þ][a-zà-ÿ]{2,}(?:-[\w-]+)?)\b"
)
_KNOWN_PLACES = re.compile(
    r"221 ?B Baker|1?0 Downing|1600 Pennsylvania|\b123 |4 Privet|742 Evergreen|7 Eccles|"
    r"Any ?street|Main Street|Musterstra|84 Charing Cross|42 Wallaby",
    re.I,
)
_AT_HOME = re.compile(
    r"\b(?:lives?|living|home|address|flat|apartment|house|moved|stays?|resides?|door|key|ring|"
    r"knock|visit|send|post|write to|find (?:him|her|them|me)|wohn\w*|adresse|zuhause|habite|"
    r"demeure|loge|domicile|"
    r"vive|domicilio|casa|mora|abita|woont|mieszka|живёт|живет|адрес|c/o)\b|住|家|يسكن|عنوان|גר",
    re.I,
)
_COORDINATES = re.compile(
    r"(?<![\d.])-?\d{1,2}\.\d{4,10}°?\s?[NS]?,?\s{1,2}-?\d{1,3}\.\d{4,10}(?![\d.])"
)


def whereabouts(text: str) -> Iterator[Spot]:
    """Dates of birth, addresses, postal codes with their places, coordinates."""
    seen = 0
    for year in _YEAR.finditer(text):
        if year.start() < seen:
            continue
        seen = year.end() + 30
        for match in _BORN.finditer(text, max(0, year.start() - 90), seen):
            yield "high", *match.span("date" if match["date"] else "date2"), "a date of birth"
    for match in _ADDRESS.finditer(text):
        if not _KNOWN_PLACES.search(match.group()):
            sure = _POSTCODE.search(text, match.start(), match.end() + 60)
            around = text[max(0, match.start() - 80) : match.end() + 80]
            weight: Severity = "high" if sure else "look" if _AT_HOME.search(around) else "note"
            yield weight, *match.span(), "looks like an address"
    for match in _POSTCODE.finditer(text):
        yield "note", *match.span(), "a postal code and its place"
    for match in _COORDINATES.finditer(text):
        yield "note", *match.span(), "coordinates of a place"
