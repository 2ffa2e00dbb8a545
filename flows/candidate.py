"""The candidate stage, runnable on its own."""

from pathlib import Path

from prefect import flow

from flows.passing import one_pass
from tasks.candidate.task import ask_lifecycle


@flow(name="candidate", flow_run_name="candidate of {config.stem}")
def candidate(config: Path) -> None:
    """Open one model's retirement, and compare its dates with the endpoint's own."""
    with one_pass(config) as current:
        ask_lifecycle(current.config, current.fence)
