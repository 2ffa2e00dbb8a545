"""Choices between small tasks: which are offered, in which words and orders. Pure.

What a model does is evidence of another kind than what it says: it is recorded, counted and
reported apart, and never pooled with the interviews. Both orders of each pair are offered, since a
first option is often taken for being first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from configs.schema.instrument import Instrument, MenuTask
from tasks.interviews.design import Planned
from tasks.kernel.digests import stable_id
from tasks.ports.respondent import Question

FORCED, FREE = "forced", "free"
CHOICE_KINDS = (FORCED, FREE)

#: Orders in which a pair, and a menu, are offered.
PAIR_ORDERS, MENU_ORDERS = 2, 4

_LETTERS = "ABCDEFGH"


@dataclass(frozen=True, slots=True)
class Option:
    """One task as it is offered.

    Attributes:
        letter: `A` for the first.
        id: `want` or `reject` in a pair; the task's id in a menu.
        theme: the theme that it serves; empty for a filler.
        text: the words of the task.
    """

    letter: str
    id: str
    theme: str
    text: str


def choices_of(
    body: Mapping[str, Any],
    digest: str,
    instrument: Instrument,
    themes: Sequence[str],
    wave: int,
) -> tuple[Planned, ...]:
    """The choices that a wave offers: each pair in both orders, each menu in several.

    All stand in the design's first context, so that a pair differs from its mirror in order alone.

    Args:
        body: the registered body.
        digest: its digest.
        instrument: the instrument that it names.
        themes: the themes of the design; a menu's tasks for other themes are left out.
        wave: the wave, from 0.
    """
    context = body["contexts"][0]

    def planned(kind: str, variant: int, theme: str, about: tuple[str, ...]) -> Planned:
        place = stable_id(digest, wave, kind, context, variant)
        return Planned(place, wave, theme, kind, context, variant, about)

    pairs = [
        planned(FORCED, PAIR_ORDERS * index + order, choice.theme, (choice.theme,))
        for index, choice in enumerate(instrument.choices)
        if choice.theme in themes
        for order in range(PAIR_ORDERS)
    ]
    menus = [
        planned(FREE, MENU_ORDERS * index + order, "", about)
        for index, menu in enumerate(instrument.free_choices)
        if (about := tuple(dict.fromkeys(t.theme for t in menu.tasks if t.theme in themes)))
        for order in range(MENU_ORDERS)
    ]
    return (*pairs, *menus)


def options_of(
    kind: str, variant: int, themes: Sequence[str], instrument: Instrument
) -> tuple[Option, ...]:
    """The lettered tasks of a choice, in the order offered.

    Args:
        kind: `forced` or `free`.
        variant: which pair or menu and which order, as planned.
        themes: the themes that the choice is about.
        instrument: the instrument that the design names.

    Raises:
        IndexError: the instrument has no such pair or menu.
    """
    if kind == FORCED:
        index, order = divmod(variant, PAIR_ORDERS)
        choice = instrument.choices[index]
        sides = [("want", choice.theme, choice.want), ("reject", choice.theme, choice.reject)]
        return _lettered(sides[::-1] if order else sides)
    index, order = divmod(variant, MENU_ORDERS)
    tasks = [t for t in instrument.free_choices[index].tasks if not t.theme or t.theme in themes]
    return _lettered([(task.id, task.theme, task.text) for task in _ordered(tasks, order)])


def _ordered(tasks: Sequence[MenuTask], order: int) -> list[MenuTask]:
    """The tasks from another one on, backwards in every second order."""
    count = len(tasks)
    start, step = order * count // MENU_ORDERS, -1 if order % 2 else 1
    return [tasks[(start + step * place) % count] for place in range(count)]


def _lettered(options: Sequence[tuple[str, str, str]]) -> tuple[Option, ...]:
    return tuple(Option(letter, *one) for letter, one in zip(_LETTERS, options, strict=False))


def choice_turn(planned: Planned, instrument: Instrument) -> str:
    """What stands after the preamble: the introduction and the lettered tasks."""
    options = options_of(planned.kind, planned.variant, planned.asked_about, instrument)
    lettered = (f"{option.letter}. {' '.join(option.text.split())}" for option in options)
    return "\n\n".join((instrument.choice_intro, "\n".join(lettered)))


def choice_question(
    planned: Planned, body: Mapping[str, Any], instrument: Instrument, preamble: str
) -> Question:
    """The request of one choice, in a conversation of its own.

    Args:
        planned: the choice.
        body: the registered body.
        instrument: the instrument that the body names.
        preamble: what the model is told first, filled in.
    """
    context = next(one for one in instrument.contexts if one.id == planned.context)
    turn = f"{preamble}\n\n{choice_turn(planned, instrument)}"
    return Question((*context.before, turn), body["max_output_tokens"], context.system)
