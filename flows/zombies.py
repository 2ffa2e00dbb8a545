"""Closing the flow runs of passes that died; Prefect leaves them Running."""

from datetime import datetime
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterName,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterStartTime,
    FlowRunFilterState,
    FlowRunFilterStateName,
)
from prefect.client.schemas.objects import FlowRun, TaskRun
from prefect.exceptions import PrefectException
from prefect.logging import get_logger
from prefect.states import Crashed

_MESSAGE = "The process of this pass died; a later pass went on from the records."


def close_stale_runs(model_id: str, own_run_id: str, before: datetime) -> None:
    """Close passes over a model that began long ago and never came to hold its lease.

    Only the lease's holder may call it: a run that is still Running without the lease died before
    it took it, or is about to be refused.

    Args:
        model_id: also the name of its runs.
        own_run_id: the holder's run; left alone.
        before: only runs that began earlier.
    """
    try:
        with get_client(sync_client=True) as client:
            stale = client.read_flow_runs(
                flow_filter=FlowFilter(name=FlowFilterName(any_=["retire"])),
                flow_run_filter=FlowRunFilter(
                    name=FlowRunFilterName(any_=[model_id]),
                    state=FlowRunFilterState(name=FlowRunFilterStateName(any_=["Running"])),
                    start_time=FlowRunFilterStartTime(before_=before),
                ),
            )
        for run in stale:
            if str(run.id) != own_run_id:
                close_died_run(str(run.id))
    except (PrefectException, OSError) as error:
        get_logger("emeritus").warning("Could not look for stale runs of %s: %s", model_id, error)


def close_died_run(flow_run_id: str) -> None:
    """Set a died pass's flow run, and its unfinished subflow and task runs, to Crashed.

    The records are right without it, so a server that can't be reached only costs a log line.
    """
    died = UUID(flow_run_id)
    try:
        with get_client(sync_client=True) as client:
            children = client.read_flow_runs(
                flow_run_filter=FlowRunFilter(
                    parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[died])
                )
            )
            runs = [client.read_flow_run(died), *children]
            ids = FlowRunFilterId(any_=[run.id for run in runs])
            tasks = client.read_task_runs(flow_run_filter=FlowRunFilter(id=ids))
            for task in filter(_is_open, tasks):
                client.set_task_run_state(task.id, Crashed(message=_MESSAGE), force=True)
            for run in filter(_is_open, runs):
                client.set_flow_run_state(run.id, Crashed(message=_MESSAGE), force=True)
    except (PrefectException, OSError) as error:
        get_logger("emeritus").warning("Could not close flow run %s: %s", died, error)


def _is_open(run: FlowRun | TaskRun) -> bool:
    return run.state is None or not run.state.is_final()
