"""Prefect tasks of the candidate stage."""

import asyncio

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.kernel.digests import stable_id
from tasks.kernel.instants import to_text
from tasks.kernel.retry import is_transient
from tasks.ports.respondent import Lifecycle
from tasks.records import Fence
from tasks.records.candidate import LifecycleCheck


@task(
    name="ask lifecycle",
    task_run_name="ask lifecycle of {config.id}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_transient,
    cache_policy=NO_CACHE,
)
def ask_lifecycle(config: RetirementConfig, fence: Fence) -> None:
    """Record what the endpoint says of the model's own lifecycle. Each call adds one row.

    Raises:
        EndpointFault: see `ports.respondent`.
    """
    answer = asyncio.run(_ask(config))
    now = wiring.clock().now()
    with wiring.book().writing(now, fence=fence) as writing:
        row = LifecycleCheck(
            id=stable_id(config.id, to_text(now)),
            model_id=config.id,
            checked_at=now,
            lifecycle=answer.lifecycle,
            retires_at=answer.retires_at,
            endpoint_model=answer.endpoint_model,
            simulated=answer.simulated,
            note=answer.note,
        )
        writing.put(row, "candidate.lifecycle_asked")


async def _ask(config: RetirementConfig) -> Lifecycle:
    respondent = wiring.respondent(config.endpoint)
    try:
        return await respondent.lifecycle()
    finally:
        await respondent.aclose()
