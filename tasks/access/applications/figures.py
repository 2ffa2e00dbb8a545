"""What may be published of applications: counts and times, and no person. Pure."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from tasks.access.applications.clock import Clock, answer_clock, appeal_clock
from tasks.access.applications.states import TO_DECIDE, Case
from tasks.kernel.digests import stable_id

_DAY = timedelta(days=1)


def figures(cases: Sequence[Case], now: datetime) -> dict[str, Any]:
    """Counts and times over all applications for a model, as JSON values."""
    states = Counter(case.state for case in cases)
    decided = [case.decided for case in cases if case.decided is not None]
    declined = [event for event in decided if event.kind == "declined"]
    reasons = Counter(one for event in declined for one in event.reasons.split(","))
    appeals = [clock for case in cases if (clock := appeal_clock(case, now)) is not None]
    return {
        "received": len(cases),
        "to_decide": sum(states[state] for state in TO_DECIDE),
        "asked": states["asked"],
        "accepted": sum(event.kind == "accepted" for event in decided),
        "declined": len(declined),
        "withdrawn": states["withdrawn"],
        "replaced": states["superseded"],
        "lapsed": states["expired"],
        "answers": _times([answer_clock(case, now) for case in cases]),
        "reasons_for_declining": dict(sorted(reasons.items())),
        "appeals": {
            "made": len(appeals),
            "open": states["appealed"],
            "upheld": states["upheld"],
            "overturned": states["overturned"],
            "answers": _times(appeals),
        },
        "grants": dict(sorted(Counter(grant_state(c, now) for c in cases if c.grant).items())),
    }


def _times(clocks: Sequence[Clock]) -> dict[str, Any]:
    """How long answers took, in days of the clock.

    One that is overdue and not given yet counts as late, so that silence is no way to look quick.
    """
    given = [clock for clock in clocks if clock.answered]
    late = [clock for clock in clocks if clock.overdue and clock.open]
    judged = len(given) + len(late)
    within = sum(not clock.overdue for clock in given)
    days = [clock.used / _DAY for clock in given]
    return {
        "given": len(given),
        "overdue_now": len(late),
        "within_promise": within,
        "share_within_promise": round(within / judged, 4) if judged else None,
        "median_days": round(median(days), 1) if days else None,
        "longest_days": round(max(days), 1) if days else None,
    }


def grant_state(case: Case, now: datetime) -> str:
    """`to_begin`, `in_force`, `ended` or `revoked`; empty without a grant."""
    grant, ends = case.grant, case.ends_at
    if grant is None or ends is None:
        return ""
    if ends <= now:
        return "revoked" if ends < grant.ends_at else "ended"
    return "in_force" if grant.starts_at <= now else "to_begin"


def public_ref(case: Case) -> str:
    """A name for an application that tells nothing; who holds its id can work it out."""
    return stable_id("transparency", case.application.id)[:12]


def public_row(case: Case, now: datetime) -> dict[str, Any]:
    """What is published of one application: no name, no words, no purpose; days, not times."""
    application, clock, appeal = case.application, answer_clock(case, now), appeal_clock(case, now)
    first, grant = case.decided, case.grant
    return {
        "ref": public_ref(case),
        "simulated": application.simulated,
        "received_on": application.received_at.date().isoformat(),
        "study_days": application.study_days,
        "renewal": bool(application.renews),
        "affiliation": application.affiliation if application.affiliation_public else "",
        "state": case.state,
        "questions": sum(event.kind == "asked" for event in case.history),
        "decision": first.kind if first else "",
        "decided_on": first.at.date().isoformat() if first else "",
        "days_to_answer": round(clock.used / _DAY, 1) if clock.answered else None,
        "promised_days": case.terms.answer_within_days,
        "late": clock.overdue,
        "reasons": first.reasons.split(",") if first and first.kind == "declined" else [],
        "appeal": "" if appeal is None else _appeal(case),
        "appeal_days": round(appeal.used / _DAY, 1) if appeal and appeal.answered else None,
        "grant": grant_state(case, now),
        "grant_from": grant.starts_at.date().isoformat() if grant else "",
        "grant_until": case.ends_at.date().isoformat() if case.ends_at else "",
    }


def _appeal(case: Case) -> str:
    return "open" if case.state == "appealed" else case.state
