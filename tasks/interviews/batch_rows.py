"""The rows of message batches, and of the pauses that endpoints ask for."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from configs.schema.endpoint import EndpointConfig
from tasks import wiring
from tasks.interviews.answers import begun, rows_of, told, withdrawn
from tasks.interviews.asking import Job
from tasks.kernel.digests import canonical_json, stable_id
from tasks.kernel.errors import EndpointBusy
from tasks.kernel.instants import to_minute
from tasks.kernel.stages import Assessment, due, waiting
from tasks.ports.batches import BatchResult, BatchState
from tasks.records import Fence
from tasks.records.batch import EndpointPause, MessageBatch

_FIRST_LOOK, _LATEST_LOOK = timedelta(minutes=1), timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Place:
    """Whose questions they are.

    Attributes:
        model_id: the model that retires.
        digest: of its design.
        endpoint: where it is asked.
        fence: the right to write its rows.
    """

    model_id: str
    digest: str
    endpoint: EndpointConfig
    fence: Fence


def held_up(
    session: Session, model_id: str, endpoint: EndpointConfig, now: datetime
) -> Assessment | None:
    """What the stage waits for before it asks anything: a pause, or a batch; None for nothing.

    It is `due` when a batch is to be looked at.
    """
    pause = session.get(EndpointPause, (model_id, endpoint.base_url))
    if pause is not None and pause.until > now:
        return waiting(pause.said, pause.until)
    row = next(iter(open_batches(session, model_id)), None)
    if row is None:
        return None
    what = f"batch {row.batch_id or '(its id is not known yet)'}"
    what += f" of {len(row.asked)} questions of interview wave {row.wave + 1}"
    look = next_look(row)
    if look > now:
        return waiting(f"{what} in progress, sent {to_minute(row.intended_at)}", look)
    return due(f"{what} is to be looked at")


def open_batches(session: Session, model_id: str) -> Sequence[MessageBatch]:
    """The batches whose answers may still come, oldest first."""
    query = select(MessageBatch).where(
        MessageBatch.model_id == model_id,
        col(MessageBatch.state).in_(("submitting", "in_progress")),
    )
    return session.exec(query.order_by(col(MessageBatch.intended_at), MessageBatch.id)).all()


def next_look(row: MessageBatch) -> datetime:
    """When a batch is worth looking at again: ever later, the longer it takes."""
    if row.state == "submitting":
        return row.intended_at
    sent = row.submitted_at or row.intended_at
    if row.looked_at is None:
        return row.intended_at + _FIRST_LOOK
    pause = min(max((row.looked_at - sent) / 4, _FIRST_LOOK), _LATEST_LOOK)
    return row.looked_at + pause


def note_pause(place: Place, busy: EndpointBusy) -> None:
    """Keep the instant before which an endpoint asked not to be called, if it named one."""
    if busy.until is None:
        return
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=place.fence) as writing:
        key = (place.model_id, place.endpoint.base_url)
        row = writing.session.get(EndpointPause, key) or EndpointPause(
            model_id=key[0], base_url=key[1], until=busy.until, said="", asked_at=now
        )
        row.until, row.said, row.asked_at = busy.until, str(busy), now
        writing.put(row, "interviews.endpoint_pause")


def of_wave(session: Session, digest: str, wave: int) -> Sequence[MessageBatch]:
    """All batches of a wave."""
    query = select(MessageBatch).where(
        MessageBatch.design_digest == digest, MessageBatch.wave == wave
    )
    return session.exec(query).all()


def intend(place: Place, wave: int, number: int, jobs: Sequence[Job]) -> str:
    """Write that a batch is about to be sent, and count a try of each question in it."""
    row_id, now = stable_id(place.digest, "batch", wave, number), wiring.clock().now()
    with wiring.book().writing(now, fence=place.fence) as writing:
        rows = rows_of(writing.session, [job.id for job in jobs])
        writing.put_all(begun(((rows[job.id], job) for job in jobs), now))
        row = MessageBatch(
            id=row_id,
            design_digest=place.digest,
            model_id=place.model_id,
            wave=wave,
            number=number,
            base_url=place.endpoint.base_url,
            state="submitting",
            batch_id="",
            conversations=canonical_json([job.id for job in jobs]).decode(),
            intended_at=now,
        )
        writing.put(row, "interviews.batch_intended")
    return row_id


def note_sent(place: Place, row_id: str, state: BatchState) -> None:
    """Write the endpoint's id of a batch."""
    with wiring.book().writing(wiring.clock().now(), fence=place.fence) as writing:
        row = writing.session.get_one(MessageBatch, row_id)
        row.state, row.batch_id, row.simulated = "in_progress", state.id, state.simulated
        row.submitted_at, row.expires_at = state.created_at, state.expires_at
        writing.put(row, "interviews.batch_sent")


def note_look(place: Place, row_id: str) -> None:
    """Write that a batch was looked at, and is under way."""
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=place.fence) as writing:
        row = writing.session.get_one(MessageBatch, row_id)
        row.looked_at = now
        writing.put(row, "interviews.batch_in_progress")


def void(place: Place, row_id: str, state: str, problem: str, *, untried: bool = False) -> None:
    """End a batch that came to nothing; `untried` where it is known that nothing was asked."""
    with wiring.book().writing(wiring.clock().now(), fence=place.fence) as writing:
        row = writing.session.get_one(MessageBatch, row_id)
        row.state, row.problem = state, problem
        writing.put(row, f"interviews.batch_{state}")
        if untried:
            asked = rows_of(writing.session, row.asked)
            writing.put_all(withdrawn(one for one in asked.values() if not one.is_over))


def record(place: Place, row_id: str, state: BatchState, results: Sequence[BatchResult]) -> None:
    """The answers, and that the batch is over, in one transaction."""
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=place.fence) as writing:
        row = writing.session.get_one(MessageBatch, row_id)
        rows = rows_of(writing.session, row.asked)
        still = {name for name, one in rows.items() if not one.is_over}
        ours = {one.question_id: one for one in results if one.question_id in rows}
        over = [name for name in sorted(still) if _is_over(ours.get(name))]
        writing.put_all(told([(rows[name], ours[name].answer) for name in over], now))
        left = [rows[name] for name in sorted(still) if not _is_over(ours.get(name))]
        for one in left:
            came = ours.get(one.id)
            one.problem = came.answer.problem if came else f"batch {state.id} tells nothing of it"
        writing.put_all([(one, "interviews.unanswered") for one in left])
        counts = Counter[str](one.result for one in ours.values())
        counts.update({"missing": len(rows) - len(ours), "foreign": len(results) - len(ours)})
        row.results = json.dumps({name: n for name, n in sorted(counts.items()) if n})
        row.state, row.ended_at, row.collected_at = "collected", state.ended_at, now
        row.simulated = row.simulated or state.simulated
        writing.put(row, "interviews.batch_collected")


def _is_over(came: BatchResult | None) -> bool:
    """Whether a question was really answered, if only with an error."""
    return came is not None and came.result in ("succeeded", "errored")
