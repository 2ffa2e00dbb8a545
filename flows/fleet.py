"""One pass over every configuration in a folder."""

from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from configs.errors import ConfigError
from flows.retire import retire


@flow(name="fleet", flow_run_name="fleet of {folder.name}")
def fleet(folder: Path) -> State[dict[str, str]]:
    """Run one pass over each model whose YAML stands in a folder, one after the other.

    A file that can't be used is told, and stops no other. A removed file deletes nothing.

    Args:
        folder: Folder with one YAML file a model, such as configs/models.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ConfigError(f"{folder}: holds no .yaml file; name the folder of your models")
    ended = {file.stem: retire(file, return_state=True) for file in files}
    names = {name: state.name or state.type.value for name, state in ended.items()}
    failed = [name for name, state in ended.items() if not state.is_completed()]
    if failed:
        return Failed(message=f"could not pass over {', '.join(failed)}", data=names)
    return Completed(message=f"{len(files)} models", data=names)
