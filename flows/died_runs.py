"""`close-died-runs`: no run of Emeritus stays Running, Pending or Cancelling without a process.

Whoever takes the lease of a pass that died closes its run. This is for all others: fleets, weekly
passes, fixity checks, people's forms; what a run left open within it when it lost the server; and
passes over models that nobody passes over now.
"""

import re
from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated

from prefect import flow, get_run_logger
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import TERMINAL_STATES, FlowRun, State, StateType, TaskRun
from prefect.context import FlowRunContext
from prefect.events.filters import (
    EventFilter,
    EventNameFilter,
    EventOccurredFilter,
    EventResourceFilter,
)
from prefect.logging import get_logger
from prefect.states import Cancelled, Completed, Crashed
from pydantic import Field

from flows.form_fields import titled
from flows.signs_of_life import Around, Limits, Signs, Verdict, judged
from flows.zombies import AT_WORK, AWAY, close, flow_runs, open_tasks
from tasks import wiring

_KEPT = timedelta(days=7)  # Prefect's own bound for heartbeats
_SAID = {
    Verdict.DIED: "The process of this run died; what it recorded stands; a later pass goes on.",
    Verdict.NEVER_BEGUN: "No process began this run, and nothing was done; start it again.",
    Verdict.NOT_CANCELLED: "The process of this run died before it could be cancelled in order.",
}
_NAMED = re.compile(r'@flow\(\s*name="([^"]+)"')


@flow(name="close-died-runs", flow_run_name="close runs that died")
def close_died_runs(
    silent_minutes: Annotated[int, titled("Minutes without a heartbeat"), Field(ge=4)] = 10,
    unheard_hours: Annotated[int, titled("Hours where heartbeats are off"), Field(ge=1)] = 24,
    pending_minutes: Annotated[int, titled("Minutes until a run begins"), Field(ge=1)] = 30,
) -> State[dict[str, str]]:
    """Close the runs of Emeritus whose process died. Safe to run at any time.

    A run that waits for a worker is late, not dead: it is counted, and left.

    Args:
        silent_minutes: A run that sent no heartbeat for so long has died. Prefect sends one every
            three minutes; set this higher where PREFECT_FLOWS_HEARTBEAT_FREQUENCY is.
        unheard_hours: A run of which no heartbeat was ever heard has died after so long.
        pending_minutes: A run that a worker took and that did not begin for so long never will.
    """
    limits = Limits(
        silent=timedelta(minutes=silent_minutes),
        unheard=timedelta(hours=unheard_hours),
        pending=timedelta(minutes=pending_minutes),
    )
    with get_client(sync_client=True) as client:
        closed = close_all(client, limits)
        late = _late(client)
    for name, verdict in closed:
        get_run_logger().info("%s: %s", name, verdict)
    counted = Counter(verdict for _, verdict in closed)
    told = [f"{number} {verdict}" for verdict, number in sorted(counted.items())]
    told += [f"{late} late: no worker has taken them yet"] if late else []
    return Completed(
        name="Closed" if closed else "Completed",
        message="; ".join(told) or "no run has died",
        data=dict(closed),
    )


def close_what_died() -> None:
    """Close what died before a fleet begins. What can't be asked now only costs a log line."""
    try:
        with get_client(sync_client=True) as client:
            for name, verdict in close_all(client, Limits()):
                get_logger("emeritus").info("run %s: %s; closed", name, verdict)
    except AWAY as error:
        get_logger("emeritus").warning("Could not look for runs that died: %s", error)


def close_all(client: SyncPrefectClient, limits: Limits) -> list[tuple[str, str]]:
    """Close what died; name and verdict of each run that was closed.

    Raises:
        RecordsAway: the leases can't be read; nothing was closed.
    """
    now = wiring.clock().now()
    found = _Found(client, wiring.book().holding(now), now)
    closed = []
    for run in found.at_work:
        verdict = judged(found.signs(run), now, limits)
        if verdict is Verdict.LIVES:
            continue
        final = Cancelled if verdict is Verdict.NOT_CANCELLED else Crashed
        close(client, [run.id], final(message=_SAID[verdict]))
        closed.append((run.name, verdict.value))
    for task in _tasks_left_behind(client, now - limits.settling):
        client.set_task_run_state(task.id, Crashed(message=_SAID[Verdict.DIED]), force=True)
        closed.append((task.name, Verdict.DIED.value))
    return closed


class _Found:
    """The runs of Emeritus that are at work, and what is known of them."""

    def __init__(self, client: SyncPrefectClient, leases: dict[str, bool], now: datetime) -> None:
        self._client, self._leases, self._now = client, leases, now
        wanted = FlowRunFilter(state=_in_state(*AT_WORK))
        own = FlowRunContext.get()
        asker = own.flow_run.id if own and own.flow_run else None
        found = flow_runs(client, wanted, _of_emeritus())
        self.at_work = [run for run in found if run.id != asker]
        arounds = {run.id: self._run_around(run) for run in self.at_work}
        self._around = {run: around for run, around in arounds.items() if around is not None}

    def signs(self, run: FlowRun) -> Signs:
        """What is known of one of them."""
        assert run.state is not None, "a run at work has a state"
        around = self._around.get(run.id)
        ended = around is not None and around.state is not None and around.state.is_final()
        stands = Around.NONE
        if around is not None:
            stands = Around.ENDED if ended else Around.AT_WORK
        since: datetime = run.state.timestamp
        if ended and around is not None and around.end_time is not None:
            since = max(since, around.end_time)
        return Signs(
            state=run.state.type.value,
            since=since,
            heard=self._heartbeat(run) if around is None else None,
            lease=self._lease(run),
            around=stands,
        )

    def _lease(self, run: FlowRun) -> bool | None:
        own = self._leases.get(str(run.id))
        if own is not None:
            return own
        within = [one for one, around in self._around.items() if around.id == run.id]
        return True if any(self._leases.get(str(one)) for one in within) else None

    def _run_around(self, run: FlowRun) -> FlowRun | None:
        if run.parent_task_run_id is None:
            return None
        parent = self._client.read_task_run(run.parent_task_run_id).flow_run_id
        return self._client.read_flow_run(parent) if parent else None

    def _heartbeat(self, run: FlowRun) -> datetime | None:
        """When Prefect last heard of a run, as long as it keeps that; see `_KEPT`."""
        asked = EventFilter(
            event=EventNameFilter(name=["prefect.flow-run.heartbeat"]),
            resource=EventResourceFilter(id=[f"prefect.flow-run.{run.id}"]),
            occurred=EventOccurredFilter(since=self._now - _KEPT),
        )
        events = self._client.read_events(asked, limit=1).events  # the latest one is first
        return events[0].occurred if events else None


def _tasks_left_behind(client: SyncPrefectClient, before: datetime) -> list[TaskRun]:
    """Open task runs of flow runs that ended some time ago."""
    ended = FlowRunFilter(
        state=_in_state(*TERMINAL_STATES),
        end_time=FlowRunFilterEndTime(before_=before),
    )
    return open_tasks(client, ended, _of_emeritus())


def _late(client: SyncPrefectClient) -> int:
    """Runs whose time has come, and which no worker took."""
    late = FlowRunFilterState(name=FlowRunFilterStateName(any_=["Late"]))
    return len(flow_runs(client, FlowRunFilter(state=late), _of_emeritus()))


def _in_state(*types: StateType) -> FlowRunFilterState:
    return FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types)))


def _of_emeritus() -> FlowFilter:
    return FlowFilter(name=FlowFilterName(any_=list(flow_names())))


@cache
def flow_names() -> tuple[str, ...]:
    """The names of all flows of Emeritus, from the files beside this one.

    A server may be shared: runs of other people's flows are nobody's business here.
    """
    files = sorted(Path(__file__).parent.glob("*.py"))
    return tuple(name for file in files for name in _NAMED.findall(file.read_text("utf-8")))
