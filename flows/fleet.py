"""One pass over every model of a fleet: those with something due, side by side."""

import logging
import os
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import as_completed
from prefect.states import Completed, Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from configs.errors import ConfigError
from configs.schema.fleet import FleetRunner
from flows.died_runs import close_what_died
from flows.fleet_look import Line, Looked, as_looked_at, line_now, line_of, worst_first
from flows.form_fields import Fleet
from tasks import wiring
from tasks.kernel.instants import to_minute

_log = logging.getLogger("emeritus")  # on the terminal, and among the run's logs


@flow(name="fleet", flow_run_name="fleet of {folder}")
def fleet(folder: Fleet = Path("configs/fleet.yaml")) -> State[dict[str, str]]:
    """Run one pass over each model of a fleet: those with something due, side by side.

    Models with nothing due start no run. A file that can't be used is told, and stops no other; nor
    does a model's failure. A removed file deletes nothing: its model stays under retirement as
    recorded, and passes over it stop.

    Args:
        folder: A fleet's settings file, such as configs/fleet.yaml, or a folder with one YAML file
            a model.
    """
    close_what_died()
    looked = as_looked_at(folder)
    ended = _pass_over_due(looked)
    lines = [line_of(model, found) for model, found in looked.idle.items()]
    lines += [Line(name, "refused", why) for name, why in looked.refused.items()]
    lines += [_line_after(model, looked.due[model], how) for model, how in ended.items()]
    _show_table(looked, lines)
    names = {line.model: line.state.capitalize() for line in lines}
    names |= {model: name for model, (name, _) in ended.items()}
    failed = [model for model, (name, _) in ended.items() if name in ("Failed", "Crashed")]
    told = [f"could not pass over {', '.join(failed)}"] if failed else []
    told += [ended[model][1] for model in failed]
    told += [looked.source.warning] if looked.source.warning else []
    told += looked.refused.values()
    if told:
        return Failed(message="\n".join(told), data=names)
    due = f"{len(looked.due)} with something due" if looked.due else "nothing was due"
    return Completed(message=f"{len(names)} models, {due}", data=names)


@task(name="pass over a model", task_run_name="{model}", cache_policy=NO_CACHE)
def pass_over(model: str, file: Path, commit: str) -> dict[str, str]:
    """Pass over one model of a fleet; see `fleet_pass.run_pass`."""
    # Dask sends a task with whatever its module holds that it names: so it names nothing
    from flows.fleet_pass import run_pass

    return run_pass(model, file, commit)


def _pass_over_due(looked: Looked) -> dict[str, tuple[str, str]]:
    """Model -> name of its pass's final state, and what that said."""
    if not looked.due:
        return {}
    ended: dict[str, tuple[str, str]] = {}
    with _runner(looked.source.runner, len(looked.due)) as runner:
        futures = [
            runner.submit(
                pass_over,
                parameters={"model": model, "file": file, "commit": looked.source.commit},
            )
            for model, file in looked.due.items()
        ]
        models = dict(zip((future.task_run_id for future in futures), looked.due, strict=True))
        for future in as_completed(futures):
            model = models[future.task_run_id]
            found = future.result(raise_on_failure=False)
            if isinstance(found, dict):
                ended[model] = found["name"], found["said"]
            else:  # the run that was to pass over it died
                ended[model] = "Crashed", str(found)
            name, said = ended[model]
            _log.info("%d of %d  %s  %s: %s", len(ended), len(futures), model, name, said)
    return ended


def _runner(settings: FleetRunner, models: int) -> TaskRunner[Any]:
    """What runs the passes.

    Raises:
        ConfigError: Dask is not installed, or the variable that names a scheduler is not set.
    """
    at_once = min(settings.at_once, models)
    if settings.kind == "threads":
        return ThreadPoolTaskRunner(max_workers=at_once)
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError:
        raise ConfigError(
            "runner.kind is `dask`, and prefect-dask is not installed; pip install 'emeritus[dask]'"
        ) from None
    if settings.scheduler_env:
        address = os.environ.get(settings.scheduler_env, "")
        if not address:
            raise ConfigError(
                f"runner.scheduler_env: the environment variable {settings.scheduler_env} is not "
                "set; set it to the scheduler's address, such as tcp://dask-scheduler:8786"
            )
        return DaskTaskRunner(address=address)
    return DaskTaskRunner(
        cluster_kwargs={
            "n_workers": at_once,
            "threads_per_worker": 1,
            "dashboard_address": None,
            "silence_logs": logging.ERROR,
        }
    )


def _line_after(model: str, file: Path, ended: tuple[str, str]) -> Line:
    name, said = ended
    if name in ("Failed", "Crashed"):
        return Line(model, "failed", said)
    return line_now(model, file, wiring.book(), wiring.clock().now())


def _show_table(looked: Looked, lines: list[Line]) -> None:
    create_table_artifact(
        key="fleet",
        table=[
            {
                "model": line.model,
                "state": line.state,
                "what it waits for": line.waits_for,
                "next look": to_minute(line.until) if line.until else "",
                "what to type": line.command,
            }
            for line in worst_first(lines)
        ],
        description=f"The fleet of {looked.source.name}, what needs a person first",
    )
