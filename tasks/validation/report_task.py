"""The Prefect task that writes the report."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.records import Fence
from tasks.validation.report_behaviour import Choices
from tasks.validation.report_pages import write_reports


@task(
    name="write interview report",
    task_run_name="write interview report of {config.id}",
    cache_policy=NO_CACHE,
)
def write_report(config: RetirementConfig, fence: Fence, behaviour: Choices | None = None) -> str:
    """Write the report; returns its path, or an empty text while not all is judged.

    Safe to repeat; adds no record. See `report_pages.write_reports`.

    Raises:
        FenceLost: a later pass took over; nothing was written.
    """
    wiring.book().keep_lease(fence, wiring.clock().now())
    path = write_reports(config, behaviour)
    return "" if path is None else str(path)
