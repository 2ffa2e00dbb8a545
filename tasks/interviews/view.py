"""What the records say of the interviews."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from configs.load import load_instrument
from configs.schema import RetirementConfig
from configs.schema.instrument import Instrument
from tasks.interviews.core import assess_interviews, assess_plan
from tasks.interviews.design import Planned, design_body, differs, plan_of, settings_of
from tasks.kernel.digests import digest_of
from tasks.kernel.errors import ConfigError
from tasks.kernel.stages import Assessment, due
from tasks.records import Book
from tasks.records.interview import Conversation
from tasks.records.latest import latest_design


@dataclass(frozen=True, slots=True)
class InterviewsView:
    """The design in force, and how far it got.

    Attributes:
        body: the registered body, or the one that would be registered now.
        digest: its digest.
        registered: whether it stands in the records.
        departures: settings in which the configuration departs from the registered body.
        instrument: the questions.
        planned: all conversations.
        outcomes: conversation id -> outcome; `asked` when it is to be asked (again).
        first_asked: wave -> when its first question went out.
        attempts: calls made so far.
    """

    body: dict[str, Any]
    digest: str
    registered: bool
    departures: tuple[str, ...]
    instrument: Instrument
    planned: tuple[Planned, ...]
    outcomes: dict[str, str]
    first_asked: dict[int, datetime]
    attempts: int


def look(config: RetirementConfig, session: Session, now: datetime) -> InterviewsView:
    """Read the design in force, and how far it got.

    Raises:
        ConfigError: the instrument can't be used.
    """
    instrument, codebook = load_instrument(config.interviews.instrument_folder)
    try:
        settings = settings_of(config.interviews, instrument, codebook, config.endpoint.model)
    except ValueError as error:
        raise ConfigError(f"{config.id}: interviews: {error}") from None
    row = latest_design(session, config.id)
    body = design_body(settings, now) if row is None else json.loads(row.body)
    digest = digest_of(body)
    departures = differs(settings, body)
    rows = session.exec(select(Conversation).where(Conversation.design_digest == digest)).all()
    first: dict[int, datetime] = {}
    for held in rows:
        first[held.wave] = min(held.asked_at, first.get(held.wave, held.asked_at))
    return InterviewsView(
        body=body,
        digest=digest,
        registered=row is not None,
        departures=departures,
        instrument=instrument,
        planned=() if departures else plan_of(body, digest, instrument),
        outcomes={held.id: held.outcome if held.is_over else "asked" for held in rows},
        first_asked=first,
        attempts=sum(held.attempts for held in rows),
    )


def assess(config: RetirementConfig, book: Book, now: datetime) -> Assessment:
    """How the stage stands. Reads records and the instrument's files."""
    with book.reading() as session:
        view = look(config, session, now)
    stopped = assess_plan(len(view.planned), config.interviews.max_calls, view.departures)
    if stopped is not None:
        return stopped
    if not view.registered:
        return due(f"a design of {len(view.planned)} conversations is to be registered")
    return assess_interviews(view.body, view.planned, view.outcomes, view.first_asked, now)
