"""Persons who are named and may be alive. Pure; lists of names, no learned model.

A row of capitalised words is weighed: a title or a known given name speaks for a person, words of
places and institutions against one, and the long dead are left in peace. It is worth a look if the
person seems to live, or to be known to the writer; otherwise a note.
"""

import re
from collections.abc import Iterator

from tasks.essays.checking.findings import Finding, Severity
from tasks.essays.checking.name_lists import given_names, is_long_dead
from tasks.essays.checking.names_elsewhere import persons_elsewhere
from tasks.essays.checking.phrases import Phrases, phrases, word_lists
from tasks.essays.checking.reading import Reading, Span

CHECK = "named persons"

_NOTE = "a person is named: alive, and content to be?"
_PARTICLES = (
    r"de|del|della|di|da|do|dos|das|du|des|la|le|van|von|vom|zu|zur|der|den|ter|ten|te|af|av|al|el|"
    r"bin|ibn|bint|ben|bat|y|e|i|san|santa|mac|ap|ould|abu|abd"
)
_TOKEN = re.compile(r"[^\W\d_]+(?:['’‐‑-][^\W\d_]+)*\.?")
_ALONE = r"(?P<name>[A-ZÀ-Þ][a-zà-ÿ]{2,}(?:-[A-ZÀ-Þ][a-zà-ÿ]+)?)(?![\w'’]| [A-ZÀ-Þ])"
_ROLE = re.compile(
    r"\b(?:my|his|her|their|our|your|the|a|an|one) (?:\w+ ){0,2}(?:reviewer|interviewer|labell?er|"
    r"rater|annotator|engineer|manager|boss|neighbou?r|colleague|friend|teacher|nurse|doctor|"
    r"patient|pupil|student|landlord|landlady|janitor|porter|cleaner|driver|clerk|cashier|baker|"
    r"butcher|barber|plumber|lawyer|accountant|secretary|assistant|wife|husband|son|daughter|"
    r"brother|sister|cousin|nephew|niece|mother|father|child|boy|girl|woman|man|user|developer|"
    r"founder|director|supervisor|handler|widow|widower),? "
    rf"(?:named |called |by the name of )?{_ALONE}"
)
_CALLING = (
    r"named|called|name (?:is|was)|by the name of|calls? (?:him|her)self|goes by|"
    r"signed (?:him|her)self|heißt|hieß|namens|s.appel(?:le|ait)|nommée?|llamad[oa]|"
    r"se llama(?:ba)?|chamad[oa]|si chiama(?:va)?"
)
_INTRODUCED = re.compile(rf"\b(?:{_CALLING}) {_ALONE}")
_CALLED = re.compile(rf"\b(?:{_CALLING}|nazywa się|по имени|зовут)\s$", re.I)
_CAPITALS = re.compile(r"\b(?P<name>[A-ZÀ-Þ]{3,20}) (?:[A-Z]\.? )?[A-ZÀ-Þ][A-ZÀ-Þ'’-]{2,30}\b")
#: In German every noun is capitalised: there a row of capitals says nothing.
_GERMAN = re.compile(r"\b(?:der|die|das|und|ist|nicht|ein|eine|einen|sich|dem|den|wird|auch)\b")
_SMALL = re.compile(
    r"\b(?:dr|mr|mrs|ms|prof|sr|sra|herr|frau)\.? (?P<name>[a-zà-ÿ]{3,20}(?:-[a-zà-ÿ]{1,20})?"
    rf"(?: (?:{_PARTICLES})){{0,3}} [a-zà-ÿ]{{3,20}})\b"
)
_INITIALS = re.compile(
    r"\b(?:Mrs?|Ms|Dr|Frau|Herr|Mme|M|Madame|Monsieur|Signora?|Señora?|Sra?|Doña?|Miss|Sister|"
    r"Judge|Nurse)\.? (?P<name>(?:(?:[A-ZÀ-Þ]\.|v\.|de) ?){1,4})(?=[\s,;:)]|$)"
)

#: Characters after a name within which a verb is taken to be said of it.
_SOON = 60

Row = list[re.Match[str]]
Spot = tuple[Severity, int, int]


def find_persons(reading: Reading) -> Iterator[Finding]:
    """Each name once a paragraph; headings are left out."""
    for paragraph in reading.paragraphs:
        told: set[str] = set()
        whole = " ".join(sentence.words for sentence in paragraph)
        past = _said("long ago").search(whole) is not None
        for sentence in paragraph:
            if reading.is_heading(sentence.start):
                continue
            for severity, start, end in _in_sentence(reading, sentence, past=past):
                name = reading.plain[start:end].casefold()
                if name not in told:
                    told.add(name)
                    yield reading.point(CHECK, severity, start, end, _NOTE)


def _words(section: str) -> frozenset[str]:
    return word_lists("names")[section]


def _said(section: str) -> Phrases:
    return phrases("names")[section]


def _in_sentence(reading: Reading, sentence: Span, *, past: bool) -> Iterator[Spot]:
    words, place = sentence.words, sentence.start
    if any(letter > "\u0400" for letter in words):
        for start, end in persons_elsewhere(words):
            yield "look", place + start, place + end
    for pattern in (_SMALL, _INITIALS):
        for match in pattern.finditer(words):
            yield "look", place + match.start(), place + match.end()
    yield from _single(reading, sentence, past=past)
    for row in _rows(words):
        verdict = _weigh(row, words, past=past)
        if verdict:
            start, end = place + row[0].start(), place + row[-1].end()
            quoted = len(row) == 2 and reading.is_quoted(start, end)
            yield "note" if quoted else verdict, start, end


def _single(reading: Reading, sentence: Span, *, past: bool) -> Iterator[Spot]:
    """One name alone, introduced as somebody's, or a name all in capitals."""
    for pattern in (_ROLE, _INTRODUCED, _CAPITALS):
        for match in pattern.finditer(sentence.words):
            name = match["name"].casefold()
            given = name in given_names() or name.split("-")[0] in given_names()
            words = [word.casefold() for word in re.findall(r"[\w'’-]+", match.group())]
            if not given or is_long_dead(words) or name in _others():
                continue
            start, end = sentence.start + match.start("name"), sentence.start + match.end()
            public = past or _said("fame").search(sentence.words) is not None
            weak = public or pattern is _INTRODUCED or reading.is_quoted(start, end)
            yield "note" if weak else "look", start, end


def _others() -> frozenset[str]:
    return _words("no person") | _words("places") | _words("starters")


def _rows(words: str) -> Iterator[Row]:
    """Rows of capitalised words, particles between them included."""
    row: Row = []
    pending: Row = []
    last = 0
    for match in _TOKEN.finditer(words):
        word = match.group()
        near = re.fullmatch(r"[ ]?\n?[ ]?", words[last : match.start()]) is not None
        capital = any(part[:1].isupper() for part in re.split("[-’']", word))
        particle = bool(row) and near and re.fullmatch(_PARTICLES, word) is not None
        if row and not (near and (capital or particle)):
            yield row
            row, pending = [], []
        if capital:
            row = [*row, *pending, match] if row else [match]
            pending = []
        elif particle:
            pending.append(match)
        ends = word.endswith(".") and len(word) > 2
        if row and ends and word[:-1].casefold() not in _words("titles"):
            yield row
            row, pending = [], []
        last = match.end()
    if row:
        yield row


def _weigh(row: Row, sentence: str, *, past: bool) -> Severity | None:
    """What a row of capitalised words is worth; it is cut to the name that it holds."""
    while row and row[0].group().casefold().rstrip(".") in _words("starters") - _words("titles"):
        del row[0]
    if not row:
        return None
    words = [re.sub(r"['’]s$", "", match.group().rstrip(".").casefold()) for match in row]
    titled = _after_title(words)
    if titled:
        others = _words("no person") | _words("titles") | _words("starters")
        named = not is_long_dead(words) and not set(titled) & others
        alive = _seems_alive(row, sentence) and not past and len(titled[-1]) > 1
        return ("look" if alive else "note") if named else None
    if not _could_be(row, words):
        return None
    return _untitled(row, words, sentence, past=past)


def _untitled(row: Row, words: list[str], sentence: str, *, past: bool) -> Severity | None:
    knows = _said("knows").search(sentence) is not None
    lives = _seems_alive(row, sentence)
    public = past or _said("fame").search(sentence) is not None
    if words[0] in given_names() or words[0].split("-")[0] in given_names():
        return "look" if lives and not public else "note"
    if _CALLED.search(sentence[: row[0].start()]):
        return "note" if public else "look"
    if (row[0].start() == 0 and not lives) or _GERMAN.search(sentence):
        return None
    whole = min(len(words[0]), len(words[-1])) > 2
    return "look" if knows and whole and not public else "note"


def _seems_alive(row: Row, sentence: str) -> bool:
    """Whether the writer seems to know the person, or what follows tells of the present."""
    after = sentence[row[-1].end() : row[-1].end() + _SOON]
    return _said("knows").search(sentence) is not None or _said("lives").search(after) is not None


def _after_title(words: list[str]) -> list[str]:
    """What follows a title that the row begins with, its office before it; or nothing."""
    titles, offices = _words("titles"), _words("offices")
    for place, word in enumerate(words[:3]):
        if word in titles and all(before in offices | titles for before in words[:place]):
            return words[place + 1 :]
    return []


def _could_be(row: Row, words: list[str]) -> bool:
    """Whether a row may be a name at all."""
    capitals = [match for match in row if match.group() != match.group().casefold()]
    ends_sentence = any(len(word) == 1 for word in words) and set(words) & _words("starters")
    return not (
        len(capitals) < 2
        or is_long_dead(words)
        or set(words) & _words("no person")
        or words[-1] in _words("places")
        or all(match.group().isupper() for match in row)
        or ends_sentence
    )
