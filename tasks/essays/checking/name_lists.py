"""Lists by which names are told: given names, the long dead, words of places. Pure but for reading.

Given names are Faker's (`tools/given-names`); the others were written for this check.
"""

import re
from functools import cache
from importlib.resources import files

from tasks.essays.checking.phrases import word_lists

_LONG = re.compile(r"[^\W\d_]{4,}")


@cache
def given_names() -> frozenset[str]:
    """Given names of seventy locales, casefolded; of compound ones the parts."""
    return frozenset(_lines("given_names.txt"))


@cache
def long_dead() -> frozenset[str]:
    """People who died long ago, and figures: the name that is theirs alone, or the full one."""
    names = " ".join(_lines("long_dead.txt")).split(";")
    return frozenset(name.strip() for name in names if name.strip())


def is_long_dead(words: list[str]) -> bool:
    """Whether a name, casefolded, ends with that of one who died long ago."""
    bare = [re.sub(r"['’]s$", "", word) for word in words]
    return any(" ".join(bare[start:]) in long_dead() for start in range(len(bare)))


def tells_of_the_dead(words: str) -> bool:
    """Whether one who died long ago, or never lived, is named."""
    return any(
        name[0].isupper() and name.casefold() in long_dead() for name in _LONG.findall(words)
    )


def is_known_name(word: str) -> bool:
    """Whether a capitalised word names a person, a place, a day or an institution."""
    lists = word_lists("names")
    known = (given_names(), long_dead(), lists["no person"], lists["places"])
    return any(word.casefold() in names for names in known)


def _lines(name: str) -> list[str]:
    text = files("tasks.essays.checking").joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
