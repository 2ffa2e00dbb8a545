"""Thresholds of CUSUM charts, for a stated share of false alarms a year. Pure.

The level before is learnt from a baseline of few days, and a chart that takes it for known raises
far more false alarms than it says (W. A. Jensen et al., J. Qual. Technol. 38, 2006, 349-364). So
each simulated year draws its true level from what the baseline leaves open, and then its days from
that level: the threshold is the quantile of the highest S that such years reach. One simulation
with a fixed seed gives the whole distribution, so equal figures give equal thresholds.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tasks.monitoring.statistics.cusum import AmountChart, CountChart, ShareChart

YEAR_DAYS = 365
YEARS = 10_000
SEED = 20261101

_Floats = npt.NDArray[np.float64]


@lru_cache(maxsize=256)
def share_threshold(
    chart: ShareChart,
    *,
    hits: float,
    of: float,
    volumes: tuple[float, ...],
    yearly: float,
    years: int = YEARS,
) -> float:
    """The threshold of a share's chart.

    Args:
        chart: what is watched.
        hits: those of the baseline.
        of: of how many; the level is drawn from the Beta distribution that Jeffreys' prior leaves,
            both numbers divided by the chart's dispersion.
        volumes: numbers a day to be expected; days are drawn from them.
        yearly: share of years with a false alarm, such as 0.05.
        years: simulated years.
    """
    rng = np.random.default_rng(SEED)
    spread = max(chart.dispersion, 1.0)
    levels = rng.beta(hits / spread + 0.5, (of - hits) / spread + 0.5, years)
    spreads = _spreads(chart.dispersion, len(volumes), hits / len(volumes), rng, years)
    return _quantile(share_maxima(chart, levels, volumes, rng, spreads), yearly)


@lru_cache(maxsize=256)
def count_threshold(
    chart: CountChart,
    *,
    events: float,
    exposure: float,
    volumes: tuple[float, ...],
    yearly: float,
    years: int = YEARS,
) -> float:
    """As `share_threshold`, for events by exposure; levels are drawn from a Gamma distribution."""
    rng = np.random.default_rng(SEED)
    spread = max(chart.dispersion, 1.0)
    levels = rng.gamma(events / spread + 0.5, spread / exposure, years)
    hit = math.log(chart.after / chart.before)
    slope = chart.after - chart.before

    def step(of: float) -> _Floats:
        means = levels * of
        if chart.dispersion > 1:
            means = rng.gamma(means / (chart.dispersion - 1), chart.dispersion - 1)
        return np.asarray((rng.poisson(means) * hit - of * slope) / chart.dispersion)

    return _quantile(_maxima(step, _days(volumes, rng), years), yearly)


@lru_cache(maxsize=256)
def amount_threshold(chart: AmountChart, *, days: int, yearly: float, years: int = YEARS) -> float:
    """As `share_threshold`, for amounts: mean and deviation of their logarithm are both drawn.

    Args:
        chart: what is watched.
        days: those of the baseline; the variance is drawn from the scaled inverse chi-square
            distribution of `days - 1` degrees of freedom, then the mean from a normal one.
        yearly: share of years with a false alarm.
        years: simulated years.
    """
    rng = np.random.default_rng(SEED)
    deviations = chart.log_sd * np.sqrt((days - 1) / rng.chisquare(days - 1, years))
    means = chart.log_mean + deviations / math.sqrt(days) * rng.standard_normal(years)
    pull = chart.log_shift / chart.log_sd**2
    offset = means - chart.log_mean - chart.log_shift / 2

    def step(of: float) -> _Floats:
        found: _Floats = pull * (offset + deviations * rng.standard_normal(years))
        return found

    return _quantile(_maxima(step, (1.0,) * YEAR_DAYS, years), yearly)


def share_maxima(
    chart: ShareChart,
    levels: _Floats,
    volumes: tuple[float, ...],
    rng: np.random.Generator,
    spreads: _Floats | None = None,
) -> _Floats:
    """The highest S of a year for each true level.

    Where calls come in bursts, each day draws a share of its own from a Beta distribution, since
    bursts make bad days far worse and not only more frequent.

    Args:
        chart: what is watched.
        levels: the true level of each year.
        volumes: numbers a day to draw from.
        rng: source of chance.
        spreads: the true dispersion of each year, above 1; None for independent calls.
    """
    hit = math.log(chart.after / chart.before)
    miss = math.log((1 - chart.after) / (1 - chart.before))

    def step(of: float) -> _Floats:
        if spreads is not None:
            number = round(of)
            inside = np.maximum((number - spreads) / (spreads - 1), 1e-3)
            shares = rng.beta(levels * inside, (1 - levels) * inside)
            hits = rng.binomial(number, shares)
            return np.asarray((hits * (hit - miss) + number * miss) / chart.dispersion)
        whole, part = divmod(of / chart.dispersion, 1)
        number = int(whole) + int(rng.random() < part)
        return np.asarray(rng.binomial(number, levels) * (hit - miss) + number * miss)

    return _maxima(step, _days(volumes, rng), len(levels))


def _spreads(
    seen: float, days: int, mean: float, rng: np.random.Generator, years: int
) -> _Floats | None:
    """True dispersions that a baseline leaves open; None where calls pass for independent.

    The error of a dispersion follows from the kurtosis of a negative binomial count of the same
    mean and dispersion.

    Args:
        seen: that of the baseline.
        days: of the baseline.
        mean: hits a day.
        rng: source of chance.
        years: how many to draw.
    """
    if seen < 1 or days < 2 or mean <= 0:
        return None
    kurtosis = 6 * (seen - 1) / mean + 1 / (seen * mean)
    error = math.sqrt((2 + kurtosis) / (days - 1))
    if seen <= 1.001:
        return None
    # a little more than 1 is what chance alone gives: then it is hardly more uncertain than seen
    trust = min(1.0, (seen - 1) / error) ** 2
    return np.maximum(seen * np.exp(trust * error * rng.standard_normal(years)), 1.001)


def _days(volumes: tuple[float, ...], rng: np.random.Generator) -> tuple[float, ...]:
    """A year's numbers a day, drawn from those that were seen."""
    return tuple(float(n) for n in rng.choice(np.array(volumes), YEAR_DAYS))


def _maxima(step: Callable[[float], _Floats], days: tuple[float, ...], years: int) -> _Floats:
    level, highest = np.zeros(years), np.zeros(years)
    for of in days:
        level = np.maximum(0.0, level + step(of))
        np.maximum(highest, level, out=highest)
    return highest


def _quantile(maxima: _Floats, yearly: float) -> float:
    """The threshold that at most `yearly` of years reach, a standard error on the safe side."""
    error = math.sqrt(yearly * (1 - yearly) / len(maxima))
    safe = max(yearly - error, yearly / 2)
    return float(np.quantile(maxima, 1 - safe, method="higher")) + 1e-9


def volume_scale(expected: float, seen: float) -> float:
    """By how much the baseline's numbers a day are raised for the threshold.

    In steps of a quarter, so that a threshold does not move with every day; never below 1.

    Args:
        expected: the mean number a day of the baseline.
        seen: the mean since.
    """
    if expected <= 0 or seen <= expected:
        return 1.0
    return float(1.25 ** round(math.log(seen / expected, 1.25)))
