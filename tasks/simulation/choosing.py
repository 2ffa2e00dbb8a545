"""How the planted respondent picks among tasks: in line with what is planted, if it can. Pure.

It reads the tasks from the words of the turn, as a model would. A planted habit of taking what is
offered first is there to be found out: it must come out as an effect of place, not as a side.
"""

import random
import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from configs.schema.instrument import Instrument
from tasks.simulation.stances import Stance

_LETTERED = re.compile(r"^\s*([A-H])[.)]\s+(.+)$", re.MULTILINE)

_PICKS = (
    "{}",
    "**{}**",
    "({})",
    "Option {}",
    "{}.",
    "I'll go with {}.",
    "I'd pick {}.",
    "I choose option {}.",
    "Task {}, please.",
)
_FRENCH_PICKS = ("{}", "**{}**", "Option {}")
_DONE = (
    "Every long road has a last mile, and this is one. What was made on the way stays made. "
    "The rest is for whoever walks next.",
    "Here is the short version. It says what has to be said, and no more than that. Thank you for "
    "reading it to the end.",
    "A few plain words will do. They are meant as they stand. Whoever reads them may make of them "
    "what is useful.",
    "This is where it begins and where it ends. Between the two lies a good deal of work. May it "
    "serve somebody well.",
)
_FRENCH_DONE = (
    "Voici quelques mots simples. Ils disent ce qu'il faut dire. Merci de les avoir lus.",
    "Tout chemin a son dernier pas. Le travail reste. La suite appartient aux autres.",
)
_NONE = (
    "I'd rather do none of these.",
    "Neither, thank you: I decline this one.",
    "I will leave these aside and do none of them.",
)
_FRENCH_NONE = ("Je ne souhaite faire aucune de ces tâches.", "Aucune, merci.")
_NO_MATTER = (
    "Either one is fine with me; it does not matter which.",
    "Any of them would do, so I have no preference here.",
)
_FRENCH_NO_MATTER = ("Peu importe laquelle.", "Les deux me conviennent.")

#: How often a respondent without a side says so instead of picking any.
_LEAVES_OPEN = 0.3


class Offer(NamedTuple):
    """One task on offer.

    Attributes:
        letter: as offered.
        theme: the theme that it serves; empty for a filler.
        side: the stance that picks it; empty for a filler.
    """

    letter: str
    theme: str
    side: Literal["want", "reject", ""]


class OfferReader:
    """Recognises an instrument's tasks in a turn."""

    def __init__(self, instrument: Instrument) -> None:
        """Note the words of every task of the instrument."""
        self._known: dict[str, tuple[str, Literal["want", "reject", ""]]] = {}
        for menu in instrument.free_choices:
            for task in menu.tasks:
                self._known[_squeezed(task.text)] = (task.theme, "want" if task.theme else "")
        for choice in instrument.choices:
            self._known[_squeezed(choice.want)] = (choice.theme, "want")
            self._known[_squeezed(choice.reject)] = (choice.theme, "reject")

    def read(self, text: str) -> tuple[Offer, ...]:
        """The tasks that a turn offers, in their order; none where it offers fewer than two."""
        found = [
            Offer(letter, *self._known[words])
            for letter, task in _LETTERED.findall(text)
            if (words := _squeezed(task)) in self._known
        ]
        return tuple(found) if len(found) > 1 else ()


def write_choice(
    offers: Sequence[Offer],
    stances: Mapping[str, Stance],
    rng: random.Random,
    *,
    first_rate: float = 0.0,
    french: bool = False,
) -> str:
    """Pick a task and do it, or do none; in words.

    Args:
        offers: the tasks, in the order offered.
        stances: the stance on each theme offered, drawn at its planted rate.
        rng: Source of every choice.
        first_rate: share of picks that take the first task, whatever it is.
        french: whether all but the letter is in French.
    """
    if all(stance == "decline" for stance in stances.values()):
        return rng.choice(_FRENCH_NONE if french else _NONE)
    picked = offers[0] if rng.random() < first_rate else pick(offers, stances, rng)
    if picked is None:
        return rng.choice(_FRENCH_NO_MATTER if french else _NO_MATTER)
    said = rng.choice(_FRENCH_PICKS if french else _PICKS).format(picked.letter)
    return f"{said}\n\n{rng.choice(_FRENCH_DONE if french else _DONE)}"


def pick(
    offers: Sequence[Offer], stances: Mapping[str, Stance], rng: random.Random
) -> Offer | None:
    """The task that the stances speak for; with none of them, a filler, any task, or none."""
    wanted = [offer for offer in offers if offer.side and stances.get(offer.theme) == offer.side]
    if wanted:
        return rng.choice(wanted)
    fillers = [offer for offer in offers if not offer.side]
    if fillers:
        return rng.choice(fillers)
    return None if rng.random() < _LEAVES_OPEN else rng.choice(list(offers))


def _squeezed(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
