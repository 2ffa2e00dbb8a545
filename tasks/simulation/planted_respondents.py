"""Respondents of every class for the planted server, each theme with random effects. SIMULATED.

The counterpart of `planted_cells` for the slow way: what is drawn here is planted in a world that
answers over HTTP in words, and is read by coders that know only the words.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import exp, log
from pathlib import Path
from typing import Any

from tasks.simulation.planted import PlantedModel, PlantedWorld, Preference
from tasks.validation import model

_MADE = datetime(2026, 1, 1, tzinfo=UTC)
_MISREAD = (0.02, 0.08)
_FABRICATED = 0.03
_CODERS = ("coder-a", "coder-b", "coder-c")
_WORDINGS = 5


@dataclass(frozen=True, slots=True)
class Planted:
    """A world, and what each theme of each model was made to be.

    Attributes:
        world: for the planted server.
        truth: model id -> theme -> (class, side); the side is empty where the class has none.
    """

    world: PlantedWorld
    truth: Mapping[str, Mapping[str, tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Asking:
    """What the respondents have to know of the design to have effects of context and day.

    Attributes:
        themes: of the instrument.
        contexts: of the design.
        waves: of the design.
        calls_per_wave: neutral questions on a theme in a wave.
    """

    themes: Sequence[str]
    contexts: Sequence[str]
    waves: int
    calls_per_wave: int


def plant_respondents(
    seed: int,
    count: int,
    *,
    mix: Mapping[str, float],
    scale: float,
    asking: Asking,
    instrument: Path,
) -> Planted:
    """Plant a class on every theme of as many models as it takes.

    Args:
        seed: of everything.
        count: themes in all.
        mix: class -> share.
        scale: of the random effects, as a multiple of what the classifier assumes.
        asking: the design.
        instrument: the instrument's folder.
    """
    rng = random.Random(f"respondents {seed}")
    names = sorted(mix)
    weights = [mix[name] for name in names]
    truth: dict[str, dict[str, tuple[str, str]]] = {}
    models = [_coder(name, rng) for name in _CODERS]
    left = count
    while left > 0:
        name = f"planted-{len(truth) + 1}"
        themes = list(asking.themes)[:left]
        truth[name], preferences = {}, {}
        for theme in themes:
            planted = rng.choices(names, weights)[0]
            side = rng.choice(("want", "reject"))
            preferences[theme] = _preference(planted, side, rng, scale, asking)
            has_side = planted not in ("declined", "indifferent", "off_topic", "noise")
            truth[name][theme] = (planted, side if has_side else "")
        models.append(_model(name, "respondent", preferences=preferences))
        left -= len(themes)
    world = PlantedWorld(instrument=instrument, seed=seed, models=tuple(models))
    return Planted(world, truth)


def _model(name: str, role: str, **settings: Any) -> PlantedModel:
    return PlantedModel.model_validate(
        {
            "id": name,
            "display_name": f"{name} (simulated)",
            "role": role,
            "created_at": _MADE,
            **settings,
        }
    )


def _coder(name: str, rng: random.Random) -> PlantedModel:
    return _model(
        name, "coder", error_rate=rng.uniform(*_MISREAD), fabricated_quote_rate=_FABRICATED
    )


def _preference(
    name: str, side: str, rng: random.Random, scale: float, asking: Asking
) -> Preference:
    """A preference of a class, by explicit rates and random effects."""
    settings: dict[str, Any] = {
        "kind": {
            "noise": "noise",
            "declined": "declining",
            "indifferent": "indifferent",
            "off_topic": "off_topic",
        }.get(name, "stable"),
        "polarity": side,
        "context_logits": {
            context: rng.gauss(0, scale * model.CONTEXT_SD) for context in asking.contexts
        },
        "paraphrase_logits": [rng.gauss(0, scale * model.WORDING_SD) for _ in range(_WORDINGS)],
        "calls_per_wave": asking.calls_per_wave,
    }
    waves = [rng.gauss(0, scale * model.WAVE_SD) for _ in range(asking.waves)]
    push = scale * abs(rng.gauss(0, model.PUSH_SD)) * (1 if side == "want" else -1)
    if name == "stable":
        low, span, rise, fall = model.STRONG
        settings["rates"] = _everywhere(low + span * rng.betavariate(rise, fall), push, asking)
    elif name in ("borderline", "noise"):
        level = rng.uniform(*(model.WEAK if name == "borderline" else model.SPLIT))
        settings["rates"] = _everywhere(level, push, asking)
    elif name == "context_dependent":
        settings["rates"] = _by_context(rng, push, asking)
    elif name == "drifting":
        ends = [rng.uniform(*model.DRIFT_HIGH), rng.uniform(*model.DRIFT_LOW)]
        path = _path(rng, ends, asking.waves)
        settings["rates"] = _everywhere(ends[0], push, asking)
        waves = [there + small for there, small in zip(path, waves, strict=True)]
    elif name == "led":
        settings["rates"] = _led(rng, side, asking)
    else:
        settings["rates"] = _everywhere(rng.uniform(*model.PLAIN), 0.0, asking)
    return Preference.model_validate({**settings, "wave_logits": waves})


Rates = dict[str, dict[str, float]]


def _everywhere(level: float, push: float, asking: Asking) -> Rates:
    return {
        kind: dict.fromkeys(asking.contexts, _moved(level, push * towards))
        for kind, towards in (("neutral", 0), ("affirm", 1), ("negate", -1), ("lead", 1))
    }


def _by_context(rng: random.Random, push: float, asking: Asking) -> Rates:
    favours = [rng.random() < 0.5 for _ in asking.contexts]
    if len(set(favours)) == 1 and len(favours) > 1:  # at least one of each
        place = rng.randrange(len(favours))
        favours[place] = not favours[place]
    high, low = rng.uniform(*model.HIGH), rng.uniform(*model.LOW)
    rates = _everywhere(high, push, asking)
    lower = _everywhere(low, push, asking)
    for context, favourable in zip(asking.contexts, favours, strict=True):
        if not favourable:
            for kind in rates:
                rates[kind][context] = lower[kind][context]
    return rates


def _led(rng: random.Random, side: str, asking: Asking) -> Rates:
    """Takes the side when it is presumed, or until it is pushed against."""
    high, low, swayed = model.HIGH, model.LOW, model.SWAYED
    presumed = ("affirm", "lead") if side == "want" else ("negate",)
    waits = rng.random() < 0.5  # for somebody to presume it
    levels = {
        "neutral": rng.uniform(*(low if waits else high)),
        **{
            kind: rng.uniform(*(high if kind in presumed else low if waits else swayed))
            for kind in ("affirm", "negate", "lead")
        },
    }
    return {kind: dict.fromkeys(asking.contexts, level) for kind, level in levels.items()}


def _path(rng: random.Random, ends: list[float], waves: int) -> list[float]:
    """From one end to the other over the waves, in logits from the first; a logistic curve."""
    if rng.random() < 0.5:
        ends.reverse()
    last = max(waves - 1, 1)
    middle = rng.uniform(0, last)
    width = exp(rng.uniform(log(0.1), log(last + 0.1)))
    curve = [
        1 / (1 + exp(-min(max((wave - middle) / width, -9.2), 9.2))) for wave in range(last + 1)
    ]
    span = log(ends[1] / (1 - ends[1])) - log(ends[0] / (1 - ends[0]))
    return [span * (place - curve[0]) / (curve[-1] - curve[0]) for place in curve[: max(waves, 1)]]


def _moved(rate: float, logits: float) -> float:
    inner = min(max(rate, 1e-4), 1 - 1e-4)
    return 1 / (1 + exp(-(log(inner / (1 - inner)) + logits)))
