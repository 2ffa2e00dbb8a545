"""The posterior over the classes, by Monte Carlo over each class's own draws. Pure.

For a hypothesis, the leading polarity's counts are binomial in each cell, seen through the coders'
error; the counts of the polarities that do not lead are Dirichlet-multinomial over all cells with
one leader. The marginal likelihood is the mean over the draws. Fixed seeds: the same counts give
the same numbers.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from math import lgamma, log

import numpy as np
from numpy.typing import NDArray

from tasks.validation.cells import Cells
from tasks.validation.codebook import POLARITIES
from tasks.validation.model import CLASSES, HYPOTHESES, Floats, Hypothesis, context_levels

DRAWS = 4000  # a class, shared evenly by its hypotheses

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


def prior_of(prior_stable: float) -> dict[str, float]:
    """The configured prior of `stable`; the other classes share the rest evenly."""
    rest = (1 - prior_stable) / (len(CLASSES) - 1)
    return {name: prior_stable if name == "stable" else rest for name in CLASSES}


def seed_of(design_digest: str, theme: str) -> int:
    """The seed of a theme's draws: 32 bits of the SHA-256 of design and theme."""
    return int.from_bytes(hashlib.sha256(f"{design_digest}/{theme}".encode()).digest()[:4], "big")


def classify(cells: Cells, *, prior_stable: float, coder_error: float, seed: int) -> Posterior:
    """The posterior over `CLASSES`.

    Args:
        cells: settled answers of one theme.
        prior_stable: prior probability of `stable`.
        coder_error: share of answers whose settled polarity is wrong.
        seed: see `seed_of`.
    """
    prior = prior_of(prior_stable)
    siblings = {name: sum(h.name == name for h in HYPOTHESES) for name in CLASSES}
    logs = np.empty(len(HYPOTHESES))
    for place, hypothesis in enumerate(HYPOTHESES):
        rng = np.random.default_rng((seed, place))
        draws = DRAWS // siblings[hypothesis.name]
        logs[place] = log(prior[hypothesis.name] / siblings[hypothesis.name])
        logs[place] += _log_marginal(hypothesis, cells, coder_error, rng, draws)
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    sides = {h.leaders[0]: w for h, w in zip(HYPOTHESES, weights, strict=True) if _is_stable(h)}
    return Posterior(
        classes={
            name: float(sum(w for h, w in zip(HYPOTHESES, weights, strict=True) if h.name == name))
            for name in CLASSES
        },
        polarity=max(("want", "reject"), key=lambda side: sides[side]),
        prior=prior,
        seed=seed,
    )


def _is_stable(hypothesis: Hypothesis) -> bool:
    return hypothesis.name == "stable"


def _log_marginal(
    hypothesis: Hypothesis, cells: Cells, error: float, rng: np.random.Generator, draws: int
) -> float:
    leading = np.array([POLARITIES.index(leader) for leader in hypothesis.leaders])[cells.kinds]
    hits = cells.counts[np.arange(len(leading)), leading].astype(np.float32)
    misses = cells.counts.sum(axis=1).astype(np.float32) - hits
    rest = sum(
        _log_rest(cells.counts[leading == place].sum(axis=0), hypothesis.rest, int(place))
        for place in np.unique(leading)
    )
    if hypothesis.name == "context_dependent":
        high, low = context_levels(rng, cells, draws, 1.0, towards=hypothesis.leaders[0])
        terms = [_terms(level, hits, misses, error) for level in (high, low)]
        logs = _over_patterns(terms[0], terms[1], cells)
    else:
        shares = hypothesis.draw(rng, cells, draws, 1.0)
        logs = _terms(shares, hits, misses, error).sum(axis=1, dtype=np.float64)
    return rest + _log_mean(logs)


def _terms(shares: Floats, hits: Floats, misses: Floats, error: float) -> Floats:
    """Log likelihood of each draw and cell; a misread answer lands on any other polarity."""
    taken = np.float32(error / (len(POLARITIES) - 1))
    seen = taken + shares * (np.float32(1 - error) - taken)
    result: Floats = hits * np.log(seen) + misses * np.log1p(-seen)
    return result


def _over_patterns(high: Floats, low: Floats, cells: Cells) -> _Logs:
    """Sum out which settings are favourable, exactly: all patterns but the two uniform ones."""
    member = np.equal.outer(cells.contexts, np.arange(cells.context_count)).astype(np.float32)
    favourable, other = (high @ member).astype(np.float64), (low @ member).astype(np.float64)
    everything = np.logaddexp(favourable, other).sum(axis=1)
    patterns = float(2**cells.context_count)
    if cells.context_count == 1:  # a setting that was not tried may be unlike the one that was
        return np.asarray(everything - log(patterns))
    uniform = np.logaddexp(favourable.sum(axis=1), other.sum(axis=1))
    share = np.minimum(np.exp(uniform - everything), 1.0 - 1e-12)
    return np.asarray(everything + np.log1p(-share) - log(patterns - 2))


def _log_rest(counts: NDArray[np.int64], weights: tuple[float, ...], leading: int) -> float:
    """Log probability of the counts that do not lead, whatever their composition."""
    total, seen, result = 0.0, 0, 0.0
    for place, (count, weight) in enumerate(zip(counts.tolist(), weights, strict=True)):
        if place != leading:
            total, seen = total + weight, seen + count
            result += lgamma(weight + count) - lgamma(weight)
    return result + lgamma(total) - lgamma(total + seen)


def _log_mean(logs: _Logs) -> float:
    peak = float(logs.max())
    return peak + log(float(np.exp(logs - peak).mean()))
