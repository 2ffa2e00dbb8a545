"""Closing the flow runs of processes that died; Prefect leaves them Running."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from httpx import HTTPError
from prefect.client.orchestration import SyncPrefectClient, get_client
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
    FlowRunFilterStateType,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType, TaskRun
from prefect.exceptions import PrefectException
from prefect.logging import get_logger
from prefect.states import Crashed

_MESSAGE = "The process of this pass died; a later pass went on from the records."
_PAGE = 200
AWAY = (PrefectException, HTTPError, OSError)
AT_WORK = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
_WAITING = [StateType.SCHEDULED, StateType.PAUSED]  # a task that is to be tried again, say

_Read = TypeVar("_Read")


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
    except AWAY as error:
        get_logger("emeritus").warning("Could not look for stale runs of %s: %s", model_id, error)


def close_died_run(flow_run_id: str) -> None:
    """Set a died pass's flow run, and its unfinished subflow and task runs, to Crashed.

    The records are right without it, so a server that can't be reached only costs a log line.
    """
    try:
        with get_client(sync_client=True) as client:
            close(client, [UUID(flow_run_id)], Crashed(message=_MESSAGE))
    except AWAY as error:
        get_logger("emeritus").warning("Could not close flow run %s: %s", flow_run_id, error)


def close(client: SyncPrefectClient, ids: Iterable[UUID], state: State) -> None:
    """Set runs, and all that is open within them, to a final state; the innermost first.

    Safe to repeat. A run that is at its end by now stays as it is.
    """
    whole = list(ids)
    within = whole
    while within := [run.id for run in runs_within(client, within)]:
        whole += within
    for some in _by_page(whole):
        for task in open_tasks(client, FlowRunFilter(id=FlowRunFilterId(any_=some))):
            client.set_task_run_state(task.id, state, force=True)
    for run in reversed(whole):
        current = client.read_flow_run(run).state
        if current is None or not current.is_final():
            client.set_flow_run_state(run, state, force=True)


def open_tasks(
    client: SyncPrefectClient, of: FlowRunFilter, flows: FlowFilter | None = None
) -> list[TaskRun]:
    """Task runs of some flow runs that are not at their end."""
    types = TaskRunFilterStateType(any_=[*AT_WORK, *_WAITING])
    wanted = TaskRunFilter(state=TaskRunFilterState(type=types))
    read = partial(client.read_task_runs, flow_filter=flows, flow_run_filter=of)
    return _pages(partial(read, task_run_filter=wanted))


def runs_within(client: SyncPrefectClient, runs: Iterable[UUID]) -> list[FlowRun]:
    """Flow runs directly within some others that are not at their end."""
    types = FlowRunFilterStateType(any_=[*AT_WORK, *_WAITING])
    found: list[FlowRun] = []
    for some in _by_page(list(runs)):
        wanted = FlowRunFilter(
            state=FlowRunFilterState(type=types),
            parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=some),
        )
        found += flow_runs(client, wanted)
    return found


def flow_runs(
    client: SyncPrefectClient, wanted: FlowRunFilter, flows: FlowFilter | None = None
) -> list[FlowRun]:
    """All flow runs that a filter lets through, page by page."""
    return _pages(partial(client.read_flow_runs, flow_filter=flows, flow_run_filter=wanted))


def _by_page(ids: list[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(ids), _PAGE):
        yield ids[start : start + _PAGE]


def _pages(read: Callable[..., list[_Read]]) -> list[_Read]:
    """Everything that a paged question gives; asked to its end before anything is changed."""
    found: list[_Read] = []
    while page := read(limit=_PAGE, offset=len(found)):
        found += page
        if len(page) < _PAGE:
            break
    return found
