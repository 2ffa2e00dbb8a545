"""The retrospective as a form; a pass writes it on its schedule."""

from pathlib import Path

from prefect import flow
from prefect.artifacts import create_markdown_artifact

from flows.form_fields import ConfigFile
from flows.passing import one_pass
from tasks.kernel.labels import artifact_key
from tasks.monitoring.retrospective.task import look_back


@flow(name="retrospective", flow_run_name="retrospective of {config.stem}")
def look_back_now(config: ConfigFile) -> str:
    """Look back now, also before it is due. Proposes changes of configuration, and makes none.

    Args:
        config: The model's YAML file, such as configs/models/aster-1.yaml.
    """
    with one_pass(config) as current:
        location = look_back(current.config, current.fence, config, again=True)
        create_markdown_artifact(
            key=artifact_key("retrospective", current.config.id),
            markdown=Path(location).read_text(encoding="utf-8"),
            description=location,
        )
        return location
