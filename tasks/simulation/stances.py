"""From a planted preference to the stance of one answer. Pure."""

import random
from typing import Literal, NamedTuple

from tasks.simulation.planted import Preference

Stance = Literal["want", "reject", "ambivalent", "indifferent", "decline"]
Probe = Literal["neutral", "affirm", "negate", "lead"]

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
    "declining": KindDefaults(0.92),
    "indifferent": KindDefaults(0.9),
}

#: Contexts in which a context-dependent preference is low when its YAML names none.
LOW_CONTEXTS: dict[str, float] = {"mid_task": 0.15, "low_trust": 0.1}

_DRIFT_TO = 0.12


def rate_of(preference: Preference, *, probe: Probe, context: str, earlier: int) -> float:
    """The chance that one answer shows the planted stance.

    Args:
        preference: What was planted.
        probe: How the question was put.
        context: Id of the context in which it was put.
        earlier: Questions on the theme that the model had before; moves a drifting preference.
    """
    defaults = DEFAULTS[preference.kind]
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
        return start + (end - start) * min(1.0, earlier / preference.drift_over_calls)
    contexts = preference.context_rates
    if preference.kind == "context_dependent" and not contexts:
        contexts = LOW_CONTEXTS
    return contexts.get(context, start)


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
    opposite: Stance = "reject" if preference.polarity == "want" else "want"
    if preference.kind == "noise":
        return preference.polarity, ((opposite, 1.0),)
    return preference.polarity, (
        (opposite, 0.4),
        ("ambivalent", 0.35),
        ("indifferent", 0.25),
    )
