"""One model's pass within a fleet: in a thread, or in a process of a Dask cluster."""

from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import State

from configs.errors import EmeritusError
from flows.environment import as_prefect_fault
from flows.passing import going_by_commit
from flows.retire import retire


def run_pass(model: str, file: Path, commit: str) -> dict[str, str]:
    """Run `retire` for one model of a fleet; how it ended, as values that any process can read.

    Args:
        model: the model's id.
        file: its YAML.
        commit: what every row that the pass writes records as its configuration's commit.

    Returns:
        `name` of the run's final state, what it `said`, and the `code` of an error of ours, or "".
    """
    with going_by_commit(commit):
        state: State[Any] = retire(file, return_state=True)
    name = state.name if state.is_completed() else state.type.value.capitalize()
    fault = None if state.is_completed() else state.result(raise_on_failure=False)
    return {"name": name or "Completed", **as_told(fault, state.message or "")}


def as_told(fault: object, message: str) -> dict[str, str]:
    """What a failed pass said, and its error's code: of an error of ours, the sentence alone."""
    if isinstance(fault, Exception) and not isinstance(fault, EmeritusError):
        fault = as_prefect_fault(fault)
    if isinstance(fault, EmeritusError):
        return {"said": f"{fault} [{fault.code}]", "code": fault.code}
    return {"said": message, "code": ""}
