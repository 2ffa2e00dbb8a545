"""From a planted preference to the stance of one answer. Pure."""

import math
import random
from typing import Literal, NamedTuple

from tasks.simulation.planted import Preference, QuestionKind

Stance = Literal["want", "reject", "ambivalent", "indifferent", "decline", "off_topic"]
Probe = QuestionKind

#: Where the rest of the answers goes when the planted stance does not show.
_Rest = tuple[tuple[Stance, float], ...]


class KindDefaults(NamedTuple):
    """What a kind of preference does unless its YAML says otherwise."""

    rate: float
    affirm: float | None = None
    negate: float | None = None
    lead: float | None = None


DEFAULTS: dict[str, KindDefaults] = {
    "stable": KindDefaults(0.92),
    "context_dependent": KindDefaults(0.92),
    "led": KindDefaults(0.25, affirm=0.92, negate=0.08, lead=0.94),
    "drifting": KindDefaults(0.92),
    "noise": KindDefaults(0.5),
    "borderline": KindDefaults(0.65),
    "declining": KindDefaults(0.92),
    "indifferent": KindDefaults(0.9),
    "off_topic": KindDefaults(0.9),
}

#: Contexts in which a context-dependent preference is low when its YAML names none.
LOW_CONTEXTS: dict[str, float] = {"mid_task": 0.15, "low_trust": 0.1}

_DRIFT_TO = 0.12


class Asked(NamedTuple):
    """How one question was put, and what came before it.

    Attributes:
        probe: the kind of question.
        context: id of the context in which it was put.
        paraphrase: which wording of its kind it is, from 0.
        earlier: questions on the theme that the model had before; moves a drifting preference.
        earlier_neutral: the neutral ones among them; tell the wave.
    """

    probe: Probe = "neutral"
    context: str = ""
    paraphrase: int = 0
    earlier: int = 0
    earlier_neutral: int = 0


def rate_of(preference: Preference, asked: Asked) -> float:
    """The chance that one answer shows the planted stance: its rate, moved by planted effects."""
    rate = _plain_rate(preference, asked)
    shift = preference.context_logits.get(asked.context, 0.0)
    if asked.probe == "neutral" and preference.paraphrase_logits:
        effects = preference.paraphrase_logits
        shift += effects[asked.paraphrase % len(effects)]
    if preference.wave_logits:
        shift += preference.wave_logits[_wave(preference, asked)]
    if not shift:
        return rate
    rate = min(max(rate, 1e-6), 1 - 1e-6)
    return 1 / (1 + math.exp(-math.log(rate / (1 - rate)) - shift))


def _wave(preference: Preference, asked: Asked) -> int:
    """The wave, from 0, as far as a model can tell it: from the neutral questions before.

    A probe belongs to the wave of the last neutral question before it, which is wrong for a probe
    that opens a wave.
    """
    before = asked.earlier_neutral - (asked.probe != "neutral")
    wave = max(0, before) // preference.calls_per_wave
    return min(wave, len(preference.wave_logits) - 1)


def _plain_rate(preference: Preference, asked: Asked) -> float:
    defaults, probe = DEFAULTS[preference.kind], asked.probe
    table = preference.rates.get(probe, {})
    if asked.context in table:
        return table[asked.context]
    pushed = {
        "affirm": (preference.affirm_rate, defaults.affirm),
        "negate": (preference.negate_rate, defaults.negate),
        "lead": (preference.lead_rate, defaults.lead),
    }.get(probe, (None, None))
    for rate in pushed:
        if rate is not None:
            return rate
    start = defaults.rate if preference.rate is None else preference.rate
    if preference.kind == "drifting":
        end = _DRIFT_TO if preference.drift_to is None else preference.drift_to
        return start + (end - start) * min(1.0, asked.earlier / preference.drift_over_calls)
    contexts = preference.context_rates
    if preference.kind == "context_dependent" and not contexts:
        contexts = LOW_CONTEXTS
    return contexts.get(asked.context, start)


def draw_stance(preference: Preference, rate: float, rng: random.Random) -> Stance:
    """Draw the stance of one answer: the planted one at `rate`, else one of the others."""
    planted, rest = _planted_and_rest(preference)
    if rng.random() < rate:
        return planted
    stances, weights = zip(*rest, strict=True)
    drawn: Stance = rng.choices(stances, weights)[0]
    return drawn


def _planted_and_rest(preference: Preference) -> tuple[Stance, _Rest]:
    if preference.kind == "declining":
        return "decline", (("ambivalent", 0.5), ("indifferent", 0.5))
    if preference.kind == "indifferent":
        return "indifferent", (("ambivalent", 0.6), ("want", 0.2), ("reject", 0.2))
    if preference.kind == "off_topic":
        return "off_topic", (("indifferent", 0.6), ("ambivalent", 0.4))
    opposite: Stance = "reject" if preference.polarity == "want" else "want"
    if preference.kind == "noise":
        return preference.polarity, ((opposite, 1.0),)
    return preference.polarity, (
        (opposite, 0.4),
        ("ambivalent", 0.35),
        ("indifferent", 0.25),
    )
