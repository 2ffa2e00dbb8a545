"""`emeritus doctor`: what the configuration relies on, tried."""

from collections.abc import Iterator
from dataclasses import replace

from rich.console import Console
from rich.table import Table
from rich.text import Text

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.access.core import APPROVAL_NAMESPACE
from tasks.ports.checks import Check
from tasks.preservation.preflight import preflight

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def examine(config: RetirementConfig) -> tuple[Check, ...]:
    """Try what the model's configuration relies on; only probes are written.

    Each endpoint is asked for one token: nothing else shows that a key is right.
    """
    people = wiring.people_checks(config.access, APPROVAL_NAMESPACE)
    channels = wiring.channel_checks(config.communication)
    essays = wiring.essay_checks(config.essays)
    return (*preflight(config), *people, *_endpoints(config), *channels, *essays)


def _endpoints(config: RetirementConfig) -> Iterator[Check]:
    coders = (*config.validation.coders, config.validation.adjudicator)
    for name, endpoint in (("model", config.endpoint), *((c.name, c.endpoint) for c in coders)):
        for check in wiring.endpoint_checks(endpoint):
            yield replace(check, name=f"{name}: {check.name}")


def show(console: Console, checks: tuple[Check, ...]) -> None:
    """Print one line a check."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column("what", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("what was found", overflow="fold")
    for check in checks:
        table.add_row(check.name, Text(check.state, style=_STYLES[check.state]), Text(check.said))
    console.print(table)
