"""The plan of a withdrawal, and what it means for one call at one instant. Pure.

Whoever holds a grant in force is served, always. Nobody else is refused or redirected unless the
plan is in force: access was decided by signed packet, every owner was told of the last day, no
legal hold stands, nobody paused it. A brownout stands in the plan only once every owner was told of
it in time.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

from configs.schema import RetirementConfig
from configs.schema.withdrawal import Redirect, brownout_windows, last_day, sunset_of
from tasks.kernel.instants import from_text, start_of, to_text
from tasks.records.brownouts import Brownout

FORMAT = "emeritus-withdrawal/1"

Kind = Literal["serve", "refuse", "redirect"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the records say that a plan hangs on.

    Attributes:
        decided: enough people signed an access packet, and all that it grants was granted.
        names: the gateway names that stand in that packet, for which alone it counts.
        paused_by: person whose signed act pauses the withdrawal; empty while it isn't paused.
        simulated: whether any of it came from a simulation.
        untold: names of owners who have no receipt for that last day, or were told otherwise.
        sooner: the last day is before the one that an owner was told of last.
        broken: why the configured dates may not be told to owners; empty if they may.
        unheralded: brownouts that not every owner was told of in time; they don't begin.
    """

    decided: bool
    paused_by: str = ""
    simulated: bool = False
    untold: tuple[str, ...] = ()
    sooner: bool = False
    broken: str = ""
    names: tuple[str, ...] = ()
    unheralded: tuple[Brownout, ...] = ()


@dataclass(frozen=True, slots=True)
class Treatment:
    """What becomes of one call.

    Attributes:
        kind: served, refused with 410, or redirected.
        why: `brownout`, `sunset` or `consent`; empty when served.
        until: when it ends; None if it has no end.
        target: the model that answers instead; empty unless redirected.
    """

    kind: Kind
    why: str = ""
    until: datetime | None = None
    target: str = ""


def plan_of(config: RetirementConfig, standing: Standing) -> dict[str, Any]:
    """The plan as JSON values, for gateways to read by time: it is the same at every instant."""
    candidate, withdrawal = config.candidate, config.access.withdrawal
    held = held_by(config, standing)
    skipped = [one.window for one in standing.unheralded]
    windows = [
        (to_text(start), to_text(end)) for start, end in brownout_windows(candidate, withdrawal)
    ]
    return {
        "format": FORMAT,
        "model_id": config.id,
        "display_name": config.display_name,
        "surface": surface_name(config),
        "announced_at": to_text(start_of(candidate.announced_on)),
        "sunset_at": to_text(sunset_of(candidate, withdrawal)),
        "in_force": not held,
        "held_by": held,
        "headers": headers_of(config, dated=_has_day(config, standing)),
        "brownouts": [
            {"starts_at": start, "ends_at": end}
            for start, end in windows
            if (start, end) not in skipped
        ],
        "redirects": [_redirect(redirect) for redirect in withdrawal.redirects],
        "successor": candidate.successor,
        "information_url": withdrawal.information_url,
        "contact": withdrawal.contact or config.communication.sender,
        "simulated": standing.simulated,
    }


def _has_day(config: RetirementConfig, standing: Standing) -> bool:
    """Whether callers may read of the last day: not under a hold, nor before owners know of it."""
    return not (config.candidate.legal_hold or standing.broken or standing.sooner)


def held_by(config: RetirementConfig, standing: Standing) -> str:
    """What keeps the plan from being in force; empty if nothing does.

    `legal_hold`, `paused`, `promise` (the dates cut short what owners were told), `undecided`, or
    `untold` (an owner does not know of that last day, and a gateway can't tell whose calls it
    would refuse).
    """
    reasons = {
        "legal_hold": config.candidate.legal_hold,
        "paused": bool(standing.paused_by),
        "promise": bool(standing.broken),
        "undecided": not standing.decided,
        "untold": bool(standing.untold) or standing.sooner,
    }
    return next((name for name, holds in reasons.items() if holds), "")


def headers_of(config: RetirementConfig, *, dated: bool) -> list[list[str]]:
    """Name and value of each header that answers carry from the announcement on.

    RFC 9745 `Deprecation`, RFC 8594 `Sunset`, RFC 8288 `Link`.

    Args:
        config: dates and links.
        dated: whether the last day may be told; else there is no `Sunset`.
    """
    candidate, withdrawal = config.candidate, config.access.withdrawal
    found = [["Deprecation", f"@{int(start_of(candidate.announced_on).timestamp())}"]]
    if dated:
        found.append(["Sunset", format_datetime(sunset_of(candidate, withdrawal), usegmt=True)])
    links = [
        (withdrawal.information_url, 'rel="deprecation"; type="text/html"'),
        (withdrawal.policy_url, 'rel="sunset"; type="text/html"'),
        (withdrawal.successor_url, 'rel="successor-version"'),
    ]
    link = ", ".join(f"<{url}>; {rel}" for url, rel in links if url)
    return [*found, ["Link", link]] if link else found


def treatment(
    plan: Mapping[str, Any], at: datetime, *, granted: bool, callers: Collection[str] = ()
) -> Treatment:
    """What becomes of a call at an instant.

    Args:
        plan: see `plan_of`.
        at: the instant.
        granted: whether the caller holds a grant in force.
        callers: how the gateway knows the caller, such as `team_id:search`.
    """
    if granted or not plan["in_force"] or at < from_text(plan["announced_at"]):
        return Treatment("serve")
    for redirect in plan["redirects"]:
        ends = from_text(redirect["ends_at"])
        if (
            set(callers) & set(redirect["callers"])
            and from_text(redirect["starts_at"]) <= at < ends
        ):
            return Treatment("redirect", "consent", ends, redirect["target"])
    if at >= from_text(plan["sunset_at"]):
        return Treatment("refuse", "sunset")
    for window in plan["brownouts"]:
        if from_text(window["starts_at"]) <= at < from_text(window["ends_at"]):
            return Treatment("refuse", "brownout", from_text(window["ends_at"]))
    return Treatment("serve")


def what_changes(plan: Mapping[str, Any]) -> list[tuple[datetime, str]]:
    """Every instant at which the plan changes for somebody without a grant, by time."""
    found = [
        (from_text(plan["announced_at"]), "announced; answers carry the headers"),
        (from_text(plan["sunset_at"]), "end of service; 410 for whoever has no grant"),
    ]
    for window in plan["brownouts"]:
        start, end = from_text(window["starts_at"]), from_text(window["ends_at"])
        minutes = round((end - start) / timedelta(minutes=1))
        found.append((start, f"brownout of {minutes} min; 410 for whoever has no grant"))
        found.append((end, "the brownout ends"))
    for redirect in plan["redirects"]:
        who, target = redirect["owner"], redirect["target"]
        found.append((from_text(redirect["starts_at"]), f"{who} is redirected to {target}"))
        found.append((from_text(redirect["ends_at"]), f"{who} is redirected no longer"))
    return sorted(found)


def surface_name(config: RetirementConfig) -> str:
    """The surface whose date counts."""
    withdrawal = config.access.withdrawal
    day = last_day(config.candidate, withdrawal)
    latest = (surface.name for surface in config.candidate.surfaces if surface.retires_on == day)
    return withdrawal.surface or next(latest)


def _redirect(redirect: Redirect) -> dict[str, Any]:
    """A redirect for the gateway; who consented, and the evidence, stay with us."""
    start = start_of(redirect.starts_on)
    return {
        "owner": redirect.owner,
        "callers": sorted(redirect.callers),
        "target": redirect.target,
        "starts_at": to_text(start),
        "ends_at": to_text(start + timedelta(days=redirect.days)),
    }
