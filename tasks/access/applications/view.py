"""How the applications for a model stand: what a pass can do now, and what people owe."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from configs.schema import RetirementConfig
from tasks.access.applications.cases import cases_of
from tasks.access.applications.clock import Clock, answer_clock, appeal_clock
from tasks.access.applications.letters import letters_due, next_letter_at
from tasks.access.applications.page import page_is_stale
from tasks.access.applications.receive import inbox
from tasks.access.applications.rules import term_of
from tasks.access.applications.states import GRANTING, TO_DECIDE, Case, beside
from tasks.access.gateway.grants import in_force
from tasks.kernel.instants import to_minute

_DAY = timedelta(days=1)


def applications_due(config: RetirementConfig, session: Session, now: datetime) -> str:
    """What a pass can do now about applications, as one sentence; empty if nothing. Reads only."""
    files, cases = len(inbox(config, session).new), cases_of(session, config.id)
    lapsing = sum(has_lapsed(case, now) for case in cases)
    grants = 0 if config.candidate.legal_hold else sum(can_be_granted(case, now) for case in cases)
    letters = sum(
        len(letters_due(case, config.access.applications, now, held=config.candidate.legal_hold))
        for case in cases
    )
    counts = {
        f"{_count(files, 'application')} to be taken in": files,
        f"{_count(grants, 'accepted application')} to be granted": grants,
        f"{_count(lapsing, 'unanswered question')} to be closed": lapsing,
        f"{_count(letters, 'message')} about applications to be sent": letters,
        "the page on applications to be made": page_is_stale(config, session, cases, now),
    }
    return ", ".join(what for what, count in counts.items() if count)


def applications_open(config: RetirementConfig, session: Session, now: datetime) -> str:
    """What people owe now, with the nearest deadline; empty if nothing. Reads only.

    What is overdue comes first, in capitals.
    """
    cases = cases_of(session, config.id)
    owed = [(case, answer_clock(case, now)) for case in cases if case.state in TO_DECIDE]
    appeals = [(case, clock) for case in cases if (clock := appeal_clock(case, now)) is not None]
    appeals = [(case, clock) for case, clock in appeals if clock.open]
    asked = sum(case.state == "asked" for case in cases)
    stuck = [
        case
        for case in cases
        if case.state in GRANTING and case.grant is None and not can_be_granted(case, now)
    ]
    refused = sum(bool(case.undelivered) for case in cases)
    parts = [
        _overdue([*owed, *appeals], now),
        _owed("application", owed),
        _owed("appeal", appeals),
        f"{_count(asked, 'application')} asked, waiting for the applicant" if asked else "",
        *_for_one_address(cases),
        f"{_count(len(stuck), 'application')} accepted, but not granted: research access is not in "
        "force"
        if stuck
        else "",
        f"{_count(refused, 'application')} with a message that the mail server refused"
        if refused
        else "",
        *(f"unreadable: {problem}" for problem in inbox(config, session).broken),
    ]
    return "; ".join(part for part in parts if part)


def applications_next(config: RetirementConfig, session: Session, now: datetime) -> datetime | None:
    """The next instant at which time alone gives a pass something to do here. Reads only."""
    settings = config.access.applications
    instants = [next_letter_at(case, settings, now) for case in cases_of(session, config.id)]
    return min((at for at in instants if at is not None), default=None)


def has_lapsed(case: Case, now: datetime) -> bool:
    """Whether a question stayed open for too long."""
    return case.question_until is not None and case.question_until <= now


def can_be_granted(case: Case, now: datetime) -> bool:
    """Whether the access decision under which it was accepted leaves something to grant."""
    if case.state not in GRANTING or case.grant is not None or case.programme is None:
        return False
    return in_force(case.programme, now) and term_of(case, case.programme, now) is not None


def _for_one_address(cases: Sequence[Case]) -> list[str]:
    """One part an address for which several open applications stand; it names no address."""
    groups = {
        tuple(sorted(one.application.id[:12] for one in (case, *others)))
        for case in cases
        if (others := beside(case, cases))
    }
    return [
        f"{len(group)} applications stand for one address ({', '.join(group)})"
        for group in sorted(groups)
    ]


def _overdue(clocks: Sequence[tuple[Case, Clock]], now: datetime) -> str:
    late = [(case, clock) for case, clock in clocks if clock.overdue and clock.due_at]
    if not late:
        return ""
    case, clock = min(late, key=lambda one: one[1].due_at or now)
    days = (now - (clock.due_at or now)) / _DAY
    answers = "ANSWER" if len(late) == 1 else "ANSWERS"
    return (
        f"{len(late)} {answers} OVERDUE, {case.application.id[:12]} by {days:.1f} days "
        f"(`emeritus applications show {case.application.model_id} {case.application.id[:12]}`)"
    )


def _owed(noun: str, clocks: Sequence[tuple[Case, Clock]]) -> str:
    if not clocks:
        return ""
    ahead = [c.due_at for _, c in clocks if c.due_at is not None and not c.overdue]
    by = f", the next by {to_minute(min(ahead))}" if ahead else ""
    return f"{_count(len(clocks), noun)} to decide{by}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
