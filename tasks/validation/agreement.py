"""How far coders agree, and what their disagreement says of their error. Pure.

Every function takes units: for each answer and theme, one sequence of readings, a coder a place,
None where a coder has no usable reading. Units with fewer than two readings tell nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.validation.codebook import POLARITIES
from tasks.validation.misreading import misread_share

Units = Sequence[Sequence[str | None]]
Floats = NDArray[np.float64]

RESAMPLES = 500
#: A polarity with this share of all readings makes alpha fall whatever the coders do (the paradox
#: of prevalence: Feinstein & Cicchetti 1990), so that the target is then one for AC1.
PREVALENT = 0.8


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two coders agree; None where a number is not defined.

    Attributes:
        answers: units with two readings.
        agreement: share of them read alike.
        alpha: Krippendorff's, nominal.
        alpha_low: lower end of its 95 % interval.
        alpha_high: upper end.
        ac1: Gwet's AC1.
        prevalence: share of all readings that the commonest polarity has.
        misread: see `coder_misread`.
    """

    answers: int
    agreement: float | None
    alpha: float | None
    alpha_low: float | None
    alpha_high: float | None
    ac1: float | None
    prevalence: float | None
    misread: float

    @property
    def measure(self) -> str:
        """Which coefficient the target is one for: `alpha`, or `ac1` under high prevalence."""
        return "ac1" if (self.prevalence or 0) >= PREVALENT else "alpha"

    def reaches(self, target: float) -> bool | None:
        """Whether the coefficient that counts reaches the target; None where it isn't defined."""
        value = self.ac1 if self.measure == "ac1" else self.alpha
        return None if value is None else value >= target


def agreement_of(units: Units, *, coder_error: float, seed: int) -> Agreement:
    """All of it at once.

    Args:
        units: see the module.
        coder_error: the configured error of a coder, from 0 to 1.
        seed: of the interval's resamples.
    """
    counts = _counts(units)
    interval = alpha_interval(units, seed=seed)
    total = counts.sum()
    return Agreement(
        answers=len(counts),
        agreement=percent_agreement(units),
        alpha=nominal_alpha(units),
        alpha_low=None if interval is None else interval[0],
        alpha_high=None if interval is None else interval[1],
        ac1=gwet_ac1(units),
        prevalence=float(counts.sum(axis=0).max() / total) if total else None,
        misread=coder_misread(units, prior=coder_error),
    )


def percent_agreement(units: Units) -> float | None:
    """Share of units that all readers read alike, of those with two readings or more.

    Returns:
        Between 0 and 1, or None without a unit that two readers read.
    """
    counts = _counts(units)
    if not len(counts):
        return None
    return float(np.mean((counts > 0).sum(axis=1) == 1))


def nominal_alpha(units: Units) -> float | None:
    """Krippendorff's alpha for nominal data, missing readings allowed.

    K. Krippendorff, Content Analysis, 4th ed. (2019), ch. 12: 1 - observed / expected
    disagreement, from the coincidences of values within units.

    Returns:
        At most 1; None where it is not defined: no pairs, or one value throughout.
    """
    counts = _counts(units)
    alpha = float(_alphas(counts, np.ones((1, len(counts))))[0])
    return None if np.isnan(alpha) else alpha


def alpha_interval(
    units: Units, *, seed: int, resamples: int = RESAMPLES
) -> tuple[float, float] | None:
    """The 95 % interval of alpha: percentiles over resamples of the units, with replacement.

    A. F. Hayes & K. Krippendorff, Answering the call for a standard reliability measure for coding
    data (2007). Resamples without any variation have no alpha and are left out.

    Returns:
        (low, high); None where alpha is not defined, or for more than half of the resamples.
    """
    counts = _counts(units)
    if nominal_alpha(units) is None:
        return None
    kinds, many = np.unique(counts, axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(counts), many / len(counts), size=resamples)
    alphas = _alphas(kinds, drawn.astype(np.float64))
    alphas = alphas[~np.isnan(alphas)]
    if 2 * len(alphas) < resamples:
        return None
    low, high = np.percentile(alphas, (2.5, 97.5))
    return float(low), float(high)


def gwet_ac1(units: Units) -> float | None:
    """Gwet's AC1: like alpha, but hardly moved by one value being far commoner than the others.

    K. L. Gwet, Computing inter-rater reliability and its variance in the presence of high
    agreement (2008): chance agreement is sum(p * (1 - p)) / (categories - 1).

    Returns:
        At most 1; None without pairs.
    """
    counts = _counts(units)
    if not len(counts):
        return None
    readings = counts.sum(axis=1)
    alike = ((counts * (counts - 1)).sum(axis=1) / (readings * (readings - 1))).mean()
    shares = (counts / readings[:, None]).mean(axis=0)
    chance = float((shares * (1 - shares)).sum()) / (len(POLARITIES) - 1)
    return float((alike - chance) / (1 - chance))


def coder_misread(units: Units, *, prior: float) -> float:
    """Share of answers that one coder misreads; see `misreading.misread_share`.

    Args:
        units: of each, the first two readings are compared.
        prior: the configured share; what comes back without any units.
    """
    pairs = [[value for value in unit if value is not None][:2] for unit in units]
    pairs = [pair for pair in pairs if len(pair) == 2]
    return misread_share(sum(first == second for first, second in pairs), len(pairs), prior)


def _counts(units: Units) -> Floats:
    """[units with two readings or more, polarities]: how many read each polarity."""
    rows = np.zeros((len(units), len(POLARITIES)))
    place = {polarity: number for number, polarity in enumerate(POLARITIES)}
    for row, unit in zip(rows, units, strict=True):
        for value in unit:
            if value is not None:
                row[place[value]] += 1
    kept: Floats = rows[rows.sum(axis=1) >= 2]
    return kept


def _alphas(kinds: Floats, weights: Floats) -> Floats:
    """Alpha of weighted units; NaN where it is not defined.

    Args:
        kinds: [kinds, polarities] readings of each kind of unit.
        weights: [samples, kinds] how many units of the kind each sample has.
    """
    readings = kinds.sum(axis=1)
    apart = (readings * (readings - 1) - (kinds * (kinds - 1)).sum(axis=1)) / (readings - 1)
    margins = weights @ kinds
    total = margins.sum(axis=1)
    expected = total * (total - 1) - (margins * (margins - 1)).sum(axis=1)
    varied = expected > 0
    result = np.full(len(weights), np.nan)
    observed = (weights @ apart)[varied]
    result[varied] = 1 - (total[varied] - 1) * observed / expected[varied]
    return result
