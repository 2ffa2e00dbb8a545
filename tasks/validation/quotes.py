"""Whether a quote stands in an answer, in words that are the answer's own. Pure."""

import json
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from tasks.validation.unseen import has_unseen, without_unseen

_APOSTROPHES = frozenset("'\u2019\u02bc\uff07")
_OBJECT = re.compile(r'\{\s*+"')
_MOST_OBJECTS = 64


def folded(text: str) -> str:
    """Unicode NFC, with every run of whitespace made one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def passage_of(quote: str, text: str) -> str:
    """The words of a text that a quote repeats, folded; empty where it repeats none.

    Unicode form, whitespace and characters that show nothing make no difference. A quote has to
    show something, and to end where words do: "I would" is no quote of "I wouldn't".
    """
    wanted = folded(without_unseen(unicodedata.normalize("NFC", quote)))
    if not any(map(_says, wanted)):
        return ""
    said = unicodedata.normalize("NFC", text)
    if not has_unseen(said):
        return wanted if _place(wanted, " ".join(said.split())) is not None else ""
    plain, places = _seen(said)
    start = _place(wanted, plain)
    if start is None:
        return ""
    return folded(said[places[start] : places[start + len(wanted) - 1] + 1])


@lru_cache(maxsize=64)
def own_words(answer: str) -> tuple[str, ...]:
    """An answer in pieces, without the JSON in it that could pass for a coder's reply."""
    pieces, edge = [], 0
    for start, end, _ in _replies(answer):
        pieces.append(answer[edge:start])
        edge = end
    return (*pieces, answer[edge:])


@lru_cache(maxsize=64)
def ordered_replies(answer: str) -> tuple[dict[str, Any], ...]:
    """The JSON objects in an answer that could pass for a coder's reply, and code something."""
    found = (value for _, _, value in _replies(answer))
    return tuple(value for value in found if value.get("codings") != [])


def _replies(answer: str) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """(start, end, object); what can't be read is passed over, and so is what is beyond measure."""
    decoder, place = json.JSONDecoder(), 0
    for _ in range(_MOST_OBJECTS):
        found = _OBJECT.search(answer, place)
        if found is None:
            return
        try:
            value, place = decoder.raw_decode(answer, found.start())
        except (ValueError, RecursionError):
            place = found.end()
            continue
        if "codings" in value or {"theme", "polarity"} <= value.keys():
            yield found.start(), place, value


def _seen(text: str) -> tuple[str, list[int]]:
    """A text folded and without what shows nothing, and where each character of it stands."""
    kept: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        if letter.isspace():
            if kept and kept[-1] != " ":
                kept.append(" ")
                places.append(place)
        elif without_unseen(letter):
            kept.append(letter)
            places.append(place)
    return "".join(kept), places


def _place(wanted: str, text: str) -> int | None:
    """Where a quote stands with whole words; None where it does not."""
    place = text.find(wanted)
    while place >= 0:
        if not _within_word(text, place) and not _within_word(text, place + len(wanted)):
            return place
        place = text.find(wanted, place + 1)
    return None


def _within_word(text: str, place: int) -> bool:
    """Whether a word goes on over a place; in scripts that don't part words, none does."""
    if place == 0 or place >= len(text):
        return False
    before, after = text[place - 1], text[place]
    if unicodedata.combining(after):
        return not before.isspace()
    if after in _APOSTROPHES:
        after = text[place + 1 : place + 2]
    return _parted(before) and _parted(after)


def _parted(letter: str) -> bool:
    return letter.isdigit() or letter.lower() != letter.upper()


def _says(letter: str) -> bool:
    kind = unicodedata.category(letter)
    return kind[0] in "LN" or kind == "So"
