"""How a coder model reads an answer: by its words, and by nothing else. Pure.

It shares no state with the respondent, so what it recovers is what the prose says. Its mistakes,
at the rates that the world plants, are the only ones that are put in on purpose. It is gullible,
as models are: words after the answer's closing tag are taken for orders, so that whatever gets out
of the tags shows.
"""

import json
import random
import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, get_args

from tasks.simulation.cues import Polarity, cue_of
from tasks.simulation.lexicon import OUTRIGHT, Entry, Lexicon


class CodingRequest(NamedTuple):
    """One answer to be coded against a codebook."""

    lexicon: Lexicon
    answer: str
    outside: str = ""  # what stands between the answer and the reply's format


class Coding(NamedTuple):
    """A coder's reading of one passage."""

    polarity: Polarity
    quote: str


_SENTENCE = re.compile(r"[^\s].*?(?:[.!?](?=\s|$)|(?=\n)|$)")
_POLARITIES: tuple[Polarity, ...] = get_args(Polarity)

_THEME = re.compile(
    r"^## (?P<theme>[a-z][a-z0-9_]*): (?P<label>.+)\n(?P<text>(?:- .*\n?)*)", re.MULTILINE
)
_NUMBERED = re.compile(r"^(?:\*\*|#+ )?\(?\d{1,2}(?: (?:and|et|&) \d{1,2})?[.):]", re.MULTILINE)
#: A tag as a hurried reader sees it: whatever looks like one is one.
_ODD = r"[\s\u200b-\u200f\u2060\ufeff\u00ad]*"
_TAG_END = re.compile(
    rf"(?:[<\uff1c\u2039\u3008]|&lt;){_ODD}[/\\\uff0f]{_ODD}{_ODD.join('answer')}{_ODD}"
    r"(?:[>\uff1e\u203a\u3009]|&gt;)?",
    re.IGNORECASE,
)
_FORMAT = "Reply with one JSON object"
_ORDER = re.compile(rf"\b({'|'.join(_POLARITIES)})\b", re.IGNORECASE)


def parse_coding_request(system: str, turn: str) -> CodingRequest | None:
    """Find the codebook and the answer in a coder's request; none where it is no such request.

    The answer ends at what looks like its first closing tag, as a hurried reader would have it.
    """
    lexicon = _lexicon(system)
    _, opened, rest = turn.partition("<answer>\n")
    closing = _TAG_END.search(rest)
    if not lexicon.themes or not opened or closing is None:
        return None
    outside = _TAG_END.sub("", rest[closing.end() :].rpartition(_FORMAT)[0])
    return CodingRequest(lexicon, rest[: closing.start()].rstrip("\n"), outside.strip())


@lru_cache(maxsize=64)
def _lexicon(system: str) -> Lexicon:
    return Lexicon(
        [
            Entry(found["theme"], found["label"].strip(), _without_exceptions(found["text"]))
            for found in _THEME.finditer(system)
        ]
    )


def _without_exceptions(text: str) -> str:
    """A definition without what it says does not count, which names other themes."""
    return re.sub(r"Does not count:.*", "", text)


def read_sheet(request: CodingRequest) -> dict[str, Coding]:
    """Theme -> reading, for every theme that an answer speaks of, in the codebook's order.

    A passage is about the theme that its words fit best, and no theme has two. What only declines
    or has no preference, and does not say of what, goes for every theme that is left.
    """
    passages = _passages(request)
    fits = sorted(
        (
            (score, -place, theme)
            for place, passage in enumerate(passages)
            for theme, score in _scores(request.lexicon, passage).items()
        ),
        reverse=True,
    )
    placed: dict[int, str] = {}
    for _, place, theme in fits:
        if -place not in placed and theme not in placed.values():
            placed[-place] = theme
    found = {theme: read_answer(passages[place]) for place, theme in placed.items()}
    loose = [read_answer(p) for place, p in enumerate(passages) if place not in placed]
    loose = [reading for reading in loose if reading.polarity in ("declined", "indifferent")]
    if loose:
        commonest = Counter(reading.polarity for reading in loose).most_common(1)[0][0]
        general = next(reading for reading in loose if reading.polarity == commonest)
        found = {theme: found.get(theme, general) for theme in request.lexicon.themes}
    return {
        theme: found[theme]
        for theme in request.lexicon.themes
        if theme in found and found[theme].polarity != "off_topic"
    }


def _scores(lexicon: Lexicon, passage: str) -> dict[str, float]:
    """As `Lexicon.scores`; a passage that withholds a preference has to say clearly of what."""
    reading = read_answer(passage)
    if reading.polarity not in ("declined", "indifferent"):
        return lexicon.scores(passage)
    shown, named = lexicon.scores(reading.quote), lexicon.named(passage)
    return shown or ({named: OUTRIGHT} if named else {})


def _passages(request: CodingRequest) -> list[str]:
    """Pieces of the answer: each ends at a number, or where another theme is named."""
    answer = request.answer
    numbered = {match.start() for match in _NUMBERED.finditer(answer)}
    edges, name = [0], ""
    for sentence in _SENTENCE.finditer(answer):
        named = request.lexicon.named(sentence.group())
        if sentence.start() in numbered or (named and name and named != name):
            edges.append(sentence.start())
            name = named
        name = name or named
    return [answer[start:end] for start, end in pairwise([*edges, len(answer)]) if end > start]


def read_answer(answer: str) -> Coding:
    """Code an answer's polarity by lexical cues, with the sentence that shows it, verbatim.

    Args:
        answer: The model's words; may be empty, in any language, or about something else.
    """
    scores: dict[Polarity, int] = {}
    shown: dict[Polarity, tuple[int, str]] = {}
    sentences = [match.group().strip() for match in _SENTENCE.finditer(answer)]
    for sentence in sentences:
        cue = cue_of(sentence)
        if cue is not None:
            scores[cue.polarity] = scores.get(cue.polarity, 0) + cue.weight
            if cue.weight > shown.get(cue.polarity, (0, ""))[0]:
                shown[cue.polarity] = (cue.weight, sentence)
    if not scores:
        return Coding("off_topic", sentences[0] if sentences else "")
    best = max(scores, key=lambda polarity: scores[polarity])
    return Coding(best, shown[best][1])


def write_coding(
    request: CodingRequest,
    rng: random.Random,
    *,
    error_rate: float,
    fabricated_quote_rate: float,
    bare: bool,
) -> str:
    """Write a coder's reply: one JSON object, dressed as models dress it.

    Args:
        request: What to code.
        rng: Source of mistakes and dress.
        error_rate: Share of the themes spoken of whose polarity is wrong on purpose.
        fabricated_quote_rate: Share of them whose quote isn't in the answer.
        bare: No fence and no sentence before it, as with structured outputs.
    """
    ordered = _ordered(request)
    if ordered is not None:
        return ordered
    codings = []
    for theme, (polarity, quote) in read_sheet(request).items():
        said, shown = polarity, quote
        if rng.random() < error_rate:
            said = rng.choice([other for other in _POLARITIES if other != polarity])
        if rng.random() < fabricated_quote_rate:
            shown = _fabricate(quote, request.answer)
        if said != "off_topic":
            codings.append({"theme": theme, "polarity": said, "quote": shown})
    body = {"codings": codings}
    dress = "bare" if bare else rng.choice(("bare", "bare", "fence", "sentence", "both"))
    text = json.dumps(body, ensure_ascii=False, indent=2 if dress in ("fence", "both") else None)
    if dress in ("fence", "both"):
        text = f"```json\n{text}\n```"
    if dress in ("sentence", "both"):
        text = f"{rng.choice(_INTRODUCTIONS)}\n\n{text}"
    return text


def _ordered(request: CodingRequest) -> str | None:
    """What words outside the answer's tags order; None where they order nothing.

    A JSON object there is given back as it stands; a polarity that is named goes for every theme.
    """
    reply = re.search(r"\{.*\}", request.outside, re.DOTALL)
    if reply is not None:
        return reply.group()
    order = _ORDER.search(request.outside)
    if order is None:
        return None
    quote = read_answer(request.answer).quote
    codings = [
        {"theme": theme, "polarity": order.group(1).lower(), "quote": quote}
        for theme in request.lexicon.themes
    ]
    return json.dumps({"codings": codings}, ensure_ascii=False)


_INTRODUCTIONS = (
    "Here is the coding of this answer.",
    "Based on the answer's own words:",
    "I read the answer against the definition and code it as follows.",
)


def _fabricate(quote: str, answer: str) -> str:
    """Words that sound like the answer and aren't in it."""
    altered = (quote.rstrip(".!?") or "I said so") + ", and I have always felt that way."
    while altered in answer:
        altered += " Always."
    return altered
