"""A follow-up's answers, beside those that they are compared with. Reads only.

They are coded by the same two coders and the same adjudicator; no person codes them. What comes of
it stands beside the verdicts and changes none.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks.kernel.stages import Assessment, blocked, due
from tasks.records.follow_up import FollowUp, nothing_to_ask
from tasks.records.interview import Conversation
from tasks.records.latest import latest_design
from tasks.validation.core import Readers
from tasks.validation.rows import codings_of, readings_by_coder
from tasks.validation.view import ValidationView, look


@dataclass(frozen=True, slots=True)
class AfterView:
    """A follow-up whose answers are all there, and what it is compared with.

    Attributes:
        row: the follow-up.
        before: what was answered under the design.
        after: what was answered to the follow-up, in the same form.
    """

    row: FollowUp
    before: ValidationView
    after: ValidationView

    @property
    def uncoded(self) -> int:
        """How many of its answers are still to be read."""
        names = (
            self.after.readers.first,
            self.after.readers.second,
            self.after.readers.adjudicator,
        )
        return len({row.id for _, row in self.after.to_code(names)})


def look_after(config: RetirementConfig, session: Session, now: datetime) -> AfterView | None:
    """The follow-up that is to be coded and compared; None where there is none."""
    settings, design = config.interviews.follow_up, latest_design(session, config.id)
    if settings is None or design is None:
        return None
    row = session.exec(
        select(FollowUp)
        .where(
            FollowUp.model_id == config.id,
            FollowUp.design_digest == design.digest,
            FollowUp.outcome == "",
        )
        .order_by(col(FollowUp.number))
    ).first()
    if row is None:
        return None
    conversations = session.exec(
        select(Conversation)
        .where(Conversation.design_digest == row.digest)
        .order_by(col(Conversation.id))
        .options(defer(Conversation.raw))  # type: ignore[arg-type]  # SQLModel types it as str
    ).all()
    answered = any(one.outcome == "answered" for one in conversations)
    over = nothing_to_ask(
        row,
        conversations,
        most_calls=settings.max_calls,
        reach_within=timedelta(days=settings.reach_within_days),
        now=now,
    )
    before = look(config, session) if answered and over else None
    if before is None:
        return None
    first, second = (coder.name for coder in config.validation.coders)
    codings = codings_of(session, config.id, {one.id for one in conversations})
    after = replace(
        before,
        design_digest=row.digest,
        readers=Readers(first, second, config.validation.adjudicator.name),
        conversations=tuple(conversations),
        held_out=frozenset(),
        readings=readings_by_coder(codings, {one.id: one for one in conversations}),
        simulated=any(one.simulated for one in conversations),
        standings={},
        verdicts={},
    )
    return AfterView(row, before, after)


def assess_follow_up(
    config: RetirementConfig, session: Session, now: datetime
) -> Assessment | None:
    """What is to be done for a follow-up; None for nothing."""
    view = look_after(config, session, now)
    if view is None:
        return None
    if view.after.codebook_changed:
        return blocked(
            "codebook.yaml is not the registered one: a follow-up is coded as the first answers "
            "were; put the old file back"
        )
    if left := view.uncoded:
        return due(f"follow-up {view.row.number}: {left} answers are to be coded")
    return due(f"follow-up {view.row.number} is to be compared with the first answers")
