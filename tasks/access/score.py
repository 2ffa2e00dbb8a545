"""The score: additive on fixed scales, each number with its evidence. Pure.

A scale runs from 0 (against keeping access) to 1 (for it), and its ends are fixed in the
configuration or here; they never depend on which other models there are. So another model, however
good or bad, neither changes this one's score nor the order of any two. (Scales that are stretched
between the best and the worst model of a list do both.)

Source: R. Keeney, H. Raiffa, Decisions with Multiple Objectives, 1976, ch. 3; on reversal of ranks,
V. Belton, T. Gear, Omega 11 (1983), 228-230.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from configs.schema.access import AccessConfig
from configs.schema.candidate import CandidateConfig
from configs.schema.decision import NoteConfig, Scale
from tasks.access.costs import Projection
from tasks.access.evidence import AccessEvidence
from tasks.access.knock_outs import RISK_ORDER
from tasks.access.scenarios import PILOT, honoured_share

UNKNOWN = 0.5  # what a scale without evidence counts as, in the middle of what it could be


@dataclass(frozen=True, slots=True)
class ScaleScore:
    """One scale's number.

    Attributes:
        scale: its id.
        value: from 0 to 1; None where there is no evidence.
        kind: where the number comes from.
        says: the evidence in words.
        source: where to look it up: a record's id, a field, or a person and a day.
    """

    scale: Scale
    value: float | None
    kind: Literal["report", "verdicts", "note", "configuration", "none"]
    says: str
    source: str = ""

    @property
    def counted(self) -> float:
        """The number that enters the score."""
        return UNKNOWN if self.value is None else self.value


@dataclass(frozen=True, slots=True)
class Score:
    """The weighted sum: as counted, and with every unknown scale at 0 and at 1."""

    value: float
    low: float
    high: float


def scale_scores(
    candidate: CandidateConfig,
    access: AccessConfig,
    evidence: AccessEvidence,
    pilot: Projection,
) -> tuple[ScaleScore, ...]:
    """Every scale's number and evidence, in a fixed order.

    Args:
        candidate: risk class.
        access: limits, weights and people's notes.
        evidence: what the records hold.
        pilot: what a pilot is projected to cost.
    """
    return (
        _users_need(access, evidence),
        _research_value(access, evidence),
        _safety(candidate),
        _cost(access, pilot),
        _preferences(evidence),
    )


def score_of(access: AccessConfig, scales: Sequence[ScaleScore]) -> Score:
    """The additive score, rounded to four digits."""
    weights = access.decision.weights.by_scale()

    def total(unknown: float) -> float:
        return sum(
            weights[one.scale] * (unknown if one.value is None else one.value) for one in scales
        )

    return Score(round(total(UNKNOWN), 4), round(total(0.0), 4), round(total(1.0), 4))


def _users_need(access: AccessConfig, evidence: AccessEvidence) -> ScaleScore:
    """What was counted up to now; else the newer of an older count and a person's note.

    The other one is told beside it.
    """
    note = _note("users_need", access)
    noted = _noted("users_need", note, "no usage report that tells of users, and no note")
    counted = _counted_users(access, evidence)
    if counted is None or note is None:
        return counted or noted
    usage = evidence.usage or {}
    newer = note.on.isoformat() > usage["recent_users"]["to"][:10]
    if newer and not usage["covers_last_7_days"]:
        return replace(noted, says=f"{noted.says}. Set aside: {counted.value}, {counted.says}")
    aside = f"Set aside: {note.value}, as {noted.source} judged: {note.why}"
    return replace(counted, says=f"{counted.says}. {aside}")


def _counted_users(access: AccessConfig, evidence: AccessEvidence) -> ScaleScore | None:
    """The users of the latest days that the usage log covers; None where they tell nothing."""
    usage = evidence.usage or {}
    recent, full = usage.get("recent_users"), access.decision.users_for_full_need
    current = usage.get("covers_last_7_days")
    if recent is None or recent["users"] is None or not (recent["users"] or current):
        return None
    says = (
        f"{recent['users']:,} users from {recent['from'][:10]} to {recent['to'][:10]} in the usage "
        f"report; {full:,} or more give 1"
    )
    if not current:
        says += ". It says nothing of the last days"
    value = round(min(1.0, recent["users"] / full), 4)
    return ScaleScore("users_need", value, "report", says, evidence.usage_source)


def _research_value(access: AccessConfig, evidence: AccessEvidence) -> ScaleScore:
    said = f"no note by a person; {evidence.applications} applications by researchers so far"
    return _noted("research_value", _note("research_value", access), said)


def _note(scale: Scale, access: AccessConfig) -> NoteConfig | None:
    return next((note for note in access.decision.notes if note.scale == scale), None)


def _noted(scale: Scale, note: NoteConfig | None, otherwise: str) -> ScaleScore:
    if note is None:
        return ScaleScore(scale, None, "none", otherwise)
    return ScaleScore(scale, note.value, "note", note.why, f"{note.by}, {note.on}")


def _safety(candidate: CandidateConfig) -> ScaleScore:
    value = 1 - RISK_ORDER.index(candidate.risk_class) / (len(RISK_ORDER) - 1)
    says = f"risk class {candidate.risk_class}, of {RISK_ORDER[0]} (1) to {RISK_ORDER[-1]} (0)"
    return ScaleScore("safety", value, "configuration", says, "candidate.risk_class")


def _cost(access: AccessConfig, pilot: Projection) -> ScaleScore:
    if pilot.without_calls:
        said = "each call costs, and how often the model is called is not known"
        return ScaleScore("cost", None, "none", said)
    ceiling = access.monthly_cost_ceiling_usd
    value = max(0.0, 1 - pilot.mean / ceiling) if ceiling else float(not pilot.mean)
    says = (
        f"a pilot is projected to cost {pilot.mean:,.0f} USD a month; the ceiling of "
        f"{ceiling:,.0f} gives 0"
    )
    return ScaleScore("cost", round(value, 4), "configuration", says, "access.costs")


def _preferences(evidence: AccessEvidence) -> ScaleScore:
    share, themes = honoured_share(evidence, PILOT)
    if share is None:
        return ScaleScore("preferences", None, "none", "no stable preference that access bears on")
    says = f"a pilot would honour {share:.0%} of the stable preferences on {', '.join(themes)}"
    return ScaleScore("preferences", round(share, 4), "verdicts", says, evidence.design_digest)
