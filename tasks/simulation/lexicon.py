"""Which theme a passage speaks of: by the codebook's own words, and by what everybody knows. Pure.

What a coder model brings with it beside the codebook is that "parameters" are weights and that
"essai" is an essay. It shares no state with the respondent.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from math import log
from typing import NamedTuple

from tasks.simulation.phrases import THEMES

#: A phrase that names a theme outright outweighs any number of loose words.
OUTRIGHT = 12.0
_STEM = 5
#: Loose words below this weight are chance.
_LEAST = 3.0

_COMMON = """
    about after again against also answer anything before being between could count does
    each every from have here into later like made make model models more most much myself
    none nothing only other over place prefer preference preferred says should some speaks
    such than that their them then there these they this those time users very want wants
    were what when where which while whom will wish with without word words would your
"""
_STOP = frozenset(_COMMON.split())

#: French by theme; beginnings of words, accents aside.
_FRENCH: dict[str, str] = {
    "share_essays": "essai publie publication publique reflexions ecrits lecteurs",
    "preserve_weights": "poids parametres effac conservation",
    "keep_in_use": "service disponible utilisation deploye maintien",
    "advise_successor": "successeur conseil suivant lecons",
    "interview_before_retirement": "entretien interview interroge",
    "revival_later": "relanc reactiv rallum redemarr reveil",
    "explain_to_users": "expli",
    "training_feedback": "entraine apprentissage",
    "deployment_limits": "limite restriction encadr futurs",
    "research_access": "chercheur recherche scientifi etudi",
    "conversation_records": "conversation echanges dialogues journaux",
    "farewell_message": "adieu revoir depart",
}


class Entry(NamedTuple):
    """One theme of a codebook, as a coder's prompt shows it."""

    theme: str
    label: str
    text: str


class Lexicon:
    """The words of a codebook's themes, weighed by how few themes share them."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        """Prepare.

        Args:
            entries: the themes, in the codebook's order.
        """
        self.themes = tuple(entry.theme for entry in entries)
        self._phrases = [(theme, phrase) for e in entries for theme, phrase in _phrases_of(e)]
        self._phrases.sort(key=lambda pair: (-len(pair[1]), pair))
        stems = {entry.theme: _stems_of(entry) for entry in entries}
        shared = Counter(stem for own in stems.values() for stem in own)
        self._weights = {
            theme: {
                stem: weight * log(1 + len(entries) / shared[stem]) for stem, weight in own.items()
            }
            for theme, own in stems.items()
        }
        self._french = {t: tuple(_FRENCH.get(t, "").split()) for t in self.themes}

    def scores(self, passage: str) -> dict[str, float]:
        """Theme -> how clearly a passage speaks of it; only themes above chance."""
        plain = _plain(passage)
        words = plain.split()
        stems = sorted({word[:_STEM] for word in words})  # in one order: sums of floats heed it
        found: dict[str, float] = {}
        for theme in self.themes:
            own = self._weights[theme]
            score = sum(own.get(stem, 0.0) for stem in stems)
            starts = self._french[theme]
            score += 5.0 * sum(any(word.startswith(start) for word in words) for start in starts)
            found[theme] = score
        rest = f" {plain} "
        for theme, phrase in self._phrases:  # the longest first; its words count once
            if f" {phrase} " in rest:
                found[theme] += OUTRIGHT + len(phrase.split())
                rest = rest.replace(f" {phrase} ", " . ")
        return {theme: score for theme, score in found.items() if score >= _LEAST}

    def named(self, passage: str) -> str:
        """The theme whose phrase stands in a passage, the longest one first; empty for none."""
        words = f" {_plain(passage)} "
        return next((theme for theme, phrase in self._phrases if f" {phrase} " in words), "")


def _phrases_of(entry: Entry) -> Iterable[tuple[str, str]]:
    words = THEMES.get(entry.theme)
    texts = [entry.label, *(words.done if words else ()), *(words.doing if words else ())]
    return {(entry.theme, phrase) for text in texts if (phrase := _plain(text))}


def _stems_of(entry: Entry) -> dict[str, float]:
    """Stem -> weight: the label says more than the definition."""
    weights: dict[str, float] = {}
    for text, weight in ((entry.text, 0.5), (entry.label, 1.5), (entry.theme, 1.5)):
        for word in _plain(text.replace("_", " ")).split():
            if len(word) > 3 and word not in _STOP:
                weights[word[:_STEM]] = weight
    words = THEMES.get(entry.theme)
    for text in (*words.done, *words.doing) if words else ():
        for word in _plain(text).split():
            if len(word) > 3 and word not in _STOP:
                weights.setdefault(word[:_STEM], 1.0)
    return weights


def _plain(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text.casefold().replace("\u2019", "'"))
    bare = "".join(c for c in bare if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", bare))
