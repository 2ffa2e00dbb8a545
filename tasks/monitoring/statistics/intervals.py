"""Intervals of rates: for one look, for many looks, and for a mix that changed. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tasks.monitoring.core import Z_95, wilson, wilson_95

__all__ = [
    "Rate",
    "Standardised",
    "confidence_sequence",
    "log_evidence_against",
    "rate_of",
    "standardised",
    "wilson",
    "wilson_95",
]

_STEPS = 60


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its uncertainty.

    Attributes:
        hits: how many; a sum of scores in 0..1 may stand here.
        of: of how many; never 0.
        low: lower end of the 95 % interval for this one look (Wilson, by the effective number).
        high: its upper end.
        always_low: lower end of the 95 % confidence sequence: holds however often one looked.
        always_high: its upper end.
        dispersion: by which the number of independent observations was divided.
    """

    hits: float
    of: float
    low: float
    high: float
    always_low: float
    always_high: float
    dispersion: float

    @property
    def share(self) -> float:
        """Hits by of."""
        return self.hits / self.of


def rate_of(hits: float, of: float, dispersion: float = 1.0) -> Rate | None:
    """A rate with both of its intervals; None where nothing was counted.

    Args:
        hits: how many, or a sum of scores in 0..1.
        of: of how many.
        dispersion: see `dispersion.py`; numbers are divided by it.
    """
    if of <= 0:
        return None
    low, high = wilson(hits / dispersion, of / dispersion)
    always_low, always_high = confidence_sequence(hits / dispersion, of / dispersion)
    return Rate(hits, of, low, high, always_low, always_high, dispersion)


def confidence_sequence(hits: float, of: float, alpha: float = 0.05) -> tuple[float, float]:
    """An interval that holds at every look at once with probability 1 - alpha.

    Beta-binomial mixture with a uniform mixing density: all rates under which the mixture's
    likelihood ratio stays below 1/alpha. Source: S. R. Howard, A. Ramdas, J. McAuliffe,
    J. Sekhon, Ann. Statist. 49 (2021), 1055-1080; H. Robbins, Ann. Math. Statist. 41 (1970),
    1397-1409. It assumes independent observations; divide both numbers by a dispersion otherwise,
    after which it is an approximation.
    """
    most, share = math.log(1 / alpha), hits / of

    def end(inside: float, outside: float) -> float:
        for _ in range(_STEPS):
            middle = (inside + outside) / 2
            if log_evidence_against(middle, hits, of) < most:
                inside = middle
            else:
                outside = middle
        return outside

    tiny = 1e-12
    inside = min(max(share, tiny), 1 - tiny)
    low = 0.0 if hits <= 0 else end(inside, tiny)
    high = 1.0 if hits >= of else end(inside, 1 - tiny)
    return low, high


def log_evidence_against(rate: float, hits: float, of: float) -> float:
    """Logarithm of the mixture's likelihood ratio against one rate, strictly between 0 and 1."""
    mixed = math.lgamma(1 + hits) + math.lgamma(1 + of - hits) - math.lgamma(2 + of)
    told = hits * math.log(rate) + (of - hits) * math.log1p(-rate)
    return mixed - told


@dataclass(frozen=True, slots=True)
class Standardised:
    """A rate as it would be had the groups kept the baseline's shares.

    Attributes:
        share: the standardised rate.
        low: lower end of its 95 % interval, normal approximation.
        high: its upper end.
        weight_known: share of the baseline's calls that lie in groups which still have calls.
    """

    share: float
    low: float
    high: float
    weight_known: float


def standardised(
    groups: Mapping[str, tuple[int, int]], baseline: Mapping[str, int]
) -> Standardised | None:
    """Direct standardisation: each group's rate now, weighted by its share of the baseline.

    A rate can rise although no group's did, when calls move to groups of a higher rate (E. H.
    Simpson, JRSS B 13, 1951). Standing beside the plain rate, this tells which it was. Groups that
    have no calls now leave their weight to the others, and `weight_known` says how much is left.

    Args:
        groups: hits and of how many now, by group.
        baseline: calls of the baseline, by group.

    Returns:
        None where no group of the baseline has calls now.
    """
    total = sum(baseline.values())
    kept = {name: n for name, n in baseline.items() if n > 0 and groups.get(name, (0, 0))[1] > 0}
    known = sum(kept.values())
    if not known:
        return None
    share = variance = 0.0
    for name, number in kept.items():
        hits, of = groups[name]
        weight, smoothed = number / known, (hits + 1) / (of + 2)
        share += weight * hits / of
        variance += weight**2 * smoothed * (1 - smoothed) / of
    half = Z_95 * math.sqrt(variance)
    return Standardised(share, max(0.0, share - half), min(1.0, share + half), known / total)
