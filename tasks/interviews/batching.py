"""A wave's questions as one Message Batch: sent by one pass, collected by a later one.

Always holds: a batch's row stands before it is sent, so a kill leaves at most one batch in doubt;
a question whose batch brought no answer stays open, and its try is counted.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import select

from tasks import wiring
from tasks.interviews.asking import Job
from tasks.interviews.batch_rows import (
    Place,
    intend,
    note_look,
    note_sent,
    of_wave,
    open_batches,
    record,
    void,
)
from tasks.kernel.errors import EndpointBusy, EndpointFault
from tasks.ports.batches import Batches, NoBatches
from tasks.records.batch import MessageBatch

_log = logging.getLogger("emeritus")
_MOST_BATCHES = 2  # that a question is put into; then it is asked by itself
_SKEW = timedelta(minutes=5)  # between the endpoint's clock and ours


async def send(place: Place, wave: int, jobs: Sequence[Job], batches: Batches) -> Sequence[Job]:
    """Send what may go as a batch.

    Returns:
        What has to be asked one by one: all where the endpoint has no batches, else what batches
        brought no answer to before.

    Raises:
        EndpointBusy: it isn't known whether the batch came through; a later pass finds out.
        EndpointFault: the endpoint refuses it; nothing was asked.
    """
    with wiring.book().reading() as session:
        rows = of_wave(session, place.digest, wave)
    if any(row.state == "refused" for row in rows):
        return jobs
    tried = Counter(name for row in rows for name in row.asked)
    together = [job for job in jobs if tried[job.id] < _MOST_BATCHES]
    if not together:
        return jobs
    row_id = intend(place, wave, len(rows), together)
    try:
        state = await batches.submit({job.id: job.question for job in together})
    except NoBatches as none:
        _log.info("the endpoint has no batches (%s); asking one by one", none)
        void(place, row_id, "refused", f"the endpoint has no batches: {none}", untried=True)
        return jobs
    except EndpointBusy:
        raise
    except EndpointFault as fault:
        void(place, row_id, "lost", str(fault), untried=True)
        raise
    note_sent(place, row_id, state)
    return [job for job in jobs if tried[job.id] >= _MOST_BATCHES]


async def collect(place: Place, batches: Batches) -> None:
    """Look at the batches that are open, and record the answers of those that ended.

    Safe to repeat: an answer that is recorded stays. Raises as `Batches` does.
    """
    with wiring.book().reading() as session:
        rows = open_batches(session, place.model_id)
    for row in rows:
        if row.base_url != place.endpoint.base_url:
            problem = f"sent to {row.base_url}, which the configuration names no more"
            void(place, row.id, "lost", problem)
            continue
        batch_id = row.batch_id or await _find(place, row, batches)
        if batch_id:
            await _look_at(place, row, batch_id, batches)


async def _find(place: Place, row: MessageBatch, batches: Batches) -> str:
    """The id of a batch whose sending was cut off; empty when there is none.

    Whether it is the right one shows when its results carry our ids.
    """
    with wiring.book().reading() as session:
        known = set(session.exec(select(MessageBatch.batch_id)))
    try:
        listed = await batches.recent()
    except NoBatches as none:
        void(place, row.id, "lost", f"cut off while it was sent, and can't be found: {none}")
        return ""
    since = row.intended_at - _SKEW
    found = [
        state
        for state in listed
        if state.size == len(row.asked) and state.created_at >= since and state.id not in known
    ]
    if not found:
        problem = "cut off before it was sent: the endpoint lists no such batch"
        void(place, row.id, "lost", problem, untried=True)
        return ""
    state = min(found, key=lambda one: one.created_at)
    note_sent(place, row.id, state)
    return state.id


async def _look_at(place: Place, row: MessageBatch, batch_id: str, batches: Batches) -> None:
    state = await batches.look(batch_id)
    if state is None:
        void(place, row.id, "lost", "the endpoint knows it no more")
        return
    if not state.ended:
        note_look(place, row.id)
        return
    try:
        results = [result async for result in batches.results(state)]
    except NoBatches as none:
        void(place, row.id, "lost", f"its results are gone: {none}")
        return
    record(place, row.id, state, results)
