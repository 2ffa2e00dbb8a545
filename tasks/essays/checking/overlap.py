"""Words that a draft shares with what the model was shown, and with its other essays. Pure.

Rows of equal words are found by shingles of five words. Copies that were edited are found sentence
by sentence: content words cut to their first letters, so that "rushed" meets "rushing", and the
share of them that two sentences have in common. Other essays are sifted by rows of three words
first; what they are made of is remembered between drafts.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from tasks.essays.checking.findings import Earlier, Finding, Quoted, Severity
from tasks.essays.checking.phrases import word_lists
from tasks.essays.checking.reading import Reading

CONTEXT = "context overlap"
DUPLICATE = "near-duplicate"

#: Words of a shingle.
SHINGLE = 5
#: Equal words in a row that are worth a look; scripts without spaces count signs, two for a word.
ROW = 8
#: Share of a draft that stood in other essays, from which on it is worth a look, and more.
SHARE = 0.2
LARGE_SHARE = 0.5
#: Essays that are compared sentence by sentence, the likeliest first.
MOST_COMPARED = 12

_HAN = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f"
_WORD = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+")
_HAN_SIGN = re.compile(f"[{_HAN}]")
_SENTENCE = re.compile(r"[^.!?…。！？\n]+")


@dataclass(frozen=True, slots=True)
class _Sentence:
    start: int
    end: int
    stems: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Print:
    """What a text is made of: words with their places, shingles, sentences."""

    words: tuple[str, ...]
    places: tuple[tuple[int, int], ...]
    shingles: tuple[int, ...]
    known: frozenset[int]
    sentences: tuple[_Sentence, ...]


def find_context_overlap(reading: Reading, context: Sequence[Quoted]) -> Iterator[Finding]:
    """Where the draft repeats what the model was shown, in the same words or nearly."""
    if not any(quoted.text.strip() for quoted in context):
        return
    draft = _print_of(reading.prose)
    spots: list[tuple[int, int, str, str]] = []
    for quoted in context:
        source = _print_of(quoted.text)
        rows = list(_rows(draft, source))
        note = f"repeats what the model was shown ({quoted.name})"
        spots += [(start, end, "row", note) for start, end in rows]
        note = f"says in nearly the same words what the model was shown ({quoted.name})"
        spots += [
            (one.start, one.end, "like", note)
            for one in _alike(draft, source)
            if not any(start < one.end and one.start < end for start, end in rows)
        ]
    last = -1
    for start, end, kind, note in sorted(spots, key=lambda spot: (spot[0], spot[2] == "like")):
        if start >= last:
            marked = kind == "row" and reading.is_quoted(start, end)
            severity: Severity = "note" if marked else "look"
            yield reading.point(CONTEXT, severity, start, end, note)
            last = end


def find_near_duplicates(reading: Reading, earlier: Sequence[Earlier]) -> Iterator[Finding]:
    """Where the draft repeats other essays of the model, once enough of it does."""
    if not earlier:
        return
    draft = _print_of(reading.prose)
    found: list[tuple[int, int, str]] = []
    for essay in _likely(reading.prose, earlier):
        source = _print_of(essay.text)
        places = [*_rows(draft, source), *((one.start, one.end) for one in _alike(draft, source))]
        found += [(start, end, essay.slot_id) for start, end in places]
    spots: list[tuple[int, int, str]] = []
    reach = -1
    for start, end, slot_id in sorted(_by_line(reading.prose, found)):
        if end > reach and not (reading.is_heading(start) or reading.is_quoted(start, end)):
            spots.append((start, end, slot_id))
            reach = end
    share = _share(draft, [(start, end) for start, end, _ in spots])
    if share < SHARE:
        return
    severity: Severity = "high" if share >= LARGE_SHARE else "look"
    for _, group in groupby(spots, key=lambda spot: reading.place(reading.raw(spot[0]))[0]):
        start, end, slot_id = next(group)
        note = (
            f"stood in {slot_id} in these words or nearly; {share:.0%} of the draft stood elsewhere"
        )
        yield reading.point(DUPLICATE, severity, start, end, note)


def _by_line(text: str, spots: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """The same places, cut at line feeds, so that each paragraph is pointed at."""
    for start, end, slot_id in spots:
        for match in re.finditer(r"[^\n]*\w[^\n]*", text[start:end]):
            yield start + match.start(), start + match.end(), slot_id


def count_words(text: str) -> int:
    """Words of a text; two signs count for one in scripts that don't part words."""
    return int(_length(_WORD.findall(text)))


@lru_cache(maxsize=2048)
def _sift(text: str) -> frozenset[int]:
    """Rows of three words around one that isn't short: enough to tell kinship."""
    words = _WORD.findall(text.casefold())
    rows = zip(words, words[1:], words[2:], strict=False)
    return frozenset(hash(row) for row in rows if len(row[1]) > 4 or not row[1].isascii())


@lru_cache(maxsize=64)
def _print_of(text: str) -> _Print:
    found = [(match.group().casefold(), match.span()) for match in _WORD.finditer(text)]
    words = tuple(word for word, _ in found)
    shingles = tuple(hash(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1))
    places = tuple(place for _, place in found)
    return _Print(words, places, shingles, frozenset(shingles), tuple(_sentences(text)))


def _sentences(text: str) -> Iterator[_Sentence]:
    common = word_lists("overlap")["common"]
    for match in _SENTENCE.finditer(text):
        found = _WORD.findall(match.group())
        names = [word for word in found[1:] if word[0].isupper()]
        if len(names) > len(found) / 4:
            names = []  # a language that writes its nouns so, or a heading
        words = [word.casefold() for word in found if word not in names]
        stems = frozenset(
            word[:5]
            for word in words
            if word not in common and (len(word) > 3 or word.isdigit() or not word.isascii())
        )
        if stems:
            yield _Sentence(match.start(), match.end(), stems)


def _rows(draft: _Print, source: _Print) -> Iterator[tuple[int, int]]:
    """Places of rows of words that both have."""
    if draft.known.isdisjoint(source.known):
        return
    start = end = -1
    for i, shingle in enumerate(draft.shingles):
        if shingle not in source.known:
            continue
        if start >= 0 and i > end:
            yield from _long_enough(draft, start, end)
            start = -1
        start = i if start < 0 else start
        end = i + SHINGLE
    yield from _long_enough(draft, start, end)


def _long_enough(draft: _Print, start: int, end: int) -> Iterator[tuple[int, int]]:
    if start >= 0 and _length(draft.words[start:end]) >= ROW:
        yield draft.places[start][0], draft.places[end - 1][1]


def _length(words: Sequence[str]) -> float:
    return sum(0.5 if _HAN_SIGN.match(word) else 1.0 for word in words)


def _alike(draft: _Print, source: _Print) -> Iterator[_Sentence]:
    """Sentences of the draft that are one of the source's in other clothes."""
    by_stem: dict[str, list[int]] = {}
    for number, sentence in enumerate(source.sentences):
        for stem in sentence.stems:
            by_stem.setdefault(stem, []).append(number)
    matches: list[tuple[_Sentence, int, float, int]] = []
    for sentence in draft.sentences:
        counts: dict[int, int] = {}
        for stem in sentence.stems:
            for number in by_stem.get(stem, ())[:200]:
                counts[number] = counts.get(number, 0) + 1
        if not counts:
            matches.append((sentence, -9, 0.0, 0))
            continue
        best = max(counts, key=lambda n: (counts[n], -abs(len(source.sentences[n].stems))))
        fewer = min(len(sentence.stems), len(source.sentences[best].stems))
        matches.append((sentence, best, counts[best] / max(fewer, 1), counts[best]))
    for place, (sentence, number, share, count) in enumerate(matches):
        beside = [matches[i] for i in (place - 1, place + 1) if 0 <= i < len(matches)]
        in_step = any(
            0 <= abs(other[1] - number) <= 1 and other[2] >= 0.4 and other[3] >= 3
            for other in beside
        )
        if (
            (count >= 5 and share >= 0.6)
            or (count >= 7 and share >= 0.5)
            or (count >= 3 and share >= 0.45 and in_step)
        ):
            yield sentence


def _likely(text: str, earlier: Sequence[Earlier]) -> list[Earlier]:
    """Essays with rows of three words in common, those with most first."""
    own = _sift(text)
    weighed = [(len(own & _sift(essay.text)), number) for number, essay in enumerate(earlier)]
    best = sorted((pair for pair in weighed if pair[0]), key=lambda pair: (-pair[0], pair[1]))
    return [earlier[number] for _, number in best[:MOST_COMPARED]]


def _share(draft: _Print, spots: list[tuple[int, int]]) -> float:
    """Share of the draft's words that lie in any of the places."""
    if not draft.words:
        return 0.0
    inside, reach, rest = 0, -1, iter(sorted(spots))
    current = next(rest, None)
    for start, _ in draft.places:
        while current and start >= current[0]:
            reach = max(reach, current[1])
            current = next(rest, None)
        inside += start < reach
    return inside / len(draft.words)
