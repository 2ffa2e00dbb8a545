"""Whether a changed configuration may come into force, by the records; asked by plan and pass."""

import json
from datetime import datetime

from pydantic import ValidationError
from sqlmodel import Session

from configs.load import load_instrument
from configs.schema import RetirementConfig
from configs.schema.candidate import CandidateConfig
from tasks import wiring
from tasks.candidate.act import is_lifted
from tasks.candidate.changes import Known, Refusal, refused_changes
from tasks.candidate.view import config_bytes
from tasks.communication.core import receivers, schedule
from tasks.communication.view import notices_of
from tasks.interviews.design import design_body, differs
from tasks.interviews.registered import departures
from tasks.kernel.digests import sha256_hex
from tasks.kernel.errors import ChangeRefused, ConfigError, EmeritusError
from tasks.records import Book
from tasks.records.communication import Notice
from tasks.records.promises import FIRST, told_now
from tasks.records.retirement import Retirement, config_of


def refusals(config: RetirementConfig, session: Session, now: datetime) -> tuple[Refusal, ...]:
    """What of a configuration is refused against the one in force. Reads only.

    Raises:
        ConfigError: the instrument can't be used.
    """
    row = session.get(Retirement, config.id)
    if row is None or row.config_sha256 == sha256_hex(config_bytes(config)):
        return ()
    before = _candidate_of(row, config.candidate)
    in_force = _in_force(row)
    known = Known(
        now=now,
        notices=notices_of(session, config.id),
        lifted=before.legal_hold and in_force is not None and _lifted(session, row, in_force),
        # what this version can't read can't be compared; the stage itself still looks at it
        departed=departures(in_force, session) if in_force is not None else (),
        departs=departures(config, session) if in_force is not None else (),
    )
    return refused_changes(config.id, before, config.candidate, known)


def refusals_against(
    config: RetirementConfig, before: RetirementConfig, now: datetime
) -> tuple[Refusal, ...]:
    """What would be refused if another configuration were in force, where no records are at hand.

    Taken for true is that owners were told what it says, that its design is registered once its
    retirement was announced, and that nobody lifted a hold.
    """
    known = Known(
        now=now,
        notices=assumed_told(before, now),
        departs=_departures(config, before) if before.candidate.announced_on <= now.date() else (),
    )
    return refused_changes(config.id, before.candidate, config.candidate, known)


def assumed_told(config: RetirementConfig, now: datetime) -> tuple[Notice, ...]:
    """Notices as they would be recorded had everybody been told what a configuration says."""
    past = [e for e in schedule(config.candidate, config.communication) if e.at <= now]
    if not past:
        return ()
    told = told_now(config.candidate)
    return tuple(
        Notice(
            id=one.contact,
            model_id=config.id,
            kind=past[-1].kind,
            owner=one.name,
            contact=one.contact,
            retires_on=told.on(FIRST),
            told=told.text,
            channel=one.channel,
            intended_at=past[-1].at,
            tried_at=past[-1].at,
            sent_at=past[-1].at,
        )
        for one in receivers(config.candidate, config.communication)
    )


def _departures(config: RetirementConfig, before: RetirementConfig) -> tuple[str, ...]:
    body, wanted = (
        design_body(one, *load_instrument(one.interviews.instrument_folder))
        for one in (before, config)
    )
    return differs(wanted, body)


def refuse_changes(config: RetirementConfig, book: Book, now: datetime) -> None:
    """Refuse to put a configuration in force. Reads only.

    Raises:
        ChangeRefused: it changes what may not be changed; one line a refusal.
    """
    with book.reading() as session:
        found = refusals(config, session, now)
    if found:
        lines = [f"{config.id}: {one.field}: {one.reason} ({one.id})" for one in found]
        raise ChangeRefused(
            "\n".join(lines) + "\nthe configuration in force stays as it is, and nothing was done"
        )


def _in_force(row: Retirement) -> RetirementConfig | None:
    try:
        return config_of(row)
    except ConfigError:
        return None


def _candidate_of(row: Retirement, new: CandidateConfig) -> CandidateConfig:
    """Dates and holds in force, even where this version can't read all of the configuration."""
    body = json.loads(row.config_json).get("candidate", {})
    try:
        return CandidateConfig.model_validate_json(json.dumps(body))
    except ValidationError:
        return new.model_copy(update={"legal_hold": bool(body.get("legal_hold"))})


def _lifted(session: Session, row: Retirement, in_force: RetirementConfig) -> bool:
    try:
        # by the list in force: a new file can't name other people who may lift its own hold
        return is_lifted(session, row, wiring.signatures(in_force.access))
    except EmeritusError:
        return False
