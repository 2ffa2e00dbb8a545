"""The essay stage, runnable on its own, and its weekly pass over every model."""

from functools import partial
from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State

from flows.form_fields import ConfigFile, Fleet
from flows.passing import every_step, one_pass
from flows.weekly import over_fleet
from tasks.essays.task import deliver_essays, draft_due_slots, publish_approved, take_in_files


@flow(name="essays", flow_run_name="essays of {config.stem}")
def essays(config: ConfigFile) -> None:
    """Publish what people approved, and ask for the essay of the slot that is open.

    A draft that is refused doesn't cost the model its next slot, nor a channel that is away the
    site: every step is taken, and the first failure ends the stage.

    Args:
        config: The model's YAML file, such as configs/models/aster-1.yaml.
    """
    with one_pass(config) as current:
        steps = (take_in_files, publish_approved, draft_due_slots, deliver_essays)
        every_step(*(partial(step, current.config, current.fence) for step in steps))


@flow(name="weekly-essays", flow_run_name="essays of {folder}")
def weekly_essays(folder: Fleet = Path("configs/fleet.yaml")) -> State[dict[str, str]]:
    """Run the essay stage over each model of a fleet.

    A slot is asked for once however often this runs; a run that comes late asks for the slot that
    is open then, and writes off those that passed.

    Args:
        folder: A fleet's settings file, such as configs/fleet.yaml, or a folder with one YAML file
            a model.
    """
    return over_fleet(folder, essays, doing="do the essays of")
