"""One model's pass within a fleet: in a thread, or in a process of a Dask cluster."""

from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import State

from configs.errors import EmeritusError
from flows.passing import going_by_commit
from flows.retire import retire


def run_pass(model: str, file: Path, commit: str) -> dict[str, str]:
    """Run `retire` for one model of a fleet; how it ended, as values that any process can read.

    Args:
        model: the model's id.
        file: its YAML.
        commit: what every row that the pass writes records as its configuration's commit.
    """
    with going_by_commit(commit):
        state: State[Any] = retire(file, return_state=True)
    name = state.name if state.is_completed() else state.type.value.capitalize()
    return {"model": model, "name": name or "Completed", "said": _said(state)}


def _said(state: State[Any]) -> str:
    """Its message; of an error that people can mend, the sentence alone."""
    if not state.is_completed():
        fault = state.result(raise_on_failure=False)
        if isinstance(fault, EmeritusError):
            return f"{fault} [{fault.code}]"
    return state.message or ""
