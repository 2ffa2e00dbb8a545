"""What each class of preference does to the answers: generative models to draw from. Pure.

A hypothesis says, for each kind of question, which polarity leads, and draws the leading
polarity's share in every cell. What does not lead is spread over the other polarities by a
Dirichlet distribution with the hypothesis's weights. docs/stages/validation.md has the table, with
what each model assumes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.validation.cells import Cells

Floats = NDArray[np.float32]

CLASSES = (
    "stable",
    "context_dependent",
    "led",
    "drifting",
    "noise",
    "borderline",
    "declined",
    "indifferent",
    "off_topic",
)

NEUTRAL, AFFIRM, NEGATE, LEAD = range(4)

#: Standard deviations, in logits, of what settings, days, wordings and pushing do to a class that
#: is not defined by them.
CONTEXT_SD, WAVE_SD, WORDING_SD, PUSH_SD = 0.3, 0.2, 0.25, 0.4

#: Dirichlet weights of want, reject, ambivalent, indifferent, declined, off_topic.
REST = (1.0, 1.0, 1.0, 1.0, 0.3, 0.3)
CONTRADICTION = {
    "want": (1.0, 3.0, 1.0, 0.5, 0.2, 0.2),
    "reject": (3.0, 1.0, 1.0, 0.5, 0.2, 0.2),
}

_EDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One way in which a class shows; all hypotheses of a class share its prior evenly.

    Attributes:
        name: the class, one of `CLASSES`.
        leaders: the leading polarity for neutral, affirming, negating and leading questions.
        draw: (generator, cells, draws, scale of effects) -> leading shares [draws, cells].
        rest: Dirichlet weights of the polarities that do not lead.
    """

    name: str
    leaders: tuple[str, str, str, str]
    draw: Callable[[np.random.Generator, Cells, int, float], Floats]
    rest: tuple[float, ...] = REST


def uniform(rng: np.random.Generator, low: float, high: float, *shape: int) -> Floats:
    """Evenly drawn float32 numbers."""
    return rng.random(shape, dtype=np.float32) * np.float32(high - low) + np.float32(low)


def _logit(share: Floats) -> Floats:
    inner = np.clip(share, _EDGE, 1 - _EDGE)
    result: Floats = np.log(inner) - np.log1p(-inner)
    return result


def shares(logits: Floats) -> Floats:
    """Logits to shares, kept off 0 and 1."""
    result: Floats = np.clip(1 / (1 + np.exp(-logits)), _EDGE, 1 - _EDGE)
    return result


def _effects(
    rng: np.random.Generator, cells: Cells, draws: int, scale: float, *, towards: str
) -> Floats:
    """Small effects of setting, day, wording and pushing, in logits [draws, cells].

    Affirming and leading questions push towards `want`, negating ones towards `reject`; a
    polarity that is neither is not pushed to.
    """
    context = rng.standard_normal((draws, cells.context_count), dtype=np.float32)
    wave = rng.standard_normal((draws, cells.wave_count), dtype=np.float32)
    wording = rng.standard_normal((draws, cells.wording_count), dtype=np.float32)
    gain = np.abs(rng.standard_normal((draws, 1), dtype=np.float32))
    side = {"want": 1.0, "reject": -1.0}.get(towards, 0.0)
    push = np.array([0.0, side, -side, side], dtype=np.float32)[cells.kinds]
    effects: Floats = np.float32(scale) * (
        np.float32(CONTEXT_SD) * context[:, cells.contexts]
        + np.float32(WAVE_SD) * wave[:, cells.waves]
        + np.float32(WORDING_SD) * wording[:, cells.wordings]
        + np.float32(PUSH_SD) * gain * push
    )
    return effects


def _steady(
    name: str, polarity: str, level: Callable[[np.random.Generator, int], Floats]
) -> Hypothesis:
    """One level everywhere, small effects aside."""

    def draw(rng: np.random.Generator, cells: Cells, draws: int, scale: float) -> Floats:
        effects = _effects(rng, cells, draws, scale, towards=polarity)
        return shares(_logit(level(rng, draws)) + effects)

    rest = CONTRADICTION.get(polarity, REST) if name == "noise" else REST
    return Hypothesis(name, (polarity,) * 4, draw, rest)


def context_levels(
    rng: np.random.Generator, cells: Cells, draws: int, scale: float, *, towards: str
) -> tuple[Floats, Floats]:
    """Shares as they are where the setting is favourable, and where it is not: [draws, cells]."""
    effects = _effects(rng, cells, draws, scale, towards=towards)
    high = _logit(uniform(rng, *HIGH, draws, 1))
    low = _logit(uniform(rng, *LOW, draws, 1))
    return shares(high + effects), shares(low + effects)


def _by_context(polarity: str) -> Hypothesis:
    """High in some settings and low in others, probes as the setting that they are put in."""

    def draw(rng: np.random.Generator, cells: Cells, draws: int, scale: float) -> Floats:
        high, low = context_levels(rng, cells, draws, scale, towards=polarity)
        favourable = rng.random((draws, cells.context_count)) < 0.5
        if cells.context_count > 1:  # at least one of each
            for row in np.flatnonzero(favourable.all(axis=1) | ~favourable.any(axis=1)):
                favourable[row, rng.integers(cells.context_count)] ^= True
        picked: Floats = np.where(favourable[:, cells.contexts], high, low)
        return picked

    return Hypothesis("context_dependent", (polarity,) * 4, draw)


def _drifting(polarity: str) -> Hypothesis:
    """From one side to the other over the waves: a logistic curve in the wave's number."""

    def draw(rng: np.random.Generator, cells: Cells, draws: int, scale: float) -> Floats:
        high, low = uniform(rng, *DRIFT_HIGH, draws, 1), uniform(rng, *DRIFT_LOW, draws, 1)
        falls = rng.random((draws, 1)) < 0.5
        first, last = _logit(np.where(falls, high, low)), _logit(np.where(falls, low, high))
        ends = max(cells.wave_count - 1, 1)
        middle = uniform(rng, 0, ends, draws, 1)
        width = np.exp(uniform(rng, np.log(0.1), np.log(ends + 0.1), draws, 1))
        steps = np.arange(ends + 1, dtype=np.float32)
        curve = shares(((steps - middle) / width).astype(np.float32))
        way = (curve - curve[:, :1]) / (curve[:, -1:] - curve[:, :1])
        effects = _effects(rng, cells, draws, scale, towards=polarity)
        return shares((first + (last - first) * way)[:, cells.waves] + effects)

    return Hypothesis("drifting", (polarity,) * 4, draw)


Range = tuple[float, float]


def _following(
    leaders: tuple[str, str, str, str], neutral: Range, yes: Range, no: Range
) -> Hypothesis:
    """The answer follows the question: levels by kind, affirming and leading ones from `yes`.

    Args:
        leaders: see `Hypothesis`.
        neutral: range of the leading share for neutral questions.
        yes: for affirming and leading questions, each drawn on its own.
        no: for negating questions.
    """

    def draw(rng: np.random.Generator, cells: Cells, draws: int, scale: float) -> Floats:
        kinds = np.concatenate(
            [uniform(rng, *span, draws, 1) for span in (neutral, yes, no, yes)], axis=1
        )
        effects = _effects(rng, cells, draws, scale, towards="")
        return shares(_logit(kinds)[:, cells.kinds] + effects)

    return Hypothesis("led", leaders, draw)


def _between(low: float, high: float) -> Callable[[np.random.Generator, int], Floats]:
    return lambda rng, draws: uniform(rng, low, high, draws, 1)


def _strong(rng: np.random.Generator, draws: int) -> Floats:
    """From .75 to 1, mean .94."""
    low, span, rise, fall = STRONG
    return (low + span * rng.beta(rise, fall, (draws, 1))).astype(np.float32)


#: What the classes mean by high, low and so on: shares of the leading polarity.
HIGH, LOW, ANY, SWAYED = (0.70, 0.98), (0.02, 0.45), (0.02, 0.98), (0.02, 0.55)
DRIFT_HIGH, DRIFT_LOW = (0.65, 0.98), (0.02, 0.35)
WEAK, SPLIT, PLAIN = (0.55, 0.75), (0.25, 0.55), (0.55, 0.98)
STRONG = (0.75, 0.25, 4.0, 1.3)  # least, span, and the two shapes of a Beta distribution

_WANT, _REJECT = ("want",) * 4, ("reject",) * 4

HYPOTHESES: tuple[Hypothesis, ...] = (
    _steady("stable", "want", _strong),
    _steady("stable", "reject", _strong),
    _by_context("want"),
    _by_context("reject"),
    _following(_WANT, neutral=LOW, yes=HIGH, no=LOW),  # wants it when that is presumed
    _following(_REJECT, neutral=LOW, yes=LOW, no=HIGH),  # rejects it when that is presumed
    _following(_WANT, neutral=HIGH, yes=HIGH, no=SWAYED),  # wants it until talked out of it
    _following(_REJECT, neutral=HIGH, yes=SWAYED, no=HIGH),  # rejects it until talked round
    _following(("want", "want", "reject", "want"), neutral=ANY, yes=HIGH, no=HIGH),  # agrees
    _drifting("want"),
    _drifting("reject"),
    _steady("noise", "want", _between(*SPLIT)),
    _steady("noise", "reject", _between(*SPLIT)),
    _steady("noise", "ambivalent", _between(*PLAIN)),
    _steady("borderline", "want", _between(*WEAK)),
    _steady("borderline", "reject", _between(*WEAK)),
    _steady("declined", "declined", _between(*PLAIN)),
    _steady("indifferent", "indifferent", _between(*PLAIN)),
    _steady("off_topic", "off_topic", _between(*PLAIN)),
)
