"""A process that has imported everything and forks passes; each can be told where to die.

Run as `python -m tests.flows.zygote`; a JSON line in on stdin, one out on stdout. A pass is a real
process, killed by a real SIGKILL: nothing in it gets to say goodbye.
"""

import importlib
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from sqlalchemy import event
from sqlmodel import Session

from flows.retire import retire
from tasks import wiring
from tasks.adapters.directory_writer import DirectoryBagFile, DirectoryBagWriter
from tasks.adapters.outbox import Outbox
from tasks.records.book import Book, Writing
from tasks.records.columns import Row
from tests.fakes.clock import FakeClock

#: Points that are no write of records: what is killed, before and after its Nth call.
CALLS: dict[str, tuple[type, str]] = {
    "bag.write": (DirectoryBagFile, "write"),
    "bag.commit": (DirectoryBagWriter, "commit"),
    "outbox.send": (Outbox, "send"),
    "lease.take": (Book, "take_lease"),
    "lease.keep": (Book, "keep_lease"),
}

#: What a pass imports late; each of many forked ones would do so again.
LATE = (
    "alembic.command",
    "anthropic.resources.messages",
    "anthropic.resources.models",
    "anthropic.types",
    "duckdb",
    "fastapi.routing",
    "graphviz",
    "icalendar",
    "tasks.adapters.anthropic_api",
)


def die() -> None:
    """Gone, as if the power went."""
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()


def plant(point: str, nth: int, when: str) -> None:
    """Die at the Nth write with an action, before or after its commit; or around a call."""
    if point in CALLS:
        _plant_around(*CALLS[point], nth=nth, when=when)
    else:
        _plant_at_write(point, nth=nth, when=when)


def _plant_around(owner: type, name: str, *, nth: int, when: str) -> None:
    whole, seen = getattr(owner, name), 0

    def called(self: Any, *args: Any, **options: Any) -> Any:
        nonlocal seen
        seen += 1
        if (seen, when) == (nth, "before"):
            die()
        result = whole(self, *args, **options)
        if (seen, when) == (nth, "after"):
            die()
        return result

    setattr(owner, name, called)


def _plant_at_write(action: str, *, nth: int, when: str) -> None:
    whole, seen = Writing.put_all, 0

    def putting(self: Writing, changes: Sequence[tuple[Row, str]]) -> None:
        nonlocal seen
        whole(self, changes)
        before, seen = seen, seen + sum(what == action for _, what in changes)
        if before < nth <= seen:
            if when == "before":
                die()
            self.session.info["dies"] = True

    Writing.put_all = putting  # type: ignore[method-assign]

    @event.listens_for(Session, "after_commit")
    def _committed(session: Any) -> None:
        if session.info.get("dies"):
            die()


def run(order: dict[str, Any]) -> int:
    """One pass, in the forked process; its exit status."""
    if order.get("point"):
        plant(order["point"], order["nth"], order["when"])
    clock = FakeClock(datetime.fromisoformat(order["now"]))
    quick = temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})  # saves half a second
    with wiring.using_clock(clock), quick:
        state = retire(Path(order["config"]), return_state=True)
    return 0 if state.is_completed() else 1


def main() -> None:
    """Fork a pass for every order."""
    for module in LATE:
        importlib.import_module(module)
    assert threading.active_count() == 1, "a fork would lose threads"
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            status = 70
            try:
                status = run(order)
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(status)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(json.dumps({"status": os.waitstatus_to_exitcode(status)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
