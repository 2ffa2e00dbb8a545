"""The Prefect task that tells, compares and mends the gateway; `settling` does it."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks.access.gateway.settling import settle
from tasks.kernel.retry import is_transient
from tasks.records import Fence


@task(
    name="enforce grants",
    task_run_name="enforce grants of {config.id}",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=is_transient,
)
def enforce(config: RetirementConfig, fence: Fence) -> None:
    """See `settling.settle`. Safe to repeat.

    Raises:
        OSError, SignatureRefused: the gateway can't be told or asked; the next pass tries again.
    """
    settle(config, fence)
