"""The communication stage, runnable on its own."""

from prefect import flow

from flows.form_fields import ConfigFile
from flows.passing import one_pass
from tasks.communication.task import publish_pages, send_notices


@flow(name="communication", flow_run_name="communication of {config.stem}")
def communication(config: ConfigFile) -> None:
    """Make one model's pages, then send the notices that are due and point to them.

    Args:
        config: The model's YAML file, such as configs/models/aster-1.yaml.
    """
    with one_pass(config) as current:
        publish_pages(current.config, current.fence)
        send_notices(current.config, current.fence)
