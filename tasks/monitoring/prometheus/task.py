"""The text file for node_exporter's textfile collector."""

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.home import under_home
from configs.schema import RetirementConfig
from tasks import wiring
from tasks.adapters.files import write_atomically
from tasks.monitoring.prometheus.exposition import exposition
from tasks.monitoring.prometheus.numbers import numbers_of
from tasks.records import Book, Fence


@task(name="write metrics", task_run_name="write metrics of {config.id}", cache_policy=NO_CACHE)
def write_metrics(config: RetirementConfig, fence: Fence) -> str:
    """Write the model's numbers as Prometheus text, whole or not at all; returns the path.

    Safe to repeat: equal records make equal bytes, and then nothing is written.
    Adds no record.

    Raises:
        FenceLost: a later pass took over; nothing was written.
        OSError: the file can't be written.
    """
    book = wiring.book()
    book.keep_lease(fence, wiring.clock().now())
    return str(write_metrics_file(config, book))


def write_metrics_file(config: RetirementConfig, book: Book) -> Path:
    """As `write_metrics`, within a pass that holds the lease. Raises `OSError`."""
    with book.reading() as session:
        numbers = numbers_of(config, session)
    path = metrics_file(config)
    write_atomically(path, exposition({config.id: numbers}))
    return path


def metrics_file(config: RetirementConfig) -> Path:
    """Where the model's text file stands."""
    alarms = config.monitoring.alarms
    if alarms is not None and alarms.prometheus_file is not None:
        return under_home(alarms.prometheus_file)
    return under_home(config.monitoring.reports_folder) / config.id / "emeritus.prom"
