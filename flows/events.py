"""`emeritus events`: what happened to a model's package and replicas."""

import textwrap
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from tasks import wiring
from tasks.kernel.instants import from_text, to_minute, to_text
from tasks.monitoring.happened import preservation_events
from tasks.monitoring.words import event as said_event
from tasks.records.preservation import PreservationEvent

_INDENT = "    "
_NARROWEST = 20  # columns; below, a line of words is no longer one
_PACKAGE, _REPLICA = "package", "replica"
_FAILURE = "failure"
_STYLES = {"success": "green", "warning": "bold yellow", "failure": "bold red"}


def events_of(model_id: str) -> list[dict[str, Any]]:
    """A model's events, oldest first, named and nested as PREMIS 3 has its semantic units.

    Reads only. The values are JSON's; an instant is RFC 3339 text in UTC.
    """
    with wiring.book().reading() as session:
        return [_as_premis(row) for row in preservation_events(session, model_id)]


def show(console: Console, rows: Sequence[dict[str, Any]]) -> None:
    """Print a line an event, when, how it ended and what it was, and its detail below.

    Lines break between words only, so that paths and keys can be copied.
    """
    if not rows:
        console.print("Nothing happened yet: no package was made.")
        return
    failures = []
    for row in rows:
        at = to_minute(from_text(row["eventDateTime"]))
        what = _printable(said_event(row["eventType"], _replica(row)))
        outcome = row["eventOutcomeInformation"][0]["eventOutcome"]
        if outcome == _FAILURE:
            failures.append(f"{what}, {at}")
        _print(console, _headline(at, outcome, what))
        if detail := row["eventDetailInformation"][0]["eventDetail"]:
            _print(console, _indented(_printable(detail), console.width))
    _print(console, Text(f"\n{_counted(len(rows), 'event')}, {_failed(failures)}"))


def _as_premis(row: PreservationEvent) -> dict[str, Any]:
    linked = {_PACKAGE: row.package_id, _REPLICA: row.replica}
    return {
        "eventIdentifier": {
            "eventIdentifierType": "Emeritus event",
            "eventIdentifierValue": row.id,
        },
        "eventType": row.kind,
        "eventDateTime": to_text(row.at),
        "eventDetailInformation": [{"eventDetail": row.detail}],
        "eventOutcomeInformation": [{"eventOutcome": row.outcome}],
        "linkingAgentIdentifier": [
            {"linkingAgentIdentifierType": "name", "linkingAgentIdentifierValue": row.agent}
        ],
        "linkingObjectIdentifier": [
            {"linkingObjectIdentifierType": kind, "linkingObjectIdentifierValue": value}
            for kind, value in linked.items()
            if value
        ],
    }


def _replica(row: dict[str, Any]) -> str:
    """The replica's name; empty for an event of the whole package."""
    linked = {
        one["linkingObjectIdentifierType"]: one["linkingObjectIdentifierValue"]
        for one in row["linkingObjectIdentifier"]
    }
    return str(linked.get(_REPLICA, ""))


def _headline(at: str, outcome: str, what: str) -> Text:
    shown = outcome.upper() if outcome == _FAILURE else outcome
    line = Text(f"{at}  ")
    return line.append(f"{shown:<7}", _STYLES.get(outcome, "")).append(f"  {what}")


def _failed(failures: Sequence[str]) -> str:
    if not failures:
        return "no failure"
    return f"{_counted(len(failures), 'failure')}; the last: {failures[-1]}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _indented(text: str, width: int) -> Text:
    """Wrapped between words only, and indented."""
    lines = textwrap.wrap(
        text,
        max(width, _NARROWEST),
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return Text("\n".join(lines))


def _printable(text: str) -> str:
    """Names of files come from outside: what steers a terminal is spelt out."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _print(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True)  # the terminal breaks what is longer than its line
