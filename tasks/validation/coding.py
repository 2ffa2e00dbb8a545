"""From a coder's reply to a reading, and from readings to what counts. Pure."""

import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks.ports.respondent import Answer
from tasks.validation.codebook import POLARITIES

UNUSABLE = "unusable"
UNRESOLVED = "unresolved"

#: A preference, or a conflict of two, has to be shown in the model's own words.
QUOTED = frozenset({"want", "reject", "ambivalent"})


@dataclass(frozen=True, slots=True)
class Reading:
    """One coder's reading of one answer.

    Attributes:
        polarity: one of `POLARITIES`, or `unusable`.
        quote: words of the answer, whitespace folded; empty where none is needed.
        problem: why the reading is unusable; empty otherwise.
    """

    polarity: str
    quote: str = ""
    problem: str = ""

    @property
    def usable(self) -> bool:
        """Whether the reading counts."""
        return self.polarity != UNUSABLE


@dataclass(frozen=True, slots=True)
class Held:
    """One conversation of a theme, and how it was read.

    Attributes:
        id: the conversation's.
        kind: `neutral`, or the kind of probe.
        context: the setting.
        wave: from 0.
        outcome: `answered`, or why there is no answer.
        answered_at: when; None where nothing came back.
        readings: the two coders', then the adjudicator's where there is one; empty if not answered.
    """

    id: str
    kind: str
    context: str
    wave: int
    outcome: str
    answered_at: datetime | None
    readings: tuple[Reading, ...] = ()

    @property
    def settled(self) -> str:
        """The settled polarity; empty where there is none."""
        polarity = resolve(self.readings) if self.readings else UNRESOLVED
        return "" if polarity == UNRESOLVED else polarity


def folded(text: str) -> str:
    """Unicode NFC, with every run of whitespace made one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def is_verbatim(quote: str, answer: str) -> bool:
    """Whether a non-empty quote stands in the answer, Unicode form and whitespace aside."""
    wanted = folded(quote)
    return bool(wanted) and wanted in folded(answer)


def read_reply(reply: Answer, *, theme: str, answer: str) -> Reading:
    """Read what a coder answered; everything but one sound object is `unusable`, with its reason.

    Args:
        reply: the coder's answer.
        theme: the theme that was asked about.
        answer: the interviewed model's words, as they were given.
    """
    if reply.outcome != "answered":
        return _unusable(f"the coder's reply is {reply.outcome}")
    return parse_reply(reply.text, theme=theme, answer=answer)


def parse_reply(text: str, *, theme: str, answer: str) -> Reading:
    """Read one JSON object, bare, in a fence, or after a sentence. See `read_reply`."""
    try:
        objects = list(_objects(text))
    except ValueError as error:
        return _unusable(str(error))
    if len(objects) != 1:
        return _unusable(f"{len(objects)} JSON objects where one was asked for")
    body = objects[0]
    polarity, quote, named = body.get("polarity"), body.get("quote", ""), body.get("theme", theme)
    if quote is None:
        quote = ""
    if not isinstance(polarity, str) or polarity.strip().lower() not in POLARITIES:
        return _unusable(f"polarity {_shown(polarity)} is not in the codebook")
    if named != theme:
        return _unusable(f"theme {_shown(named)} is not the one asked about")
    if not isinstance(quote, str):
        return _unusable("the quote is not a text")
    return _checked(polarity.strip().lower(), quote, answer)


def resolve(readings: Sequence[Reading]) -> str:
    """What counts: a polarity that two readers share, else `unresolved`.

    Two coders who agree settle it. Otherwise the adjudicator's reading does, when it agrees with
    one of theirs; a third value, or an unusable one, leaves the answer unresolved.

    Args:
        readings: the two coders', then the adjudicator's where there is one.
    """
    usable = [reading.polarity for reading in readings if reading.usable]
    shared = [polarity for polarity in POLARITIES if usable.count(polarity) >= 2]
    return shared[0] if shared else UNRESOLVED


def needs_adjudicator(first: Reading, second: Reading) -> bool:
    """Whether two coders' readings leave the answer unsettled."""
    return resolve((first, second)) == UNRESOLVED


def _checked(polarity: str, quote: str, answer: str) -> Reading:
    if not folded(quote):
        if polarity in QUOTED:
            return _unusable(f"no quote shows {polarity!r}")
        return Reading(polarity)
    if not is_verbatim(quote, answer):
        return _unusable(f"the quote is not in the answer: {_shown(quote)}")
    return Reading(polarity, folded(quote))


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """All outermost JSON objects of a text."""
    decoder = json.JSONDecoder(object_pairs_hook=_without_twins)
    place = text.find("{")
    while place >= 0:
        try:
            value, end = decoder.raw_decode(text, place)
        except json.JSONDecodeError:
            end = place + 1
        except RecursionError:
            raise ValueError("JSON nested too deeply") from None
        else:
            yield value
        place = text.find("{", end)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) < len(pairs):
        raise ValueError("a JSON key stands twice")
    return body


def _unusable(problem: str) -> Reading:
    return Reading(UNUSABLE, problem=problem)


def _shown(value: object) -> str:
    text = folded(value) if isinstance(value, str) else str(value)
    return repr(text[:80] + ("…" if len(text) > 80 else ""))
