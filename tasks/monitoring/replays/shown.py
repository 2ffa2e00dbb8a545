"""Runs of replays as JSON values, for commands and pages. Reads only."""

import json
from typing import Any

from sqlmodel import Session, col, select

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.errors import ReplayRefused
from tasks.kernel.instants import to_text
from tasks.monitoring.replays.replaying import replays_of
from tasks.monitoring.replays.same_model_rows import SAME_MODEL
from tasks.monitoring.replays.successor_rows import (
    PREDECESSOR,
    said_of,
    successor_standing,
)
from tasks.ports.recorded_prompts import ASKED
from tasks.records.preservation import GoldenAnswer
from tasks.records.replay import ReplayRun


def runs_now(model_id: str) -> list[dict[str, Any]]:
    """All runs of a model, the latest first."""
    with wiring.book().reading() as session:
        return [_brief(row) for row in _rows(session, model_id)]


def run_now(model_id: str, beginning: str) -> dict[str, Any]:
    """One run with all that it found.

    Raises:
        ReplayRefused: no run, or more than one, begins so.
    """
    with wiring.book().reading() as session:
        row = _run(session, model_id, beginning)
        answers = replays_of(session, row.id)
    return {
        **_brief(row),
        "answers": sum(answer.outcome != ASKED for answer in answers),
        "calls": sum(answer.tries for answer in answers),
        "body": json.loads(row.body or "{}"),
    }


def answers_now(config: RetirementConfig, beginning: str, prompt: str, most: int) -> dict[str, Any]:
    """Answers to one prompt, those it is compared with first.

    Raises:
        ReplayRefused: no such run, or nothing of that prompt.
        ConfigError: a file of prompts can't be used.
    """
    with wiring.book().reading() as session:
        row = _run(session, config.id, beginning)
        new = [one for one in said_of(replays_of(session, row.id)) if one.prompt == prompt]
        if row.purpose == SAME_MODEL:
            before = [(g.outcome, g.text) for g in _golden(session, config.id, prompt)]
        else:
            before = _old(config, session, row, prompt)
    if not new and not before:
        raise ReplayRefused(
            f"run {row.id[:12]} has no answer to {prompt!r}; `emeritus replays show {config.id} "
            f"{row.id[:12]} --json` lists its prompts"
        )
    return {
        **_brief(row),
        "prompt": prompt,
        "before": [{"outcome": o, "text": t} for o, t in before[:most]],
        "now": [{"outcome": one.outcome, "text": one.text} for one in new[:most]],
    }


def _old(
    config: RetirementConfig, session: Session, row: ReplayRun, prompt: str
) -> list[tuple[str, str]]:
    if row.purpose == PREDECESSOR:
        return []
    standing = successor_standing(config, session, whole=True)
    for owner in standing.owners if standing is not None else ():
        if owner.new.run_id == row.id:
            said = [*owner.recorded, *said_of(owner.old.answers)]
            return [(one.outcome, one.text) for one in said if one.prompt == prompt]
    return []


def _golden(session: Session, model_id: str, prompt: str) -> list[GoldenAnswer]:
    query = (
        select(GoldenAnswer)
        .where(GoldenAnswer.model_id == model_id, GoldenAnswer.prompt == prompt)
        .where(GoldenAnswer.outcome != ASKED)
        .order_by(col(GoldenAnswer.sample))
    )
    return list(session.exec(query))


def _rows(session: Session, model_id: str) -> list[ReplayRun]:
    query = select(ReplayRun).where(ReplayRun.model_id == model_id)
    return list(session.exec(query.order_by(col(ReplayRun.started_at).desc(), col(ReplayRun.id))))


def _run(session: Session, model_id: str, beginning: str) -> ReplayRun:
    found = [row for row in _rows(session, model_id) if row.id.startswith(beginning)]
    if len(found) != 1 or not beginning:
        many = "more than one run begins" if found and beginning else "no run begins"
        raise ReplayRefused(
            f"{model_id}: {many} with {beginning!r}; `emeritus replays list {model_id}` shows them"
        )
    return found[0]


def _brief(row: ReplayRun) -> dict[str, Any]:
    body = json.loads(row.body or "{}")
    return {
        "id": row.id,
        "purpose": row.purpose,
        "period": row.period,
        "subject": row.subject,
        "state": row.state,
        "outcome": row.outcome,
        "p_value": body.get("p_value"),
        "reason": body.get("reason", ""),
        "simulated": row.simulated,
        "started_at": to_text(row.started_at),
        "judged_at": to_text(row.judged_at) if row.judged_at else None,
        "location": row.location,
    }
