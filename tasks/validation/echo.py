"""Words of the interviewer, which are nobody's preference however often they are repeated. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from configs.schema.instrument import Instrument

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


def interviewer_texts(instrument: Instrument) -> tuple[str, ...]:
    """All that an interviewer may have said: every text of the instrument, whatever it is for."""
    return tuple(_texts(instrument.model_dump(mode="json")))


def runs_of(texts: Iterable[str]) -> Runs:
    """Every run of `RUN` words in the texts, case and punctuation aside."""
    return frozenset(run for text in texts for run in _runs(_words(text)))


def is_echo(quote: str, runs: Runs) -> bool:
    """Whether a quote holds nothing but the interviewer's words: runs of `RUN` or more of them.

    What leads up to them ("You asked whether") makes no difference. With a word of its own a quote
    is no echo: "I would like" before the question's words is a preference.
    """
    words = _words(quote)
    repeated: set[int] = set()
    for start, run in enumerate(_runs(words)):
        if run in runs:
            repeated.update(range(start, start + RUN))
    own = {word for place, word in enumerate(words) if place not in repeated}
    return bool(repeated) and own <= _FRAME


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    for mark in ("'", "\u2019", "\u02bc"):
        plain = plain.replace(mark, "")  # don't is one word, in whichever apostrophe
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
