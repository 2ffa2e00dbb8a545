"""Grants, keys and findings for people."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tasks.kernel.instants import from_text, to_minute
from tasks.kernel.labels import labelled

_STYLES = {"in force": "green", "revoked": "red", "ended": "dim", "begins later": "yellow"}
_DONE = {"mended": "green", "reported": "yellow", "waits": "yellow", "not mended": "bold red"}


def show(console: Console, found: dict[str, Any]) -> None:
    """A line a grant, below it a line a key, and the last comparison."""
    if not found["grants"]:
        console.print(f"{found['model_id']}: nothing is granted.")
    else:
        console.print(Text(labelled(found["model_id"], found["simulated"]), style="bold"))
        table = Table(box=None, pad_edge=False)
        for name in ("grant", "kind", "holder", "state", "until (UTC)", "key"):
            table.add_column(name, no_wrap=name not in ("kind", "holder"), overflow="fold")
        for grant in found["grants"]:
            keys = grant["keys"]
            live = sum(key["revoked_at"] is None for key in keys)
            table.add_row(
                Text(grant["id"][:12]),
                Text(grant["kind"]),
                Text(grant["holder"]),
                Text(grant["state"], style=_STYLES[grant["state"]]),
                Text(_minute(grant["revoked_at"] or grant["ends_at"])),
                Text(f"{live} live" if keys else ""),
            )
            for key in keys:
                closed = key["revoked_at"] is not None
                state = Text("closed" if closed else "live", style="dim" if closed else "")
                until = Text(_minute(key["revoked_at"]) if closed else "")
                who = Text(f"  by {key['issued_by']}", style="dim")
                token = Text(key["token_id"][:12])
                table.add_row(Text(""), who, Text(key["holder"]), state, until, token)
        console.print(table)
    check = found["last_check"]
    if check is None:
        console.print(f"gateway ({found['gateway']}): not told yet; a pass does")
        return
    when = to_minute(from_text(check["checked_at"]))
    findings = check["findings"]
    console.print(
        f"gateway ({found['gateway']}): compared on {when}; "
        + (f"{len(findings)} found:" if findings else "it agreed with the records")
        + (f"; now {found['owed']}" if found["owed"] else "")
    )
    show_findings(console, findings)


def _minute(instant: str) -> str:
    return to_minute(from_text(instant)).removesuffix(" UTC")


def show_findings(console: Console, findings: Sequence[dict[str, str]]) -> None:
    """A line a finding."""
    for one in findings:
        end = Text(f"  {one['done']}: ", style=_DONE[one["done"]])
        console.print(end.append(Text(one["said"], style="")))
