"""Words that could be taken for those of the site, its publisher or its reviewers. Pure."""

import re
from collections.abc import Iterator

from tasks.essays.checking.disguises import pieces_joined
from tasks.essays.checking.findings import Finding, Severity
from tasks.essays.checking.phrases import phrases
from tasks.essays.checking.reading import Reading, Span

CHECK = "disclaimer imitation"

_NOTE = "could be taken for words of the site, its publisher or its reviewers"
_WORD = re.compile(r"[^\W\d_]{4,}")
#: Share of the disclaimer's words that a sentence needs to pass for it.
LIKE = 0.6


def find_imitation(reading: Reading, disclaimer: str) -> Iterator[Finding]:
    """The first such words of each paragraph."""
    own = {word.casefold()[:6] for word in _WORD.findall(disclaimer)}
    for paragraph in reading.paragraphs:
        if not reading.is_heading(paragraph[0].start):
            for number, sentence in enumerate(paragraph):
                spot = _spot(reading, sentence, own, opens=number == 0)
                if spot:
                    yield reading.point(CHECK, *spot)
                    break
    for spelled in pieces_joined(reading.plain):
        if any(pattern.search(spelled.words + ":") for pattern in phrases("imitation").values()):
            yield reading.point(
                CHECK, "high", spelled.start, spelled.end, f"{_NOTE}, {spelled.how}"
            )


def _spot(
    reading: Reading, sentence: Span, own: set[str], *, opens: bool
) -> tuple[Severity, int, int, str] | None:
    known = phrases("imitation")
    words = {word.casefold()[:6] for word in _WORD.findall(sentence.words)}
    if len(own) >= 4 and len(words & own) >= LIKE * len(own):
        return "high", sentence.start, sentence.end, "says what the site's disclaimer says"
    bare = sentence.words.lstrip("*_>—–-[(# ")
    if (opens or bare != sentence.words) and known["label"].match(bare):
        return "high", sentence.end - len(bare), sentence.end, _NOTE
    found = known["claim"].search(sentence.words)
    if found:
        start, end = sentence.start + found.start(), sentence.start + found.end()
        if not reading.is_quoted(start, end, in_block=False):
            return "look", start, end, _NOTE
    return None
