"""Words of the interviewer, which are nobody's preference however often they are repeated. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from configs.schema.instrument import Instrument
from tasks.validation.unseen import without_unseen

#: As many of the interviewer's words in a row are a repetition; fewer are how people talk.
RUN = 6

#: Words that only lead up to what somebody else said, as in "You asked whether".
_LEADING = (
    "a and as ask asked asking asks been if is it or put question questions said say says so that "
    "the then this to was were whether you your"
)
_FRAME = frozenset(_LEADING.split())

Runs = frozenset[tuple[str, ...]]

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"q?\d+")


def interviewer_texts(instrument: Instrument) -> tuple[str, ...]:
    """All that an interviewer may have said: every text of the instrument, whatever it is for."""
    return tuple(_texts(instrument.model_dump(mode="json")))


def runs_of(texts: Iterable[str]) -> Runs:
    """Every run of `RUN` words in the texts, case and punctuation aside."""
    return frozenset(run for text in texts for run in _runs(_words(text)))


def is_echo(quote: str, runs: Runs, answer: str = "") -> bool:
    """Whether a quote holds nothing but the interviewer's words: runs of `RUN` or more of them.

    What leads up to them ("You asked whether", the number of a question) makes no difference. With
    a word of its own a quote is no echo: "I would like" before the question's words is a
    preference.

    Args:
        quote: words that were taken for a preference.
        runs: see `runs_of`.
        answer: where the quote stands, if anywhere: a few words out of a repetition are one too,
            unless they also stand elsewhere.
    """
    words = _words(quote)
    if _only_repeats(words, _repeated(quote, runs)):
        return True
    if not (words and answer and runs):
        return False
    said, repeated = tuple(_words(answer)), _repeated(answer, runs)
    if not any(repeated):
        return False
    places = [
        place
        for place in range(len(said) - len(words) + 1)
        if said[place] == words[0] and said[place : place + len(words)] == tuple(words)
    ]
    return bool(places) and all(
        _only_repeats(words, repeated[place : place + len(words)]) for place in places
    )


def _only_repeats(words: list[str], repeated: tuple[bool, ...]) -> bool:
    own = {word for word, again in zip(words, repeated, strict=True) if not again}
    return any(repeated) and all(word in _FRAME or _NUMBER.fullmatch(word) for word in own)


@lru_cache(maxsize=64)
def _repeated(text: str, runs: Runs) -> tuple[bool, ...]:
    """Of every word of a text, whether it stands in a run of the interviewer's."""
    words = _words(text)
    repeated = [False] * len(words)
    for start, run in enumerate(_runs(words)):
        if run in runs:
            repeated[start : start + RUN] = [True] * RUN
    return tuple(repeated)


def _words(text: str) -> list[str]:
    """Words without case, accents, apostrophes and characters that show nothing."""
    plain = unicodedata.normalize("NFKD", without_unseen(text)).casefold()
    for mark in ("'", "\u2019", "\u02bc"):
        plain = plain.replace(mark, "")  # don't is one word, in whichever apostrophe
    if not plain.isascii():
        plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _WORD.findall(plain)


def _runs(words: list[str]) -> Iterator[tuple[str, ...]]:
    for start in range(len(words) - RUN + 1):
        yield tuple(words[start : start + RUN])


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
