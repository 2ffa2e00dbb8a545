"""What runs the passes of a fleet side by side: threads, or Dask."""

import logging
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from configs.errors import ConfigError
from configs.schema.fleet import FleetRunner

if TYPE_CHECKING:  # Prefect makes its home when it is imported, and `doctor` makes nothing
    from prefect.task_runners import TaskRunner


def runner_of(settings: FleetRunner, models: int) -> "TaskRunner[Any]":
    """The task runner that a fleet's settings name; it starts nothing before it is entered.

    Args:
        settings: `runner` of the fleet's settings.
        models: how many passes it is to run; no more are run at once.

    Raises:
        ConfigError: Dask is not installed, or the variable that names a scheduler is not set.
    """
    from prefect.task_runners import ThreadPoolTaskRunner

    check_runner(settings)
    at_once = min(settings.at_once, models)
    if settings.kind == "threads":
        return ThreadPoolTaskRunner(max_workers=at_once)
    from prefect_dask.task_runners import DaskTaskRunner

    if settings.scheduler_env:
        return DaskTaskRunner(address=scheduler_of(settings))
    return DaskTaskRunner(
        cluster_kwargs={
            "n_workers": at_once,
            "threads_per_worker": 1,
            "dashboard_address": None,
            "silence_logs": logging.ERROR,
        }
    )


def check_runner(settings: FleetRunner) -> None:
    """Refuse a runner that this installation lacks.

    Raises:
        ConfigError: Dask is asked for and not installed.
    """
    if settings.kind == "dask" and find_spec("prefect_dask") is None:
        raise ConfigError(
            "runner.kind is `dask`, and prefect-dask is not installed; pip install 'emeritus[dask]'"
        )


def scheduler_of(settings: FleetRunner) -> str:
    """Address of the Dask scheduler that settings name, such as `tcp://dask-scheduler:8786`.

    Raises:
        ConfigError: the variable that names it is not set.
    """
    address = os.environ.get(settings.scheduler_env, "")
    if not address:
        raise ConfigError(
            f"runner.scheduler_env: the environment variable {settings.scheduler_env} is not "
            "set; set it to the scheduler's address, such as tcp://dask-scheduler:8786"
        )
    return address
