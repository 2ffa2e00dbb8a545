"""The interviews stage, runnable on its own."""

from pathlib import Path

from prefect import flow

from flows.passing import one_pass
from tasks.interviews.follow_up_task import hold_follow_up
from tasks.interviews.task import hold_wave, register_design


@flow(name="interviews", flow_run_name="interviews of {config.stem}")
def interviews(config: Path) -> None:
    """Register the design if that is still to be done, and hold the wave that is due.

    After the model's last day the follow-up that is due is held, where any is configured.
    """
    with one_pass(config) as current:
        register_design(current.config, current.fence)
        hold_wave(current.config, current.fence)
        hold_follow_up(current.config, current.fence)
