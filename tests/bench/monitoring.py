"""Monitoring: what its alarms, claims, intervals and tests get wrong how often, by simulation.

Every figure comes with a 95 % interval of its own simulation. Thresholds are those of the real
code; over many baselines they are interpolated between real ones, and by how much that is off is
printed. Fixed seeds: the same figures each time.
"""

import math
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt

from tasks.monitoring.statistics.baseline import watch_amount, watch_count, watch_share
from tasks.monitoring.statistics.cusum import Figure as Day
from tasks.monitoring.statistics.cusum import ShareChart
from tasks.monitoring.statistics.evidence import claim_above
from tasks.monitoring.statistics.intervals import log_evidence_against, wilson, wilson_95
from tasks.monitoring.statistics.mix import mix_change
from tasks.monitoring.statistics.thresholds import share_maxima, share_threshold
from tests.bench.harness import Figure, report

SEED = 8
YEARLY, YEAR = 0.05, 365
BASELINES = 4_000  # learnt baselines a scenario, each followed by one year
START = date(2026, 1, 1)
BEFORE = 28  # quiet days of the watch before a change
WEEK = (260, 260, 260, 260, 260, 50, 50)

Floats = npt.NDArray[np.float64]
figures: list[Figure] = []


def main() -> None:
    started = time.monotonic()
    parts = range(len(SCENARIOS) + len(OTHERS))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for found in pool.map(_part, parts):
            figures.extend(found)
    print(f"simulated in {time.monotonic() - started:.0f} s\n")
    report(figures)


def _part(number: int) -> list[Figure]:
    """One part of the simulation, with a seed of its own."""
    figures.clear()
    rng = np.random.default_rng([SEED, number])
    if number < len(SCENARIOS):
        _shares(SCENARIOS[number], rng)
    else:
        OTHERS[number - len(SCENARIOS)](rng)
    return list(figures)


@dataclass(frozen=True)
class Scenario:
    """A share that is watched: its true level, calls a day, days of baseline, bursts."""

    rate: float
    calls: Sequence[int]
    days: int
    dispersion: float = 1.0

    def __str__(self) -> str:
        mean = sum(self.calls) / len(self.calls)
        more = f", bursts x{self.dispersion:g}" if self.dispersion > 1 else ""
        more += ", weekends low" if len(self.calls) > 1 else ""
        return f"{100 * self.rate:g} %, {mean:g}/day, {self.days} d{more}"

    def hits(
        self, rng: np.random.Generator, rate: float, days: int, paths: int
    ) -> npt.NDArray[np.int64]:
        """Daily hits, days x paths; with bursts, each day has a rate of its own."""
        calls = self.volumes(days)[:, None]
        rates: float | Floats = rate
        if self.dispersion > 1:
            inside = (calls - self.dispersion) / (self.dispersion - 1)
            rates = rng.beta(rate * inside, (1 - rate) * inside, (days, paths))
        return rng.binomial(calls, rates, (days, paths))

    def volumes(self, days: int) -> npt.NDArray[np.int64]:
        return np.resize(np.array(self.calls), days)


SCENARIOS = (
    Scenario(0.01, (200,), 90),
    Scenario(0.01, (200,), 28),
    Scenario(0.01, (200,), 180),
    Scenario(0.01, WEEK, 90),
    Scenario(0.01, (50,), 90),
    Scenario(0.01, (2000,), 90),
    Scenario(0.05, (200,), 90),
    Scenario(0.01, (200,), 90, 1.3),
    Scenario(0.01, (200,), 90, 2.0),
)


def _shares(one: Scenario, rng: np.random.Generator) -> None:
    """False alarms a year and delay of a doubled share, over learnt baselines."""
    learnt = one.hits(rng, one.rate, one.days, BASELINES)
    calls = one.volumes(one.days)
    watches = _watches(learnt.astype(float), calls, rng, factor=2.0)
    year = one.hits(rng, one.rate, YEAR, BASELINES)
    quiet = _crossed(year.astype(float), one.volumes(YEAR), watches)
    _share(f"false alarms a year: {one}", int(np.isfinite(quiet).sum()), BASELINES, YEARLY)
    quiet_days = one.hits(rng, one.rate, BEFORE, BASELINES)
    doubled = one.hits(rng, 2 * one.rate, YEAR, BASELINES)
    both = np.concatenate([quiet_days, doubled]).astype(float)
    delays = _crossed(both, one.volumes(BEFORE + YEAR), watches) - BEFORE
    _delay(f"days to an alarm, doubled: {one}", delays[delays > 0])
    if one == SCENARIOS[0]:
        fresh = _crossed(doubled.astype(float), one.volumes(YEAR), watches)
        _delay("  likewise, doubled from the first day of the watch", fresh)


def _taken_for_known(rng: np.random.Generator) -> None:
    """Why the baseline's own error has to be reckoned with: what false alarms would be else."""
    one = SCENARIOS[0]
    for days in (90, 28):
        learnt = one.hits(rng, one.rate, days, 400).sum(axis=0)
        crossed = 0
        for hits in learnt:
            share = (hits + 0.5) / (200 * days + 1)
            chart = ShareChart(share, 2 * share)
            known = _known_threshold(int(hits), days)
            year = share_maxima(chart, np.full(20, one.rate), (200.0,), rng)
            crossed += int((year >= known).sum())
        name = f"false alarms if {days} days were taken for known"
        _share(name, crossed, 20 * len(learnt), YEARLY)


_known: dict[tuple[int, int], float] = {}


def _known_threshold(hits: int, days: int) -> float:
    """The threshold for a share that is taken for known, to the nearest 8 hits."""
    key = (round(hits / 8), days)
    if key not in _known:
        share = (8 * key[0] + 0.5) / (200 * days + 1)
        of = 1e9  # so long a baseline leaves nothing open
        chart = ShareChart(share, 2 * share)
        _known[key] = share_threshold(
            chart, hits=share * of, of=of, volumes=(200.0,), yearly=YEARLY
        )
    return _known[key]


@dataclass(frozen=True)
class Watches:
    """Many learnt charts at once."""

    hit: Floats
    miss: Floats
    dispersion: Floats
    threshold: Floats


def _watches(
    learnt: Floats,
    calls: npt.NDArray[np.int64],
    rng: np.random.Generator,
    *,
    factor: float = 0.0,
    rise: float = 0.0,
    dispersions: Floats | None = None,
) -> Watches:
    """What `watch_share` makes of each baseline, thresholds interpolated between real ones."""
    sums, of = learnt.sum(axis=0), int(calls.sum())
    spread = _dispersions(learnt, calls) if dispersions is None else dispersions
    hit_grid = np.unique(np.quantile(sums, (0, 0.5, 1)).round(3))
    fixed = float(np.ptp(spread)) < 1e-9
    spread_grid = np.unique(spread[:1]) if fixed else np.quantile(spread, (0, 0.6, 0.8, 0.95, 1))
    spread_grid = np.unique(spread_grid.round(3))

    def real(hits: float, dispersion: float) -> float:
        days = [Day(START + timedelta(i), hits * n / of, float(n)) for i, n in enumerate(calls)]
        return watch_share(
            days, factor=factor, rise=rise, yearly=YEARLY, dispersion=dispersion
        ).threshold

    grid = np.array([[real(h, s) for s in spread_grid] for h in hit_grid])
    thresholds = _between(hit_grid, spread_grid, grid, sums, spread)
    tried = rng.choice(len(sums), 6, replace=False)
    off = max(abs(thresholds[i] - real(sums[i], spread[i])) for i in tried)
    print(
        f"  thresholds {thresholds.min():.2f} to {thresholds.max():.2f}, "
        f"interpolated within {off:.2f}"
    )
    wide = np.maximum(spread, 1.0)
    before = (sums / wide + 0.5) / (of / wide + 1)
    after = before * factor if factor else before + rise
    return Watches(np.log(after / before), np.log((1 - after) / (1 - before)), spread, thresholds)


def _dispersions(learnt: Floats, calls: npt.NDArray[np.int64]) -> Floats:
    """As `dispersion.pearson_dispersion`, for many baselines at once."""
    rates = learnt.sum(axis=0) / calls.sum()
    expected = calls[:, None] * rates
    chi2 = ((learnt - expected) ** 2 / np.maximum(expected * (1 - rates), 1e-12)).sum(axis=0)
    return np.maximum(chi2 / (len(calls) - 1), 1.0)


def _between(x: Floats, y: Floats, grid: Floats, at_x: Floats, at_y: Floats) -> Floats:
    """Bilinear interpolation; constant beyond the ends."""
    if len(y) == 1:
        return np.interp(at_x, x, grid[:, 0])
    rows = np.array([np.interp(at_y, y, row) for row in grid])  # x points x baselines
    if len(x) == 1:
        return rows[0]
    place = np.clip(np.searchsorted(x, at_x) - 1, 0, len(x) - 2)
    part = np.clip((at_x - x[place]) / (x[place + 1] - x[place]), 0, 1)
    columns = np.arange(len(at_x))
    found: Floats = rows[place, columns] * (1 - part) + rows[place + 1, columns] * part
    return found


def _crossed(hits: Floats, calls: npt.NDArray[np.int64], watches: Watches) -> Floats:
    """Day of the first alarm of each path; infinite for none."""
    level = np.zeros(hits.shape[1])
    found = np.full(hits.shape[1], np.inf)
    for day, (row, of) in enumerate(zip(hits, calls, strict=True), start=1):
        told = (row * watches.hit + (of - row) * watches.miss) / watches.dispersion
        level = np.maximum(0.0, level + told)
        found[(level >= watches.threshold) & np.isinf(found)] = day
    return found


def _satisfaction(rng: np.random.Generator) -> None:
    """Scores of five stars, mean 0.8, 20 answers a day; a fall by 0.1."""
    stars = np.array([0, 0.25, 0.5, 0.75, 1])
    usual, worse = np.array([0.03, 0.05, 0.12, 0.3, 0.5]), np.array([0.06, 0.09, 0.2, 0.29, 0.36])
    usual, worse = usual / usual.sum(), worse / worse.sum()
    fall = float(stars @ usual - stars @ worse)
    paths, answers = 1_000, 20

    def draw(weights: Floats, days: int) -> tuple[Floats, Floats]:
        counts = rng.multinomial(answers, weights, (days, paths))
        return answers - counts @ stars, counts @ stars**2

    lacking, squares = draw(usual, 90)
    calls = np.full(90, answers)
    mean = 1 - lacking.sum(axis=0) / calls.sum()
    number = calls.sum()
    variance = (squares.sum(axis=0) / number - mean**2) * number / (number - 1)
    within = np.clip(variance / (mean * (1 - mean)), 0.05, 1)
    rates = lacking.sum(axis=0) / number
    expected = answers * rates
    between = ((lacking - expected) ** 2 / (expected * (1 - rates))).sum(axis=0) / 89
    watches = _watches(lacking, calls, rng, rise=0.1, dispersions=np.maximum(between, within))
    quiet = _crossed(draw(usual, YEAR)[0], np.full(YEAR, answers), watches)
    name = "satisfaction, 20 answers/day, 90 d"
    _share(f"false alarms a year: {name}", int(np.isfinite(quiet).sum()), paths, YEARLY)
    fallen = _crossed(draw(worse, YEAR)[0], np.full(YEAR, answers), watches)
    _delay(f"days to an alarm, mean {fall:.2f} lower: {name}", fallen)


def _amounts(rng: np.random.Generator) -> None:
    """Cost a day, its logarithm normal with deviation 0.3; doubled."""
    paths, days, sd = 2_000, 90, 0.3
    learnt = rng.normal(0, sd, (days, paths))
    means, deviations = learnt.mean(axis=0), learnt.std(axis=0, ddof=1)
    grid = np.quantile(deviations, (0, 0.25, 0.5, 0.75, 1))

    def real(deviation: float) -> float:
        signs = np.resize(np.array([1.0, -1.0]), days) * math.sqrt((days - 1) / days)
        told = [Day(START + timedelta(i), math.exp(deviation * s)) for i, s in enumerate(signs)]
        watch = watch_amount(told, factor=2.0, yearly=YEARLY)
        assert watch is not None
        return watch.threshold

    thresholds = np.interp(deviations, grid, [real(one) for one in grid])
    shift = math.log(2)

    def crossed(mean: float) -> Floats:
        level, found = np.zeros(paths), np.full(paths, np.inf)
        for day in range(1, YEAR + 1):
            told = rng.normal(mean, sd, paths) - means - shift / 2
            level = np.maximum(0.0, level + shift / deviations**2 * told)
            found[(level >= thresholds) & np.isinf(found)] = day
        return found

    quiet = int(np.isfinite(crossed(0.0)).sum())
    _share("false alarms a year: cost, log deviation 0.3, 90 d", quiet, paths, YEARLY)
    _delay("days to an alarm, doubled: cost, log deviation 0.3, 90 d", crossed(shift))


def _counts(rng: np.random.Generator) -> None:
    """Tickets: two a day on average, of 200 calls; doubled."""
    paths, days, rate = 300, 90, 2.0
    calls = 200.0
    quiet, delays = 0, np.full(paths, np.inf)
    known: dict[tuple[int, float], tuple[float, float, float, float]] = {}
    for path in range(paths):
        counts = rng.poisson(rate, days)
        mean = counts.mean()
        spread = max(1.0, float(((counts - mean) ** 2 / mean).sum() / (days - 1)))
        key = (round(counts.sum() / 6), round(spread * 8) / 8)
        if key not in known:
            told = [Day(START + timedelta(i), float(n), calls) for i, n in enumerate(counts)]
            watch = watch_count(told, factor=2.0, yearly=YEARLY)
            known[key] = (watch.threshold, watch.before, watch.after, watch.dispersion)
        threshold, before, after, dispersion = known[key]
        hit, slope = math.log(after / before), calls * (after - before)

        def first(
            mean: float,
            hit: float = hit,
            slope: float = slope,
            dispersion: float = dispersion,
            threshold: float = threshold,
        ) -> float:
            level = 0.0
            for day, seen in enumerate(rng.poisson(mean, YEAR), start=1):
                level = max(0.0, level + (seen * hit - slope) / dispersion)
                if level >= threshold:
                    return day
            return math.inf

        quiet += sum(math.isfinite(first(rate)) for _ in range(4))
        delays[path] = first(2 * rate)
    _share("false alarms a year: tickets, 2 a day, 90 d", quiet, 4 * paths, YEARLY)
    _delay("days to an alarm, doubled: tickets, 2 a day, 90 d", delays)


def _claims(rng: np.random.Generator) -> None:
    """A claim that is not so: the true rate is just the bound, looked at daily for a year."""
    paths = 1_500
    for dispersion in (1.0, 4.0):
        one = Scenario(0.01, (200,), YEAR, dispersion)
        hits = one.hits(rng, 0.01, YEAR, paths)
        false = sum(_claimed(hits[:, path], 0.01) < math.inf for path in range(paths))
        bursts = ", calls in bursts x4" if dispersion > 1 else ""
        _share(f"false claims a year, rate at the bound{bursts}", false, paths, 1 / 20)
    one = Scenario(0.01, (200,), 90)
    learnt = one.hits(rng, 0.01, 90, 500).sum(axis=0)
    bounds = [wilson(float(hits), 18_000)[1] for hits in learnt]
    doubled = one.hits(rng, 0.02, YEAR, 500)
    days = np.array([_claimed(doubled[:, path], bound) for path, bound in enumerate(bounds)])
    _delay("days to a claim, doubled: 1 %, 200/day, 90 d", days)


def _claimed(hits: npt.NDArray[np.int64], bound: float) -> float:
    told = [Day(START + timedelta(i), float(n), 200.0) for i, n in enumerate(hits)]
    claim = claim_above(told, bound, 200.0)
    return math.inf if claim.day is None else (claim.day - START).days + 1


def _intervals(rng: np.random.Generator) -> None:
    """How often 95 % intervals hold the true rate: at one look exactly, at all looks by chance."""
    for rate, of in ((0.01, 200), (0.01, 6_000), (0.2, 200)):
        held = sum(
            _binomial(hits, of, rate)
            for hits in range(of + 1)
            if wilson_95(hits, of)[0] <= rate <= wilson_95(hits, of)[1]
        )
        name = f"Wilson holds the rate at one look: {100 * rate:g} % of {of:,}"
        figures.append(Figure(name, 100 * held, "%", "95 %", held / 0.95))
    paths = 4_000
    sums = rng.binomial(200, 0.01, (YEAR, paths)).cumsum(axis=0)
    ever_wilson = ever_sequence = 0
    for path in range(paths):
        looks = [(float(sums[day, path]), 200.0 * (day + 1)) for day in range(YEAR)]
        ever_sequence += any(log_evidence_against(0.01, *look) >= math.log(20) for look in looks)
        ends = (wilson(*look) for look in looks)
        ever_wilson += any(not low <= 0.01 <= high for low, high in ends)
    _share("sequence misses 1 % at some look of a year", ever_sequence, paths, 0.05)
    _share("Wilson misses 1 % at some look of a year", ever_wilson, paths, 0.05)


def _binomial(hits: int, of: int, rate: float) -> float:
    logs = math.lgamma(of + 1) - math.lgamma(hits + 1) - math.lgamma(of - hits + 1)
    return math.exp(logs + hits * math.log(rate) + (of - hits) * math.log1p(-rate))


def _mixes(rng: np.random.Generator) -> None:
    """Twelve weeks against four, six groups, 1,400 calls a week; weeks vary as callers do."""
    shares = np.array([0.4, 0.25, 0.15, 0.1, 0.07, 0.03])
    moved = np.array([0.3, 0.25, 0.15, 0.1, 0.07, 0.13])

    def weeks(weights: Floats, number: int, concentration: float) -> list[dict[str, int]]:
        found = []
        for drawn in rng.dirichlet(weights * concentration, number):
            counts = rng.multinomial(1_400, drawn)
            found.append({f"group {i}": int(n) for i, n in enumerate(counts)})
        return found

    def found(late: Floats, concentration: float, paths: int) -> int:
        changes = (
            mix_change(weeks(shares, 12, concentration), weeks(late, 4, concentration))
            for _ in range(paths)
        )
        return sum(change is not None and change.changed() for change in changes)

    for concentration, how in ((1e7, "independent calls"), (200.0, "calls in bursts")):
        false = found(shares, concentration, 4_000)
        _share(f"false changes of the mix, {how}", false, 4_000, 0.05)
    for concentration, how in ((1e7, "independent calls"), (200.0, "calls in bursts")):
        right = found(moved, concentration, 300)
        _share(f"changes found, 10 % of the calls moved, {how}", right, 300, 1.0)


def _share(name: str, hits: int, of: int, bound: float) -> None:
    """A simulated share with its 95 % interval, against the bound that it should keep."""
    low, high = wilson_95(hits, of)
    unit = f"% ({100 * low:.1f} to {100 * high:.1f})"
    against = "what is there" if bound == 1.0 else f"the stated {100 * bound:g} %"
    figures.append(Figure(name, 100 * hits / of, unit, against, hits / of / bound))


def _delay(name: str, days: Floats) -> None:
    """The median with the 90th percentile, against ten days."""
    median, late = np.quantile(days, (0.5, 0.9), method="higher")
    soon = float((days <= 10).mean())
    unit = f"days (90 % by {late:g}; {100 * soon:.0f} % within 10)"
    figures.append(Figure(name, float(median), unit, "10 days", float(median) / 10))


OTHERS = (_taken_for_known, _satisfaction, _amounts, _counts, _claims, _intervals, _mixes)

if __name__ == "__main__":
    main()
