"""The dossier's section on the checklist and the closing. Pure."""

import json
from collections.abc import Sequence
from typing import Any

from tasks.monitoring.dossier.holdings import Dossier
from tasks.monitoring.dossier.tables import Cell, Table, code, state, table, when
from tasks.monitoring.words import moment


def closing_of(held: Dossier) -> dict[str, Any]:
    """The lines that people confirmed, who signed the closing, and whether it is closed."""
    return {
        "standing": _standing(held),
        "lines": _lines(held),
        "signatures": _signatures(held),
        "signed_lines": _signed_lines(held),
        "closed": moment(held.closing.closed_at) if held.closing else "",
        "people": held.closing.people if held.closing else "",
        "digest": held.closing.digest if held.closing else "",
    }


def _standing(held: Dossier) -> Table | None:
    rows = [
        (one.line.title, state(one.state), one.evidence, one.person or _by(one.state))
        for one in held.checklist
    ]
    heads = ("Line", "Stands", "Evidence, or what is missing", "Who says so")
    return table("The checklist at the last recorded change", heads, rows)


def _by(state_: str) -> str:
    return "records" if state_ == "shown" else "nobody yet"


def _lines(held: Dossier) -> Table | None:
    """The latest word on each line stands; earlier ones are counted."""
    latest = {row.line: row for row in held.checklist_acts}
    counts = {line: sum(row.line == line for row in held.checklist_acts) for line in sorted(latest)}
    rows = [
        (
            line.replace("_", " "),
            state(
                latest[line].action.replace("_", " "),
                f"the latest of {count} acts" if count > 1 else "",
            ),
            latest[line].evidence or "none named",
            latest[line].person,
            code(latest[line].fingerprint),
            when(moment(latest[line].received_at)),
        )
        for line, count in counts.items()
    ]
    heads = ("Line", "Word", "Evidence", "Person", "Key", "Received")
    return table("Checklist: what people confirmed", heads, rows)


def _signatures(held: Dossier) -> Table | None:
    rows = [
        (row.person, code(row.fingerprint), code(row.digest), when(moment(row.received_at)))
        for row in held.closing_signatures
    ]
    heads = ("Person", "Key", "Checklist, SHA-256", "Received")
    return table("Signatures under the closing", heads, rows)


def _signed_lines(held: Dossier) -> Table | None:
    """The checklist as it was signed, where the body tells lines."""
    if not held.closing_signatures:
        return None
    body = json.loads(held.closing_signatures[-1].body)
    found = body.get("lines", ()) if isinstance(body, dict) else body
    rows: list[Sequence[Cell | str]] = []
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict):
            name = str(one.get("title") or one.get("id") or "")
            evidence = one.get("evidence", "")
            said = evidence if isinstance(evidence, str) else json.dumps(evidence)
            rows.append((name, state(str(one.get("state", ""))), said))
    return table("The checklist as it was signed", ("Line", "State", "Evidence"), rows)
