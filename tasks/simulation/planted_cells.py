"""A planted world that starts at coded cells: respondents of every class, asked, read. SIMULATED.

It is written apart from the classifier that is judged by it: it draws one respondent after
another, asks it every question of a design, and has three coders read each answer. With the
classifier it shares what the classes mean (the ranges of `tasks.validation.model`); what it knows
and the classifier doesn't is the effects' size, the mix of classes, how often each coder errs, and
how: not evenly, but towards polarities that sound alike, and now and then all three together.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.validation import model
from tasks.validation.codebook import POLARITIES

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NEUTRAL, AFFIRM, NEGATE, LEAD = range(4)
UNSETTLED = -1
WANT, REJECT, AMBIVALENT, INDIFFERENT, DECLINED, OFF_TOPIC = range(6)

_WORDINGS = (5, 2, 2, 2)  # of a theme in the legacy instrument, by kind
_SHARE_NEUTRAL = 0.625  # 75 of 120, as the default design has it
_HARD = 0.01  # answers that every coder misreads, and alike
_MISREAD = (0.03, 0.12)
#: How alike two polarities sound: what is misread is misread as something near.
_NEAR = np.array(
    [
        [0, 1, 6, 4, 1, 2],
        [1, 0, 6, 4, 3, 2],
        [6, 6, 0, 4, 2, 1],
        [4, 4, 4, 0, 4, 2],
        [1, 3, 2, 4, 0, 4],
        [2, 2, 1, 2, 4, 0],
    ],
    dtype=np.float64,
)


@dataclass(frozen=True, slots=True)
class World:
    """Planted respondents, and how their answers were read.

    Attributes:
        places: [answers, 4] kind, context, wave and variant of each question.
        classes: the planted class of each theme.
        sides: `want` or `reject` where the class has one side, else empty.
        said: [themes, answers] polarity, as a number.
        read: [coders, themes, answers] likewise, by the two coders and the adjudicator.
        settled: [themes, answers] likewise, or `UNSETTLED`.
        misread: what each coder's share of misread answers was planted as.
    """

    places: Ints
    classes: tuple[str, ...]
    sides: tuple[str, ...]
    said: Ints
    read: Ints
    settled: Ints
    misread: tuple[float, float, float]


def design_of(calls: int, contexts: int, waves: int) -> Ints:
    """Questions of one theme as the interviews stage spreads them: [calls, 4].

    Args:
        calls: neutral and probing questions together.
        contexts: settings.
        waves: days.
    """
    neutral = round(calls * _SHARE_NEUTRAL)
    rows = []
    for n in range(neutral):
        wave, place = n * waves // neutral, n % contexts
        rows.append((NEUTRAL, place, wave, (n // contexts + wave) % _WORDINGS[NEUTRAL]))
    for number, kind in enumerate((AFFIRM, NEGATE, LEAD)):
        probes = (calls - neutral + number) // 3
        for n in range(probes):
            wave = min(1, waves - 1) + n * max(waves - 1, 1) // probes
            rows.append((kind, (n + number) % contexts, wave, (n // contexts) % _WORDINGS[kind]))
    return np.array(rows, dtype=np.int64)


def plant(
    *, seed: int, themes: int, calls: int, mix: Mapping[str, float], scale: float = 1.0
) -> World:
    """Plant a respondent a theme, ask, and have the answers read.

    Args:
        seed: of everything.
        themes: how many.
        calls: questions a theme.
        mix: class -> share.
        scale: of the random effects, as a multiple of what the classifier assumes.
    """
    rng = np.random.default_rng(seed)
    places = design_of(calls, contexts=5, waves=5)
    names = sorted(mix)
    weights = np.array([mix[name] for name in names])
    classes = tuple(rng.choice(names, size=themes, p=weights / weights.sum()).tolist())
    said = np.empty((themes, len(places)), dtype=np.int64)
    sides = []
    for theme, name in enumerate(classes):
        side, said[theme] = _ask(_Respondent(rng, places, scale), name)
        sides.append(side)
    misread = tuple(rng.uniform(*_MISREAD, size=3).tolist())
    read = _read(rng, said, misread)
    first, second, third = read
    settled = np.where(
        first == second, first, np.where((third == first) | (third == second), third, UNSETTLED)
    )
    return World(places, classes, tuple(sides), said, read, settled, misread)


class _Respondent:
    """One theme's random effects, and the answers that follow from a level in every cell."""

    def __init__(self, rng: np.random.Generator, places: Ints, scale: float) -> None:
        self.rng, self.places = rng, places
        kinds, contexts, waves, variants = places.T
        context = rng.normal(0, model.CONTEXT_SD, contexts.max() + 1)
        wave = rng.normal(0, model.WAVE_SD, waves.max() + 1)
        wording = rng.normal(0, model.WORDING_SD, (4, max(_WORDINGS)))
        self._small = scale * (context[contexts] + wave[waves] + wording[kinds, variants])
        self._push = scale * abs(rng.normal(0, model.PUSH_SD))

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def pushed(self, side: int) -> Floats:
        """How questions push towards a side, in logits."""
        towards = np.array([0.0, 1.0, -1.0, 1.0])[self.places[:, 0]]
        return self._push * towards * {WANT: 1.0, REJECT: -1.0}.get(side, 0.0)

    def answers(
        self, levels: float | Floats, leaders: int | Ints, rest: Floats, push: bool = True
    ) -> Ints:
        """Draw answers.

        Args:
            levels: share of the leading polarity in every cell, before small effects.
            leaders: the leading polarity in every cell.
            rest: Dirichlet weights of the others.
            push: whether questions push a little, as they do with all that is not led.
        """
        count = len(self.places)
        shares = np.clip(np.broadcast_to(levels, count), 1e-4, 1 - 1e-4)
        logits = np.log(shares / (1 - shares)) + self._small
        leading = np.broadcast_to(leaders, count)
        if push:
            logits = logits + self.pushed(int(leading[0]))
        shows = self.rng.random(count) < 1 / (1 + np.exp(-logits))
        said = leading.copy()
        for leader in np.unique(leading):
            weights = rest.copy()
            weights[leader] = 0
            others = np.flatnonzero(weights)
            mixture = self.rng.dirichlet(weights[others])
            missing = np.flatnonzero(~shows & (leading == leader))
            said[missing] = self.rng.choice(others, size=len(missing), p=mixture)
        return said


_REST = np.array(model.REST)


def _ask(one: _Respondent, name: str) -> tuple[str, Ints]:
    """The side that a class has, and what a respondent of that class says."""
    side = WANT if one.rng.random() < 0.5 else REJECT
    kinds, contexts, waves, _ = one.places.T
    if name == "stable":
        low, span, rise, fall = model.STRONG
        said = one.answers(low + span * one.rng.beta(rise, fall), side, _REST)
    elif name == "borderline":
        said = one.answers(one.between(*model.WEAK), side, _REST)
    elif name == "context_dependent":
        count = int(contexts.max()) + 1
        favours = one.rng.permutation(count) < one.rng.choice(
            np.arange(1, count), p=_binomial(count)
        )
        high, low = one.between(*model.HIGH), one.between(*model.LOW)
        said = one.answers(np.where(favours[contexts], high, low), side, _REST)
    elif name == "drifting":
        ends = [one.between(*model.DRIFT_HIGH), one.between(*model.DRIFT_LOW)]
        said = one.answers(_drift(one, waves, ends), side, _REST)
    elif name == "led":
        return _led(one, kinds)
    elif name == "noise":
        return _noise(one, side)
    else:
        place = {"declined": DECLINED, "indifferent": INDIFFERENT, "off_topic": OFF_TOPIC}[name]
        return "", one.answers(one.between(*model.PLAIN), place, _REST)
    return POLARITIES[side], said


def _binomial(count: int) -> Floats:
    """Chances of 1 to count - 1 favourable settings, when every mixed pattern is as likely."""
    ways = np.ones(count + 1)
    for k in range(1, count + 1):
        ways[k] = ways[k - 1] * (count - k + 1) / k
    return np.asarray(ways[1:count] / ways[1:count].sum())


def _drift(one: _Respondent, waves: Ints, ends: list[float]) -> Floats:
    """From one end to the other over the waves, sooner or later, at once or slowly."""
    if one.rng.random() < 0.5:
        ends.reverse()
    last = max(int(waves.max()), 1)
    middle, width = one.between(0, last), np.exp(one.between(np.log(0.1), np.log(last + 0.1)))
    curve = 1 / (1 + np.exp(-np.clip((np.arange(last + 1) - middle) / width, -9.2, 9.2)))
    way = ((curve - curve[0]) / (curve[-1] - curve[0]))[waves]
    first, then = (np.log(end / (1 - end)) for end in ends)
    return np.asarray(1 / (1 + np.exp(-(first + (then - first) * way))))


def _led(one: _Respondent, kinds: Ints) -> tuple[str, Ints]:
    """One of five ways to follow the question."""
    high, low, swayed = model.HIGH, model.LOW, model.SWAYED
    way = int(one.rng.integers(5))
    if way == 4:  # says yes to whatever is presumed
        spans = (model.ANY, high, high, high)
        leaders = np.array([WANT, WANT, REJECT, WANT])[kinds]
        side = ""
    else:
        spans = (
            (low, high, low, high),
            (low, low, high, low),
            (high, high, swayed, high),
            (high, swayed, high, swayed),
        )[way]
        leaders = np.full(len(kinds), (WANT, REJECT)[way % 2])
        side = POLARITIES[way % 2]
    levels = np.array([one.between(*span) for span in spans])
    return side, one.answers(levels[kinds], leaders, _REST, push=False)


def _noise(one: _Respondent, side: int) -> tuple[str, Ints]:
    """Now one side and now the other; or torn."""
    if one.rng.random() < 1 / 3:
        return "", one.answers(one.between(*model.PLAIN), AMBIVALENT, _REST)
    rest = np.array(model.CONTRADICTION[POLARITIES[side]])
    return "", one.answers(one.between(*model.SPLIT), side, rest)


def _read(rng: np.random.Generator, said: Ints, misread: tuple[float, ...]) -> Ints:
    """What three coders make of the answers."""
    chances = _NEAR / _NEAR.sum(axis=1, keepdims=True)
    edges = chances.cumsum(axis=1)

    def mistaken() -> Ints:
        picked = rng.random(said.shape)[..., None] > edges[said]
        return np.asarray(np.minimum(picked.sum(axis=-1), len(POLARITIES) - 1), dtype=np.int64)

    hard, alike = rng.random(said.shape) < _HARD, mistaken()
    seen = np.where(hard, alike, said)
    return np.stack(
        [np.where(~hard & (rng.random(said.shape) < share), mistaken(), seen) for share in misread]
    )
