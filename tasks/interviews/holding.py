"""Holding the conversations of a wave: with a batch where the endpoint offers it, else one by one.

What an endpoint asks for is kept: a `retry-after` beyond what a pass sits out stands in the
records, and nothing is asked before that instant.
"""

from collections.abc import Sequence
from functools import partial

from tasks import wiring
from tasks.interviews.answers import record_entry
from tasks.interviews.asking import Job, ask_all
from tasks.interviews.batch_rows import Place, held_up, note_pause
from tasks.interviews.batching import collect, send
from tasks.kernel.errors import EndpointBusy
from tasks.kernel.stages import Assessment, StageState


async def is_held_up(place: Place) -> bool:
    """Collect a batch that is worth looking at; True when nothing may be asked yet.

    Raises:
        EndpointBusy: the endpoint can't tell now.
        EndpointFault: it refuses to.
    """
    held = _held_up(place)
    if held is None or held.state is not StageState.DUE:
        return held is not None
    batches = wiring.batches(place.endpoint)
    try:
        await collect(place, batches)
    except EndpointBusy as busy:
        note_pause(place, busy)
        raise
    finally:
        await batches.aclose()
    return _held_up(place) is not None


async def hold(place: Place, wave: int, jobs: Sequence[Job]) -> None:
    """Ask, or send as a batch whose answers a later pass collects. Raises as `ask_all` does."""
    try:
        alone = await _send(place, wave, jobs)
        if alone:
            await _ask(place, alone)
    except EndpointBusy as busy:
        note_pause(place, busy)
        raise


def _held_up(place: Place) -> Assessment | None:
    with wiring.book().reading() as session:
        return held_up(session, place.model_id, place.endpoint, wiring.clock().now())


async def _send(place: Place, wave: int, jobs: Sequence[Job]) -> Sequence[Job]:
    """Send what may go as a batch; returns what is left to be asked one by one."""
    if place.endpoint.batches == "never":
        return jobs
    batches = wiring.batches(place.endpoint)
    try:
        return await send(place, wave, jobs, batches)
    finally:
        await batches.aclose()


async def _ask(place: Place, jobs: Sequence[Job]) -> None:
    respondent = wiring.respondent(place.endpoint)
    try:
        await ask_all(
            respondent,
            jobs,
            at_once=place.endpoint.concurrency,
            record=partial(record_entry, place.fence),
        )
    finally:
        await respondent.aclose()
