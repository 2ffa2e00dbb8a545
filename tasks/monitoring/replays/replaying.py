"""Asking recorded prompts again, call by call: a row before each call, its answer after."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import defer
from sqlmodel import Session, select

from configs.schema.endpoint import EndpointConfig
from tasks import wiring
from tasks.kernel.concurrency import each
from tasks.kernel.digests import stable_id
from tasks.ports.recorded_prompts import ASKED, Call, ask_prompt
from tasks.ports.respondent import Answer, Respondent
from tasks.ports.storable import columns, storable
from tasks.records import Fence
from tasks.records.replay import Replay


@dataclass(frozen=True, slots=True)
class Asking:
    """Of whom a run's prompts are asked, and for which run."""

    model_id: str
    run_id: str
    endpoint: EndpointConfig


def replays_of(session: Session, run_id: str) -> tuple[Replay, ...]:
    """A run's answers so far; their raw bodies are not read."""
    without_bodies = defer(Replay.raw)  # type: ignore[arg-type]  # an attribute, to SQLAlchemy
    query = select(Replay).where(Replay.run_id == run_id).options(without_bodies)
    return tuple(session.exec(query).all())


def ask_calls(asking: Asking, calls: Sequence[Call], fence: Fence) -> None:
    """Make the calls, at most `endpoint.concurrency` at once. Safe to repeat after a kill.

    Raises:
        EndpointBusy: the endpoint can't answer now; what came is recorded, a later pass goes on.
        EndpointFault: the endpoint refuses a call as it stands; `status` tells with what.
        FenceLost: a later pass took over.
    """
    if calls:
        asyncio.run(_ask_all(asking, calls, fence))


async def _ask_all(asking: Asking, calls: Sequence[Call], fence: Fence) -> None:
    respondent = wiring.respondent(asking.endpoint)

    async def one(call: Call) -> None:
        await _ask(asking, call, fence, respondent)

    try:
        await each(calls, one, at_once=asking.endpoint.concurrency)
    finally:
        await respondent.aclose()


async def _ask(asking: Asking, call: Call, fence: Fence, respondent: Respondent) -> None:
    row_id = _record_intent(asking, call, fence)
    answer = await ask_prompt(respondent, call.prompt, named="recorded prompt")
    _record_answer(fence, row_id, storable(answer))


def _record_intent(asking: Asking, call: Call, fence: Fence) -> str:
    row_id = stable_id(asking.run_id, call.prompt.id, call.sample)
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get(Replay, row_id) or Replay(
            id=row_id,
            run_id=asking.run_id,
            model_id=asking.model_id,
            prompt=call.prompt.id,
            sample=call.sample,
            outcome=ASKED,
            tries=0,
            asked_at=now,
        )
        row.outcome, row.tries, row.asked_at = ASKED, row.tries + 1, now
        writing.put(row, "monitoring.replay_asked")
    return row_id


def _record_answer(fence: Fence, row_id: str, answer: Answer) -> None:
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = writing.session.get_one(Replay, row_id)
        row.sqlmodel_update(columns(answer))
        writing.put(row, "monitoring.replay_answer")
