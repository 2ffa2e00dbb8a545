"""The access stage, runnable on its own."""

from collections.abc import Callable
from functools import partial

from prefect import flow

from flows.form_fields import ConfigFile
from flows.passing import Pass, every_step, one_pass
from tasks.access.applications.task import advance_applications
from tasks.access.gateway.enforce import enforce
from tasks.access.task import grant, propose, take_in_signatures


@flow(name="access", flow_run_name="access to {config.stem}")
def access(config: ConfigFile) -> None:
    """Propose an access packet when one is due, and make what an approved one grants.

    The gateway is told last, and whatever failed before: a mail server that is down must not keep
    it from a hold, a revocation or a pause. The first failure ends the stage.

    Args:
        config: The model's YAML file, such as configs/models/aster-1.yaml.
    """
    with one_pass(config) as current:
        every_step(*_steps(current))


def _steps(current: Pass) -> tuple[Callable[[], object], ...]:
    config, fence = current.config, current.fence
    return (
        partial(propose, config, fence),
        partial(take_in_signatures, config),
        partial(grant, config, fence),
        partial(advance_applications, config, fence),
        partial(enforce, config, fence),
    )
