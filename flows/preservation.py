"""The preservation stage, and the repair of a damaged replica, runnable on their own."""

from pathlib import Path

from prefect import flow

from flows.acts import config_in_force
from flows.passing import one_pass
from tasks.preservation.task import preserve, repair


@flow(name="preservation", flow_run_name="preservation of {config.stem}")
def preservation(config: Path) -> None:
    """Make the replicas that are missing, and read every replica back."""
    with one_pass(config) as current:
        preserve(current.config, current.fence)


@flow(name="repair", flow_run_name="repair of {model}")
def repair_replicas(model: str) -> tuple[str, ...]:
    """Copy damaged replicas anew from one that verifies; the damaged bags are kept aside.

    Args:
        model: The model's id, such as aster-1.
    """
    with one_pass(config_in_force(model)) as current:
        return repair(current.config, current.fence)
