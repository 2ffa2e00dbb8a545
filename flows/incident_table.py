"""Incidents, for people."""

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tasks.kernel.instants import from_text, to_minute
from tasks.kernel.labels import labelled


def show_list(console: Console, model_id: str, found: Sequence[dict[str, Any]]) -> None:
    """Print a line an incident."""
    if not found:
        console.print(Text(f"{model_id}: no incident is open; --all shows the closed ones too"))
        return
    table = Table(box=None, pad_edge=False)
    for name in ("incident", "raised", "severity", "state", "what it says"):
        table.add_column(name, no_wrap=name != "what it says", overflow="fold")
    for one in found:
        state = one["state"] if one["reason"] is None else one["reason"]
        table.add_row(
            one["id"][:12],
            to_minute(from_text(one["raised_at"])),
            one["severity"],
            state,
            Text(labelled(one["summary"], one["simulated"])),
        )
    console.print(table)


def show(console: Console, one: dict[str, Any]) -> None:
    """Print one incident with its evidence, who was told, and how it was closed."""
    head = f"Incident {one['id']} of {one['model_id']}: {one['kind']}, {one['severity']}"
    console.print(Text(labelled(head, one["simulated"]), style="bold"))
    console.print(Text(one["summary"]))
    console.print(Text(f"raised on {to_minute(from_text(one['raised_at']))}"))
    for told in one["told"]:
        console.print(Text(f"told {told['contact']}: {told['outcome']}"))
    if not one["told"]:
        console.print(Text("nobody was told yet"))
    if one["closed_at"]:
        console.print(
            Text(
                f"closed by {one['closed_by']} on {to_minute(from_text(one['closed_at']))}, "
                f"{one['reason']}: {one['words']}"
            )
        )
    console.print(Text("evidence:"))
    console.print(Text(json.dumps(one["evidence"], indent=2, ensure_ascii=False)))


def show_signals(console: Console, model_id: str, found: dict[str, Any]) -> None:
    """Print a sentence a signal, and one a comparison of the mix."""
    told = [*found["signals"], *found["mix"]]
    if not told:
        console.print(Text(f"{model_id}: no source tells a signal that monitoring.alarms watches"))
    for one in told:
        console.print(Text(labelled(one["says"], one["simulated"])))
