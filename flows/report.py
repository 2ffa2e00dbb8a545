"""`emeritus status`: every model, every stage, what is waited for, and the next date."""

from datetime import datetime
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text
from sqlmodel import col, select

from configs.errors import ConfigError
from flows.stages import as_last_tried, assess_all
from tasks import wiring
from tasks.kernel.errors import NotFound
from tasks.kernel.instants import to_minute, to_text
from tasks.kernel.labels import SIMULATED
from tasks.kernel.stages import Assessment, StageState, blocked
from tasks.records.latest import is_simulated
from tasks.records.retirement import Retirement, config_of

_STYLES = {
    StageState.DONE: "green",
    StageState.DUE: "cyan",
    StageState.WAITING: "yellow",
    StageState.BLOCKED: "bold red",
}


def status(model_ids: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """How every model, or each one named, stands now. JSON values; reads only."""
    book, now = wiring.book(), wiring.clock().now()
    with book.reading() as session:
        rows = session.exec(select(Retirement).order_by(col(Retirement.model_id))).all()
        simulated = {row.model_id: is_simulated(session, row.model_id) for row in rows}
    unknown = set(model_ids) - {row.model_id for row in rows}
    if unknown:
        known = ", ".join(row.model_id for row in rows) or "none yet"
        raise NotFound(f"{min(unknown)!r}: no such retirement in the records; known are {known}")
    models = []
    for row in rows:
        if model_ids and row.model_id not in model_ids:
            continue
        try:
            found = as_last_tried(row.model_id, assess_all(config_of(row), book, now), book)
        except ConfigError as error:
            found = {"configuration": blocked(str(error))}
        models.append(
            {
                "model": row.model_id,
                "display_name": row.display_name,
                "simulated": simulated[row.model_id],
                "config_commit": row.config_commit,
                "next": _next(found),
                "stages": [_stage(name, one) for name, one in found.items()],
            }
        )
    return models


def _stage(name: str, found: Assessment) -> dict[str, Any]:
    return {
        "stage": name,
        "state": found.state.value,
        "reason": found.reason,
        "until": to_text(found.until) if found.until else None,
        "command": found.command,
    }


def _next(found: dict[str, Assessment]) -> str | None:
    dates = [one.until for one in found.values() if one.until]
    return to_text(min(dates)) if dates else None


def show(console: Console, models: list[dict[str, Any]]) -> None:
    """Print a table a model."""
    if not models:
        console.print("No retirement yet. Start one: emeritus retire configs/models/NAME.yaml")
    for model in models:
        label = f"  [{SIMULATED}]" if model["simulated"] else ""
        title = Text(f"{model['display_name']} ({model['model']}){label}", style="bold")
        footer = f"next look: {_following(model)}"
        console.print(Group(title, _table(model["stages"]), Text(footer, style="dim"), Text()))


def _following(model: dict[str, Any]) -> str:
    """When the next pass has something to do."""
    due = [one["stage"] for one in model["stages"] if one["state"] == "due"]
    if due:
        return f"now ({', '.join(due)})"
    return _minute(model["next"]) if model["next"] else "when a person acts"


def _table(stages: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column("stage", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("what it says", overflow="fold")  # a path is read to its end
    for stage in stages:
        said = Text(stage["reason"])
        if stage["command"]:
            said.append(f"\n→ {stage['command']}", style="bold")
        style = _STYLES[StageState(stage["state"])]
        table.add_row(stage["stage"], Text(stage["state"], style=style), said)
    return table


def _minute(text: str) -> str:
    return to_minute(datetime.fromisoformat(text))
