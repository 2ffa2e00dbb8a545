"""An allocation on the terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.portfolio import margin, summary
from tasks.kernel.labels import labelled


def show(console: Console, found: dict[str, Any]) -> None:
    """Print each model's own score apart from its tier, and what more money could bring."""
    if not found["models"]:
        console.print("no model is in the records yet; run `emeritus retire CONFIG` first")
        return
    console.print(Text(labelled(summary(found), found["simulated"])))
    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column("model", overflow="fold")
    table.add_column("own score", justify="right", no_wrap=True)
    table.add_column("tier", no_wrap=True)
    table.add_column("USD a month", justify="right", no_wrap=True)
    table.add_column("knocked out by", overflow="fold")
    for row in found["models"]:
        low, high = row["score_low"], row["score_high"]
        bounds = f" ({low:.2f}-{high:.2f})" if low != high else ""
        table.add_row(
            row["model_id"],
            f"{row['score']:.2f}{bounds}",
            row["tier"].replace("_", " "),
            f"{row['usd_a_month']:,.2f}",
            row["knocked_out"],
        )
    console.print(table)
    console.print(Text(margin(found)))
