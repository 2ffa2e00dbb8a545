"""One pass over every model of a fleet: those with something due, side by side."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import as_completed
from prefect.states import Completed, Failed
from prefect.task_runners import TaskRunner

from flows.died_runs import close_what_died
from flows.environment import PrefectUnreachable
from flows.fleet_look import Line, Looked, as_looked_at, line_now, line_of, worst_first
from flows.fleet_pass import as_told
from flows.fleet_runner import runner_of
from flows.form_fields import Fleet
from tasks import wiring
from tasks.kernel.errors import RecordsAway
from tasks.kernel.instants import to_minute

_log = logging.getLogger("emeritus")  # on the terminal, and among the run's logs
_LOST = (PrefectUnreachable.code, RecordsAway.code)  # what a later try may well find again


@dataclass(frozen=True)
class Ended:
    """How a model's pass ended: its run's state, what that said, and an error's code or ""."""

    name: str
    said: str
    code: str

    @property
    def failed(self) -> bool:
        """Whether it did not come to its end."""
        return self.name in ("Failed", "Crashed")


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
    names |= {model: how.name for model, how in ended.items()}
    failed = [model for model, how in ended.items() if how.failed]
    told = [f"could not pass over {', '.join(failed)}"] if failed else []
    told += [ended[model].said for model in failed]
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


def _pass_over_due(looked: Looked) -> dict[str, Ended]:
    """How each model's pass ended. A pass that lost the server or the records is tried once more.

    One at a time then: they were lost because too much was asked at once, or because what they
    need is away; so the first that is lost again ends it, and the rest are the next fleet's.
    """
    if not looked.due:
        return {}
    with runner_of(looked.source.runner, len(looked.due)) as runner, _telling_of_a_stop():
        ended = _pass_over(runner, looked, list(looked.due))
        for model in [name for name, how in ended.items() if how.code in _LOST]:
            _log.info("%s: once more, since its pass ended with %s", model, ended[model].code)
            ended |= _pass_over(runner, looked, [model])
            if ended[model].code in _LOST:
                break
    return ended


@contextmanager
def _telling_of_a_stop() -> Iterator[None]:
    """Say at once that a signal came: what follows takes as long as the passes under way do."""
    try:
        yield
    except Exception:
        raise
    except BaseException:
        _log.info(
            "stopping: no further model is begun, and the passes under way come to their end; "
            "a second signal ends them at once"
        )
        raise


def _pass_over(runner: TaskRunner[Any], looked: Looked, models: list[str]) -> dict[str, Ended]:
    ended: dict[str, Ended] = {}
    commit = looked.source.commit
    futures = [
        runner.submit(
            pass_over, parameters={"model": name, "file": looked.due[name], "commit": commit}
        )
        for name in models
    ]
    names = dict(zip((future.task_run_id for future in futures), models, strict=True))
    for future in as_completed(futures):
        model = names[future.task_run_id]
        found = future.result(raise_on_failure=False)
        if isinstance(found, dict):
            how = Ended(**found)
        else:  # the run that was to pass over it died
            how = Ended(name="Crashed", **as_told(found, str(found)))
        ended[model] = how
        _log.info("%d of %d  %s  %s: %s", len(ended), len(futures), model, how.name, how.said)
    return ended


def _line_after(model: str, file: Path, ended: Ended) -> Line:
    if ended.failed:
        return Line(model, "failed", ended.said)
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
