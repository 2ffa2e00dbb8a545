"""The communication stage, runnable on its own."""

from pathlib import Path

from prefect import flow

from flows.passing import one_pass
from tasks.communication.task import publish_pages, send_notices


@flow(name="communication", flow_run_name="communication of {config.stem}")
def communication(config: Path) -> None:
    """Make one model's pages, then send the notices that are due and point to them."""
    with one_pass(config) as current:
        publish_pages(current.config, current.fence)
        send_notices(current.config, current.fence)
