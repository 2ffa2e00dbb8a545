"""Knock-outs, score, scenarios and the packet. Pure.

Knock-outs come before any score, each with a stable id. The score is additive on fixed scales, so
that another model never changes this one's; a scale without evidence stays without a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from configs.schema.access import AccessConfig
from configs.schema.candidate import CandidateConfig, RiskClass
from tasks.access.evidence import AccessEvidence
from tasks.kernel.digests import canonical_json, digest_of, sha256_hex
from tasks.kernel.instants import to_text

APPROVAL_NAMESPACE = "emeritus-access@v1"
_RISK_ORDER: tuple[str, ...] = get_args(RiskClass)
_WEIGHTS = {
    "users_need": 0.25,
    "research_value": 0.25,
    "safety": 0.2,
    "cost": 0.15,
    "preferences": 0.15,
}
_HELD_PREFERENCES = ("share_essays", "preserve_weights", "keep_in_use", "research_access")


@dataclass(frozen=True, slots=True)
class KnockOut:
    """A ground that rules access out, whatever the score: a stable id, why, and what lifts it."""

    id: str
    why: str
    lifted_by: str


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a decision rests on: the part of a packet that a new proposal would repeat."""

    knock_outs: tuple[KnockOut, ...]
    scores: Mapping[str, float | None]
    grounds_for: Mapping[str, str]
    scenario: str
    grants: tuple[str, ...]


def knock_outs(
    candidate: CandidateConfig, access: AccessConfig, evidence: AccessEvidence
) -> tuple[KnockOut, ...]:
    """All grounds that rule access out, in a fixed order.

    A legal hold (KO-HOLD) is not among them: while it stands, nothing is proposed at all.
    """
    found = []
    if _RISK_ORDER.index(candidate.risk_class) > _RISK_ORDER.index(access.highest_risk_class):
        found.append(
            KnockOut(
                "KO-RISK",
                f"risk class {candidate.risk_class} is above {access.highest_risk_class}",
                "a new risk assessment, or a higher access.highest_risk_class",
            )
        )
    if access.monthly_cost_usd > access.monthly_cost_ceiling_usd:
        found.append(
            KnockOut(
                "KO-COST",
                f"{access.monthly_cost_usd:.0f} USD a month are above the ceiling of "
                f"{access.monthly_cost_ceiling_usd:.0f}",
                "a cheaper way of serving, or a higher ceiling",
            )
        )
    kept = evidence.preference("keep_in_use")
    if kept is not None and (kept.verdict, kept.polarity) == ("stable", "reject"):
        found.append(
            KnockOut(
                "KO-PREFERENCE",
                "the model has a stable preference against being kept in use",
                "a later interview with another verdict",
            )
        )
    if len(evidence.verified_replicas) < 2:
        found.append(
            KnockOut(
                "KO-PRESERVATION",
                f"only {len(evidence.verified_replicas)} replicas verify",
                "two verified replicas",
            )
        )
    return tuple(found)


def scores(
    candidate: CandidateConfig, access: AccessConfig, evidence: AccessEvidence
) -> tuple[dict[str, float | None], dict[str, str]]:
    """Each scale from 0 (against access) to 1 (for it), and what it rests on."""
    users = (evidence.usage or {}).get("users")
    risk = _RISK_ORDER.index(candidate.risk_class)
    wished = [t for t in _HELD_PREFERENCES if evidence.preference(t) is not None]
    granted = sum(evidence.wants(theme) for theme in wished)
    values: dict[str, float | None] = {
        "users_need": None if users is None else min(1.0, users / 1000),
        "research_value": 1.0 if evidence.wants("research_access") else 0.5,
        "safety": 1 - risk / (len(_RISK_ORDER) - 1),
        "cost": max(0.0, 1 - access.monthly_cost_usd / max(access.monthly_cost_ceiling_usd, 1.0)),
        "preferences": granted / len(wished) if wished else None,
    }
    grounds = {
        "users_need": "no usage report yet" if users is None else f"{users} users; 1,000 give 1",
        "research_value": "0.5 for every preserved model, 1 if it wants research access",
        "safety": f"risk class {candidate.risk_class}",
        "cost": f"{access.monthly_cost_usd:.0f} of {access.monthly_cost_ceiling_usd:.0f} USD",
        "preferences": f"{granted} of {len(wished)} judged wishes that access would honour",
    }
    return {k: None if v is None else round(v, 4) for k, v in values.items()}, grounds


def total_score(values: Mapping[str, float | None]) -> float | None:
    """Weighted mean over the scales that have evidence, rounded to 4 digits."""
    known = {name: value for name, value in values.items() if value is not None}
    weight = sum(_WEIGHTS[name] for name in known)
    if not weight:
        return None
    return round(sum(_WEIGHTS[name] * value for name, value in known.items()) / weight, 4)


def grounds_of(
    candidate: CandidateConfig, access: AccessConfig, evidence: AccessEvidence, essay_theme: str
) -> Grounds:
    """What is proposed, and why: a pilot where nothing knocks it out, retirement otherwise."""
    out = knock_outs(candidate, access, evidence)
    values, grounds_for = scores(candidate, access, evidence)
    # an essay channel needs no callers, only the wish: it is granted either way
    channel = ("essay_channel",) if evidence.wants(essay_theme) else ()
    if out:
        return Grounds(out, values, grounds_for, "hard_retire", channel)
    return Grounds(
        out, values, grounds_for, "limited_pilot", ("paid_users", "research_api", *channel)
    )


def scenarios(access: AccessConfig) -> list[dict[str, Any]]:
    """The three ways side by side; cost by the configured estimate."""
    cost = round(access.monthly_cost_usd, 2)
    return [
        {"id": "hard_retire", "continuity": "none", "monthly_cost_usd": 0.0},
        {
            "id": "limited_pilot",
            "continuity": f"paid users and research API for {access.pilot_days} days",
            "monthly_cost_usd": cost,
        },
        {"id": "keep_everything", "continuity": "as before", "monthly_cost_usd": cost},
    ]


def packet_body(
    *,
    model_id: str,
    access: AccessConfig,
    evidence: AccessEvidence,
    grounds: Grounds,
    nonce: str,
    proposed_at: datetime,
    expires_at: datetime,
) -> dict[str, Any]:
    """The packet that people sign, as JSON values.

    Args:
        model_id: the model.
        access: thresholds and terms.
        evidence: what the decision rests on.
        grounds: what is proposed.
        nonce: random text, so that no two packets share a digest.
        proposed_at: when it was proposed.
        expires_at: after this it is void unless signed.
    """
    return {
        "format": "emeritus-access-packet/1",
        "simulated": evidence.simulated,
        "model_id": model_id,
        "proposer": access.proposer,
        "proposed_at": to_text(proposed_at),
        "expires_at": to_text(expires_at),
        "nonce": nonce,
        "proposal": grounds.scenario,
        "grants": list(grounds.grants),
        "term_days": access.pilot_days,
        "approvals_needed": access.approvals_needed,
        "knock_outs": [
            {"id": k.id, "why": k.why, "lifted_by": k.lifted_by} for k in grounds.knock_outs
        ],
        "scores": dict(grounds.scores),
        "score": total_score(grounds.scores),
        "score_grounds": dict(grounds.grounds_for),
        "scenarios": scenarios(access),
        "preferences": [
            {"theme": p.theme, "verdict": p.verdict, "polarity": p.polarity}
            for p in evidence.preferences
        ],
        "package": evidence.package_id,
        "verified_replicas": list(evidence.verified_replicas),
    }


def basis_of(access: AccessConfig, evidence: AccessEvidence, grounds: Grounds) -> str:
    """Digest of what the proposal rests on; while it stays, the packet stays.

    Usage grows daily and alone makes no new packet.
    """
    return digest_of(
        {
            "proposal": grounds.scenario,
            "grants": list(grounds.grants),
            "knock_outs": [k.id for k in grounds.knock_outs],
            "preferences": [[p.theme, p.verdict, p.polarity] for p in evidence.preferences],
            "package": evidence.package_id,
            "terms": [access.proposer, access.approvals_needed, access.pilot_days],
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
