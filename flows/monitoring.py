"""The monitoring stage, runnable on its own, and the usage audit as a form."""

from pathlib import Path

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from configs.errors import ConfigError
from flows.acts import config_in_force
from flows.passing import one_pass
from tasks.kernel.errors import EmeritusError
from tasks.monitoring.audit_task import audit_usage
from tasks.monitoring.task import report_usage, write_dossier_page


@flow(name="monitoring", flow_run_name="monitoring of {config.stem}")
def monitoring(config: Path) -> str:
    """Report one model's usage and write its dossier; returns the dossier's path.

    Where exports are configured, who still calls the model is audited first.
    """
    with one_pass(config) as current:
        if current.config.monitoring.exports:
            audit_usage(current.config, current.fence)
        report_usage(current.config, current.fence)
        return write_dossier_page(current.config, current.fence)


@flow(name="usage-audit", flow_run_name="usage audit of {model}")
def usage_audit(model: str) -> State[str]:
    """Find out who still calls a model, by the exports in its configuration, as of now.

    Args:
        model: The model's id, such as aster-1.
    """
    try:
        config = config_in_force(model)
        if not config.monitoring.exports:
            raise ConfigError(
                f"{model}: monitoring.exports names no export; add one, or use the "
                "command `emeritus usage` on a file"
            )
        with one_pass(config) as current:
            location = Path(audit_usage(current.config, current.fence, again=True))
    except EmeritusError as error:
        said = f"{error} [{error.code}]"
        create_markdown_artifact(key="usage-audit", markdown=f"**Refused.** {said}")
        return Completed(name="Refused", message=said, data=said)
    text = location.with_suffix(".md").read_text(encoding="utf-8")
    create_markdown_artifact(key="usage-audit", markdown=text, description=str(location))
    return Completed(name="Audited", message=str(location), data=str(location))
