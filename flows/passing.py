"""One pass over one model: configuration, records and lease, opened together.

A stage's flow runs on its own or inside `retire`; either way it works within `one_pass`, which the
inner flow finds open and shares.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prefect.context import FlowRunContext

from configs.load import load_retirement
from configs.schema import RetirementConfig
from flows.config_changes import refuse_changes
from flows.environment import tell_mistakes_plainly
from flows.zombies import close_died_run, close_stale_runs
from tasks import wiring
from tasks.access.gateway.claims import refuse_shared_names
from tasks.candidate.opening import put_in_force
from tasks.kernel.errors import EmeritusError, FenceLost, RecordsAway
from tasks.records import Fence
from tasks.records.lease import TERM

tell_mistakes_plainly()  # here, since a worker imports flows and never the command


@dataclass(frozen=True, slots=True)
class Pass:
    """What a stage's tasks are given."""

    config: RetirementConfig
    fence: Fence


_open: ContextVar[Pass | None] = ContextVar("pass", default=None)
_commit: ContextVar[str | None] = ContextVar("config_commit", default=None)


@contextmanager
def going_by_commit(sha: str) -> Iterator[None]:
    """Passes of a fleet, within the block, record the git commit of their configurations.

    Args:
        sha: the commit's; with `-dirty` where the files differ from it, empty for none.
    """
    token = _commit.set(sha)
    try:
        yield
    finally:
        _commit.reset(token)


@contextmanager
def one_pass(config: Path | RetirementConfig) -> Iterator[Pass]:
    """Hold one model's lease for the block; inside another pass over it, share that one.

    Raises:
        ConfigError: the file can't be used, or names another model's gateway; nothing was written.
        ChangeRefused: it changes what may not be changed; the one in force stays.
        LeaseHeld: another pass is under way.
        RecordsAway: the records were away for longer than a pass waits.
    """
    if not isinstance(config, RetirementConfig):
        config = load_retirement(config)
    around = _open.get()
    if around is not None and around.config.id == config.id:
        yield around
        return
    book = wiring.book()
    own_run = _flow_run_id()
    taken = book.take_lease(config.id, own_run, wiring.clock().now())
    if taken.died_run:
        close_died_run(taken.died_run)
    if own_run:
        close_stale_runs(config.id, own_run, datetime.now(UTC) - TERM)  # by Prefect's own clock
    fence = taken.fence.model_copy(update={"config_commit": _commit.get() or ""})
    current = Pass(config, fence)
    token = _open.set(current)
    try:
        with book.patient(), _heartbeat(fence):
            refuse_shared_names(config, book)
            refuse_changes(config, book, wiring.clock().now())
            put_in_force(config, book, fence, wiring.clock().now())
            yield current
    finally:
        _open.reset(token)
        _release(fence)


def whose(model_id: str) -> str:
    """What goes before a line on the terminal: the model, where several are passed over at once."""
    return f"{model_id}: " if _commit.get() is not None else ""


def every_step(*steps: Callable[[], object]) -> None:
    """Take every step, whatever the one before came to; the first failure is raised at the end.

    Raises:
        FenceLost: at once; another pass has taken over.
        RecordsAway: at once; no step can be taken without the records.
        EmeritusError, OSError: the first of those that steps raised.
    """
    failures: list[Exception] = []
    for step in steps:
        try:
            step()
        except (FenceLost, RecordsAway):
            raise
        except (EmeritusError, OSError) as failure:
            failures.append(failure)
    if failures:
        raise failures[0]


@contextmanager
def _heartbeat(fence: Fence) -> Iterator[None]:
    """Extend the lease while long work writes nothing."""
    stop = threading.Event()
    clock, book = wiring.clock(), wiring.book()

    def beat() -> None:
        while not stop.wait(TERM.total_seconds() / 4):
            with contextlib.suppress(RecordsAway):  # for a moment; the next beat tries
                try:
                    book.keep_lease(fence, clock.now())
                except FenceLost:
                    return  # the next write says so

    thread = threading.Thread(target=beat, daemon=True, name=f"lease-{fence.model_id}")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _release(fence: Fence) -> None:
    # a later pass took it, or the records are away: it is followed as one of a dead pass is
    with contextlib.suppress(FenceLost, RecordsAway):
        wiring.book().keep_lease(fence, wiring.clock().now(), free=True)


def _flow_run_id() -> str:
    context = FlowRunContext.get()
    return str(context.flow_run.id) if context and context.flow_run else ""
