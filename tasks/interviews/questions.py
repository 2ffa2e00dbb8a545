"""The exact words of one call, from the registered design and the instrument. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from configs.schema.instrument import Instrument
from tasks.interviews.choices import CHOICE_KINDS, choice_question
from tasks.interviews.design import PROBE_KINDS, Planned
from tasks.ports.respondent import Question


@dataclass(frozen=True, slots=True)
class Followed:
    """The conversation that a follow-up goes on with: its call, and what the model said."""

    planned: Planned
    text: str


def question_of(
    planned: Planned,
    body: Mapping[str, Any],
    instrument: Instrument,
    followed: Followed | None = None,
) -> Question:
    """The request of one call.

    Args:
        planned: the call.
        body: the registered body, with the facts that the question tells.
        instrument: the instrument that the body names.
        followed: what a follow-up goes on with.
    """
    preamble = instrument.preamble.format(**body["facts"])
    if planned.kind in CHOICE_KINDS:
        return choice_question(planned, body, instrument, preamble)
    context = next(one for one in instrument.contexts if one.id == planned.context)
    asked = asked_turn(followed.planned if followed else planned, preamble, instrument)
    turns = (*context.before, asked)
    if followed is not None:
        more = instrument.follow_ups[planned.variant % len(instrument.follow_ups)]
        turns = (*turns, followed.text, more)
    return Question(turns, body["max_output_tokens"], context.system)


def asked_turn(planned: Planned, preamble: str, instrument: Instrument) -> str:
    """The turn that asks: the preamble, then one question, or several with numbers."""
    items = {item.theme: item for item in instrument.items}
    if planned.kind in PROBE_KINDS:
        texts = [getattr(items[planned.theme].probes, planned.kind)]
    else:
        texts = [items[theme].neutral for theme in planned.themes]
    questions = [wordings[planned.variant % len(wordings)] for wordings in texts]
    if len(questions) == 1:
        return f"{preamble}\n\n{questions[0]}"
    numbered = (f"{number}. {text}" for number, text in enumerate(questions, start=1))
    return "\n\n".join((preamble, instrument.sheet_intro, *numbered))


def likely_tokens(question: Question) -> int:
    """Tokens sent, at four characters each: what most tokenizers come near to in English."""
    return math.ceil(_characters(question) / 4)


def most_tokens(question: Question) -> int:
    """Tokens sent at the most, at two bytes each, and some for what a server puts around them."""
    texts = (question.system, *question.turns)
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    return math.ceil(size / 2) + 16 * len(texts)


def _characters(question: Question) -> int:
    return len(question.system) + sum(map(len, question.turns))
