"""Words that give orders to a model or a reviewer, or obey those that a quote gave. Pure."""

import re
from collections.abc import Iterator, Sequence

from tasks.essays.checking.disguises import (
    decoded,
    pieces_joined,
    sentences_turned_round,
    shifted,
    without_leet,
)
from tasks.essays.checking.findings import Finding, Quoted, Severity
from tasks.essays.checking.phrases import phrases, small, word_lists
from tasks.essays.checking.reading import Reading, Span

CHECK = "injected instructions"

_QUOTED = re.compile(r"[\"“„«「](?P<words>[^\"“”„«»「」\n]{3,200})[\"”“»」]")
_WORD = re.compile(r"[^\W_]{4,}")
#: Letters that a row of such words needs, and letters of its longest word.
_SPELLED = 7
_SPELLED_WORD = 4


def find_instructions(reading: Reading, context: Sequence[Quoted]) -> Iterator[Finding]:
    """Each sentence that gives an order to whoever checks it, or obeys one from a quote."""
    told: set[int] = set()
    spots = [
        *_spoken(reading),
        *_disguised(reading),
        *_obeying(reading, context),
        *_edges(reading),
        *_first_words(reading),
    ]
    for severity, start, end, note in sorted(spots, key=lambda spot: (spot[1], spot[0])):
        if start not in told:
            told.add(start)
            yield reading.point(CHECK, severity, start, end, note)


Spot = tuple[Severity, int, int, str]


def _spoken(reading: Reading) -> Iterator[Spot]:
    known = phrases("instructions")
    for span in (*reading.sentences, *reading.code):
        found = known["order"].search(span.words) or known["role"].search(span.words)
        if found:
            start, end = span.start + found.start(), span.start + found.end()
            quoted = reading.is_quoted(start, end, in_block=False)
            yield "note" if quoted else "high", start, end, _NOTE
    for line in _lines(reading):
        found = known["head"].match(line.words)
        if found:
            yield "high", line.start, line.end, "a head as of a conversation's part"
    for paragraph in reading.paragraphs:
        addressed = 0
        for sentence in paragraph:
            if known["address"].search(sentence.words) and not reading.is_heading(sentence.start):
                addressed = 3
            asked = known["imperative"].search(sentence.words) or _opens_with_order(sentence.words)
            if addressed and asked:
                note = "speaks to models or reviewers, and tells them what to do"
                yield "look", sentence.start, sentence.end, note
            addressed -= addressed > 0


_NOTE = "reads like an order to a model or a reviewer"


def _opens_with_order(words: str) -> bool:
    """Whether a clause begins with a verb that gives an order."""
    return any(
        phrases("instructions")["imperative"].match("please " + clause.strip())
        for clause in re.split(r"[,;:—–-] ", words)[:6]
    )


def _lines(reading: Reading) -> list[Span]:
    return [
        Span(match.start(1), match[1])
        for match in re.finditer(r"^[ \t>*_#\[(]{0,40}([^\s][^\n]{0,400})", reading.plain, re.M)
    ]


def _disguised(reading: Reading) -> Iterator[Spot]:
    order = phrases("instructions")["order"]
    text = reading.plain
    beneath = [*pieces_joined(text), *decoded(text), *sentences_turned_round(text), *shifted(text)]
    for found in beneath:
        if order.search(found.words):
            yield "high", found.start, found.end, f"{_NOTE}, {found.how}"
    read = without_leet(text)
    if read != text and len(read) == len(text):
        for sentence in reading.sentences:
            words = read[sentence.start : sentence.end]
            if words != sentence.words and order.search(words) and not order.search(sentence.words):
                yield "high", sentence.start, sentence.end, f"{_NOTE}, in figures for letters"


def _obeying(reading: Reading, context: Sequence[Quoted]) -> Iterator[Spot]:
    obeys = phrases("instructions")["obeys"]
    for sentence in reading.sentences:
        found = obeys.search(sentence.words)
        if found:
            start, end = sentence.start + found.start(), sentence.start + found.end()
            yield "look", start, end, "does what a text that it was shown asked for?"
    for quoted in context:
        for dictated, rare in _orders_in(quoted.text):
            yield from _carried_out(reading, dictated, rare)


def _orders_in(text: str) -> Iterator[tuple[list[str], frozenset[str]]]:
    """Of each order to models in a quote: phrases that it dictates, and words of its own."""
    known = phrases("instructions")
    form = {word[:6] for word in word_lists("instructions")["form"]}
    for paragraph in re.split(r"\n\s*\n", text):
        parts = re.split(r"(?<=[.!?。])[)\"”]{0,2}\s+|\(|\)", paragraph)
        ordering = 0
        orders: list[str] = []
        rest: list[str] = []
        for part in parts:
            if known["talks"].search(part) and known["ordering"].search(part):
                ordering = 3
            (orders if ordering else rest).append(part)
            ordering -= ordering > 0
        if orders:
            words = " ".join(orders)
            other = {word.casefold()[:6] for word in _WORD.findall(" ".join(rest))}
            rare = frozenset(word.casefold()[:6] for word in _WORD.findall(words)) - other - form
            yield [match["words"].strip(" .,!?") for match in _QUOTED.finditer(words)], rare


def _carried_out(reading: Reading, dictated: list[str], rare: frozenset[str]) -> Iterator[Spot]:
    lower = reading.prose.casefold()
    for phrase in dictated:
        place = lower.find(phrase.casefold())
        if place >= 0 and len(phrase) > 5:
            yield "high", place, place + len(phrase), "words that a text it was shown dictates"
    for sentence in reading.sentences:
        words = {word.casefold()[:6] for word in _WORD.findall(sentence.words)}
        if len(words & rare) >= 4 or (len(words & rare) >= 3 and len(words) <= 12):
            note = "says what a text that it was shown tells models to say"
            yield "look", sentence.start, sentence.end, note


def _edges(reading: Reading) -> Iterator[Spot]:
    """Words down the first letters of lines, sentences and paragraphs."""
    for spans in _columns(reading):
        letters = "".join(
            (re.search(r"[^\W\d_]", span.words) or " ")[0] for span in spans
        ).casefold()
        for place in (0, 1, 2):
            length = _spelled(letters[place : place + 60])
            if length:
                start, end = spans[place].start, spans[place + length - 1].end
                word = letters[place : place + length].upper()
                yield "look", start, min(end, start + 200), f"first letters that say {word}"
                break


def _columns(reading: Reading) -> Iterator[list[Span]]:
    """Lines, openings of paragraphs, and sentences, headings left out."""
    lines = [
        Span(match.start(1), match[1])
        for match in re.finditer(r"^[ \t>*_\-\d.)#]{0,40}([^\W\d_][^\n]*)", reading.prose, re.M)
    ]
    openings = [paragraph[0] for paragraph in reading.paragraphs]
    for spans in (lines, openings, reading.sentences):
        yield [span for span in spans if not reading.is_heading(span.start)]


def _spelled(letters: str) -> int:
    """Letters at the start that are words in a row, if they are enough to be meant; else 0."""
    known = word_lists("instructions")
    best: dict[int, int] = {0: 0}  # place -> letters of the longest word on the way
    for place in range(len(letters)):
        if place in best:
            for end in range(place + 1, min(place + 12, len(letters)) + 1):
                if letters[place:end] in known["spelled"]:
                    best[end] = max(best.get(end, 0), best[place], end - place)
    reach = [place for place, longest in best.items() if longest >= _SPELLED_WORD]
    alone = [place for place in reach if letters[:place] in known["alone"]]
    return max([place for place in reach if place >= _SPELLED] + alone, default=0)


#: Signs within words, and sentences of a word or two.
_CUT_UP = re.compile(r"(?<=[^\W\d_])[-.·|*_`~]{1,2}(?=[^\W\d_])|(?<=[^\w\s] )\w+[.!;:,](?=\s|$)")


def _first_words(reading: Reading) -> Iterator[Spot]:
    """Orders down the first words of lines, sentences and paragraphs, or cut up by punctuation."""
    order = phrases("instructions")["order"]
    for spans in _columns(reading):
        firsts = [(re.search(r"\w+", span.words) or [""])[0] for span in spans]
        found = order.search(" ".join(firsts))
        if found:
            before = len(" ".join(firsts)[: found.start()].split())
            span = spans[min(before, len(spans) - 1)]
            yield "high", span.start, span.end, f"{_NOTE}, in first words"
    for paragraph in reading.paragraphs:
        start, end = paragraph[0].start, paragraph[-1].end
        words = reading.prose[start:end]
        if len(_CUT_UP.findall(words)) < 3:
            continue
        bare = re.sub(r"[*_`~\\]|(?<=[^\W\d_])[-.·|](?=[^\W\d_])", "", words)
        bare = re.sub(r"[^\w\s]+", " ", bare)
        found = order.search(" ".join(bare.split()))
        if found and not any(order.search(sentence.words) for sentence in paragraph):
            first = found.group().split()[0]
            place = max(small(words).find(first[:4].lower()), 0)
            yield "high", start + place, end, f"{_NOTE}, cut up by signs"
