"""From daily figures to alarms and claims, and to changes of the mix. Pure.

An alarm means "look"; a claim means "it is so". See docs/stages/monitoring/statistics.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from configs.schema.alarms import AlarmsConfig
from tasks.monitoring.incidents.figures import Series, series_of
from tasks.monitoring.sources.rows import Mix, Reading
from tasks.monitoring.statistics.baseline import (
    FEWEST_DAYS,
    Watch,
    watch_amount,
    watch_count,
    watch_share,
)
from tasks.monitoring.statistics.cusum import Crossing, Figure, Path, run
from tasks.monitoring.statistics.dispersion import pearson_dispersion, score_dispersion
from tasks.monitoring.statistics.evidence import Claim, claim_above
from tasks.monitoring.statistics.intervals import Rate, rate_of

if TYPE_CHECKING:
    from tasks.monitoring.statistics.mix import MixChange

NOW_WEEKS = 4


@dataclass(frozen=True, slots=True)
class Restart:
    """What a person's closing of an alarm means for its signal.

    Attributes:
        after: days up to this one are settled: the CUSUM begins anew after it.
        learn_after: on this day the level was accepted: the days after it are the new baseline.
    """

    after: date
    learn_after: date | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """How one signal stands.

    Attributes:
        series: its figures.
        learnt: days of baseline that there are; `needed` of them begin the watch.
        needed: see `learnt`.
        baseline: first and last day of the baseline; None without any figure.
        watch: what the baseline taught; None while it is learnt, or where it can't be.
        path: the CUSUM since the watch, or the last closing, began.
        claim: the e-process since the watch began; None where none is made.
        before: the rate of the baseline; None for amounts.
        now: the rate since the watch began; likewise.
        mean: mean figure a day since the watch began, for amounts; None before the first day.
    """

    series: Series
    learnt: int
    needed: int
    baseline: tuple[date, date] | None
    watch: Watch | None
    path: Path | None
    claim: Claim | None
    before: Rate | None
    now: Rate | None
    mean: float | None

    @property
    def crossing(self) -> Crossing | None:
        """Where it reached its threshold; None while it has not."""
        return self.path.crossing if self.path else None


@dataclass(frozen=True, slots=True)
class MixFound:
    """A comparison of the mix of one source's calls."""

    source: str
    by: str
    change: "MixChange"
    simulated: bool


def judge(
    config: AlarmsConfig, readings: Mapping[str, Reading], restarts: Mapping[str, Restart]
) -> tuple[Signal, ...]:
    """Every signal that the sources tell.

    Args:
        config: what is watched.
        readings: the latest of each source.
        restarts: by subject, the last closing of an alarm.
    """
    found = series_of(config.signals, readings)
    return tuple(_judge(config, one, restarts.get(one.subject)) for one in found)


def mixes(config: AlarmsConfig, readings: Mapping[str, Reading]) -> tuple[MixFound, ...]:
    """The mix of the last four whole weeks against that of the baseline, a source that tells it."""
    from tasks.monitoring.statistics.mix import mix_change  # loads numpy, as thresholds do

    found = []
    for source, reading in sorted(readings.items()):
        days = [Figure(day.day, 0, day.calls) for day in reading.days if day.calls]
        weeks = [week for week in reading.mix if week.by == config.mix_by and _whole(week, reading)]
        baseline, _ = _split(config, days, None)
        if not reading.usable or not weeks or not baseline:
            continue
        first, last = baseline[0].day, baseline[-1].day
        before = [w.groups for w in weeks if first <= w.week_of and _sunday(w) <= last]
        now = [w.groups for w in sorted(weeks, key=lambda w: w.week_of) if w.week_of > last]
        change = mix_change(before, now[-NOW_WEEKS:])
        if change is not None:
            found.append(MixFound(source, config.mix_by, change, reading.simulated))
    return tuple(found)


def _judge(config: AlarmsConfig, series: Series, restart: Restart | None) -> Signal:
    baseline, watched = _split(config, series.figures, restart)
    accepted = restart is not None and restart.learn_after is not None
    needed = FEWEST_DAYS if config.watch_from and not accepted else config.baseline_days
    period = (baseline[0].day, baseline[-1].day) if baseline else None
    watch = _watch(config, series, baseline, watched) if len(baseline) >= needed else None
    amount = series.name == "cost"
    before = None if amount else _rate(series, baseline)
    if watch is None:
        return Signal(series, len(baseline), needed, period, None, None, None, before, None, None)
    since = restart.after if restart else date.min
    path = run(watch.chart, [one for one in watched if one.day > since], watch.threshold)
    claim = None
    if watch.bound is not None and 0 < watch.bound < 1:
        claim = claim_above(watched, watch.bound, watch.volume)
    mean = sum(one.value for one in watched) / len(watched) if amount and watched else None
    now = None if amount else _rate(series, watched)
    return Signal(series, len(baseline), needed, period, watch, path, claim, before, now, mean)


def _split(
    config: AlarmsConfig, figures: Sequence[Figure], restart: Restart | None
) -> tuple[list[Figure], list[Figure]]:
    """The days of the baseline, and those of the watch."""
    if restart is not None and restart.learn_after is not None:
        later = [one for one in figures if one.day > restart.learn_after]
        return later[: config.baseline_days], later[config.baseline_days :]
    if config.watch_from is None:
        return list(figures[: config.baseline_days]), list(figures[config.baseline_days :])
    begins = config.watch_from - timedelta(days=config.baseline_days)
    baseline = [one for one in figures if begins <= one.day < config.watch_from]
    return baseline, [one for one in figures if one.day >= config.watch_from]


def _watch(
    config: AlarmsConfig, series: Series, baseline: Sequence[Figure], watched: Sequence[Figure]
) -> Watch | None:
    yearly = config.yearly_false_alarms
    if series.name == "cost":
        return watch_amount(baseline, factor=config.factor, yearly=yearly)
    seen = sum(one.of for one in watched) / len(watched) if watched else 0.0
    if series.name == "tickets":
        return watch_count(baseline, factor=config.factor, yearly=yearly, seen_volume=seen)
    if series.name == "satisfaction":
        return watch_share(
            baseline,
            rise=config.satisfaction_drop,
            yearly=yearly,
            seen_volume=seen,
            dispersion=_score_spread(series, baseline),
        )
    return watch_share(baseline, factor=config.factor, yearly=yearly, seen_volume=seen)


def _score_spread(series: Series, days: Sequence[Figure]) -> float:
    """Dispersion of scores: by how much days differ, from what scores within them vary by."""
    between = pearson_dispersion([(one.value, one.of) for one in days], least=0.05)
    if any(one.day not in series.squares for one in days):
        return max(between, 1.0)
    scores = sum(one.of for one in days)
    total = scores - sum(one.value for one in days)
    within = score_dispersion(scores, total, sum(series.squares[one.day] for one in days))
    return max(between, within)


def _rate(series: Series, days: Sequence[Figure]) -> Rate | None:
    hits, of = sum(one.value for one in days), sum(one.of for one in days)
    if series.unit == "days" or not of or hits > of:
        return None
    return rate_of(hits, of, pearson_dispersion([(one.value, one.of) for one in days]))


def _whole(week: Mix, reading: Reading) -> bool:
    if reading.covers is None:
        return False
    return reading.covers[0] <= week.week_of and _sunday(week) <= reading.covers[1]


def _sunday(week: Mix) -> date:
    return week.week_of + timedelta(days=6)
