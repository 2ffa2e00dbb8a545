"""The interviews stage, runnable on its own."""

from prefect import flow

from flows.form_fields import ConfigFile
from flows.passing import one_pass
from tasks.interviews.follow_up_task import hold_follow_up
from tasks.interviews.task import hold_wave, register_design


@flow(name="interviews", flow_run_name="interviews of {config.stem}")
def interviews(config: ConfigFile) -> None:
    """Register the design if that is still to be done, and hold the wave that is due.

    After the model's last day the follow-up that is due is held, where any is configured.

    Args:
        config: The model's YAML file, such as configs/models/aster-1.yaml.
    """
    with one_pass(config) as current:
        register_design(current.config, current.fence)
        hold_wave(current.config, current.fence)
        hold_follow_up(current.config, current.fence)
