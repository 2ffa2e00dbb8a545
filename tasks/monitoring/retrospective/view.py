"""What the records say of retrospectives. Reads only."""

from datetime import datetime

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks.kernel.stages import Assessment
from tasks.monitoring.retrospective.core import assess_due, due_at
from tasks.records.monitoring import Retrospective
from tasks.records.retirement import Retirement


def latest_retrospective(session: Session, model_id: str) -> Retrospective | None:
    """The retrospective made last."""
    return session.exec(
        select(Retrospective)
        .where(Retrospective.model_id == model_id)
        .order_by(col(Retrospective.made_at).desc(), col(Retrospective.id))
    ).first()


def period_of(
    config: RetirementConfig, session: Session, now: datetime
) -> tuple[datetime, datetime]:
    """What the next one looks at: from the last one, or the retirement's opening, and when."""
    last, row = latest_retrospective(session, config.id), session.get(Retirement, config.id)
    opened = row.opened_at if row is not None else now
    since = last.made_at if last is not None else opened
    every = config.monitoring.retrospective.every_days
    return since, due_at(opened, last.made_at if last is not None else None, every)


def assess_retrospective(
    config: RetirementConfig, session: Session, now: datetime
) -> Assessment | None:
    """`due` when one is to be written; None otherwise."""
    return assess_due(period_of(config, session, now)[1], now)
