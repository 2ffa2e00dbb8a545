"""The proposal and its packet: what rules access out, what speaks for it, what is proposed. Pure.

Knock-outs come first, each with a stable id (`knock_outs.py`). The score (`score.py`) and the ways
side by side (`scenarios.py`) rest on fixed scales, `robustness.py` tells how far the choice depends
on the weights, and all of it goes into one canonical JSON, under whose digest people sign.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from configs.schema.access import AccessConfig
from configs.schema.candidate import CandidateConfig
from configs.schema.decision import Scale
from tasks.access.costs import assumptions, calls_a_month
from tasks.access.evidence import AccessEvidence
from tasks.access.knock_outs import KnockOut, bars_decision, knock_outs
from tasks.access.robustness import Robustness, robustness_of
from tasks.access.scenarios import (
    PILOT,
    Scenario,
    choose,
    project_pilot,
    scenarios_of,
    utilities,
    value_of,
)
from tasks.access.score import ScaleScore, Score, scale_scores, score_of
from tasks.kernel.digests import canonical_json, digest_of, sha256_hex
from tasks.kernel.instants import to_text

APPROVAL_NAMESPACE = "emeritus-access@v1"
_GRANTS: Mapping[str, tuple[str, ...]] = {
    "hard_retire": (),
    "limited_pilot": ("paid_users", "research_api"),
    "keep_everything": ("all_users", "paid_users", "research_api"),
}


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a decision rests on, as worked out from evidence and configuration.

    Attributes:
        evidence: what it was worked out from.
        knock_outs: all that apply.
        scales: the model's numbers.
        score: their weighted sum.
        ways: the scenarios.
        worths: scenario id -> what it is worth on each scale.
        values: scenario id -> the weighted sum of that.
        calls: calls a month today; None where unknown.
        scenario: the way that is proposed.
        grants: the kinds of grant that it asks for.
    """

    evidence: AccessEvidence
    knock_outs: tuple[KnockOut, ...]
    scales: tuple[ScaleScore, ...]
    score: Score
    ways: tuple[Scenario, ...]
    worths: Mapping[str, Mapping[Scale, float]]
    values: Mapping[str, float]
    calls: float | None
    scenario: str
    grants: tuple[str, ...]

    @property
    def barring(self) -> tuple[KnockOut, ...]:
        """Knock-outs under which nothing may be decided at all."""
        return bars_decision(self.knock_outs)


def grounds_of(
    candidate: CandidateConfig, access: AccessConfig, evidence: AccessEvidence, essay_theme: str
) -> Grounds:
    """What is proposed, and why: of the ways that nothing rules out, the one of highest value."""
    calls = calls_a_month(evidence.usage)
    pilot = project_pilot(access, calls)
    out = knock_outs(candidate, access, evidence, pilot)
    scales = scale_scores(candidate, access, evidence, pilot)
    ways = scenarios_of(access, calls, [one.id for one in out])
    counted: dict[Scale, float] = {one.scale: one.counted for one in scales}
    weights = access.decision.weights.by_scale()
    worths = {way.id: utilities(way, access, evidence, counted) for way in ways}
    values = {id_: value_of(worth, weights) for id_, worth in worths.items()}
    chosen = choose(values, ways)
    # an essay channel needs no callers, only the wish: it is granted either way
    channel = ("essay_channel",) if evidence.wants(essay_theme) else ()
    return Grounds(
        evidence=evidence,
        knock_outs=out,
        scales=scales,
        score=score_of(access, scales),
        ways=ways,
        worths=worths,
        values=values,
        calls=calls,
        scenario=chosen,
        grants=(*_GRANTS[chosen], *channel),
    )


def packet_body(
    *,
    model_id: str,
    access: AccessConfig,
    names: Sequence[str],
    grounds: Grounds,
    nonce: str,
    proposed_at: datetime,
    expires_at: datetime,
) -> dict[str, Any]:
    """The packet that people sign, as JSON values.

    Args:
        model_id: the model.
        access: thresholds and terms.
        names: under which the gateway serves the model; grants open these and no other.
        grounds: what is proposed, and what that rests on.
        nonce: random hex, so that no two packets share a digest; it also seeds the draws.
        proposed_at: when it was proposed.
        expires_at: after this it is void unless signed.
    """
    evidence = grounds.evidence
    robustness = robustness_of(access, evidence, grounds.scales, grounds.ways, int(nonce, 16))
    return {
        "format": "emeritus-access-packet/3",
        "simulated": evidence.simulated,
        "model_id": model_id,
        "proposer": access.proposer,
        "proposed_at": to_text(proposed_at),
        "expires_at": to_text(expires_at),
        "nonce": nonce,
        "proposal": grounds.scenario,
        "grants": list(grounds.grants),
        "names": sorted(set(names)),
        "paid_users": sorted(access.paid_users),
        "term_days": access.pilot_days,
        "approvals_needed": access.approvals_needed,
        "knock_outs": [
            {"id": k.id, "why": k.why, "lifted_by": k.lifted_by} for k in grounds.knock_outs
        ],
        "weights": access.decision.weights.model_dump(),
        "scales": [asdict(one) for one in grounds.scales],
        "score": asdict(grounds.score),
        "scenarios": [_shown(way, grounds, access) for way in grounds.ways],
        "assumptions": list(assumptions(access, grounds.calls)),
        "robustness": _robustness(robustness, access),
        "preferences": [
            {"theme": p.theme, "verdict": p.verdict, "polarity": p.polarity}
            for p in evidence.preferences
        ],
        "package": evidence.package_id,
        "verified_replicas": list(evidence.verified_replicas),
    }


def _shown(way: Scenario, grounds: Grounds, access: AccessConfig) -> dict[str, Any]:
    kept = way.users_served
    users = {0.0: "no user keeps access", 1.0: "every user keeps access"}
    term = f", for {access.pilot_days} days" if way.id == PILOT else ""
    research = "researchers may apply" if way.research_served else "no access for research"
    return {
        "id": way.id,
        "ruled_out_by": list(way.ruled_out_by),
        "continuity": f"{users.get(kept, f'{kept:.0%} of users keep access')}; {research}{term}",
        "users_served": kept,
        "worth": {scale: round(worth, 4) for scale, worth in grounds.worths[way.id].items()},
        "value": round(grounds.values[way.id], 4),
        "monthly_usd": list(way.cost.monthly),
        "total_usd": way.cost.total,
        "low_usd": way.cost.low,
        "high_usd": way.cost.high,
    }


def _robustness(found: Robustness, access: AccessConfig) -> dict[str, Any]:
    return {
        "draws": found.draws,
        "stays": found.stays,
        "stays_anywhere": found.stays_anywhere,
        "wins": dict(found.wins),
        "baseline_ahead": found.baseline_ahead,
        "unknown": list(found.unknown),
        "turns": [asdict(turn) for turn in found.turns],
        "enough": found.enough,
        "enough_from": access.decision.robust_share,
    }


def basis_of(access: AccessConfig, grounds: Grounds, risk_class: str, names: Sequence[str]) -> str:
    """Digest of what the proposal rests on; while it stays, the packet stays.

    Usage grows daily: it makes a new packet only when it changes what is proposed or knocked out.
    """
    evidence = grounds.evidence
    return digest_of(
        {
            "proposal": grounds.scenario,
            "grants": list(grounds.grants),
            "names": sorted(set(names)),
            "knock_outs": [k.id for k in grounds.knock_outs],
            "preferences": [[p.theme, p.verdict, p.polarity] for p in evidence.preferences],
            "package": evidence.package_id,
            "design": evidence.design_digest,
            "simulated": evidence.simulated,
            "risk": [risk_class, access.highest_risk_class],
            "terms": [access.proposer, access.approvals_needed, access.pilot_days],
            "paid_users": sorted(access.paid_users),
            "decision": access.decision.model_dump(mode="json"),
            "costs": access.costs.model_dump(),
            "monthly_usd": [access.monthly_cost_usd, access.monthly_cost_ceiling_usd],
        }
    )


def approval_statement(model_id: str, packet_digest: str) -> bytes:
    """The bytes that an approver signs, with namespace `APPROVAL_NAMESPACE`.

    The packet that the digest names holds the nonce and the expiry.
    """
    statement = {"act": "approve-access", "model_id": model_id, "packet_sha256": packet_digest}
    return canonical_json(statement) + b"\n"


def packet_digest(body: dict[str, Any]) -> str:
    """SHA-256 of the packet's canonical JSON."""
    return sha256_hex(canonical_json(body))
