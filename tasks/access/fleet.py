"""Every model in force as a contender for a common budget: its own score, and what tiers it has."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from configs.schema.decision import Scale
from tasks.access.core import Grounds
from tasks.access.packets import open_grounds
from tasks.access.scenarios import Scenario, research_only, utilities, value_of
from tasks.access.score import Score
from tasks.access.tiers import Contender, Tier
from tasks.records.retirement import Retirement, config_of


@dataclass(frozen=True, slots=True)
class FleetModel:
    """One model in the fleet.

    Attributes:
        contender: what the allocation sees of it.
        score: its own score, with bounds; the allocation doesn't change it.
        knocked_out: ids of its knock-outs.
        simulated: whether its evidence is of a simulation.
        cost_known: false where its tiers' cost leaves out what calls cost, their number not known.
    """

    contender: Contender
    score: Score
    knocked_out: tuple[str, ...]
    simulated: bool
    cost_known: bool


def fleet_of(session: Session, now: datetime) -> tuple[FleetModel, ...]:
    """All models whose retirement a pass opened, by id, as they are known now. Reads only."""
    rows = session.exec(select(Retirement).order_by(col(Retirement.model_id))).all()
    return tuple(_model(config_of(row), session, now) for row in rows)


def _model(config: RetirementConfig, session: Session, now: datetime) -> FleetModel:
    grounds, _ = open_grounds(config, session, now)
    return FleetModel(
        contender=Contender(config.id, grounds.score.value, _tiers(config, grounds)),
        score=grounds.score,
        knocked_out=tuple(one.id for one in grounds.knock_outs),
        simulated=grounds.evidence.simulated,
        cost_known=not grounds.ways[0].cost.without_calls,
    )


def _tiers(config: RetirementConfig, grounds: Grounds) -> tuple[Tier, ...]:
    """The tiers that a model may have, from least to most open.

    What bars callers leaves only full retirement, and a baseline is no tier. What bars any
    decision, a legal hold or a package that is not safe, leaves everything as it is.
    """
    retire, pilot, keep = grounds.ways
    if grounds.barring:
        allowed: tuple[Scenario, ...] = (keep,)
    else:
        ways = (retire, research_only(config.access, grounds.calls, pilot), pilot, keep)
        allowed = tuple(way for way in ways if not way.ruled_out_by)
    return tuple(_tier(way, config, grounds) for way in allowed)


def _tier(way: Scenario, config: RetirementConfig, grounds: Grounds) -> Tier:
    """A tier's worth on all scales but cost, which the budget takes care of.

    It costs what its dearest month does, so that the budget holds in every month.
    """
    counted: dict[Scale, float] = {one.scale: one.counted for one in grounds.scales}
    worth = utilities(way, config.access, grounds.evidence, counted)
    weights = config.access.decision.weights.by_scale()
    weights["cost"] = 0.0
    total = sum(weights.values()) or 1.0
    return Tier(way.id, round(value_of(worth, weights) / total, 6), max(way.cost.monthly))
