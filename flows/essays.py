"""The essay stage, runnable on its own."""

from pathlib import Path

from prefect import flow

from flows.passing import one_pass
from tasks.essays.task import draft_due_slots, publish_approved


@flow(name="essays", flow_run_name="essays of {config.stem}")
def essays(config: Path) -> None:
    """Publish what people approved, and ask for the essay of the slot that is open."""
    with one_pass(config) as current:
        try:
            publish_approved(current.config, current.fence)
        finally:  # one draft that is refused doesn't cost the model its next slot
            draft_due_slots(current.config, current.fence)
