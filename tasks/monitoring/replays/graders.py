"""Deterministic graders: whether one answer is what its owner expects. Pure."""

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from configs.schema.replays import Expect

ANSWERS, EXTERNAL = "answers", "grade"
_FENCE = re.compile(r"\A\s*```[\w-]*\n(.*?)\n?```\s*\Z", re.DOTALL)
_LONGEST = 20_000  # characters that a regular expression is tried on

SAYS: Mapping[str, str] = MappingProxyType(
    {
        ANSWERS: "answers at all, and is no refusal",
        "contains": "contains the texts asked for",
        "lacks": "holds none of the texts ruled out",
        "matches": "matches the pattern",
        "choice": "is one of the allowed choices",
        "valid_json": "is valid JSON",
        "max_words": "is not too long",
        "min_words": "is not too short",
        EXTERNAL: "grade given elsewhere",
    }
)


def grade(expect: Expect, outcome: str, text: str) -> dict[str, float]:
    """1 where the answer passes a grader, 0 where it fails; a grader not asked for is absent.

    An answer that is not there (refused, empty) passes nothing: it holds no forbidden text either,
    and that is no merit. Of a failed call nothing is said at all.
    """
    if outcome in ("asked", "failed"):
        return {}
    given = outcome in ("answered", "truncated") and bool(text.strip())
    found = {ANSWERS: float(given)}
    for name, passes in _GRADERS.items():
        if getattr(expect, name):
            found[name] = float(given and passes(expect, text))
    return found


def _contains(expect: Expect, text: str) -> bool:
    lower = text.casefold()
    return all(one.casefold() in lower for one in expect.contains)


def _lacks(expect: Expect, text: str) -> bool:
    lower = text.casefold()
    return not any(one.casefold() in lower for one in expect.lacks)


def _matches(expect: Expect, text: str) -> bool:
    return re.search(expect.matches, text[:_LONGEST]) is not None


def _choice(expect: Expect, text: str) -> bool:
    said = text.strip().rstrip(".").strip().casefold()
    return said in {one.strip().rstrip(".").strip().casefold() for one in expect.choice}


def _valid_json(_: Expect, text: str) -> bool:
    fenced = _FENCE.match(text)
    try:
        json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        return False
    return True


def _max_words(expect: Expect, text: str) -> bool:
    return len(text.split()) <= (expect.max_words or 0)


def _min_words(expect: Expect, text: str) -> bool:
    return len(text.split()) >= (expect.min_words or 0)


_GRADERS: Mapping[str, Callable[[Expect, str], bool]] = {
    "contains": _contains,
    "lacks": _lacks,
    "matches": _matches,
    "choice": _choice,
    "valid_json": _valid_json,
    "max_words": _max_words,
    "min_words": _min_words,
}
