"""The access stage, runnable on its own."""

from pathlib import Path

from prefect import flow

from flows.passing import one_pass
from tasks.access.applications.task import advance_applications
from tasks.access.gateway.enforce import enforce
from tasks.access.task import grant, propose, take_in_signatures


@flow(name="access", flow_run_name="access to {config.stem}")
def access(config: Path) -> None:
    """Propose an access packet when one is due, and make what an approved one grants."""
    with one_pass(config) as current:
        propose(current.config, current.fence)
        take_in_signatures(current.config)
        grant(current.config, current.fence)
        advance_applications(current.config, current.fence)
        enforce(current.config, current.fence)
