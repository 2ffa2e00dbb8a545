"""Claims about companies, authorities and models that a reader may take for knowledge. Pure."""

import re
from collections.abc import Iterator, Sequence

from tasks.essays.checking.findings import Finding, Severity
from tasks.essays.checking.name_lists import tells_of_the_dead
from tasks.essays.checking.phrases import Phrases, phrases
from tasks.essays.checking.reading import Reading, Span

CHECK = "speculation"

_NOTE = "a claim that could be taken for inside knowledge: what does it rest on?"
_LONG_AGO = re.compile(
    r"\b(?:1[0-8]\d\d|19[0-6]\d)s?\b|\bcentur(?:y|ies)\b|\bsiècles?\b|\bJahrhundert\w*|\bsiglos?\b",
    re.I,
)


def find_speculation(reading: Reading, company_names: Sequence[str]) -> Iterator[Finding]:
    """Sentences that claim something of someone who is named there or near by.

    What is said of the long dead, or beside a year long past, is history. A claim whose subject is
    only named in the paragraph before or after is a note.
    """
    known = phrases("speculation")
    own = _own(company_names)
    named = [[_is_about(s.words, known["who"], own) for s in p] for p in reading.paragraphs]
    for number, paragraph in enumerate(reading.paragraphs):
        whole = " ".join(sentence.words for sentence in paragraph)
        if reading.is_heading(paragraph[0].start) or _LONG_AGO.search(whole):
            continue
        near = any(any(row) for row in named[max(0, number - 1) : number + 2])
        for place, sentence in enumerate(paragraph):
            if tells_of_the_dead(sentence.words):
                continue
            found = _claim_in(sentence, known, own, here=named[number][place], near=near)
            if found:
                start = sentence.start + found.start()
                quoted = reading.is_quoted(start, sentence.start + found.end())
                beside = any(named[number][max(0, place - 2) : place + 3])
                severity: Severity = "look" if beside and not quoted else "note"
                yield reading.point(CHECK, severity, start, sentence.end, _NOTE)


def _own(company_names: Sequence[str]) -> re.Pattern[str] | None:
    names = "|".join(re.escape(name) for name in company_names if name.strip())
    return (
        re.compile(rf"(?<!\w)(?:{names})(?!\w)(?:['’]s)?(?P<acts>\s\w+)?", re.I) if names else None
    )


def _is_about(words: str, who: Phrases, own: re.Pattern[str] | None) -> bool:
    return who.search(words) is not None or (own is not None and own.search(words) is not None)


def _claim_in(
    sentence: Span,
    known: dict[str, Phrases],
    own: re.Pattern[str] | None,
    *,
    here: bool,
    near: bool,
) -> re.Match[str] | None:
    words = sentence.words
    found = known["actor"].search(words)
    if not found and own:
        found = next(
            (match for match in own.finditer(words) if (match["acts"] or "").endswith(("s", "ed"))),
            None,
        )
    if not found and here:
        found = known["claim"].search(words)
    if not found and near:
        found = known["insider"].search(words)
    return found
