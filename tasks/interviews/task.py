"""Prefect tasks of the interviews stage."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.interviews.asking import Job
from tasks.interviews.batch_rows import Place
from tasks.interviews.core import next_wave, outstanding
from tasks.interviews.design import Planned
from tasks.interviews.holding import hold, is_held_up
from tasks.interviews.plan import least_calls
from tasks.interviews.spending import affordable
from tasks.interviews.view import InterviewsView, look, stopped_at_once
from tasks.kernel.digests import canonical_json
from tasks.kernel.errors import BudgetExhausted
from tasks.kernel.retry import is_transient
from tasks.records import Fence
from tasks.records.interview import Conversation, Design
from tasks.records.told import amendment


@task(name="register design", task_run_name="register design of {config.id}", cache_policy=NO_CACHE)
def register_design(config: RetirementConfig, fence: Fence) -> None:
    """Register the design before the first call, and later what it tells anew of the model.

    Safe to repeat: the registered one stays, and what it tells is recorded once.
    """
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        view = look(config, writing.session, now)
        if stopped_at_once(view):
            return
        if view.registered:
            if view.tells_anew:
                told = amendment(view.digest, config.id, view.facts, now)
                writing.put(told, "interviews.facts_amended")
            return
        row = Design(
            digest=view.digest,
            model_id=config.id,
            body=canonical_json(view.body).decode(),
            conversations=least_calls(view.body, view.digest, view.instrument),
            registered_at=now,
        )
        writing.put(row, "interviews.design_registered")


@task(
    name="hold wave",
    task_run_name="hold wave of {config.id}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,
)
def hold_wave(config: RetirementConfig, fence: Fence) -> None:
    """Hold the conversations of the open wave that are still outstanding.

    Resumable to the call: a conversation that has an outcome is never asked again. Follow-ups go
    out once the wave's other calls are over. No more goes out at once than the ceilings allow if
    every call costs the most that it can; what is left of them is then counted anew. Where the
    endpoint offers batches and the configuration wants them, they are sent and collected later.

    Raises:
        EndpointBusy: some have no answer yet; the next try, or the next pass, asks them.
        EndpointFault: the endpoint refuses the calls as they stand.
        BudgetExhausted: `interviews.max_calls` or `interviews.max_cost_usd` is reached.
    """
    tried: set[str] = set()
    wave: int | None = None
    place = Place(config.id, _look(config).digest, config.endpoint, fence)
    if asyncio.run(is_held_up(place)):
        return
    while True:
        view = _look(config)
        following = next_wave(view.calls, view.outcomes)
        wave = following if wave is None else wave
        if wave is None or wave != following or stopped_at_once(view):
            return
        now = wiring.clock().now()
        left = [
            call for call in outstanding(view.calls, view.outcomes, wave) if call.id not in tried
        ]
        if not left or view.opens_at(wave) > now:
            return
        _open(config.id, fence, view, left, now)
        questions = [view.question(call) for call in left]
        count = affordable(questions, view.spent, view.ceilings, view.prices)
        if count == 0:
            raise BudgetExhausted(f"{config.id}: {view.stopped_by(left)}")
        jobs = [Job(c.id, q) for c, q in zip(left[:count], questions[:count], strict=True)]
        asyncio.run(hold(place, wave, jobs))
        tried.update(job.id for job in jobs)


def _look(config: RetirementConfig) -> InterviewsView:
    with wiring.book().reading() as session:
        return look(config, session, wiring.clock().now())


def _open(
    model_id: str, fence: Fence, view: InterviewsView, calls: Sequence[Planned], now: datetime
) -> None:
    """Write the calls of a wave before the first goes out: whoever reads them sees what is left."""
    new = [call for call in calls if call.id not in view.rows]
    if not new:
        return
    rows = [
        Conversation(
            id=call.id,
            design_digest=view.digest,
            model_id=model_id,
            wave=call.wave,
            theme=call.theme,
            kind=call.kind,
            context=call.context,
            variant=call.variant,
            outcome="asked",
            attempts=0,
            asked_at=now,
            themes=canonical_json(list(call.asked_about)).decode(),
            follows=call.follows,
        )
        for call in new
    ]
    with wiring.book().writing(now, fence=fence) as writing:
        writing.put_all([(row, "interviews.planned") for row in rows])
