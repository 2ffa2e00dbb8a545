"""The plan of notices, for people and for programs."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tasks.communication.plan import Plan, outcome_of
from tasks.kernel.instants import to_minute, to_text
from tasks.kernel.labels import labelled
from tasks.records.promises import told_at


def values_of(plan: Plan, simulated: bool) -> dict[str, Any]:
    """The plan as JSON values."""
    return {
        "simulated": simulated,
        "held_back": plan.held_back,
        "events": [{"kind": event.kind, "at": to_text(event.at)} for event in plan.events],
        "receivers": [
            {
                "name": line.name,
                "contact": line.contact,
                "channel": line.channel,
                "had": line.had,
                "owed": line.owed,
            }
            for line in plan.lines
        ],
        "notices": [
            {
                "id": n.id,
                "kind": n.kind,
                "contact": n.contact,
                "channel": n.channel or "file",
                "retires_on": n.retires_on,
                "intended_at": to_text(n.intended_at),
                "sent_at": to_text(n.sent_at) if n.sent_at else None,
                "outcome": n.outcome,
                "receipt": n.receipt,
                "said": n.said,
                "tries": n.tries or 0,
                "body_sha256": n.body_sha256,
            }
            for n in plan.notices
        ],
    }


def show(console: Console, plan: Plan, name: str, simulated: bool) -> None:
    """Print the schedule, a line a receiver, and every notice with its receipt."""
    console.print(Text(labelled(f"Notices about {name}", simulated), style="bold"))
    if plan.held_back:
        console.print(Text(f"nobody is told now: {plan.held_back}", style="bold red"))
    days = [f"{event.at.date()} {event.kind}" for event in plan.events]
    console.print(Text("events: " + ", ".join(days)))
    coming = f"{plan.next.kind} on {plan.next.at.date()}" if plan.next else "none"
    console.print(Text(f"next: {coming}\n"))
    people = _table("receiver", "by", "had last", "owed now")
    for line in plan.lines:
        who = line.name if line.channel == "webhook" else f"{line.name} <{line.contact}>"
        people.add_row(Text(who), line.channel, Text(line.had), Text(line.owed or "nothing"))
    console.print(people)
    if plan.notices:
        console.print()
        sent = _table("when", "kind", "for", "to", "what became of it")
        for n in plan.notices:
            when = to_minute(n.sent_at or told_at(n))
            sent.add_row(when, n.kind, n.retires_on, Text(n.contact), Text(outcome_of(n)))
        console.print(sent)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=name in {"kind", "for", "by"}, overflow="fold")
    return table
