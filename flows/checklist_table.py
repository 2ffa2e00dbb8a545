"""The checklist as a table, for the terminal and as an artifact."""

from typing import Any

from rich.console import Console
from rich.table import Table

from tasks.kernel.digests import digest_of
from tasks.kernel.instants import to_text
from tasks.kernel.labels import labelled
from tasks.monitoring.checklist.view import Checklist


def json_of(found: Checklist) -> dict[str, Any]:
    """The checklist as JSON values, with the digest that a closing signs."""
    closing = found.closing
    return {
        **found.body,
        "checklist_sha256": digest_of(found.body),
        "open": [one.line.id for one in found.open],
        "signatures": [
            {"person": one.person, "received_at": to_text(one.received_at)}
            for one in found.signatures
        ],
        "signatures_needed": found.needed,
        "closed_at": to_text(closing.closed_at) if closing else None,
    }


def rows_of(found: Checklist) -> list[dict[str, str]]:
    """One row a line."""
    return [
        {
            "line": one.line.id,
            "": "open" if one.open else one.state,
            "what is so once it is done": one.line.title,
            "evidence": one.evidence + (f" ({one.person})" if one.person else ""),
            "where to look": one.line.help if one.open else "",
        }
        for one in found.lines
    ]


def said_of(found: Checklist) -> str:
    """How it stands, in one sentence."""
    model, number = found.body["model_id"], len(found.open)
    if found.closing is not None:
        said = f"{model}: closed on {found.closing.closed_at.date()} by {found.closing.people}"
        if number:
            said += f"; open again since: {', '.join(one.line.id for one in found.open)}"
    elif number:
        said = f"{model}: {number} of {len(found.lines)} lines are open; it can't be closed yet"
    else:
        signed = len(found.signatures)
        said = f"{model}: no line is open; {signed} of {found.needed} people signed the closing"
    return labelled(said, found.body["simulated"])


def show(console: Console, found: Checklist) -> None:
    """Print every line under its heading, and what can be done next."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    group = ""
    for one in found.lines:
        if one.line.group != group:
            group = one.line.group
            table.add_row(f"[bold]{group}[/]", "", "")
        style = "yellow" if one.open else "green"
        by = f" ({one.person})" if one.person else ""
        evidence = one.evidence.replace("[", r"\[")
        table.add_row(
            f"  {one.line.id}", f"[{style}]{one.state}[/]", f"{one.line.title}: {evidence}{by}"
        )
    console.print(table)
    console.print(said_of(found), markup=False)
    model = found.body["model_id"]
    if found.open:
        console.print(
            f"a person tells of a line: emeritus checklist confirm {model} LINE --evidence WHERE "
            "--as NAME --key FILE",
            markup=False,
        )
    elif found.closing is None:
        console.print(f"emeritus checklist close {model} --as NAME --key FILE", markup=False)
