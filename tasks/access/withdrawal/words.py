"""What callers and people are told of a withdrawal. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tasks.kernel.instants import from_text, to_minute
from tasks.kernel.labels import labelled
from tasks.records.brownouts import Brownout

_HELD = {
    "": "in force",
    "undecided": "not in force: no decision that withdraws the model is signed, with its grants "
    "made, so nobody is refused or redirected",
    "paused": "not in force: paused by {paused_by}, so nobody is refused or redirected",
    "promise": "not in force: the dates cut short what owners were told, so nobody is refused or "
    "redirected, and no last day is told",
    "untold": "not in force: not every owner was told of that last day yet, so nobody is "
    "refused or redirected",
    "legal_hold": "not in force: a legal hold forbids withdrawing, so nobody is refused or "
    "redirected, and no last day is told",
}


def refusal(plan: Mapping[str, Any], why: str, until: datetime | None) -> str:
    """What a refused caller reads; LiteLLM's callback says the same.

    Args:
        plan: see `plan.plan_of`.
        why: `brownout` or `sunset`.
        until: when a brownout ends.
    """
    name = f"{plan['display_name']} ({plan['model_id']})"
    ends = to_minute(from_text(plan["sunset_at"]))
    if why == "brownout" and until is not None:
        said = (
            f"{name} is being retired, and its service here ends on {ends}. This is a planned "
            f"brownout: calls are refused until {to_minute(until)}, so that whoever still depends "
            "on the model notices in time."
        )
    else:
        said = f"{name} was retired: its service here ended on {ends}."
    if plan["successor"]:
        said += f" Use {plan['successor']} instead."
    if plan["information_url"]:
        said += f" See {plan['information_url']}."
    if plan["contact"]:
        said += f" Ask {plan['contact']}."
    return labelled(said, plan["simulated"])


def missed_words(found: Sequence[Brownout], now: datetime) -> str:
    """That brownouts which lie ahead don't begin, and why, in one part; empty if none. No names."""
    missed = [one for one in found if one.is_missed(now) and now < one.ends_at]
    if not missed:
        return ""
    one = missed[0]
    what = f"the brownout of {to_minute(one.starts_at)} does"
    if len(missed) > 1:
        what = f"{len(missed)} brownouts, the first of {to_minute(one.starts_at)}, do"
    if not one.untold:
        return f"{what} not begin: owners were told so after {one.tell_by}"
    return (
        f"{what} not begin: {len(one.untold)} of {one.owners} owners had not been told by "
        f"{one.tell_by} (access.withdrawal.brownout_lead_days)"
    )


def unheralded_words(one: Brownout, now: datetime) -> str:
    """What becomes of a brownout of which not every owner was told in time, for the operator."""
    minutes = round((one.ends_at - one.starts_at) / timedelta(minutes=1))
    said = f"brownout of {to_minute(one.starts_at)}, {minutes} min"
    who = ", ".join(one.untold)
    if one.is_missed(now):
        verb = "did" if one.ends_at <= now else "does"
        if not one.untold:
            return f"{said}: {verb} not begin; owners were told so after {one.tell_by}"
        return f"{said}: {verb} not begin; not told of it by {one.tell_by}: {who}"
    return f"{said}: begins only if they are told of it by {one.tell_by}: {who}"


def untold_words(untold: Sequence[str], owners: int, model_id: str) -> str:
    """How many owners hold a withdrawal back, and where they are named; empty if none. No names."""
    if not untold:
        return ""
    look = f"`emeritus withdrawal show {model_id}`"
    return f"{len(untold)} of {owners} owners have no receipt for it: {look} names them"


def untold_owners_words(untold: Sequence[str], model_id: str) -> str:
    """Who holds a withdrawal back, and what a person can do, for the operator."""
    return (
        f"Not told of that last day, or told otherwise since: {', '.join(untold)}. "
        f"`emeritus notices plan {model_id}` shows why; mend the contact and run a pass, or tell "
        f"them yourself and record it with `emeritus notices told {model_id}`."
    )


def state_words(held_by: str, paused_by: str) -> str:
    """Whether a plan is in force, and what it means."""
    return _HELD[held_by].format(paused_by=paused_by)
