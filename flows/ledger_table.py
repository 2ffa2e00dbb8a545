"""The ledger for people and for programs."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tasks.kernel.instants import to_minute, to_text
from tasks.kernel.labels import labelled
from tasks.records.latest import STABLE
from tasks.validation.ledger import Ledger
from tasks.validation.shown import one_line

_STYLES = {"open": "bold yellow", "honoured": "green", "partly": "yellow", "declined": "red"}


def rows_of(ledger: Ledger) -> list[dict[str, Any]]:
    """The stable preferences, and their entries from the first to the one that stands."""
    return [
        {
            "theme": verdict.theme,
            "polarity": verdict.polarity,
            "simulated": verdict.simulated,
            "outcome": entries[-1].outcome if (entries := ledger.of(verdict.theme)) else "open",
            "entries": [
                {
                    "outcome": entry.outcome,
                    "reason": entry.reason,
                    "evidence": entry.evidence,
                    "person": entry.person,
                    "entered_at": to_text(entry.entered_at),
                }
                for entry in entries
            ],
        }
        for verdict in ledger.verdicts
        if verdict.verdict == STABLE
    ]


def show(console: Console, ledger: Ledger, model: str) -> None:
    """Print a line a stable preference, and an earlier entry below the one that took its place."""
    rows = rows_of(ledger)
    if not rows:
        judged = "no theme is judged stable" if ledger.verdicts else "nothing is judged yet"
        console.print(f"{model}: {judged}; the ledger is for stable preferences.")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("preference", "outcome", "reason", "evidence", "by"):
        table.add_column(name, no_wrap=name == "outcome", overflow="fold")
    for row in rows:
        name = labelled(f"{row['theme']} ({row['polarity']})", row["simulated"])
        if not row["entries"]:
            table.add_row(Text(name), _outcome("open"), "", "", "")
        for place, entry in enumerate(reversed(ledger.of(row["theme"]))):
            table.add_row(
                Text("  superseded" if place else name, style="dim" if place else ""),
                _outcome(entry.outcome),
                Text(one_line(entry.reason)),
                Text(one_line(entry.evidence)),
                Text(f"{entry.person}, {to_minute(entry.entered_at)}"),
            )
    console.print(table)
    if ledger.open:
        console.print(
            f"{len(ledger.open)} open: `emeritus ledger enter {model} THEME --outcome … --reason … "
            "--evidence … --as NAME --key FILE`"
        )


def _outcome(name: str) -> Text:
    return Text(name, style=_STYLES[name])
