"""Closing the flow runs of passes that died; Prefect leaves them Running."""

from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterParentFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, TaskRun
from prefect.exceptions import PrefectException
from prefect.logging import get_logger
from prefect.states import Crashed

_MESSAGE = "The process of this pass died; a later pass went on from the records."


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
