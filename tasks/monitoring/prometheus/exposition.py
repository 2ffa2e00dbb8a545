"""Numbers as Prometheus' text exposition format."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from tasks.monitoring.prometheus.numbers import Kind, Number


@dataclass(frozen=True, slots=True, eq=False)  # a registry keeps collectors by identity
class Told:
    """What `generate_latest` collects: the numbers of some models."""

    numbers: Mapping[str, Sequence[Number]]

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client`'s collectors."""
        yield from families(self.numbers)

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: names follow from the records."""
        return ()


def exposition(numbers: Mapping[str, Sequence[Number]]) -> bytes:
    """The text of some models' numbers, by model id; equal numbers give equal bytes."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Told(numbers))
    return generate_latest(registry)


def families(numbers: Mapping[str, Sequence[Number]]) -> tuple[Metric, ...]:
    """One metric family a name, by name, however many models tell of it."""
    found: dict[str, Metric] = {}
    for model, told in sorted(numbers.items()):
        for one in told:
            names = ["model", "simulated", *(name for name, _ in one.labels)]
            values = [
                model,
                "true" if one.simulated else "false",
                *(value for _, value in one.labels),
            ]
            family = found.get(one.name)
            if family is None:
                family = found[one.name] = _family(one, names)
            assert isinstance(family, (CounterMetricFamily, GaugeMetricFamily))
            family.add_metric(values, one.value)
    return tuple(found[name] for name in sorted(found))


def _family(one: Number, labels: Sequence[str]) -> Metric:
    if one.kind is Kind.COUNTER:
        return CounterMetricFamily(one.name, one.help, labels=labels)
    return GaugeMetricFamily(one.name, one.help, labels=labels)
