"""The preservation stage, and what is done with its packages, each runnable on its own."""

from pathlib import Path
from typing import Annotated

from prefect import flow
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from pydantic import Field

from flows.acts import config_in_force, models_in_force
from flows.form_fields import ConfigFile, Model, titled
from flows.passing import one_pass
from tasks import wiring
from tasks.kernel.errors import DrillFailed, EmeritusError, ReplicaDamaged, told
from tasks.preservation.act import restore
from tasks.preservation.drill_task import drill, is_due
from tasks.preservation.golden_task import ask_golden
from tasks.preservation.task import check_fixity, preserve
from tasks.preservation.task import repair as mend


@flow(name="preservation", flow_run_name="preservation of {config.stem}")
def preservation(config: ConfigFile) -> None:
    """Ask golden prompts, make the replicas that are missing, read all back, and hold the drill.

    Args:
        config: The model's YAML file, such as configs/models/aster-1.yaml.
    """
    with one_pass(config) as current:
        ask_golden(current.config, current.fence)
        preserve(current.config, current.fence)
        if is_due(current.config, wiring.book(), wiring.clock().now()):
            drill(current.config, current.fence)


@flow(name="repair", flow_run_name="repair of {model}")
def repair_replicas(model: Model) -> tuple[str, ...]:
    """Mend damaged replicas from one that verifies; what was damaged is kept aside.

    Args:
        model: The model's id, such as aster-1.
    """
    with one_pass(config_in_force(model)) as current:
        return mend(current.config, current.fence)


@flow(name="fixity", flow_run_name="fixity check")
def fixity(
    model: Model = "",
    share: Annotated[float, titled("Share of the files"), Field(gt=0, le=1)] = 1.0,
    repair: Annotated[bool, titled("Mend what is damaged")] = True,
) -> dict[str, str]:
    """Read replicas back and hash them again; mend what is damaged from a copy that verifies.

    The run fails when a replica is damaged and was not mended. A damaged file is kept aside.

    Args:
        model: The model's id; empty for every model in the records.
        share: Share of each replica's files to hash, 0.05 for a sample of 5 %, 1 for all.
        repair: Mend what is damaged; without it, it is only told.
    """
    table, bad = [], []
    for one in (model,) if model else models_in_force():
        for replica, found in _fixity_of(one, share, repair).items():
            table.append({"model": one, "replica": replica, "found": found})
            if found not in (_WHOLE, _MENDED):
                bad.append(f"{one}{', ' if replica else ''}{replica}: {found}")
    create_table_artifact(key="fixity", table=table, description="Replicas as they read back")
    if bad:
        raise ReplicaDamaged("; ".join(bad))
    return {f"{row['model']}, {row['replica']}": row["found"] for row in table}


_WHOLE, _MENDED = "whole", "was damaged, and is mended"


def _fixity_of(model: str, share: float, repair: bool) -> dict[str, str]:
    """Replica -> how it stands; what keeps one model from its check stops no other model's."""
    try:
        with one_pass(config_in_force(model)) as current:
            found = check_fixity(current.config, current.fence, fraction=share, mending=repair)
    except EmeritusError as error:
        return {"": str(error)}
    except OSError as error:
        return {"": told(error)}
    after = _MENDED if repair else ""
    return {name: (after or problem) if problem else _WHOLE for name, problem in found.items()}


@flow(name="restore", flow_run_name="restore of {model}")
def restore_package(
    model: Model,
    dest: Annotated[Path, titled("New folder")],
    replica: Annotated[str, titled("Replica")] = "",
) -> None:
    """Restore a preserved model into a new folder, bit for bit.

    Args:
        model: The model's id, such as aster-1.
        dest: The folder to make, as the worker sees it; it must not exist.
        replica: The replica to take; empty to take each file from where it is whole.
    """
    source = restore(config_in_force(model), dest, replica=replica)
    create_markdown_artifact(f"Restored `{model}` from replica `{source}` into `{dest}`.")


@flow(name="drill", flow_run_name="restore drill of {model}")
def restore_drill(model: Model) -> str:
    """Restore a package into a temporary folder and replay its golden prompts.

    Args:
        model: The model's id, such as aster-1.
    """
    with one_pass(config_in_force(model)) as current:
        passed, said = drill(current.config, current.fence)
    if not passed:
        raise DrillFailed(said)
    return said
