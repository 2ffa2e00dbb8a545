"""`emeritus doctor`: what the configuration relies on, tried."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from configs.schema import RetirementConfig
from tasks.ports.checks import Check
from tasks.preservation.preflight import preflight

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def examine(config: RetirementConfig) -> tuple[Check, ...]:
    """Try what the model's configuration relies on; only probes are written."""
    return preflight(config)


def show(console: Console, checks: tuple[Check, ...]) -> None:
    """Print one line a check."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column("what", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("what was found", overflow="fold")
    for check in checks:
        table.add_row(check.name, Text(check.state, style=_STYLES[check.state]), Text(check.said))
    console.print(table)
