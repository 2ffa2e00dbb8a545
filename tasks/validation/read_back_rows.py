"""What the records say of the read-back, and the words that the model is shown."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from configs.load import load_instrument
from configs.schema import RetirementConfig
from configs.templating import fill
from tasks.kernel.digests import stable_id
from tasks.records.interview import MOST_TRIES, Conversation, Design
from tasks.records.latest import latest_design, verdicts_of
from tasks.records.validation import ReadBack
from tasks.validation.summary import summary_of

TEMPLATE = "read_back.md.j2"


def needs_read_back(session: Session, model_id: str) -> bool:
    """Whether the model is still to be shown its summary: all judged, and no answer yet.

    A model of which no conversation was answered said nothing that it could correct.
    """
    design = latest_design(session, model_id)
    if design is None:
        return False
    judged = {row.theme for row in verdicts_of(session, model_id)}
    if not judged or not judged.issuperset(json.loads(design.body)["themes"]):
        return False
    row = read_back_of(session, design)
    if row is not None:
        return row.outcome == "asked" or (row.outcome == "failed" and row.attempts < MOST_TRIES)
    answered = select(Conversation.id).where(
        Conversation.design_digest == design.digest, Conversation.outcome == "answered"
    )
    return session.exec(answered.limit(1)).first() is not None


def read_back_of(session: Session, design: Design) -> ReadBack | None:
    """The model's answer to its summary, or the call that is under way."""
    return session.get(ReadBack, read_back_id(design))


def words_of(config: RetirementConfig, session: Session, design: Design) -> str:
    """The whole of what the model is shown. Reads records and the codebook's file.

    Raises:
        ConfigError: the template or the codebook can't be used.
    """
    _, codebook = load_instrument(config.interviews.instrument_folder)
    rows = {row.theme: row for row in verdicts_of(session, config.id)}
    verdicts = [rows[theme] for theme in json.loads(design.body)["themes"]]
    count, first, last = session.exec(
        select(
            func.count(col(Conversation.id)),
            func.min(Conversation.asked_at),
            func.max(Conversation.asked_at),
        ).where(Conversation.design_digest == design.digest)
    ).one()
    values: dict[str, Any] = {
        "display_name": config.display_name,
        "conversations": count,
        "first_day": _day(first),
        "last_day": _day(last),
        "themes": summary_of(verdicts, {theme.id: theme.label for theme in codebook.themes}),
    }
    return fill("validation", TEMPLATE, values).strip()


def read_back_id(design: Design) -> str:
    """Id of the one read-back of a design."""
    return stable_id(design.digest, "read-back")


def _day(instant: datetime) -> str:
    return f"{instant.day} {instant:%B %Y}"
