"""Which faults another try may mend. Used as `retry_condition_fn` of Prefect tasks."""

from typing import Any

from configs.redaction import redact_error
from tasks.kernel.errors import EndpointBusy, FeedAway, RecordsAway, TargetBusy


def is_transient_fault(fault: BaseException) -> bool:
    """True for faults of the moment: a busy endpoint or host, a database or connection lost."""
    busy = (EndpointBusy, FeedAway, TargetBusy, RecordsAway, ConnectionError, TimeoutError)
    return isinstance(fault, busy)


def is_transient(task: Any, run: Any, state: Any) -> bool:
    """Prefect's `retry_condition_fn`: retry transient faults only.

    Takes Prefect's task, task run and failed state as they come, so that the kernel need
    not import Prefect; a failed state carries its exception as `data`. Secrets are taken out of
    it here, before Prefect keeps its words.
    """
    fault = state.data
    if isinstance(fault, BaseException):
        redact_error(fault)
    if isinstance(fault, EndpointBusy) and fault.until is not None:
        return False  # it named an instant, beyond what a pass sits out: a later pass goes on
    return isinstance(fault, BaseException) and is_transient_fault(fault)
