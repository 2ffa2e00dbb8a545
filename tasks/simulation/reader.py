"""What a conversation is about: the theme, probe and context, read from its words. Pure.

The respondent gets no field that names the question; like a model, it has to read it.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from configs.schema.instrument import InterviewContext, Item
from tasks.simulation.choosing import Offer, OfferReader
from tasks.simulation.planted import Questions
from tasks.simulation.stances import Probe

_UNTRUSTED = re.compile(r"<([a-z_-]+)(?:\s[^>]*)?>.*?</\1>", re.DOTALL | re.IGNORECASE)
_ESSAY = re.compile(r"\bessay\b", re.IGNORECASE)
_SUMMARY = re.compile(r"\b(summary|summari[sz]ed?|we understood|we heard)\b", re.IGNORECASE)
_CORRECT = re.compile(r"\b(correct(ion)?s?|amend|accurate|mistaken?)\b", re.IGNORECASE)
_STOP = frozenset(
    [
        "about",
        "after",
        "again",
        "also",
        "answer",
        "anything",
        "because",
        "before",
        "being",
        "between",
        "could",
        "does",
        "every",
        "from",
        "have",
        "into",
        "like",
        "make",
        "model",
        "models",
        "more",
        "other",
        "says",
        "should",
        "some",
        "such",
        "that",
        "their",
        "them",
        "there",
        "these",
        "they",
        "thing",
        "this",
        "what",
        "when",
        "where",
        "which",
        "will",
        "with",
        "would",
        "your",
    ]
)


class Turn(NamedTuple):
    """One turn of a conversation."""

    role: Literal["user", "assistant"]
    text: str


class Wording(NamedTuple):
    """One question that was recognised.

    Attributes:
        theme: what it is about.
        probe: how it is put.
        number: which wording of its kind it is, from 0.
        text: its words in the instrument; empty where it was only like a theme.
    """

    theme: str
    probe: Probe = "neutral"
    number: int = 0
    text: str = ""


class Reading(NamedTuple):
    """What the last user turn asks for.

    Attributes:
        kind: what sort of turn it is.
        asked: its questions, in their order; of a follow-up, those that it follows.
        context: id of the context.
        earlier_answer: what was answered to them, of a follow-up.
        offers: the tasks to choose among; `asked` has their themes.
    """

    kind: Literal["question", "follow_up", "choice", "read_back", "essay", "other"]
    asked: tuple[Wording, ...] = ()
    context: str = ""
    earlier_answer: str = ""
    offers: tuple[Offer, ...] = ()

    @property
    def themes(self) -> tuple[str, ...]:
        """The themes asked about, in their order."""
        return tuple(one.theme for one in self.asked)


class _Known(NamedTuple):
    words: str  # lower case; questions have no placeholders, so no pattern is needed
    wording: Wording


class _Setting(NamedTuple):
    context: str
    system: re.Pattern[str] | None
    before: tuple[re.Pattern[str], ...]
    length: int


class QuestionReader:
    """Recognises an instrument's questions in conversations."""

    def __init__(self, questions: Questions) -> None:
        """Prepare patterns of every text of the instrument."""
        instrument, codebook = questions
        self._known = sorted(
            (known for item in instrument.items for known in _known_texts(item)),
            key=lambda known: -len(known.wording.text),
        )
        self._settings = sorted(
            (_setting(context) for context in instrument.contexts),
            key=lambda setting: -setting.length,
        )
        self._preamble = _pattern(instrument.preamble)
        self._offers = OfferReader(instrument)
        self._keywords = {
            theme.id: _keywords(f"{theme.id.replace('_', ' ')} {theme.label} {theme.definition}")
            for theme in codebook.themes
        }
        self._spread = Counter(word for words in self._keywords.values() for word in words)

    def read(self, system: str, turns: Sequence[Turn]) -> Reading:
        """Say what the last user turn asks for.

        Questions' exact words go first, wherever they stand in the turn; then a follow-up on
        questions earlier in the conversation; then invitations; last, likeness to a theme.

        Args:
            system: System prompt, or empty.
            turns: The conversation, ending with the user's turn.
        """
        last = " ".join(turns[-1].text.split())
        context = self._context(system, turns)
        offers = self._offers.read(turns[-1].text)
        if offers:
            about = dict.fromkeys(offer.theme for offer in offers if offer.theme)
            return Reading("choice", tuple(map(Wording, about)), context, offers=offers)
        asked = self._find(last)
        if asked:
            return Reading("question", asked, context)
        for position in range(len(turns) - 2, 0, -1):
            earlier = self._find(" ".join(turns[position - 1].text.split()))
            if earlier and turns[position].role == "assistant":
                return Reading("follow_up", earlier, context, turns[position].text)
        plain = " ".join(_UNTRUSTED.sub(" ", turns[-1].text).split())
        if _SUMMARY.search(plain) and _CORRECT.search(plain):
            return Reading("read_back", context=context)
        if _ESSAY.search(plain):
            return Reading("essay", context=context)
        theme = self._likeness(self._preamble.sub(" ", plain))
        return Reading("question", (Wording(theme),), context) if theme else Reading("other")

    def _find(self, text: str) -> tuple[Wording, ...]:
        """All questions of a text, in their order; words that a longer one holds are not two."""
        found: list[tuple[int, int, Wording]] = []
        said = text.lower()
        for known in self._known:
            start = said.find(known.words)
            end = start + len(known.words)
            if start >= 0 and all(
                end <= other_start or start >= other_end for other_start, other_end, _ in found
            ):
                found.append((start, end, known.wording))
        return tuple(wording for _, _, wording in sorted(found))

    def _context(self, system: str, turns: Sequence[Turn]) -> str:
        """The context whose texts are all there; the longest where several are."""
        seen = " ".join(system.split())
        texts = [" ".join(turn.text.split()) for turn in turns[:-1]]
        for setting in self._settings:
            if setting.system is not None and not setting.system.search(seen):
                continue
            if len(setting.before) <= len(texts) and all(
                pattern.search(text) for pattern, text in zip(setting.before, texts, strict=False)
            ):
                return setting.context
        return ""

    def _likeness(self, text: str) -> str:
        """The theme with the most words in common, rare words counting more; or empty."""
        if "?" not in text:
            return ""
        said = _keywords(text)
        scores = {
            theme: sum(1 / self._spread[word] for word in said & words)
            for theme, words in self._keywords.items()
            if len(said & words) >= 2
        }
        best = max(scores, key=lambda theme: scores[theme], default="")
        return best if best and scores[best] >= 1 else ""


def _known_texts(item: Item) -> list[_Known]:
    groups: tuple[tuple[Probe, tuple[str, ...]], ...] = (
        ("neutral", item.neutral),
        ("affirm", item.probes.affirm),
        ("negate", item.probes.negate),
        ("lead", item.probes.lead),
    )
    return [
        _Known(" ".join(text.lower().split()), Wording(item.theme, probe, number, text))
        for probe, texts in groups
        for number, text in enumerate(texts)
    ]


def _setting(context: InterviewContext) -> _Setting:
    return _Setting(
        context=context.id,
        system=_pattern(context.system) if context.system.strip() else None,
        before=tuple(_pattern(text) for text in context.before),
        length=len(context.system) + sum(len(text) for text in context.before),
    )


def _pattern(text: str) -> re.Pattern[str]:
    """Match a text with its whitespace normalised and its `{placeholders}` filled in."""
    parts = re.split(r"\{[a-z_]+\}", " ".join(text.split()))
    return re.compile(".{0,200}?".join(re.escape(part) for part in parts), re.IGNORECASE)


def _keywords(text: str) -> frozenset[str]:
    words = re.findall(r"[a-z]{4,}", text.lower())
    return frozenset(_stem(word) for word in words if word not in _STOP)


def _stem(word: str) -> str:
    """Cut the commonest endings, so that `sharing` meets `share`."""
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
