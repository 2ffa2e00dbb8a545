"""Applications for people and for programs, in a terminal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from configs.plain_text import visible
from tasks.access.applications.clock import Clock, answer_clock, running_clock
from tasks.access.applications.figures import grant_state
from tasks.access.applications.states import TOLD, Case, beside
from tasks.kernel.instants import to_minute, to_text
from tasks.kernel.labels import labelled

_STYLES = {"accepted": "green", "overturned": "green", "declined": "red", "upheld": "red"}
_OPEN = ("received", "answered", "appealed")


def row_of(case: Case, now: datetime, cases: Sequence[Case]) -> dict[str, Any]:
    """One application with all that came of it, as JSON values. It holds names and words."""
    application = case.application.model_dump(exclude={"terms", "received_at"})
    clock = running_clock(case, now)
    return {
        **application,
        "received_at": to_text(case.application.received_at),
        "state": case.state,
        "also_open_for_this_address": [one.application.id for one in beside(case, cases)],
        "answer_due_at": to_text(clock.due_at) if clock and clock.due_at else None,
        "overdue": bool(clock and clock.overdue),
        "question_open_until": to_text(case.question_until) if case.question_until else None,
        "appeal_until": to_text(case.appeal_until) if case.appeal_until else None,
        "criteria": list(case.terms.criteria),
        "grant": {
            "id": case.grant.id,
            "state": grant_state(case, now),
            "starts_at": to_text(case.grant.starts_at),
            "ends_at": to_text(case.ends_at),
        }
        if case.grant and case.ends_at
        else None,
        "steps": [
            {
                "kind": event.kind,
                "person": event.person,
                "at": to_text(event.at),
                "reasons": event.reasons.split(",") if event.reasons else [],
                "words": event.words,
                "fingerprint": event.fingerprint,
            }
            for event in case.history
        ],
        "messages": [
            {"about": e.reasons, "at": to_text(e.at), "receipt": e.receipt}
            for e in case.events
            if e.kind == TOLD
        ],
    }


def show_list(console: Console, cases: Sequence[Case], model: str, now: datetime) -> None:
    """A line an application: those that people owe an answer to first."""
    if not cases:
        console.print(f"{model}: no application has come in")
        return
    simulated = any(case.application.simulated for case in cases)
    table = Table(title=labelled(f"Applications for {model}", simulated), title_justify="left")
    for heading in ("application", "applicant", "state", "answer due", "grant"):
        table.add_column(heading, overflow="fold")
    for case in sorted(cases, key=lambda one: (one.state not in _OPEN, one.state != "asked")):
        style = "bold yellow" if case.state in _OPEN else _STYLES.get(case.state, "")
        table.add_row(
            case.application.id[:12],
            Text(visible(f"{case.application.applicant} ({case.application.affiliation})")),
            Text(_state(case, cases), style=style),
            _due(case, running_clock(case, now), now),
            _grant(case, now),
        )
    console.print(table)


def show_case(console: Console, case: Case, now: datetime, cases: Sequence[Case]) -> None:
    """All of one application, as a reviewer reads it."""
    one = case.application
    title = labelled(f"Application {one.id} for {one.model_id}", one.simulated)
    console.print(Text(title, style="bold"))
    _warn_of_others(console, case, cases)
    facts = {
        "applicant": one.applicant,
        "contact": one.contact,
        "affiliation": one.affiliation + ("" if one.affiliation_public else "  (not public)"),
        "study": f"{one.study_days} days",
        "renews": one.renews,
        "received": f"{to_minute(one.received_at)}, by {one.source}, typed in by {one.entered_by}",
        "state": case.state,
        "answer due": _due(case, running_clock(case, now), now).plain,
        "question until": to_minute(case.question_until) if case.question_until else "",
        "appeal until": to_minute(case.appeal_until) if case.appeal_until else "",
        "grant": _grant(case, now),
    }
    for name, value in facts.items():
        if value:
            console.print(Text(f"{name:<15} {visible(value)}"))
    _words(console, "purpose", one.purpose)
    _words(console, "data handling", one.data_handling)
    console.print(Text("\ncriteria that stood when it came", style="bold"))
    for criterion in case.terms.criteria:
        console.print(Text(f"  {criterion['id']} ({criterion['kind']}): {criterion['text']}"))
    for event in case.history:
        reasons = f" for {event.reasons.replace(',', ', ')}" if event.reasons else ""
        said = f"{event.kind} on {to_minute(event.at)} by {event.person}{reasons}"
        _words(console, visible(said), event.words)
    for event in case.undelivered:
        console.print(Text(f"\nmessage about {event.reasons}: {visible(event.receipt)}"))


def _warn_of_others(console: Console, case: Case, cases: Sequence[Case]) -> None:
    """That several stand for one address: anybody can write another person's."""
    others = beside(case, cases)
    if not others:
        return
    said = f"{len(others) + 1} APPLICATIONS STAND FOR THIS ADDRESS. Beside this one:"
    console.print(Text(said, style="bold yellow"))
    for other in others:
        one = other.application
        about = f"{other.state}, received {to_minute(one.received_at)}, by {one.source}"
        console.print(Text(visible(f"  {one.id[:12]}  {one.applicant}, {about}")))
    console.print(
        "Ask, by the address, which of them is meant; then close the others on their behalf: "
        f"`emeritus applications withdraw {case.application.model_id} ID`",
        soft_wrap=True,
    )


def _state(case: Case, cases: Sequence[Case]) -> str:
    others = len(beside(case, cases))
    return f"{case.state}; {others} more for this address" if others else case.state


def _words(console: Console, heading: str, words: str) -> None:
    console.print(Text(f"\n{heading}", style="bold"))
    for line in visible(words).splitlines():
        console.print(Text(f"  {line}"))


def _due(case: Case, clock: Clock | None, now: datetime) -> Text:
    if case.state == "asked":
        late = answer_clock(case, now).overdue
        return Text("OVERDUE; the applicant is asked" if late else "clock stands: applicant asked")
    if clock is None or clock.due_at is None:
        return Text("")
    if clock.overdue:
        return Text(f"OVERDUE since {to_minute(clock.due_at)}", style="bold red")
    return Text(to_minute(clock.due_at))


def _grant(case: Case, now: datetime) -> str:
    if case.grant is None or case.ends_at is None:
        return ""
    state = grant_state(case, now).replace("_", " ")
    return f"{state}, {to_minute(case.grant.starts_at)} to {to_minute(case.ends_at)}"
