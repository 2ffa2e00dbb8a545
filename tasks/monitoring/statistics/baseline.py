"""From the days of a baseline to a chart with its threshold. Pure.

Thresholds are simulated with numpy, which is imported where one is learnt: most passes learn none,
and would pay for it with 14 MiB.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.monitoring.statistics.cusum import AmountChart, Chart, CountChart, Figure, ShareChart
from tasks.monitoring.statistics.dispersion import pearson_dispersion
from tasks.monitoring.statistics.intervals import wilson

FEWEST_DAYS = 14
_SMALLEST_SD = 0.02  # of a cost's logarithm: a baseline of equal days is not taken for certainty


@dataclass(frozen=True, slots=True)
class Watch:
    """What a baseline taught.

    Attributes:
        chart: what each later day is put to.
        threshold: the level of an alarm.
        before: the level as it was: a share, events by exposure, or a day's median amount.
        after: the level that is to be found.
        bound: what a claim has to exceed: the upper 97.5 % end of what the baseline leaves open;
            None where no claim is made of this kind of figure.
        dispersion: see `dispersion.py`; for an amount the deviation of its logarithm.
        days: days of the baseline with a figure.
        volume: mean of the numbers a day.
    """

    chart: Chart
    threshold: float
    before: float
    after: float
    bound: float | None
    dispersion: float
    days: int
    volume: float


def watch_share(
    days: Sequence[Figure],
    *,
    factor: float = 0.0,
    rise: float = 0.0,
    yearly: float,
    seen_volume: float = 0.0,
    dispersion: float | None = None,
) -> Watch:
    """Learn a share: of calls, or a mean of scores in 0..1.

    Args:
        days: the baseline, at least `FEWEST_DAYS` of them.
        factor: by which the share is to rise for an alarm; 0 to go by `rise`.
        rise: by how much, in shares.
        yearly: share of years with a false alarm.
        seen_volume: the mean number a day since, for the threshold.
        dispersion: where it is known otherwise; by default that of the days.
    """
    from tasks.monitoring.statistics import thresholds

    hits, of = _sums(days)
    spread = dispersion or pearson_dispersion([(one.value, one.of) for one in days])
    wide = max(spread, 1.0)
    before = (hits / wide + 0.5) / (of / wide + 1)
    after = min(before * factor if factor else before + rise, (1 + before) / 2)
    chart = ShareChart(before, after, spread)
    threshold = thresholds.share_threshold(
        chart, hits=hits, of=of, volumes=_volumes(days, seen_volume), yearly=yearly
    )
    bound = wilson(hits / wide, of / wide)[1]
    return Watch(chart, threshold, before, after, bound, spread, len(days), of / len(days))


def watch_count(
    days: Sequence[Figure], *, factor: float, yearly: float, seen_volume: float = 0.0
) -> Watch:
    """Learn events by exposure, such as tickets a call. Arguments as of `watch_share`."""
    from tasks.monitoring.statistics import thresholds

    events, exposure = _sums(days)
    expected = [(one.value, one.of * events / exposure) for one in days if events]
    chi2 = sum((value - mean) ** 2 / mean for value, mean in expected if mean)
    spread = min(max(1.0, chi2 / max(len(expected) - 1, 1)), 25.0)
    before = (events / spread + 0.5) / (exposure / spread)
    chart = CountChart(before, before * factor, spread)
    threshold = thresholds.count_threshold(
        chart, events=events, exposure=exposure, volumes=_volumes(days, seen_volume), yearly=yearly
    )
    volume = exposure / len(days)
    return Watch(chart, threshold, before, before * factor, None, spread, len(days), volume)


def watch_amount(days: Sequence[Figure], *, factor: float, yearly: float) -> Watch | None:
    """Learn an amount a day, such as cost; None where more than one day in five has none at all."""
    from tasks.monitoring.statistics import thresholds

    logs = [math.log(one.value) for one in days if one.value > 0]
    if len(logs) < max(FEWEST_DAYS, 0.8 * len(days)):
        return None
    mean = sum(logs) / len(logs)
    variance = sum((one - mean) ** 2 for one in logs) / (len(logs) - 1)
    chart = AmountChart(mean, max(math.sqrt(variance), _SMALLEST_SD), math.log(factor))
    threshold = thresholds.amount_threshold(chart, days=len(logs), yearly=yearly)
    before = math.exp(mean)
    return Watch(chart, threshold, before, before * factor, None, chart.log_sd, len(logs), 1.0)


def _sums(days: Sequence[Figure]) -> tuple[float, float]:
    return sum(one.value for one in days), sum(one.of for one in days)


def _volumes(days: Sequence[Figure], seen: float) -> tuple[float, ...]:
    from tasks.monitoring.statistics import thresholds

    volumes = [one.of for one in days]
    scale = thresholds.volume_scale(sum(volumes) / len(volumes), seen)
    return tuple(round(one * scale, 3) for one in volumes)
