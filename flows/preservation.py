"""The preservation stage, and the repair of a damaged replica, runnable on their own."""

from pathlib import Path

from prefect import flow

from flows.passing import one_pass
from tasks.preservation.task import preserve, repair


@flow(name="preservation", flow_run_name="preservation of {config.stem}")
def preservation(config: Path) -> None:
    """Make the replicas that are missing, and read every replica back."""
    with one_pass(config) as current:
        preserve(current.config, current.fence)


@flow(name="repair", flow_run_name="repair of {config.stem}")
def repair_replicas(config: Path) -> tuple[str, ...]:
    """Copy damaged replicas anew from one that verifies; the damaged bags are kept aside."""
    with one_pass(config) as current:
        return repair(current.config, current.fence)
