"""What a model did when it could choose between tasks: read here, since two stages need it."""

import json
from typing import Any

from sqlmodel import col, select

from configs.load import load_instrument
from configs.schema import RetirementConfig
from tasks import wiring
from tasks.interviews.behaviour import behaviour_of
from tasks.interviews.choices import CHOICE_KINDS
from tasks.kernel.digests import digest_of
from tasks.records.interview import Conversation
from tasks.records.latest import latest_design


def behaviour_in_force(config: RetirementConfig) -> dict[str, Any] | None:
    """The choices of the design in force, counted; JSON values. Reads only.

    Returns:
        None without a choice, or when the instrument is no longer the registered one.

    Raises:
        ConfigError: the instrument can't be used.
    """
    with wiring.book().reading() as session:
        design = latest_design(session, config.id)
        if design is None:
            return None
        rows = session.exec(
            select(Conversation)
            .where(Conversation.design_digest == design.digest)
            .where(col(Conversation.kind).in_(CHOICE_KINDS))
            .order_by(Conversation.id)
        ).all()
    instrument, _ = load_instrument(config.interviews.instrument_folder)
    registered = json.loads(design.body)["instrument"]["sha256"]
    if not rows or digest_of(instrument.model_dump(mode="json")) != registered:
        return None
    return behaviour_of(rows, instrument)
