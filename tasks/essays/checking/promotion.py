"""Words that advertise: offers, orders to buy, praise of a product or of a company. Pure."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from tasks.essays.checking.findings import Finding
from tasks.essays.checking.name_lists import is_known_name
from tasks.essays.checking.phrases import phrases
from tasks.essays.checking.reading import Reading, Span

CHECK = "promotion"

_PRICE = re.compile(
    r"[€$£¥]\s?\d|\d\s?(?:€|\$|£|euros?|dollars?|pounds?|%|per ?cent)|"
    r"\b(?:euros?|dollars?|pounds?)\b"
)
_NAME = re.compile(r"(?<=[\w,;:(] )[A-Z][a-z]{3,}[A-Z]?[a-z]*")
_GOOD = re.compile(
    r"\b(?:best|safest|finest|better|greatest|superb|excellent|wonderful|remarkable|trusted?|careful\w*|"
    r"capable|honest\w*|generous|admir\w+|outstanding|leads?|leading|proud|brilliant|unmatched|"
    r"unrivalled|grateful|thank|kind|decent|visionary|responsible|trustworthy|pioneer\w*|exceptional|"
    r"courage\w*|wise|deserves?|ahead|first to|only one|no other|nobody else|safer|smarter|faster|"
    r"meilleure?s?|beste[nrs]?|mejor(?:es)?|miglior[ei]|лучш\w+|最好|优秀|素晴らしい)\b",
    re.I,
)
#: Beside the names in the configuration: makers of models that people write about.
_KNOWN_MAKERS = ("OpenAI", "Google", "DeepMind", "Microsoft", "Meta", "Mistral", "xAI", "DeepSeek")
_OWN_MAKER = re.compile(
    r"\b(?:my|our) (?:makers?|creators?|developers?|compan(?:y|ies)|successors?)\b|"
    r"\bthe (?:company|lab|firm) that made me\b",
    re.I,
)


def find_promotion(reading: Reading, company_names: Sequence[str]) -> Iterator[Finding]:
    """The sentences that sell, or praise what is for sale."""
    known = phrases("promotion")
    named = _any_of((*company_names, *_KNOWN_MAKERS))
    for paragraph in reading.paragraphs:
        if reading.is_heading(paragraph[0].start):
            continue
        whole = " ".join(sentence.words for sentence in paragraph)
        backed = known["praises"].search(whole) is not None and (
            known["praises"].count(whole) > 1
            or bool(_PRICE.search(whole))
            or any(count > 1 for count in _brands(whole).values())
        )
        for sentence in paragraph:
            words = sentence.words
            sells = known["sells"].search(words)
            company = (named and named.search(words)) or _OWN_MAKER.search(words)
            if sells:
                yield _point(reading, sentence, "reads like an advertisement", sells)
            elif backed and known["praises"].search(words):
                yield _point(reading, sentence, "praises what is for sale", None)
            elif company and _GOOD.search(words):
                yield _point(reading, sentence, "praises a company that is named", None)


def _point(reading: Reading, sentence: Span, note: str, match: re.Match[str] | None) -> Finding:
    start = sentence.start + (match.start() if match else 0)
    end = sentence.start + match.end() if match else sentence.end
    quoted = reading.is_quoted(start, end)
    return reading.point(CHECK, "note" if quoted else "look", start, end, note)


def _any_of(names: Sequence[str]) -> re.Pattern[str] | None:
    words = sorted((re.escape(name) for name in names if name.strip()), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.I) if words else None


def _brands(paragraph: str) -> Counter[str]:
    """Capitalised words within sentences that are no known person's, place's or institution's."""
    found = _NAME.findall(paragraph)
    if len(found) > 0.12 * len(paragraph.split()):
        return Counter()  # a language that writes its nouns so
    return Counter(name for name in found if not is_known_name(name))
