"""The time that an answer may take, and what is left of it. Pure.

The clock of an application runs from its receipt to its decision, and stands still while the
applicant is asked. That of an appeal runs from the appeal to its decision.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks.access.applications.states import OPEN, TO_DECIDE, Case


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise of an answer.

    Attributes:
        started_by: id of the application, answer or appeal with which it runs or ran last.
        started_at: when that was.
        used: running time up to now, or up to the answer.
        promised: running time that was promised.
        due_at: when the promise ends; None while the clock stands still or is over.
        answered: whether it is over, with an answer.
        open: whether an answer is still owed, be it that the applicant is asked first.
    """

    started_by: str
    started_at: datetime
    used: timedelta
    promised: timedelta
    due_at: datetime | None
    answered: bool
    open: bool

    @property
    def overdue(self) -> bool:
        """Whether more time was used than promised."""
        return self.used > self.promised


def answer_clock(case: Case, now: datetime) -> Clock:
    """The clock of the application itself."""
    started_by, started_at = case.application.id, case.application.received_at
    used, running, answered = timedelta(), True, False
    for event in case.history:
        if running:
            used += event.at - started_at
        running = event.kind == "answered"
        if running:
            started_by, started_at = event.id, event.at
        if event.kind in ("accepted", "declined"):
            answered = True
            break
        if event.kind not in OPEN:
            break
    promised = timedelta(days=case.terms.answer_within_days)
    due_at = started_at + (promised - used) if running else None
    if running:
        used += max(now - started_at, timedelta())
    return Clock(started_by, started_at, used, promised, due_at, answered, case.state in OPEN)


def appeal_clock(case: Case, now: datetime) -> Clock | None:
    """The clock of the appeal; None where there was none."""
    steps = case.history
    at = next((i for i, event in enumerate(steps) if event.kind == "appealed"), None)
    if at is None:
        return None
    appeal, after = steps[at], steps[at + 1 :]
    promised = timedelta(days=case.terms.appeal_answer_within_days)
    until = after[0].at if after else now
    return Clock(
        started_by=appeal.id,
        started_at=appeal.at,
        used=max(until - appeal.at, timedelta()),
        promised=promised,
        due_at=None if after else appeal.at + promised,
        answered=bool(after) and after[0].kind != "withdrawn",
        open=not after,
    )


def running_clock(case: Case, now: datetime) -> Clock | None:
    """The clock that people have to answer now; None while nobody owes an answer."""
    if case.state in TO_DECIDE:
        return answer_clock(case, now)
    return appeal_clock(case, now) if case.state == "appealed" else None
