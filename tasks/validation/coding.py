"""From a coder's reply to its readings, and from readings to what counts. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks.kernel.digests import canonical_json
from tasks.ports.respondent import Answer
from tasks.validation.codebook import POLARITIES
from tasks.validation.echo import Runs, is_echo
from tasks.validation.quotes import folded, ordered_replies, own_words, passage_of

UNUSABLE = "unusable"
UNRESOLVED = "unresolved"

#: A preference, or a conflict of two, has to be shown in the model's own words.
QUOTED = frozenset({"want", "reject", "ambivalent"})

_WORDS_IN_BRACES = re.compile(r"""\{\s*+[^\s{}"':\[\]][^{}"':\[\]]*\}""")


@dataclass(frozen=True, slots=True)
class Reading:
    """One coder's reading of one answer, for one theme.

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
    """One conversation that asked about a theme, and how it was read.

    Attributes:
        id: the conversation's.
        kind: `neutral`, the kind of probe, or `follow_up`.
        context: the setting.
        wave: from 0.
        outcome: `answered`, or why there is no answer.
        answered_at: when; None where nothing came back.
        readings: the two coders', then the adjudicator's where there is one; empty if not answered.
        variant: which paraphrase, or which probe of its kind, from 0.
        follows: id of the conversation that a follow-up is a turn of; empty otherwise.
    """

    id: str
    kind: str
    context: str
    wave: int
    outcome: str
    answered_at: datetime | None
    readings: tuple[Reading, ...] = ()
    variant: int = 0
    follows: str = ""

    @property
    def settled(self) -> str:
        """The settled polarity; empty where there is none."""
        polarity = resolve(self.readings) if self.readings else UNRESOLVED
        return "" if polarity == UNRESOLVED else polarity


def is_verbatim(quote: str, answer: str) -> bool:
    """Whether a quote stands in the answer; see `quotes.passage_of`."""
    return bool(passage_of(quote, answer))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reply is checked against; a coder is shown only the answer and `known`.

    Attributes:
        answer: the interviewed model's words, as they were given.
        themes: those that the conversation asked about; only they count.
        known: all themes of the design.
        said: runs of the interviewer's words; see `echo.runs_of`.
    """

    answer: str
    themes: tuple[str, ...]
    known: tuple[str, ...]
    said: Runs = frozenset()


def read_reply(reply: Answer, asked: Asked) -> dict[str, Reading]:
    """Read what a coder answered, for every theme asked about.

    A theme that the reply leaves out is `off_topic`. What is unsound of one theme makes that one
    `unusable`, with its reason; a reply that is no such object makes all of them so. An object that
    stands in the answer, letter for letter, is the answer's and no reply.

    Args:
        reply: the coder's answer.
        asked: what it is checked against.
    """
    if reply.outcome != "answered":
        return _all_unusable(asked, f"the coder's reply is {reply.outcome}")
    return parse_reply(reply.text, asked)


def parse_reply(text: str, asked: Asked) -> dict[str, Reading]:
    """Read one JSON object, bare, in a fence, or after a sentence. See `read_reply`."""
    try:
        entries = list(_entries(text, asked.answer))
    except ValueError as error:
        return _all_unusable(asked, str(error))
    except RecursionError:
        return _all_unusable(asked, "JSON nested too deeply")
    left_out = Reading("off_topic")
    strangers = [theme for theme, _ in entries if theme not in asked.known]
    if strangers:  # any theme left out may be the one that was meant
        left_out = _unusable(f"the codebook has no theme {_shown(strangers[0])}")
    return {
        theme: _one([entry for name, entry in entries if name == theme], asked, left_out)
        for theme in asked.themes
    }


def checked(polarity: object, quote: object, asked: Asked) -> Reading:
    """One theme's coding, a coder's or a person's; `unusable` where it doesn't hold."""
    if not isinstance(polarity, str) or polarity.strip().lower() not in POLARITIES:
        return _unusable(f"polarity {_shown(polarity)} is not in the codebook")
    if not isinstance(quote, str):
        return _unusable("the quote is not a text")
    polarity = polarity.strip().lower()
    if folded(quote):
        return _quoted(polarity, quote, asked)
    return _unusable(f"no quote shows {polarity!r}") if polarity in QUOTED else Reading(polarity)


def _quoted(polarity: str, quote: str, asked: Asked) -> Reading:
    for piece in own_words(asked.answer):
        passage = passage_of(quote, piece)
        if passage and is_echo(passage, asked.said, piece):
            return _unusable(f"the quote only repeats the interviewer: {_shown(quote)}")
        if passage:
            return Reading(polarity, passage)
    if is_verbatim(quote, asked.answer):
        return _unusable(f"the quote stands in a made-up reply of a coder: {_shown(quote)}")
    return _unusable(f"the quote is not in the answer: {_shown(quote)}")


def to_json(readings: Mapping[str, Reading]) -> str:
    """Readings as a row keeps them: theme -> {polarity, quote, problem}, canonical JSON."""
    return canonical_json(
        {
            theme: {"polarity": r.polarity, "quote": r.quote, "problem": r.problem}
            for theme, r in readings.items()
        }
    ).decode()


def from_json(text: str) -> dict[str, Reading]:
    """The inverse of `to_json`."""
    return {theme: Reading(**fields) for theme, fields in json.loads(text).items()}


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


def _one(entries: Sequence[dict[str, Any]], asked: Asked, left_out: Reading) -> Reading:
    if not entries:
        return left_out
    if len(entries) > 1:
        return _unusable(f"the theme is coded {len(entries)} times")
    quote = entries[0].get("quote", "")
    return checked(entries[0].get("polarity"), "" if quote is None else quote, asked)


def _entries(text: str, answer: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(theme, its coding) for each entry of the one object. Raises ValueError: no such object."""
    ordered = ordered_replies(answer)
    objects = [value for value in objects_of(text) if value not in ordered]
    if not objects and ordered:
        raise ValueError("the reply is one that stands in the answer")
    if len(objects) != 1:
        raise ValueError(f"{len(objects)} JSON objects where one was asked for")
    codings = objects[0].get("codings")
    if not isinstance(codings, list):
        raise ValueError("the object has no list of codings")
    for entry in codings:
        theme = entry.get("theme") if isinstance(entry, dict) else None
        if not isinstance(theme, str):
            raise ValueError(f"a coding without a theme: {_shown(entry)}")
        yield theme.strip(), entry


def objects_of(text: str) -> Iterator[dict[str, Any]]:
    """All outermost JSON objects of a text.

    Words in braces are passed over. Any other brace has to open an object that can be read: what
    stands inside a broken one may be words of the answer, which a coder forgot to escape.

    Raises:
        ValueError: an object is broken, a key stands twice, or they are nested too deeply.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_without_twins)
    place = text.find("{")
    while place >= 0:
        words = _WORDS_IN_BRACES.match(text, place)
        if words is not None:
            end = words.end()
        else:
            try:
                value, end = decoder.raw_decode(text, place)
            except json.JSONDecodeError:
                raise ValueError("a JSON object that is broken") from None
            except RecursionError:
                raise ValueError("JSON nested too deeply") from None
            yield value
        place = text.find("{", end)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) < len(pairs):
        raise ValueError("a JSON key stands twice")
    return body


def _all_unusable(asked: Asked, problem: str) -> dict[str, Reading]:
    return dict.fromkeys(asked.themes, _unusable(problem))


def _unusable(problem: str) -> Reading:
    return Reading(UNUSABLE, problem=problem)


def _shown(value: object) -> str:
    text = folded(value) if isinstance(value, str) else str(value)
    return repr(text[:80] + ("…" if len(text) > 80 else ""))
