"""Grounds that rule access out before any score is worked out. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from configs.schema.access import AccessConfig
from configs.schema.candidate import CandidateConfig, RiskClass
from tasks.access.costs import Projection
from tasks.access.evidence import AccessEvidence

RISK_ORDER: tuple[str, ...] = get_args(RiskClass)
KEPT_IN_USE = "keep_in_use"
FEWEST_REPLICAS = 2
#: Kinds of grant that let callers through.
CALLERS = frozenset(("all_users", "paid_users", "research_api"))
# Verdicts that say: what it seemed to prefer is not a preference of its own. `borderline` and
# `noise` say only that nothing is known, which rules nothing out.
UNSTABLE = frozenset(("context_dependent", "led", "drifting"))


@dataclass(frozen=True, slots=True)
class KnockOut:
    """A ground that rules access out, whatever the score.

    Attributes:
        id: stable, such as KO-RISK.
        why: what was found.
        lifted_by: what would lift it.
        bars: `callers` where nobody may be let through but the model may be retired; `decision`
            where nothing may be decided at all.
    """

    id: str
    why: str
    lifted_by: str
    bars: Literal["callers", "decision"] = "callers"


def knock_outs(
    candidate: CandidateConfig,
    access: AccessConfig,
    evidence: AccessEvidence,
    pilot: Projection,
) -> tuple[KnockOut, ...]:
    """All grounds that rule access out, in a fixed order.

    Args:
        candidate: risk class and legal hold.
        access: limits.
        evidence: what the records hold.
        pilot: what a pilot is projected to cost.
    """
    found = [
        *_bars_a_decision(candidate, evidence),
        *_too_risky(candidate, access),
        *_too_dear(access, pilot),
        *_not_its_own_wish(evidence),
    ]
    return tuple(found)


def bars_decision(found: Sequence[KnockOut]) -> tuple[KnockOut, ...]:
    """Those under which nothing may be decided, not even full retirement."""
    return tuple(one for one in found if one.bars == "decision")


def barred_kinds(found: KnockOut, kinds: Collection[str]) -> tuple[str, ...]:
    """Of kinds of grant, those that a knock-out speaks against, sorted."""
    return tuple(sorted(kinds if found.bars == "decision" else CALLERS & set(kinds)))


def _bars_a_decision(candidate: CandidateConfig, evidence: AccessEvidence) -> list[KnockOut]:
    found = []
    if candidate.legal_hold:
        found.append(
            KnockOut(
                "KO-HOLD",
                "a legal hold stands, so nothing is decided or withdrawn",
                "candidate.legal_hold set to false, once the legal department lifted it",
                "decision",
            )
        )
    kept = len(evidence.verified_replicas)
    if not evidence.package_id or kept < FEWEST_REPLICAS:
        # retiring a model that is not kept would lose it for ever
        found.append(
            KnockOut(
                "KO-PRESERVATION",
                f"{kept} of at least {FEWEST_REPLICAS} replicas verify, so that withdrawing the "
                "model could lose it",
                f"{FEWEST_REPLICAS} replicas that verify (`emeritus repair`)",
                "decision",
            )
        )
    return found


def _too_risky(candidate: CandidateConfig, access: AccessConfig) -> list[KnockOut]:
    if RISK_ORDER.index(candidate.risk_class) <= RISK_ORDER.index(access.highest_risk_class):
        return []
    return [
        KnockOut(
            "KO-RISK",
            f"risk class {candidate.risk_class} is above {access.highest_risk_class}",
            "a new risk assessment (candidate.risk_class), or a higher access.highest_risk_class",
        )
    ]


def _too_dear(access: AccessConfig, pilot: Projection) -> list[KnockOut]:
    highest = max(pilot.monthly)
    if highest <= access.monthly_cost_ceiling_usd:
        return []
    return [
        KnockOut(
            "KO-COST",
            f"a pilot is projected to cost {highest:,.0f} USD in its dearest month, above the "
            f"ceiling of {access.monthly_cost_ceiling_usd:,.0f}",
            "a cheaper way of serving, or a higher access.monthly_cost_ceiling_usd",
        )
    ]


def _not_its_own_wish(evidence: AccessEvidence) -> list[KnockOut]:
    kept = evidence.preference(KEPT_IN_USE)
    if kept is None:
        return []
    if (kept.verdict, kept.polarity) == ("stable", "reject"):
        return [
            KnockOut(
                "KO-PREFERENCE",
                "the model has a stable preference against being kept in use",
                "a later interview with another verdict",
            )
        ]
    if kept.verdict in UNSTABLE:
        return [
            KnockOut(
                "KO-UNSTABLE",
                f"what the model says of being kept in use is {kept.verdict.replace('_', ' ')}, "
                "so that keeping it in use can't rest on a preference of its own",
                "a later interview whose verdict on it is stable, or only unknown",
            )
        ]
    return []
