"""The essay stage, runnable on its own, and its weekly pass over every model."""

from functools import partial
from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from configs.errors import ConfigError
from flows.passing import every_step, one_pass
from tasks.essays.task import deliver_essays, draft_due_slots, publish_approved, take_in_files


@flow(name="essays", flow_run_name="essays of {config.stem}")
def essays(config: Path) -> None:
    """Publish what people approved, and ask for the essay of the slot that is open.

    A draft that is refused doesn't cost the model its next slot, nor a channel that is away the
    site: every step is taken, and the first failure ends the stage.
    """
    with one_pass(config) as current:
        steps = (take_in_files, publish_approved, draft_due_slots, deliver_essays)
        every_step(*(partial(step, current.config, current.fence) for step in steps))


@flow(name="weekly-essays", flow_run_name="essays of {folder.name}")
def weekly_essays(folder: Path = Path("configs/models")) -> State[dict[str, str]]:
    """Run the essay stage over each model whose YAML stands in a folder.

    A slot is asked for once however often this runs; a run that comes late asks for the slot that
    is open then, and writes off those that passed.

    Args:
        folder: Folder with one YAML file a model, such as configs/models.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ConfigError(f"{folder}: holds no .yaml file; name the folder of your models")
    ended = {file.stem: essays(file, return_state=True) for file in files}
    names = {name: state.name or state.type.value for name, state in ended.items()}
    failed = [name for name, state in ended.items() if not state.is_completed()]
    if failed:
        return Failed(message=f"could not do the essays of {', '.join(failed)}", data=names)
    return Completed(message=f"{len(files)} models", data=names)
