"""What the records say of follow-up waves. Reads only."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from configs.load import load_instrument
from configs.schema import RetirementConfig
from configs.schema.endpoint import EndpointConfig
from configs.schema.follow_up import FollowUpConfig
from configs.schema.instrument import Instrument
from tasks.interviews.batch_rows import held_up
from tasks.interviews.design import Planned, facts_of
from tasks.interviews.follow_up import (
    Due,
    as_asked,
    assess_open,
    assess_rest,
    body_of,
    calls_of,
    last_day,
    left_of,
    next_wave,
    waves_of,
)
from tasks.interviews.questions import question_of
from tasks.kernel.digests import digest_of
from tasks.kernel.stages import Assessment, StageState, blocked, due
from tasks.ports.respondent import Question
from tasks.records.follow_up import FollowUp, nothing_to_ask
from tasks.records.interview import Conversation
from tasks.records.latest import latest_design, verdicts_of


@dataclass(frozen=True, slots=True)
class FollowUpView:
    """The follow-ups of a model, and the one under way or due.

    Attributes:
        design: the registered design's body.
        design_digest: its digest.
        instrument: the questions, as they stand now.
        changed: whether the instrument is no longer the registered one.
        rows: the follow-ups registered, in order.
        under_way: the one that is registered and not ended.
        due: the one that is to be registered now.
        coming: the next one that lies ahead.
        body: what `under_way` or `due` asks; empty without either.
        calls: its conversations.
        conversations: those recorded of it, by id.
        last_day: the first instant after the last day of service.
    """

    design: dict[str, Any]
    design_digest: str
    instrument: Instrument
    changed: bool
    rows: tuple[FollowUp, ...]
    under_way: FollowUp | None
    due: Due | None
    coming: Due | None
    body: dict[str, Any]
    calls: tuple[Planned, ...]
    conversations: dict[str, Conversation]
    last_day: datetime

    @property
    def digest(self) -> str:
        """Digest of what is asked."""
        return digest_of(self.body)

    @property
    def answered(self) -> int:
        """How many of its conversations have an answer."""
        return sum(row.outcome == "answered" for row in self.conversations.values())

    def over(self, settings: FollowUpConfig, now: datetime) -> bool:
        """Whether the one under way makes no more call."""
        return self.under_way is not None and nothing_to_ask(
            self.under_way,
            list(self.conversations.values()),
            most_calls=settings.max_calls,
            reach_within=timedelta(days=settings.reach_within_days),
            now=now,
        )

    def question(self, call: Planned) -> Question:
        """The exact request of a call."""
        asked = as_asked(self.instrument, self.body, self.last_day)
        # one registered by an earlier version told what the design did
        facts = self.body.get("facts", self.design["facts"])
        return question_of(call, {**self.design, "facts": facts}, asked)


def endpoint_of(config: RetirementConfig) -> EndpointConfig:
    """Where a follow-up is asked."""
    settings = config.interviews.follow_up
    own = settings.endpoint if settings is not None else None
    return own or config.endpoint


def look_after(config: RetirementConfig, session: Session, now: datetime) -> FollowUpView | None:
    """The follow-ups; None where none are configured, or nothing is judged yet.

    Raises:
        ConfigError: the instrument can't be used.
    """
    settings, row = config.interviews.follow_up, latest_design(session, config.id)
    if settings is None or row is None or not verdicts_of(session, config.id):
        return None
    design: dict[str, Any] = json.loads(row.body)
    if "facts" not in design:
        return None  # a design of the first version can't be asked again
    instrument, _ = load_instrument(config.interviews.instrument_folder)
    sha256 = digest_of(instrument.model_dump(mode="json"))
    rows = tuple(
        session.exec(
            select(FollowUp)
            .where(FollowUp.model_id == config.id, FollowUp.design_digest == row.digest)
            .order_by(col(FollowUp.number))
        )
    )
    under_way = next((one for one in rows if not one.outcome), None)
    wanted, coming = next_wave(waves_of(settings, config.candidate), rows, now)
    body: dict[str, Any] = {}
    if under_way is not None:
        body = json.loads(under_way.body)
    elif wanted is not None:
        model = endpoint_of(config).model
        body = body_of(design, row.digest, sha256, wanted, model=model, facts=facts_of(config))
    digest = digest_of(body)
    calls = calls_of(body, digest, design, instrument) if body else ()
    return FollowUpView(
        design=design,
        design_digest=row.digest,
        instrument=instrument,
        changed=sha256 != design["instrument"]["sha256"],
        rows=rows,
        under_way=under_way,
        due=None if under_way is not None else wanted,
        coming=coming,
        body=body,
        calls=calls,
        conversations=_conversations(session, digest) if body else {},
        last_day=last_day(config.candidate),
    )


def assess_follow_up(
    config: RetirementConfig, session: Session, now: datetime
) -> Assessment | None:
    """How follow-ups stand; None where none are configured, or nothing is judged yet."""
    view, settings = look_after(config, session, now), config.interviews.follow_up
    if view is None or settings is None:
        return None
    if view.changed and (view.due or view.under_way):
        return blocked(
            "the instrument is not the one of the registered design: a follow-up asks in the same "
            "words; put the old file back"
        )
    if view.under_way is not None:
        left = left_of(view.calls, view.conversations, settings.max_calls)
        over = view.over(settings, now)
        found = assess_open(view.under_way.number, len(left), answered=view.answered, over=over)
        if over:
            return found
        held = held_up(session, config.id, endpoint_of(config), now)
        return held if held and found.state is StageState.DUE else found
    if view.due is not None and len(view.calls) <= settings.max_calls:
        return due(f"follow-up {view.due.number}: {len(view.calls)} conversations to be held")
    return assess_rest(view.rows, view.coming, len(view.calls), settings.max_calls)


def _conversations(session: Session, digest: str) -> dict[str, Conversation]:
    rows = session.exec(
        select(Conversation)
        .where(Conversation.design_digest == digest)
        .options(defer(Conversation.raw))  # type: ignore[arg-type]  # SQLModel types it as str
    )
    return {row.id: row for row in rows}
