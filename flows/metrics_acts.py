"""The numbers of every model: for a Prometheus server that asks, for people, and for artifacts."""

import logging
import threading
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import Metric
from sqlalchemy.exc import SQLAlchemyError

from configs.schema import RetirementConfig
from flows.acts import config_in_force, models_in_force
from tasks import wiring
from tasks.kernel.errors import EmeritusError, SystemRefused, told
from tasks.kernel.labels import artifact_key, labelled
from tasks.monitoring.prometheus.exposition import exposition, families
from tasks.monitoring.prometheus.numbers import Number, numbers_of

logger = logging.getLogger("emeritus.metrics")

_READABLE = "emeritus_model_readable"
_READABLE_HELP = "Whether a model's records could be read at this scrape."


class EveryModel:
    """Collects the numbers of all models in force, from the records, at each scrape."""

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client`'s collectors. A model that can't be read says so, and no more."""
        yield from families(every_number())

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: names follow from the records."""
        return ()


def every_number() -> dict[str, list[Number]]:
    """The numbers of each model in force, by id. Reads only."""
    return {model: _numbers(model) for model in models_in_force()}


def numbers_now(config: RetirementConfig) -> tuple[Number, ...]:
    """One model's numbers. Reads only."""
    with wiring.book().reading() as session:
        return numbers_of(config, session)


def metrics_text(model: str = "") -> str:
    """The text exposition of one model, or of all. Raises `NotFound`."""
    if model:
        return exposition({model: numbers_now(config_in_force(model))}).decode()
    return exposition(every_number()).decode()


def artifact_rows(numbers: Iterable[Number]) -> list[dict[str, Any]]:
    """The same numbers as rows of a Prefect table artifact."""
    return [
        {
            "number": labelled(one.name, one.simulated),
            "of": ", ".join(f"{name}={value}" for name, value in one.labels),
            "value": one.value,
            "what it is": one.help,
        }
        for one in numbers
    ]


def publish_numbers(config: RetirementConfig) -> None:
    """Make the Prefect artifact `numbers-<model>` of the run under way."""
    from prefect.artifacts import create_table_artifact

    create_table_artifact(
        key=artifact_key("numbers", config.id),
        table=artifact_rows(numbers_now(config)),
        description=f"The numbers of {config.id}, as Prometheus is told them",
    )


def start(port: int, host: str) -> tuple[WSGIServer, threading.Thread]:
    """Begin to serve the numbers; returns the server, which knows its port, and its thread.

    Args:
        port: TCP port; 0 for a free one.
        host: address to listen at.

    Raises:
        SystemRefused: the port can't be had.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(EveryModel())
    try:
        return start_http_server(port, addr=host, registry=registry)
    except (OSError, OverflowError) as error:
        why = told(error) if isinstance(error, OSError) else str(error)
        raise SystemRefused(
            f"metrics can't be served at {host}:{port}: {why}; choose another with --port or --host"
        ) from None


def _numbers(model: str) -> list[Number]:
    try:
        found = list(numbers_now(config_in_force(model)))
    except (EmeritusError, SQLAlchemyError, ValueError) as error:
        logger.warning("%s: its numbers can't be told: %s", model, type(error).__name__)
        return [Number(_READABLE, _READABLE_HELP, 0.0)]
    simulated = any(one.simulated for one in found)
    return [*found, Number(_READABLE, _READABLE_HELP, 1.0, simulated=simulated)]
