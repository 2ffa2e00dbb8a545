"""The posterior over the classes, by Monte Carlo over each class's own draws. Pure.

For a hypothesis, the leading polarity's counts are binomial in each cell, seen through the coders'
error; the counts of the polarities that do not lead are Dirichlet-multinomial over all cells with
one leader. The marginal likelihood is the mean over the draws. The draws depend on the grid alone,
so all themes of a design are judged against the same ones: a product of matrices. Fixed seeds: the
same counts give the same numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import log

import numpy as np
from numpy.typing import NDArray

from tasks.validation.cells import Cells
from tasks.validation.codebook import POLARITIES
from tasks.validation.model import CLASSES, HYPOTHESES, Floats, Hypothesis, context_levels

DRAWS = 4000  # a hypothesis

_AT_ONCE = 250  # draws; their tables stay in a core's cache
_Logs = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Posterior:
    """What the counts say.

    Attributes:
        classes: class -> probability; sums to 1.
        polarity: the likelier side of `stable`: `want` or `reject`.
        prior: class -> probability before any answer.
        seed: of the draws.
    """

    classes: Mapping[str, float]
    polarity: str
    prior: Mapping[str, float]
    seed: int

    @property
    def likeliest(self) -> str:
        """The class with the highest probability."""
        return max(CLASSES, key=lambda name: self.classes[name])


@dataclass(frozen=True, slots=True)
class Assumed:
    """What a classification takes for granted.

    Attributes:
        prior: class -> probability before any answer; sums to 1.
        error: share of settled answers whose polarity is wrong, evenly over the others.
        scale: of the small effects, as a multiple of the model's own.
        draws: a hypothesis.
    """

    prior: Mapping[str, float]
    error: float
    scale: float = 1.0
    draws: int = DRAWS


def classify(cells: Cells, assumed: Assumed, seed: int) -> tuple[Posterior, ...]:
    """The posterior over `CLASSES` of every theme.

    Args:
        cells: settled answers.
        assumed: see `Assumed`.
        seed: of the draws.

    Returns:
        One a theme, in the order of `cells.counts`.
    """
    siblings = {name: sum(h.name == name for h in HYPOTHESES) for name in CLASSES}
    logs = np.empty((len(HYPOTHESES), len(cells.counts)))
    for place, hypothesis in enumerate(HYPOTHESES):
        rng = np.random.default_rng((seed, place))
        share = assumed.prior[hypothesis.name] / siblings[hypothesis.name]
        logs[place] = log(share) if share > 0 else -np.inf
        logs[place] += _log_marginals(hypothesis, cells, assumed, rng)
    weights = np.exp(logs - logs.max(axis=0))
    weights /= weights.sum(axis=0)
    return tuple(_posterior(column, assumed.prior, seed) for column in weights.T)


def _posterior(weights: _Logs, prior: Mapping[str, float], seed: int) -> Posterior:
    classes = dict.fromkeys(CLASSES, 0.0)
    for hypothesis, weight in zip(HYPOTHESES, weights.tolist(), strict=True):
        classes[hypothesis.name] += weight
    sides = {
        h.leaders[0]: w for h, w in zip(HYPOTHESES, weights, strict=True) if h.name == "stable"
    }
    side = max(("want", "reject"), key=lambda name: sides[name])
    return Posterior(classes, side, dict(prior), seed)


def _log_marginals(
    hypothesis: Hypothesis, cells: Cells, assumed: Assumed, rng: np.random.Generator
) -> _Logs:
    """[themes] log marginal likelihoods."""
    leading = np.array([POLARITIES.index(leader) for leader in hypothesis.leaders])[cells.kinds]
    hits = cells.counts[:, np.arange(len(leading)), leading].astype(np.float32)
    misses = cells.counts.sum(axis=2).astype(np.float32) - hits
    rest = np.zeros(len(cells.counts))
    for place in np.unique(leading).tolist():
        rest += _log_rest(cells.counts[:, leading == place].sum(axis=1), hypothesis.rest, place)
    peak, total = np.full(len(rest), -np.inf), np.zeros(len(rest))
    for start in range(0, assumed.draws, _AT_ONCE):
        some = min(_AT_ONCE, assumed.draws - start)
        logs = _logs(hypothesis, cells, (hits, misses), replace(assumed, draws=some), rng)
        higher = np.maximum(peak, logs.max(axis=1))
        total = total * np.exp(peak - higher) + np.exp(logs - higher[:, None]).sum(axis=1)
        peak = higher
    return np.asarray(rest + peak + np.log(total / assumed.draws))


def _logs(
    hypothesis: Hypothesis,
    cells: Cells,
    counts: tuple[Floats, Floats],
    assumed: Assumed,
    rng: np.random.Generator,
) -> _Logs:
    """[themes, draws] log likelihoods of the leading polarity's counts under fresh draws."""
    hits, misses = counts
    if hypothesis.name != "context_dependent":
        levels = hypothesis.draw(rng, cells, assumed.draws, assumed.scale)
        return _fit(_tables(levels, assumed.error), hits, misses).astype(np.float64)
    towards = hypothesis.leaders[0]
    high, low = context_levels(rng, cells, assumed.draws, assumed.scale, towards=towards)
    tables = _tables(high, assumed.error), _tables(low, assumed.error)
    return _over_patterns(tables[0], tables[1], hits, misses, cells)


_Tables = tuple[Floats, Floats]


def _tables(levels: Floats, error: float) -> _Tables:
    """Log chances that the leading polarity is read, and that it is not: [draws, cells] each.

    A misread answer lands evenly on any other polarity.
    """
    taken = np.float32(error / (len(POLARITIES) - 1))
    seen = taken + levels * (np.float32(1 - error) - taken)
    return np.log(seen), np.log(1 - seen)  # log1p has no fast form in numpy


def _fit(tables: _Tables, hits: Floats, misses: Floats) -> Floats:
    """Log likelihood of every theme under every draw: [themes, draws]."""
    result: Floats = hits @ tables[0].T + misses @ tables[1].T
    return result


def _over_patterns(
    high: _Tables, low: _Tables, hits: Floats, misses: Floats, cells: Cells
) -> _Logs:
    """Sum out which settings are favourable, exactly: all patterns but the two uniform ones."""
    favourable, other = (_by_setting(tables, hits, misses, cells) for tables in (high, low))
    everything = np.logaddexp(favourable, other).sum(axis=0)
    patterns = float(2**cells.context_count)
    if cells.context_count == 1:  # a setting that was not tried may be unlike the one that was
        return np.asarray(everything - log(patterns))
    uniform = np.logaddexp(favourable.sum(axis=0), other.sum(axis=0))
    share = np.minimum(np.exp(uniform - everything), 1.0 - 1e-12)
    return np.asarray(everything + np.log1p(-share) - log(patterns - 2))


def _by_setting(tables: _Tables, hits: Floats, misses: Floats, cells: Cells) -> _Logs:
    """[settings, themes, draws]."""
    parts = []
    for setting in range(cells.context_count):
        there = cells.contexts == setting
        part = (tables[0][:, there], tables[1][:, there])
        parts.append(_fit(part, hits[:, there], misses[:, there]))
    return np.stack(parts).astype(np.float64)


def _log_rest(counts: NDArray[np.int64], weights: tuple[float, ...], leading: int) -> _Logs:
    """[themes] log probability of the counts that do not lead, whatever their composition."""
    from scipy.special import gammaln  # half a second to import, and only judging needs it

    others = [place for place in range(len(weights)) if place != leading]
    alpha, seen = np.array(weights)[others], counts[:, others]
    result = (gammaln(alpha + seen) - gammaln(alpha)).sum(axis=1)
    return np.asarray(
        result + gammaln(alpha.sum()) - gammaln(alpha.sum() + seen.sum(axis=1)), dtype=np.float64
    )
