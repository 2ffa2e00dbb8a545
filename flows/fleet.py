"""One pass over every configuration in a folder."""

from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from configs.errors import ConfigError
from configs.load import load_retirement
from flows.retire import retire
from tasks import wiring
from tasks.access.gateway.claims import claimed_twice, names_in_force
from tasks.access.gateway.names import gateway_names


@flow(name="fleet", flow_run_name="fleet of {folder.name}")
def fleet(folder: Path) -> State[dict[str, str]]:
    """Run one pass over each model whose YAML stands in a folder, one after the other.

    A file that can't be used is told, and stops no other. A removed file deletes nothing. Where two
    files claim one gateway name, neither is passed over, but for a model that has it already.

    Args:
        folder: Folder with one YAML file a model, such as configs/models.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ConfigError(f"{folder}: holds no .yaml file; name the folder of your models")
    refused = _sharing_names(files)
    ended = {
        file.stem: retire(file, return_state=True) for file in files if file.stem not in refused
    }
    names = {name: state.name or state.type.value for name, state in ended.items()}
    names |= dict.fromkeys(refused, "Refused")
    failed = [name for name, state in ended.items() if not state.is_completed()]
    if failed or refused:
        told = [f"could not pass over {', '.join(failed)}"] if failed else []
        return Failed(message="\n".join([*told, *refused.values()]), data=names)
    return Completed(message=f"{len(files)} models", data=names)


def _sharing_names(files: list[Path]) -> dict[str, str]:
    """File's stem -> why it is not passed over; looked at before anything is done for any."""
    names = {}
    for file in files:
        try:
            config = load_retirement(file)
        except ConfigError:
            continue  # its own pass tells
        names[config.id] = gateway_names(config)
    if len(names) < 2:
        return {}
    with wiring.book().reading() as session:
        return claimed_twice(names, names_in_force(session))
