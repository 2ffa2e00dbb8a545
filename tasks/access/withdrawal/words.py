"""What callers and people are told of a withdrawal. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tasks.kernel.instants import from_text, to_minute
from tasks.kernel.labels import labelled

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


def state_words(held_by: str, paused_by: str) -> str:
    """Whether a plan is in force, and what it means."""
    return _HELD[held_by].format(paused_by=paused_by)
