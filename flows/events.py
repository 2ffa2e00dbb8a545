"""`emeritus events`: what happened to a model's package and replicas."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlmodel import col, select

from tasks import wiring
from tasks.kernel.instants import to_minute, to_text
from tasks.records.preservation import PreservationEvent

_STYLES = {"success": "green", "warning": "yellow", "failure": "bold red"}


def events_of(model_id: str) -> list[dict[str, Any]]:
    """A model's events, oldest first, as JSON values under PREMIS's names. Reads only."""
    query = select(PreservationEvent).where(PreservationEvent.model_id == model_id)
    with wiring.book().reading() as session:
        rows = session.exec(query.order_by(col(PreservationEvent.at))).all()
    return [
        {
            "eventIdentifier": row.id,
            "eventType": row.kind,
            "eventDateTime": to_text(row.at),
            "eventOutcome": row.outcome,
            "eventDetail": row.detail,
            "linkingAgent": row.agent,
            "linkingObject": {"package": row.package_id, "replica": row.replica},
            "shown_at": to_minute(row.at),
        }
        for row in rows
    ]


def show(console: Console, rows: list[dict[str, Any]]) -> None:
    """Print them as a table."""
    if not rows:
        console.print("Nothing happened yet: no package was made.")
        return
    table = Table(box=None, pad_edge=False, show_edge=False)
    for name in ("when", "what", "outcome", "replica"):
        table.add_column(name, no_wrap=True)
    table.add_column("detail", overflow="fold")
    for row in rows:
        outcome = Text(row["eventOutcome"], style=_STYLES.get(row["eventOutcome"], ""))
        replica = row["linkingObject"]["replica"]
        table.add_row(
            row["shown_at"], row["eventType"], outcome, Text(replica), Text(row["eventDetail"])
        )
    console.print(table)
