"""The candidate stage, runnable on its own."""

from prefect import flow

from flows.form_fields import ConfigFile
from flows.passing import one_pass
from tasks.candidate.task import ask_lifecycle


@flow(name="candidate", flow_run_name="candidate of {config.stem}")
def candidate(config: ConfigFile) -> None:
    """Open one model's retirement, and compare its dates with the endpoint's own.

    Args:
        config: The model's YAML file, such as configs/models/aster-1.yaml.
    """
    with one_pass(config) as current:
        ask_lifecycle(current.config, current.fence)
