"""The ways to go on, side by side, on the same scales and weights as the score. Pure.

What a way is worth on a scale says how much is lost by it: a need that is met counts 1, a need that
is not met counts 1 minus that need.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from configs.schema.access import AccessConfig
from configs.schema.decision import Scale
from tasks.access.costs import Projection, project
from tasks.access.evidence import AccessEvidence

RETIRE, PILOT, KEEP = "hard_retire", "limited_pilot", "keep_everything"
SCENARIOS = (RETIRE, PILOT, KEEP)  # the less open one first: it wins a tie
RESEARCH = "research_only"  # a tier that a fleet's allocation knows besides

_BARELY = 1e-9  # of the calls: the model runs, and next to nobody calls it

# Theme -> how far each way honours a wish for it. Only what access bears on is here: what is done
# whatever is decided (the weights are kept, the essay channel follows the wish alone) would speak
# for no way, and only thin out the wishes that do.
_HONOURS: Mapping[str, Mapping[str, float]] = {
    "keep_in_use": {RETIRE: 0.0, RESEARCH: 0.5, PILOT: 1.0, KEEP: 1.0},
    "research_access": {RETIRE: 0.0, RESEARCH: 1.0, PILOT: 1.0, KEEP: 1.0},
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to go on.

    Attributes:
        id: `hard_retire`, `limited_pilot` or `keep_everything`.
        users_served: share of today's users who keep access; their calls cost, and are exposed.
        research_served: whether researchers may have access.
        cost: what it is projected to cost.
        ruled_out_by: what keeps it from being proposed: knock-outs, or that it is a baseline.
    """

    id: str
    users_served: float
    research_served: bool
    cost: Projection
    ruled_out_by: tuple[str, ...] = ()


def honoured_share(evidence: AccessEvidence, scenario: str) -> tuple[float | None, tuple[str, ...]]:
    """How far a way honours the stable preferences that access bears on; and their themes.

    The share is None without any.
    """
    themes = tuple(theme for theme in sorted(evidence.stable()) if theme in _HONOURS)
    if not themes:
        return None, ()
    stable = evidence.stable()
    return sum(_honours(theme, stable[theme], scenario) for theme in themes) / len(themes), themes


def _honours(theme: str, polarity: str, scenario: str) -> float:
    wanted = _HONOURS[theme][scenario]
    return wanted if polarity == "want" else 1.0 - wanted


def scenarios_of(
    access: AccessConfig, calls: float | None, knocked_out: Sequence[str]
) -> tuple[Scenario, ...]:
    """All three ways, in a fixed order.

    Args:
        access: costs, and the share that a pilot keeps.
        calls: calls a month today, or None where unknown.
        knocked_out: ids of the knock-outs that bar callers.
    """
    share = access.decision.pilot_share_of_users
    barred = tuple(knocked_out)
    keep = project(access, calls, served=1.0)
    above = max(keep.monthly) > access.monthly_cost_ceiling_usd and "KO-COST" not in barred
    baseline = (
        *(("KO-COST",) if above else ()),
        *(() if access.decision.may_keep_everything else ("a baseline to compare with",)),
    )
    return (
        Scenario(RETIRE, 0.0, research_served=False, cost=project(access, calls, served=0.0)),
        Scenario(PILOT, share, True, project_pilot(access, calls), barred),
        Scenario(KEEP, 1.0, True, keep, (*barred, *baseline)),
    )


def research_only(access: AccessConfig, calls: float | None, pilot: Scenario) -> Scenario:
    """Researchers alone keep access; the model runs for them, and what bars a pilot bars this."""
    cost = project(access, calls, served=_BARELY)
    return Scenario(RESEARCH, 0.0, True, cost, pilot.ruled_out_by)


def project_pilot(access: AccessConfig, calls: float | None) -> Projection:
    """What a pilot costs; it runs the model also where it would keep no user but researchers."""
    return project(access, calls, served=max(access.decision.pilot_share_of_users, _BARELY))


def utilities(
    scenario: Scenario,
    access: AccessConfig,
    evidence: AccessEvidence,
    counted: Mapping[Scale, float],
) -> dict[Scale, float]:
    """What a way is worth on each scale, from 0 to 1.

    Args:
        scenario: the way.
        access: the cost ceiling.
        evidence: the stable preferences.
        counted: every scale's number of the model, as it enters the score.
    """
    ceiling = access.monthly_cost_ceiling_usd
    spent = min(1.0, scenario.cost.mean / ceiling) if ceiling else float(scenario.cost.mean > 0)
    if scenario.cost.without_calls:
        # what nobody counted is not for nothing: it may take none or all of what the ceiling leaves
        spent += (1 - spent) * scenario.users_served * (1 - counted["cost"])
    honoured, _ = honoured_share(evidence, scenario.id)
    return {
        "users_need": 1 - counted["users_need"] * (1 - scenario.users_served),
        "research_value": 1 - counted["research_value"] * (1 - scenario.research_served),
        "safety": 1 - (1 - counted["safety"]) * scenario.users_served,
        "cost": 1 - spent,
        "preferences": 1.0 if honoured is None else honoured,
    }


def value_of(worth: Mapping[Scale, float], weights: Mapping[Scale, float]) -> float:
    """The weighted sum over the scales."""
    return sum(weights[scale] * worth[scale] for scale in worth)


def choose(values: Mapping[str, float], scenarios: Sequence[Scenario]) -> str:
    """The way of highest value among those that may be proposed; the less open one of equals."""
    eligible = [one.id for one in scenarios if not one.ruled_out_by]
    return max(eligible, key=lambda way: round(values[way], 9))
