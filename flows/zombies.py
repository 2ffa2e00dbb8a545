"""Closing the flow runs of passes that died; Prefect leaves them Running."""

from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId
from prefect.exceptions import PrefectException
from prefect.logging import get_logger
from prefect.states import Crashed

_MESSAGE = "The process of this pass died; a later pass went on from the records."


def close_died_run(flow_run_id: str) -> None:
    """Set a died pass's flow run, and its unfinished subflow runs, to Crashed.

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
            for run in [client.read_flow_run(died), *children]:
                if run.state is None or not run.state.is_final():
                    client.set_flow_run_state(run.id, Crashed(message=_MESSAGE), force=True)
    except (PrefectException, OSError) as error:
        get_logger("emeritus").warning("Could not close flow run %s: %s", died, error)
