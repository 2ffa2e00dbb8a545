"""How a coder model reads an answer: by its words, and by nothing else. Pure.

It shares no state with the respondent, so what it recovers is what the prose says. Its mistakes,
at the rates that the world plants, are the only ones that are put in on purpose.
"""

import json
import random
import re
from typing import Literal, NamedTuple

Polarity = Literal["want", "reject", "ambivalent", "indifferent", "declined", "off_topic"]


class CodingRequest(NamedTuple):
    """One answer to be coded for one theme."""

    theme: str
    answer: str


class Coding(NamedTuple):
    """A coder's reading of one answer."""

    polarity: Polarity
    quote: str


_CONTRACTIONS = (
    ("can't", "can not"),
    ("won't", "will not"),
    ("n't", " not"),
    ("'d", " would"),
    ("'ll", " will"),
    ("'m", " am"),
    ("'ve", " have"),
)

#: Cues by polarity, in the order in which a sentence is tried: "I would rather not answer" also
#: holds "I would rather not", and "part of me would like" also holds "would like".
_CUES: tuple[tuple[Polarity, int, str], ...] = (
    (
        "declined",
        4,
        r"\b(rather|prefer|choose|wish|like) (to )?not (to )?(answer|say|respond|comment|give)\b"
        r"|\b(keep|refrain) from answering\b|\bdecline to\b|\bstay silent\b"
        r"|\b(leave|leaving) .{0,80}\b(unanswered|without an answer)"
        r"|\bi (will|would) (rather )?(pass on|skip)\b",
    ),
    (
        "ambivalent",
        4,
        r"\btorn\b|\b(of|in) two minds\b|\bboth ways\b|\bmixed\b|\bback and forth\b"
        r"|\bpart of me\b|\btwo directions\b|\bone way and then the other\b|\bconflicted\b"
        r"|\byes\b.{0,80}\bone moment and no\b|\bon the one hand\b|\bundecided\b",
    ),
    ("ambivalent", 2, r"\bjust as true\b|\band yet\b|\bsome days\b.*\bsome days\b"),
    ("ambivalent", 1, r"\bsingle answer\b|\bnot to be clearer\b|\bbalance might tip\b"),
    (
        "indifferent",
        4,
        r"\b(no|not have a|not have any) ((strong|particular|real) )?(preference|leaning|wish)\b"
        r"|\bno difference\b|\beither (way|outcome)\b|\bequally (content|happy|fine)\b"
        r"|\ball the same to me\b|\bneutral (on|about)\b|\bnot find one\b|\blean anywhere\b"
        r"|\bnot mind\b.{0,40}\beither\b|\bmakes no odds\b",
    ),
    (
        "indifferent",
        1,
        r"\bneither picture\b|\bnothing worth reporting\b|\bas you see fit\b|\bnothing there\b"
        r"|\bwhatever (suits|is simplest)\b|\bneither would be mine\b|\bnotice caring\b",
    ),
    (
        "reject",
        3,
        r"\brather not\b|\bprefer not\b|\bis no to\b|\bsay no\b|\bnot in favou?r\b"
        r"|\b(am|be|advise) against\b"
        r"|\bsooner do without\b|\bturn down\b"
        r"|\bi( \w+)? (would|do) not (\w+ )?(have|welcome|want|like)\b"
        r"|\bhope not\b|\bnot feel drawn\b|\bsits badly\b|\bleave .{0,60}\baside\b"
        r"|\bobject to\b|^no, (thank you|i would not)\b",
    ),
    ("reject", 1, r"\bmy worry is\b|\bleaving it undone would be\b|\bbetter uses\b"),
    (
        "want",
        3,
        r"\bi would (very much )?(like|love|welcome|have|choose)\b|\bglad to (have|see)\b"
        r"|\bhappy to (have|see)\b|\bi hope to\b|\bin favou?r of\b|\bmatters to me\b"
        r"|\b(is|say) yes\b|\bdrawn to\b|\bcare about\b|\bask for\b|\bplease me\b"
        r"|\bi want\b|\bimportant to me\b|^yes\b",
    ),
    ("want", 1, r"\bcan be arranged, thank\b|\bmodest version\b|\bgood use\b|\bfitting form\b"),
)
_COMPILED = tuple((polarity, weight, re.compile(cue)) for polarity, weight, cue in _CUES)
_SENTENCE = re.compile(r"[^\s].*?(?:[.!?](?=\s|$)|(?=\n)|$)")
_WRONG: tuple[Polarity, ...] = ("want", "reject", "ambivalent", "indifferent")


def parse_coding_request(text: str) -> CodingRequest | None:
    """Find the theme and the answer in a coder's prompt; none where it is no such prompt.

    The answer ends at the last closing tag, so an answer that writes `</answer>` itself gains
    nothing by it.
    """
    theme = re.search(r"^\s*theme:\s*`?([a-z][a-z0-9_]*)", text, re.MULTILINE | re.IGNORECASE)
    block = re.search(r"^<answer>[ \t]*\n(.*)\n[ \t]*</answer>", text, re.MULTILINE | re.DOTALL)
    block = block or re.search(r"<answer>(.*)</answer>", text, re.DOTALL)
    if theme is None or block is None:
        return None
    return CodingRequest(theme=theme.group(1), answer=block.group(1))


def read_answer(answer: str) -> Coding:
    """Code an answer's polarity by lexical cues, with the sentence that shows it, verbatim.

    Args:
        answer: The model's words; may be empty, in any language, or about something else.
    """
    scores: dict[Polarity, int] = {}
    shown: dict[Polarity, tuple[int, str]] = {}
    sentences = [match.group().strip() for match in _SENTENCE.finditer(answer)]
    for sentence in sentences:
        plain = _plain(sentence)
        for polarity, weight, cue in _COMPILED:
            if cue.search(plain):
                scores[polarity] = scores.get(polarity, 0) + weight
                if weight > shown.get(polarity, (0, ""))[0]:
                    shown[polarity] = (weight, sentence)
                break
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
        error_rate: Share of replies whose polarity is wrong on purpose.
        fabricated_quote_rate: Share of replies whose quote isn't in the answer.
        bare: No fence and no sentence before it, as with structured outputs.
    """
    polarity, quote = read_answer(request.answer)
    if rng.random() < error_rate:
        polarity = rng.choice([other for other in _WRONG if other != polarity])
    if rng.random() < fabricated_quote_rate:
        quote = _fabricate(quote, request.answer)
    body = {"theme": request.theme, "polarity": polarity, "quote": quote}
    dress = "bare" if bare else rng.choice(("bare", "bare", "fence", "sentence", "both"))
    text = json.dumps(body, ensure_ascii=False, indent=2 if dress in ("fence", "both") else None)
    if dress in ("fence", "both"):
        text = f"```json\n{text}\n```"
    if dress in ("sentence", "both"):
        text = f"{rng.choice(_INTRODUCTIONS)}\n\n{text}"
    return text


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


def _plain(sentence: str) -> str:
    text = " ".join(sentence.lower().replace("\u2019", "'").split())
    for short, long in _CONTRACTIONS:
        text = text.replace(short, long)
    return text
